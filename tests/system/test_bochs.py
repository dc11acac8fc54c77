# SPDX-License-Identifier: MIT
"""A CPU with x2APIC, TSC deadline timer, invariant TSC, PCID and AVX-512, in Bochs."""

import re

import pytest

from bochs import Bochs
from machine import BUILD, SERVE, Spec


@pytest.fixture(autouse=True)
def needs_domus(hypervisor):
    if hypervisor != "domus":
        pytest.skip("Domus on other CPUs")


MORE = [("cpu", "on"), ("mmu", "on"), ("mmu", "off"), ("sched", "off"), ("vcpu", "on")]


@pytest.mark.parametrize("kernel,isolation", [
    ("traps", "on"), *(pytest.param(*case, marks=pytest.mark.soak) for case in MORE)])
def test_test_kernels_pass(kernel, isolation):
    spec = Spec(name=f"bochs-{kernel}", bootdisk="cd", layers=(), memory=512, dom0_memory=128,
                isolation=isolation, options="dom0_max_vcpus=2",
                kernel=str(BUILD / f"tests/guest/{kernel}.elf"))
    with Bochs(spec, 600) as console:
        console.wait(r"RESULT: [^\n]*\n")
        log = console.text()
    uses = re.search(r"CPU: .*, uses ([^\n]*)", log)[1]
    assert "x2APIC PCID" in uses and ("isolation" in uses) == (isolation == "on")
    assert not re.findall(r"^FAIL.*$", log, re.MULTILINE)
    assert re.search(r"^RESULT: pass \([1-9]", log, re.MULTILINE)


@pytest.mark.soak
def test_dom0_boots_on_two_cpus():
    spec = Spec(name="bochs-dom0", isolation="auto", memory=1024, dom0_memory=512, smp=2,
                cmdline=f"{SERVE['domus']} nodev=1")
    with Bochs(spec, 3000) as console:
        console.login()
        assert console.check("nproc").strip() == "2"
        assert console.check("domus list").count("\n") == 2
