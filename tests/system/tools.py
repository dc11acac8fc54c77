# SPDX-License-Identifier: MIT
"""Two ways to handle guests in dom0, with one face: Domus's tools and Debian's xl.

The second serves to try the tests themselves on Debian's Xen.
"""

import itertools
import json
from dataclasses import dataclass

from console import BootError

MARKS = itertools.count(1)  # one for each command that a guest's shell runs


@dataclass
class Guest:
    """A row of the list of guests."""

    name: str
    id: int
    memory_mib: int
    vcpus: int
    state: str       # running | paused | crashed | ...
    cpu_seconds: float


def device_lines(kind, key, devices, backend):
    """A list of devices of a guest file, all with one back end unless they say otherwise."""
    lines = [f"{kind}:"] if devices else []
    for device in devices:
        keys = {"backend": backend} | (device if isinstance(device, dict) else {key: device})
        lines += [f"{'-' if i == 0 else ' '} {name}: {value}"
                  for i, (name, value) in enumerate(keys.items())]
    return lines


class Domus:
    """Domus's tools."""

    name = "domus"

    def __init__(self, console):
        self.console = console

    def config(self, name, memory=128, vcpus=1, kernel="/boot/vmlinuz",
               ramdisk="/boot/initrd.img", cmdline="console=hvc0", crash="destroy",
               disks=(), networks=(), backend="kernel"):
        """Write a guest file in dom0; returns its path there.

        `disks` are paths, or maps of a disk's keys; `networks` names of bridges, or maps.
        """
        lines = ["domus: 1", f"name: {name}", f"memory: {memory}MiB", f"vcpus: {vcpus}",
                 "boot:", f"  kernel: {kernel}"]
        lines += [f"  ramdisk: {ramdisk}"] if ramdisk else []
        lines += [f"  cmdline: {cmdline}", "policy:", f"  crash: {crash}"]
        lines += device_lines("disks", "path", disks, backend)
        lines += device_lines("networks", "bridge", networks, backend)
        path = f"/run/{name}.yaml"
        write_file(self.console, path, lines)
        return path

    def create(self, path):
        """Start the guest of a file: (status, output)."""
        return self.console.run(f"domus create {path}")

    def list(self):
        """The guests, without dom0."""
        self.console.start("domus list -o json")
        # Not fatal: the list may quote a crashed guest's last words.
        status, output = self.console.finish(fatal=False)
        assert status == 0, output
        data = json.loads(output)
        rows = data if isinstance(data, list) else data["guests"]
        return [Guest(r["name"], r["id"], r["memory_bytes"] >> 20, r["vcpus"], r["state"],
                      r["cpu_seconds"] or 0.0) for r in rows if r["id"] != 0]

    def destroy(self, name):
        self.console.check(f"domus destroy {name}")

    def console_command(self, name):
        return f"domus console {name}"

    def log_command(self, name):
        """A command that prints what the guest wrote to its console."""
        return f"domus logs {name}"

    def set_shares(self, name, weight, cap):
        self.console.check(f"domus sched {name} -w {weight} -c {cap}")


class Xl:
    """Debian's xl."""

    name = "xl"
    STATES = {"r": "running", "b": "running", "p": "paused", "c": "crashed", "d": "dying"}

    def __init__(self, console):
        self.console = console

    def config(self, name, memory=128, vcpus=1, kernel="/boot/vmlinuz",
               ramdisk="/boot/initrd.img", cmdline="console=hvc0", crash="destroy",
               disks=(), networks=(), backend="kernel"):
        assert backend == "kernel", "xl knows no other"
        drives = [f"phy:{disk},xvd{letter},w" for disk, letter in zip(disks, "abcdefgh")]
        bridges = [f"bridge={bridge}" for bridge in networks]
        lines = [f'name="{name}"', f"memory={memory}", f"vcpus={vcpus}", f'kernel="{kernel}"',
                 f'extra="{cmdline}"', f'on_crash="{crash}"', 'tsc_mode="native"']
        lines += [f'ramdisk="{ramdisk}"'] if ramdisk else []
        lines += [f"disk={drives}", f"vif={bridges}"]
        path = f"/run/{name}.cfg"
        write_file(self.console, path, lines)
        return path

    def create(self, path):
        return self.console.run(f"xl create {path}")

    def list(self):
        guests = []
        for line in self.console.check("xl list").splitlines()[1:]:
            name, number, memory, vcpus, flags, seconds = line.split()
            letter = flags.replace("-", "")[-1:] or "b"
            guests.append(Guest(name, int(number), int(memory), int(vcpus),
                                self.STATES.get(letter, "off"), float(seconds)))
        return [guest for guest in guests if guest.id != 0]

    def destroy(self, name):
        self.console.check(f"xl destroy {name}")

    def console_command(self, name):
        return f"xl console {name}"

    def log_command(self, name):
        return f"cat /var/log/xen/console/guest-{name}.log"

    def set_shares(self, name, weight, cap):
        self.console.check(f"xl sched-credit2 -d {name} -w {weight} -c {cap}")


def write_file(console, path, lines):
    """Write a text file in dom0."""
    console.check(f"cat >{path} <<'END'\n" + "\n".join(lines) + "\nEND")


class GuestShell:
    """A guest's console, attached: use as a context manager, it is left at the end."""

    def __init__(self, tools, name, timeout=60):
        self.console = tools.console
        self.timeout = timeout
        self.command = tools.console_command(name)

    def __enter__(self):
        self.console.start(self.command)
        self.console.send("\n")
        match = self.console.wait(r"# |@@end=\d+", self.timeout)
        if match.group() != b"# ":
            raise BootError(f"{self.command} ended at once\n{self.console.tail(5)}")
        return self

    def __exit__(self, kind, *_):
        if kind is None or not issubclass(kind, BootError):
            self.console.send("\x1d")
            self.console.finish(self.timeout)

    def run(self, command):
        """Run a command in the guest's shell; returns its output.

        The mark is this command's alone: what was said before is shown again to who attaches.
        """
        mark = f"guest{next(MARKS)}"
        self.console.send(f"{command}; echo {mark}=$?=\n")
        match = self.console.wait(rf"(?s)\r\n(.*?){mark}=(\d+)=\r*\n", self.timeout)
        self.console.wait(r"# ", self.timeout)
        output = match.group(1).decode(errors="replace").replace("\r", "")
        return int(match.group(2)), output.rpartition("$?=\n")[2]


def wait_guest(tools, name, seconds=60):
    """Attach to a guest's console as soon as it answers there; returns what it is: uname -r."""
    with GuestShell(tools, name, seconds) as shell:
        status, output = shell.run("uname -r")
        assert status == 0
        return output.strip()
