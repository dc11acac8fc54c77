# SPDX-License-Identifier: MIT
"""A running machine and its serial line: wait for text, run commands in dom0's shell.

Invariant: QEMU ends with the object that started it, and all that the line said is in its log.
"""

import re
import signal

import pexpect

from machine import LOGS, make_image, qemu_arguments, remove_images

# The end of everything, whoever says it: a wait stops at once instead of at its time-out.
FATAL = [
    rb"Kernel panic - not syncing[^\r\n]*",
    rb"\(XEN\) Panic on CPU[^\r\n]*",
    rb"\(domus\) (PANIC|BUG)[^\r\n]*",
]
# Seconds for any one step in tests: a busy host is no failure.
PATIENCE = 300
PIECE = 100  # bytes a piece of a command: below every buffer between QEMU and dom0's shell


def plain(data):
    """Serial bytes as text with plain line ends."""
    return re.sub(r"\r+\n", "\n", data.decode(errors="replace"))


class BootError(Exception):
    """The machine died, or did not say in time what was waited for."""


class Console:
    """One booted machine. Use as a context manager."""

    def __init__(self, spec, timeout=120):
        LOGS.mkdir(parents=True, exist_ok=True)
        self.spec = spec
        self.timeout = timeout
        self.log_path = LOGS / f"{spec.name}.log"
        self.log = open(self.log_path, "wb")
        arguments = qemu_arguments(spec, make_image(spec))
        self.child = pexpect.spawn(arguments[0], arguments[1:], timeout=timeout,
                                   maxread=65536, echo=False)
        self.child.logfile_read = self.log
        self.child.delaybeforesend = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """End QEMU and remove the machine's images."""
        if self.child.isalive():
            self.child.kill(signal.SIGKILL)
            self.child.wait()
        self.child.close()
        self.log.close()
        remove_images(self.spec)

    def text(self):
        """All that came so far."""
        self.log.flush()
        return plain(self.log_path.read_bytes())

    def tail(self, lines=25):
        """The last lines of the log, for messages."""
        return "\n".join(self.text().splitlines()[-lines:])

    def wait(self, pattern, timeout=None, fatal=True):
        """Wait until the line says the regular expression; returns the match.

        `fatal` is off where a guest's own panic may show on the line.
        """
        wanted = pattern.encode() if isinstance(pattern, str) else pattern
        patterns = [wanted, *FATAL] if fatal else [wanted]
        try:
            index = self.child.expect(patterns, timeout or self.timeout)
        except (pexpect.TIMEOUT, pexpect.EOF) as end:
            why = "QEMU ended" if isinstance(end, pexpect.EOF) else "time-out"
            raise BootError(f"{why} while waiting for {pattern!r}\n{self.tail()}") from None
        if index:
            raise BootError(f"died while waiting for {pattern!r}\n{self.tail()}")
        return self.child.match

    def wait_end(self, timeout=None):
        """Wait until QEMU ends by itself (power off, or reset with -no-reboot)."""
        try:
            self.child.expect(pexpect.EOF, timeout or self.timeout)
        except pexpect.TIMEOUT:
            raise BootError(f"still running\n{self.tail()}") from None

    def send(self, text):
        """Type text as it is."""
        self.child.send(text)

    def audit(self):
        """Press the hypervisor's key for the audit of all frames; returns its last line."""
        said = "not now"
        while "not now" in said:  # a guest had the CPU
            self.send("\x01\x01\x01a")
            match = self.wait(r"audit: (not now|\d+ frames)([^\r\n]*)\r*\n")
            said = b"".join(match.groups()).decode()
            self.send("\x01\x01\x01")
            self.wait(r"serial input goes to dom0[^\r\n]*\r*\n")
        return said

    def login(self, timeout=None):
        """Wait for dom0's command server (needs serve=1 on its command line)."""
        self.wait(r"@@ready\r*\n", timeout)

    def start(self, command):
        """Hand a shell command to dom0 and see it start; it has the console while it runs."""
        for number, line in enumerate(command.split("\n")):
            if number:
                self._piece("+")
            for at in range(0, len(line), PIECE):
                self._piece("+" + line[at:at + PIECE])
        self.child.send(".\n")
        self.wait(r"@@begin\r*\n")

    def finish(self, timeout=None, fatal=True):
        """Wait for the end of a started command: (status, output since the last wait)."""
        match = self.wait(r"@@end=(\d+)\r*\n", timeout, fatal)
        return int(match.group(1)), plain(self.child.before)

    def run(self, command, timeout=None):
        """Run a shell command in dom0: (status, output)."""
        self.start(command)
        return self.finish(timeout)

    def check(self, command, timeout=None):
        """Run a shell command that must succeed; returns its output."""
        status, output = self.run(command, timeout)
        if status:
            raise BootError(f"{command!r} ended with {status}:\n{output}")
        return output

    def start_aside(self, command):
        """Start a command that runs beside those that follow."""
        self.check(f"{{ {command}; echo aside=$?; }} >/run/aside 2>&1 &")

    def finish_aside(self, timeout=None):
        """Wait for its end; returns what it said. It was not this shell that started it."""
        self.check("until grep -q ^aside= /run/aside; do sleep 1; done", timeout)
        return self.check("cat /run/aside")

    def _piece(self, text):
        self.child.send(text + "\n")
        self.wait(r"@@more\r*\n")
