# SPDX-License-Identifier: MIT
"""QEMU's gdb stub: stop a CPU at a function of the hypervisor, and put it elsewhere."""

import socket
import subprocess
import time

from machine import BUILD

RSP, RIP = 7 * 8, 16 * 8  # where they lie among the stub's registers, in bytes


def symbol(name):
    """A symbol's address, which is where the hypervisor runs."""
    for line in subprocess.run(["nm", BUILD / "domus"], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        if line.split()[-1] == name:
            return int(line.split()[0], 16)
    raise KeyError(name)


class Gdb:
    """One connection, over a Unix socket; the machine stands still from its begin on."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        end = time.monotonic() + 60
        while True:
            try:
                self.socket.connect(str(path))
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)
        self.data = b""
        self.ask("?")

    def _send(self, text):
        self.socket.sendall(b"+$" + text.encode() + b"#%02x" % (sum(text.encode()) % 256))

    def _answer(self):
        while b"#" not in self.data.partition(b"$")[2][:-2]:
            more = self.socket.recv(4096)
            assert more, "QEMU closed the connection"
            self.data += more
        text, _, rest = self.data.partition(b"$")[2].partition(b"#")
        self.data = rest[2:]
        return text.decode()

    def ask(self, text):
        """A packet and its answer."""
        self._send(text)
        answer = self._answer()
        while answer[:1] == "T" and text[0] not in "?c":  # that it stopped is said twice
            answer = self._answer()
        return answer

    def run_to(self, name):
        """Go on until some CPU comes to a symbol; that CPU is selected then, and returned."""
        address = symbol(name)
        assert self.ask(f"Z1,{address:x},1") == "OK"
        stop = self.ask("c")
        thread = stop.partition("thread:")[2].partition(";")[0]
        assert self.ask(f"z1,{address:x},1") == "OK"
        assert self.ask(f"Hg{thread}") == "OK", stop
        return int(thread.rpartition(".")[2], 16) - 1

    def registers(self):
        """The selected CPU's, as the stub orders them."""
        return bytearray.fromhex(self.ask("g").replace("x", "0"))

    def stack(self, slot):
        """A word of the selected CPU's stack; 0 is the one that it would pop first."""
        rsp = int.from_bytes(self.registers()[RSP:RSP + 8], "little")
        return int.from_bytes(bytes.fromhex(self.ask(f"m{rsp + 8 * slot:x},8")), "little")

    def jump(self, name):
        """The selected CPU continues at that function, and the machine goes on."""
        registers = self.registers()
        registers[RIP:RIP + 8] = symbol(name).to_bytes(8, "little")
        assert self.ask("G" + registers.hex()) == "OK"
        self.resume()

    def resume(self):
        """The end of the connection; the machine goes on."""
        self._send("c")
        self.socket.close()
