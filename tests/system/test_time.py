# SPDX-License-Identifier: MIT
"""Time on many CPUs: clocks that agree, sleep without ticks, and CPUs that do not come back."""

import re
import socket
import time

import pytest

from console import PATIENCE
from gdb import Gdb
from machine import BUILD, RUN, SERVE, guest_ramdisk
from matrix import LAYERS
from tools import Domus, GuestShell, Xl, wait_guest

CLOCK = BUILD / "tests/clock"
CPUS = 4


def hypervisor_key(console, key):
    """What the hypervisor prints for a key of its console."""
    console.send("\x01\x01\x01")
    console.wait("serial input goes to the hypervisor[^\n]*\n")
    console.send(key)
    time.sleep(2)
    console.send("\x01\x01\x01")
    console.wait("serial input goes to dom0")
    return console.child.before.decode(errors="replace")


def check_clock(output):
    """No step back was seen; returns drift and doubt in ppm, if they were measured."""
    assert re.search(r"clock read [1-9]\d* times on \d+ CPUs, 0 steps back", output), output
    drift = re.search(r"clock drift (\S+) ppm, doubt (\S+) ppm", output)
    return (abs(float(drift[1])), float(drift[2])) if drift else None


@pytest.mark.alone  # the hypervisor measures the CPUs' clocks while it boots
def test_clocks_agree(boot, hypervisor, soak):
    """In dom0 and in a guest at once. dom0 would use the TSC itself: here it uses system time."""
    seconds = 300 if soak else 10
    files = {"boot/clock.img": guest_ramdisk("clock", {"usr/bin/clock": CLOCK})}
    dom0 = boot(smp=CPUS, memory=2048, files=files, programs={"usr/bin/clock": CLOCK},
                cmdline=SERVE[hypervisor] + " clocksource=xen")
    dom0.login()
    tools = Domus(dom0) if hypervisor == "domus" else Xl(dom0)
    status, output = tools.create(tools.config("hops", memory=256, vcpus=CPUS,
                                               ramdisk="/boot/clock.img",
                                               kernel="/boot/vmlinuz-cloud"))
    assert status == 0, output
    wait_guest(tools, "hops", PATIENCE)
    dom0.start_aside(f"clock {seconds}")
    with GuestShell(tools, "hops", 120 + seconds * 5) as shell:
        assert shell.run("cat /sys/devices/system/clocksource/clocksource0/current_clocksource"
                         )[1].strip() == "xen"
        status, output = shell.run(f"clock {seconds}")
        check_clock(output)
        assert status == 0
    drift, doubt = check_clock(dom0.finish_aside(120 + seconds * 5))
    assert drift < 50 + doubt
    tools.destroy("hops")


def timer_interrupts(console):
    """How often each CPU's timer interrupted it."""
    return [int(n) for n in re.findall(r"CPU \d+: (\d+) timer interrupts",
                                       hypervisor_key(console, "t"))]


def test_idle_cpus_take_no_ticks(boot, alone, hypervisor):
    """dom0's vcpu keeps one CPU or two busy, two keep watch; whoever is left sleeps."""
    if hypervisor != "domus":
        pytest.skip("reads Domus's own counters")
    dom0 = boot(smp=CPUS, options="dom0_max_vcpus=1", layers=LAYERS)
    dom0.login()
    seconds = 10
    with alone():
        before = timer_interrupts(dom0)
        time.sleep(seconds)
        after = timer_interrupts(dom0)
    new = sorted(b - a for a, b in zip(before, after))
    assert len(new) == CPUS
    assert new[0] == 0 and new[1] <= 3 and new[2] <= seconds, (before, after)


@pytest.mark.parametrize("cpus", [2, pytest.param(3, marks=pytest.mark.soak)])
def test_stuck_cpu_is_caught(boot, hypervisor, stays_halted, cpus):
    """A CPU is put from within a hypercall to where stopped CPUs wait, interrupts off."""
    if hypervisor != "domus":
        pytest.skip("uses Domus's symbols")
    path = RUN / "stuck.gdb"
    dom0 = boot(smp=cpus, options="watchdog_timeout=4", layers=LAYERS,
                qemu=(f"-gdb unix:{path},server=on,wait=off",))
    dom0.login()
    gdb = Gdb(path)
    gdb.run_to("do_sched_op")
    gdb.jump("stop_here")
    dom0.wait(r"CPU (\d) gives no sign of life for 4 s", 60, fatal=False)
    dom0.wait(r"Asked by NMI, in the hypervisor on CPU \d", 20, fatal=False)
    dom0.wait(r"at   ffff8[0-9a-f]+", 20, fatal=False)
    dom0.wait(r"PANIC: CPU \d is stuck in the hypervisor", 60, fatal=False)
    stays_halted(dom0)


def monitor(path, *commands):
    """Lines for QEMU's monitor."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(20)
        s.connect(str(path))
        for command in commands:
            s.recv(4096)
            s.sendall(command.encode() + b"\n")
        time.sleep(1)


def test_nmi_and_machine_check_are_reported(boot, hypervisor):
    if hypervisor != "domus":
        pytest.skip("checks what Domus says")
    path = RUN / "mce.mon"
    dom0 = boot(smp=2, layers=LAYERS, options="guest_loglvl=all", qemu=(
        f"-chardev socket,id=mon2,path={path},server=on,wait=off", "-mon chardev=mon2,mode=readline"))
    dom0.login()
    monitor(path, "nmi")
    dom0.wait(r"A hardware NMI on CPU 0", 20)
    dom0.check("true")
    monitor(path, "mce 0 1 0xbe00000000000000 0x5 0x123000 0")
    dom0.wait(r"bank 1: status be00000000000000, address 0000000000123000", 20, fatal=False)
    dom0.wait(r"Machine check in the hypervisor on CPU 0", 20, fatal=False)
    dom0.wait(r"PANIC: machine check", 20, fatal=False)
