# SPDX-License-Identifier: MIT
"""The machines of the bench: each boots one hypervisor in virtual time and returns its measures.

Virtual time counts instructions (1 ns each) and jumps over idle time, so a loaded host changes
nothing and the same inputs give the same figures: what does not depend on this tree's hypervisor
is kept in build/bench and measured again only when an input changed. All of them run on the same
machine, with the same kernel and ramdisk.
"""

import hashlib
import inspect
import json
import re
import struct
import subprocess
from functools import partial
from pathlib import Path

import ring0
from console import BootError, Console
from machine import (BUILD, IMAGES, LOGS, Spec, boot_files, grub_commands,
                     guest_ramdisk)
from tools import Domus, GuestShell, Xl

MICRO = BUILD / "bench/micro"
RESULTS = BUILD / "bench/results"
PLUGIN = BUILD / "bench/plugin.so"
PATIENCE = 600
# Without the mitigations that Domus does not have; page-table isolation on both or on neither.
FAIR_XEN = {"off": "spec-ctrl=no xpti=0", "on": "spec-ctrl=no xpti=1"}
FIRST_PROGRAM = "#!/bin/busybox sh\n/usr/bin/micro tsc\nexec /init\n"
GUEST_MEASURES = ("getpid", "fault", "munmap", "fork", "exec", "pipe")
DOM0_MEASURES = ("hypercall", "evtchn", "notify")
PAIR_MEASURES = ("handover",)


def bench_spec(hypervisor, name, isolation="off", **fields):
    """The machine, common to all columns of the table."""
    tools = {"domus": " tools=domus", "xen": " tools=xen", "none": ""}[hypervisor]
    return Spec(
        name=f"bench-{name}-{hypervisor}", hypervisor=hypervisor, memory=4096, icount=True,
        bootdisk="virtio",
        options=FAIR_XEN[isolation] if hypervisor == "xen" else "", isolation=isolation,
        cmdline=f"serve=1 nodev=1 rdinit=/first{tools}", programs={"usr/bin/micro": MICRO},
        **fields)


def kernel_entry():
    """Where dom0's kernel starts: the ENTRY note of its ELF."""
    notes = subprocess.run(["objcopy", "-O", "binary", "--only-section=.notes",
                            IMAGES / "dom0-kernel.elf", "/dev/stdout"],
                           stdout=subprocess.PIPE, check=True).stdout
    at = 0
    while at < len(notes):
        name_size, size, kind = struct.unpack_from("<III", notes, at)
        value = at + 12 + (name_size + 3 & ~3)
        if notes[at + 12:at + 16] == b"Xen\0" and kind == 1:
            return struct.unpack_from("<Q", notes, value)[0]
        at = value + (size + 3 & ~3)
    raise BootError("dom0's kernel has no ENTRY note")


def program_entry(path):
    """The first address of an ELF program."""
    return struct.unpack_from("<Q", path.read_bytes(), 24)[0]


def value_of(text, name):
    """The numbers in the line "micro NAME VALUE OPERATIONS"."""
    match = re.search(rf"micro {name} (\d+)(?: (\d+))?", text)
    if not match:
        raise BootError(f"no measure {name} in:\n{text}")
    return int(match.group(1)), int(match.group(2) or 0)


def boot_spec(hypervisor):
    """The machine of one boot, with the marks that the plugin watches for."""
    marks = LOGS / f"bench-boot-{hypervisor}.marks"
    plugin = (f"-plugin {PLUGIN},out={marks},dom0={kernel_entry():#x},"
              f"init={program_entry(MICRO):#x}")
    return bench_spec(hypervisor, "boot", files={"first": FIRST_PROGRAM}, qemu=(plugin,)), marks


def boot_times(hypervisor):
    """Times of one boot in ns: total, and the parts that only a hypervisor has."""
    spec, marks = boot_spec(hypervisor)
    LOGS.mkdir(parents=True, exist_ok=True)
    with Console(spec, PATIENCE) as console:
        total = int(console.wait(r"micro tsc (\d+)\r*\n").group(1))
        console.login()
    times = {"power-init": total}
    if hypervisor != "none":
        seen = {name: int(count) for name, count in
                (line.split() for line in marks.read_text().splitlines())}
        times["line-dom0"] = seen["dom0"] - seen["first-line"]
        times["dom0-init"] = seen["init"] - seen["dom0"]
    return times


def create_time(tools):
    """How long the tool takes to create a small guest from a plain ELF kernel.

    Before each round the machine is idle for a second: what a hypervisor puts off until then,
    such as scrubbing the frames of the guest before, is done and in no round's time.
    """
    path = tools.config("small", memory=16, kernel="/boot/small.elf", ramdisk="")
    command = f"xl create -q -p {path}" if tools.name == "xl" else f"domus create -p {path}"
    times = []
    for _ in range(3):
        tools.console.check("sleep 1", PATIENCE)
        output = tools.console.check(f"micro time {command}", PATIENCE)
        times.append(value_of(output, "time")[0])
        tools.destroy("small")
    return sorted(times)[1]


