# SPDX-License-Identifier: MIT
"""Who gets how much of the CPUs: guests that only spin or wake (tests/guest/spin), and what they say.

A machine of one CPU runs in virtual time, where a busy host changes no figure. Shares of several CPUs
are measured in real time: what the host takes away, it takes from all alike.
"""

import re
from dataclasses import dataclass

from machine import BUILD, SERVE, Spec
from tools import Domus, Xl

SPIN = BUILD / "tests/guest/spin.elf"
WEIGHTS = (64, 128, 256, 512)
PATIENCE = 1200
# Without the mitigations that Domus does not have.
FAIR_XEN = "spec-ctrl=no xpti=0"


@dataclass
class Measure:
    """One line of the table: what should come out, and by how much it may differ."""

    text: str
    aim: str
    value: float
    good: bool


def machine(hypervisor, cpus, name):
    """The machine of a measure: dom0 with one vCPU, and the kernel that spins."""
    return Spec(name=name, hypervisor=hypervisor, memory=2048, smp=cpus, icount=cpus == 1,
                options="dom0_max_vcpus=1" + (f" {FAIR_XEN}" if hypervisor == "xen" else ""),
                cmdline=f"{SERVE[hypervisor]} nodev=1", files={"boot/spin.elf": SPIN})


def tools_of(console, hypervisor):
    return Xl(console) if hypervisor == "xen" else Domus(console)


def start(tools, name, vcpus=1, weight=256, cap=0, cmdline=""):
    """A guest of the kernel that spins, with its weight and cap."""
    path = tools.config(name, memory=16, vcpus=vcpus, kernel="/boot/spin.elf", ramdisk="",
                        cmdline=cmdline)
    status, output = tools.create(path)
    assert status == 0, output
    tools.set_shares(name, weight, cap)


def said(tools, name):
    """(system time, CPU time) pairs that a spinning guest told, in ns."""
    text = tools.console.check(tools.log_command(name), PATIENCE)
    return [(int(at), int(ran)) for at, ran in re.findall(r"at (\d+) ran (\d+)\r*\n", text)]


def used(tools, names, seconds):
    """CPU time that each guest had over a window that all of them saw, in CPUs."""
    tools.console.check(f"sleep {seconds + 4}", PATIENCE)
    lines = {name: said(tools, name) for name in names}
    begin = max(rows[1][0] for rows in lines.values())  # the second line: all have settled
    result = {}
    for name, rows in lines.items():
        first = min(rows, key=lambda row: abs(row[0] - begin))
        last = min(rows, key=lambda row: abs(row[0] - begin - seconds * 10**9))
        assert last[0] - first[0] > 0.9 * seconds * 10**9, f"{name} said too little: {rows}"
        result[name] = (last[1] - first[1]) / (last[0] - first[0])
    return result


def weights(tools, cpus, seconds):
    """Spinning guests of `cpus` vCPUs each: {weight: part of all CPUs}."""
    for weight in WEIGHTS:
        start(tools, f"w{weight}", vcpus=cpus, weight=weight)
    got = used(tools, [f"w{weight}" for weight in WEIGHTS], seconds)
    for weight in WEIGHTS:
        tools.destroy(f"w{weight}")
    total = sum(got.values())
    assert total > 0.9 * cpus, f"only {total} of {cpus} CPUs were used"
    return {weight: got[f"w{weight}"] / total for weight in WEIGHTS}


def cap(tools, percent, seconds):
    """A spinning guest of one vCPU with a cap: how much of a CPU it gets, in percent."""
    start(tools, "capped", cap=percent)
    got = used(tools, ["capped"], seconds)["capped"]
    tools.destroy("capped")
    return 100 * got


def latency(tools, spinners, wakes):
    """A guest that wakes each millisecond beside spinning ones: how late that is, in ns.

    (median, 99th percentile, maximum)
    """
    for i in range(spinners):
        start(tools, f"s{i}")
    start(tools, "waker", cmdline=f"wakes={wakes}")
    log = tools.log_command("waker")
    tools.console.check(f"until {log} | grep -q ^late; do sleep 1; done", PATIENCE)
    text = tools.console.check(log, PATIENCE)
    for name in ["waker", *(f"s{i}" for i in range(spinners))]:
        tools.destroy(name)
    return tuple(int(ns) for ns in re.search(r"late (\d+) (\d+) (\d+)", text).groups())


def measures(hypervisor, seconds, wakes, boot):
    """All measures of one hypervisor; boot(spec) gives the console of a machine."""
    found = []
    with boot(machine(hypervisor, 2, f"shares-{hypervisor}")) as console:
        console.login()
        tools = tools_of(console, hypervisor)
        for weight, part in weights(tools, 2, seconds).items():
            aim = weight / sum(WEIGHTS)
            found.append(Measure(f"two CPUs, spinning, weight {weight}: part in %",
                                 f"{100 * aim:.2f} ± 2 %", 100 * part,
                                 abs(part / aim - 1) <= 0.02))
        got = cap(tools, 25, seconds)
        found.append(Measure("cap of 25 %: part of a CPU in %", "25 ± 1", got, abs(got - 25) <= 1))
    with boot(machine(hypervisor, 1, f"latency-{hypervisor}")) as console:
        console.login()
        median, late, most = latency(tools_of(console, hypervisor), 4, wakes)
        rows = (("median", "", median), ("99th percentile", "under 1000", late),
                ("latest", "", most))
        for text, aim, ns in rows:
            found.append(Measure(f"waker beside four spinners: {text} in us", aim, ns / 1000,
                                 not aim or ns < 1e6))
    return found
