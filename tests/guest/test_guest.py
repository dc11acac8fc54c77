# SPDX-License-Identifier: MIT
"""Boots each test kernel as dom0. `make test T="tests/guest -k NAME"` runs one.

A kernel prints a line PASS or FAIL for each claim and ends with a line RESULT. What runs as an
unprivileged guest, or is meant to crash, is driven by tests/system.
"""

import re
from pathlib import Path

import pytest

from console import Console
from machine import BUILD, Spec

FOLDER = Path(__file__).parent
ELSEWHERE = {"crash", "denied", "spin"}
KERNELS = sorted({path.parent.name for path in FOLDER.glob("*/main.c")} - ELSEWHERE)
CPUS = {"clock": 2, "ldt": 2}  # of the machine, else 1
ISOLATED = ("cpu", "ldt", "mmu", "sched", "traps", "user", "vcpu")  # once more, with page-table isolation
PATIENCE = 300  # seconds for a whole kernel: a busy host is no failure


@pytest.fixture
def hypervisor(pytestconfig):
    """domus, or xen to try the tests themselves."""
    return pytestconfig.getoption("--hypervisor")


def run(name, hypervisor, cmdline="", patience=PATIENCE, smp=1, isolation="off"):
    """Boot a kernel; returns all it said."""
    spec = Spec(name=f"guest-{name}", hypervisor=hypervisor, cmdline=cmdline, layers=(),
                memory=512, dom0_memory=128, smp=smp, isolation=isolation, options="dom0_max_vcpus=2",
                kernel=str(BUILD / f"tests/guest/{name}.elf"))
    with Console(spec, patience) as console:
        console.wait(r"RESULT: [^\n]*\n")
        return console.text()


def check(log):
    """Every claim passed, and there were some."""
    failed = re.findall(r"^FAIL.*$", log, re.MULTILINE)
    assert not failed, "\n".join(failed)
    assert re.search(r"^RESULT: pass \([1-9]", log, re.MULTILINE), log[-2000:]


@pytest.mark.parametrize("name", [name for name in KERNELS if name != "hostile"])
def test_kernel(name, hypervisor):
    check(run(name, hypervisor, smp=CPUS.get(name, 1)))


@pytest.mark.parametrize("name", ISOLATED)
def test_kernel_isolated(name, hypervisor):
    check(run(name, hypervisor, smp=CPUS.get(name, 1), isolation="on"))


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_hostile(seed, hypervisor, soak):
    """Random and hostile hypercalls: the kernel gets through them, so the host lived."""
    count = 1000000 if soak else 50000
    check(run("hostile", hypervisor, f"seed={seed} count={count}", 3600 if soak else PATIENCE))


@pytest.mark.parametrize("isolation", ["off", "on"])
def test_hostile_race(hypervisor, soak, pytestconfig, isolation):
    """Two vCPUs at once on a machine of four CPUs; then the audit finds every count right."""
    seed = pytestconfig.getoption("--seed")
    count = 10000000 if soak and isolation == "off" else 50000
    log = run("hostile", hypervisor, f"vcpus=2 seed={seed} count={count}",
              3 * 3600 if soak else PATIENCE, smp=4,
              isolation=isolation)
    check(log)
    if hypervisor == "domus":
        assert re.search(r"audit: \d+ frames, \d+ references, 0 faults", log), log[-2000:]
