# SPDX-License-Identifier: MIT
"""The same machine in Bochs, for what QEMU does not emulate: x2APIC, TSC deadline timer, AVX-512.

Bochs is an interpreter: some 50 times slower than a CPU, but its CPU is a whole one.
"""

import signal
import socket
import subprocess

from pexpect import fdpexpect

from console import BootError, Console
from machine import LOGS, RUN, make_image, remove_images

MODEL = "corei7_skylake_x"
CONFIG = """\
cpu: model={model}, count={cpus}, ips=100000000, reset_on_triple_fault=0
memory: guest={memory}, host={memory}
romimage: file=/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1
ata0-master: type=cdrom, path={image}, status=inserted
boot: cdrom
display_library: rfb, options="timeout=0"
com1: enabled=1, mode=socket-client, dev=127.0.0.1:{port}
clock: sync=none, time0=1700000000
log: {log}
panic: action=fatal
error: action=ignore
info: action=ignore
plugin_ctrl: unmapped=1, biosdev=1, speaker=0, extfpuirq=1, parallel=0, serial=1
pci: enabled=1, chipset=i440fx
"""


class Bochs(Console):
    """One machine in Bochs, with the face of one in QEMU."""

    def __init__(self, spec, timeout, model=MODEL):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.spec = spec
        self.timeout = timeout
        self.log_path = LOGS / f"{spec.name}.log"
        self.log = open(self.log_path, "wb")
        image = make_image(spec)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(60)
            config = RUN / f"{spec.name}.bochsrc"
            config.write_text(CONFIG.format(
                model=model, cpus=spec.smp, memory=spec.memory, image=image,
                port=listener.getsockname()[1], log=LOGS / f"{spec.name}.bochs"))
            commands = RUN / f"{spec.name}.go"
            commands.write_text("c\n")  # for its debugger: go on
            # Its screen wants a terminal; nobody looks at it.
            self.emulator = subprocess.Popen(
                ["script", "-qec", f"exec bochs -q -f {config} -rc {commands}", "/dev/null"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
            try:
                self.serial, _ = listener.accept()
            except TimeoutError:
                self.end()
                raise BootError(f"Bochs does not start: see {LOGS / spec.name}.bochs") from None
        self.child = fdpexpect.fdspawn(self.serial, timeout=timeout, maxread=65536)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    def end(self):
        """The end of the emulator and of the terminal that it runs on."""
        self.emulator.send_signal(signal.SIGKILL)
        self.emulator.wait()

    def close(self):
        self.serial.close()
        self.end()
        self.log.close()
        remove_images(self.spec)