def counting_spec(hypervisor, name, isolation, more_files, **fields):
    """A machine whose guests measure, and the file of the windows that the plugin counts in."""
    windows = LOGS / f"bench-{name}-{hypervisor}.windows"
    begin, end = (ring0.address_of(MICRO, f"window_{edge}") for edge in ("begin", "end"))
    plugin = f"-plugin {PLUGIN},out={windows},begin={begin:#x},end={end:#x}"
    ramdisk = guest_ramdisk("bench", {"usr/bin/micro": MICRO})
    files = {"first": FIRST_PROGRAM, "boot/bench.img": ramdisk} | more_files
    return bench_spec(hypervisor, name, isolation, files=files, qemu=(plugin,), **fields), windows


def cpu_spec(hypervisor, name="cpu", smp=1, isolation="off"):
    """The machine on which programs measure, with the windows that the plugin watches for."""
    name += "-isolated" if isolation == "on" else ""
    return counting_spec(hypervisor, name, isolation, {}, smp=smp)


class Measures:
    """Measures of one machine: times in ns, and as ring0-NAME the hypervisor's instructions."""

    def __init__(self, hypervisor, path, prefix=""):
        self.hypervisor = hypervisor
        self.prefix = prefix  # of the keys
        self.windows = ring0.Windows(path)
        self.times = {}

    def run(self, command, names, suffix="", about=""):
        """Run programs by `command`, which returns what they print."""
        for name in names:
            value, operations = value_of(command(f"micro {name} {about}".strip()), name)
            key = f"{self.prefix}{name}{suffix}"
            self.times[key] = value
            if self.hypervisor == "none":
                continue
            blocks = ring0.count(name, operations, self.windows.take())
            self.times[f"ring0-{key}"] = round(sum(blocks.values()))
            if self.hypervisor == "domus":
                ring0.write_profile(key, blocks)

    def run_in_guest(self, tools, names, suffix="", vcpus=1):
        """The same in a guest made for them."""
        status, output = tools.create(tools.config("bench", memory=256, vcpus=vcpus,
                                                   ramdisk="/boot/bench.img"))
        if status:
            raise BootError(output)
        with GuestShell(tools, "bench", PATIENCE) as shell:
            self.run(lambda command: shell.run(command)[1], names, suffix)
        tools.destroy("bench")


def cpu_times(hypervisor, isolation="off"):
    """The measures of one hypervisor's guest and dom0, or of the bare machine."""
    spec, windows = cpu_spec(hypervisor, isolation=isolation)
    LOGS.mkdir(parents=True, exist_ok=True)
    measures = Measures(hypervisor, windows)
    with Console(spec, PATIENCE) as console:
        def in_dom0(command):
            return console.check(command, PATIENCE)
        console.login()
        if hypervisor == "none":
            measures.run(in_dom0, GUEST_MEASURES)
            return measures.times
        tools = Xl(console) if hypervisor == "xen" else Domus(console)
        measures.run(in_dom0, DOM0_MEASURES)
        measures.times["create"] = create_time(tools)
        measures.run_in_guest(tools, GUEST_MEASURES)
        measures.run_in_guest(tools, PAIR_MEASURES, "-1", vcpus=2)
    return measures.times


def pair_spec(hypervisor, isolation="off"):
    """The machine with two CPUs."""
    return cpu_spec(hypervisor, "pair", smp=2, isolation=isolation)


def pair_times(hypervisor, isolation="off"):
    """The measures of a guest with two vCPUs on two CPUs."""
    spec, windows = pair_spec(hypervisor, isolation)
    LOGS.mkdir(parents=True, exist_ok=True)
    measures = Measures(hypervisor, windows)
    if hypervisor == "none":
        return {}
    with Console(spec, PATIENCE) as console:
        console.login()
        tools = Xl(console) if hypervisor == "xen" else Domus(console)
        measures.run_in_guest(tools, PAIR_MEASURES, "-2", vcpus=2)
    return measures.times


def key_of(spec, run):
    """A digest of all that decides the figures of a run."""
    digest = hashlib.sha256()
    version = subprocess.run(["qemu-system-x86_64", "--version"], stdout=subprocess.PIPE,
                             check=True).stdout
    digest.update(version + repr(spec).encode() + grub_commands(spec).encode())
    module = inspect.getsourcefile(getattr(run, "func", run))  # of a partial, too
    for path in sorted({Path(__file__), Path(ring0.__file__), PLUGIN, Path(module)}):
        digest.update(path.read_bytes())
    for name, source in sorted(boot_files(spec).items()):
        digest.update(name.encode() + (source if isinstance(source, bytes)
                                       else source.read_bytes()))
    return digest.hexdigest()[:32]


MACHINES = {"boot": (boot_spec, boot_times), "cpu": (cpu_spec, cpu_times),
            "pair": (pair_spec, pair_times),
            "cpu-isolated": (partial(cpu_spec, isolation="on"), partial(cpu_times, isolation="on")),
            "pair-isolated": (partial(pair_spec, isolation="on"),
                              partial(pair_times, isolation="on"))}  # devices.py adds its own


def times_of(machine, hypervisor):
    """The figures of a machine on one column: kept ones if no input has changed since."""
    spec, run = MACHINES[machine]
    if hypervisor == "domus":
        return run(hypervisor)
    path = RESULTS / f"{machine}-{hypervisor}-{key_of(spec(hypervisor)[0], run)}.json"
    if not path.exists():
        times = run(hypervisor)
        RESULTS.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(times) + "\n")
    return json.loads(path.read_text())
