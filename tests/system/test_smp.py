# SPDX-License-Identifier: MIT
"""Machines of many CPUs: dom0 and a guest with as many vCPUs work on all of them at once."""

import time

import pytest

from machine import BUILD, SERVE, guest_ramdisk
from tools import Domus, GuestShell, Xl, wait_guest

LOAD = BUILD / "tests/load"
COMPLAINTS = "dmesg | grep -E 'WARNING|BUG|Oops|soft lockup|hung task|self-detected|detected stalls' || true"


@pytest.mark.parametrize("cpus", [4, *(pytest.param(n, marks=pytest.mark.soak)
                                       for n in (1, 2, 8))])
def test_load_on_every_cpu(boot, hypervisor, soak, cpus):
    seconds = 60 if soak else 5
    files = {"boot/load.img": guest_ramdisk("load", {"usr/bin/load": LOAD})}
    dom0 = boot(smp=cpus, memory=2048, files=files, programs={"usr/bin/load": LOAD},
                cmdline=SERVE[hypervisor])
    dom0.login()
    assert int(dom0.check("nproc")) == cpus
    tools = Domus(dom0) if hypervisor == "domus" else Xl(dom0)
    status, output = tools.create(tools.config("many", memory=256, vcpus=cpus,
                                               ramdisk="/boot/load.img",
                                               kernel="/boot/vmlinuz-cloud"))
    assert status == 0, output
    wait_guest(tools, "many", 120)
    dom0.start_aside(f"load {seconds}")
    with GuestShell(tools, "many", 60 + seconds * 10) as shell:
        assert int(shell.run("nproc")[1]) == cpus
        status, output = shell.run(f"load {seconds}")
        assert status == 0, output
        assert f"load done on {cpus} CPUs" in output
        assert not shell.run(COMPLAINTS)[1].strip()
    assert f"load done on {cpus} CPUs" in dom0.finish_aside(60 + seconds * 10)
    assert not dom0.check(COMPLAINTS).strip()
    tools.destroy("many")
    dom0.check("true")


@pytest.mark.soak
@pytest.mark.parametrize("cpus", [16, 64])
def test_large_machine(boot, hypervisor, cpus):
    """Many more CPUs than the emulator has to run them on: slow, but all of them are there."""
    began = time.monotonic()
    dom0 = boot(timeout=600, smp=cpus, memory=2048, cmdline=SERVE[hypervisor],
                options="dom0_max_vcpus=2")
    dom0.login()
    assert int(dom0.check("nproc")) == 2
    tools = Domus(dom0) if hypervisor == "domus" else Xl(dom0)
    for i in range(8):
        status, output = tools.create(tools.config(f"small{i}", memory=32, ramdisk="",
                                                   kernel="/boot/small.elf"))
        assert status == 0, output
    assert sorted(guest.name for guest in tools.list()) == [f"small{i}" for i in range(8)]
    if hypervisor == "domus":
        dom0.check(f"domus info | grep -q '^CPUs  *{cpus}$'")
        for i in range(8):
            dom0.check(f"until domus logs small{i} | grep -q 'grub>'; do sleep 1; done")
    for i in range(8):
        tools.destroy(f"small{i}")
    assert not dom0.check(COMPLAINTS).strip()
    assert time.monotonic() - began < 600
