# SPDX-License-Identifier: MIT
"""Guests that die or mean harm: alone, told to dom0, and without hurting the others.

The guests are kernels of tests/guest, in dom0's /boot.
"""

import re
import time

import pytest

from guests import clean_log, state, wait_state
from tools import GuestShell, wait_guest, write_file

# What the hypervisor says of each way to crash.
WAYS = {
    "handler": "exception 6, error code 0, and no handler",
    "stack": "kernel stack at [0-9a-f]+ cannot be written",
    "return": "exception 13, error code 0, and no handler",
    "range": "iret from a stack that cannot be read, frame at ffff820000000000",
    "recursion": "kernel stack at [0-9a-f]+ cannot be written",
}


def kernel_guest(tools, name, kernel, words="", policy="preserve", memory=32, vcpus=1):
    """Start a test kernel as a guest that stays in the list when it has ended."""
    path = f"/run/{name}.yaml"
    write_file(tools.console, path, [
        "domus: 1", f"name: {name}", f"memory: {memory}MiB", f"vcpus: {vcpus}", "boot:",
        f"  kernel: /boot/{kernel}.elf", f"  cmdline: {words or 'none'}",
        "policy:", f"  crash: {policy}", f"  poweroff: {policy}"])
    status, output = tools.create(path)
    assert status == 0, output


@pytest.fixture
def witnesses(tools, hypervisor):
    """Two stock guests that count seconds; at the end they must not have noticed anything."""
    if hypervisor != "domus":
        pytest.skip("checks what Domus's console and list say")
    names = ("one", "two")
    for name in names:
        status, output = tools.create(
            tools.config(name, memory=128, kernel="/boot/vmlinuz-cloud"))
        assert status == 0, output
    for name in names:
        wait_guest(tools, name)
        with GuestShell(tools, name) as shell:
            assert shell.run("(i=0; while sleep 1; do echo $((i += 1)) >/count; done) & "
                             "until [ -s /count ]; do sleep 0.2; done")[0] == 0
    yield names
    for name in names:
        assert state(tools, name) == "running"
        with GuestShell(tools, name) as shell:
            assert shell.run("n=$(cat /count); until [ $(cat /count) -gt $((n + 1)) ]; "
                             "do sleep 0.2; done")[0] == 0
            clean_log(shell)
    clean_log(tools.console)


def test_each_way_to_crash_ends_one_guest(tools, witnesses):
    for way, reason in WAYS.items():
        kernel_guest(tools, "victim", "crash", f"way={way}")
        assert wait_state(tools, "victim", ("crashed",)) == "crashed"
        (number,) = [guest.id for guest in tools.list() if guest.name == "victim"]
        log = tools.console.check("domus dmesg | tail -n 30")
        assert re.search(rf"domain {number} crashed: .*{reason}[^\n]*\n[^\n]*guest kernel:\n"
                         r"[^\n]*rip [0-9a-f]{4}:[0-9a-f]{16} rflags", log), f"{way}: {log}"
        assert "still alive" not in tools.console.check("domus logs victim")
        for name in witnesses:
            assert state(tools, name) == "running"
        tools.destroy("victim")


def test_hostile_guest_hurts_nobody(tools, hypervisor, soak):
    """Random hypercalls of both vCPUs of an unprivileged guest, while dom0 answers as before."""
    count, seconds = (1000000, 3000) if soak else (10000, 120)
    kernel_guest(tools, "hostile", "hostile", f"vcpus=2 seed=7 count={count}", vcpus=2)
    slowest = 0.0
    end = time.monotonic() + seconds
    while state(tools, "hostile") == "running" and time.monotonic() < end:
        start = time.monotonic()
        tools.console.check("true")
        slowest = max(slowest, time.monotonic() - start)
    log = tools.console.check("domus logs hostile")
    assert "RESULT: pass" in log, log[-1500:]
    assert slowest < 10
    clean_log(tools.console)
    if hypervisor == "domus":
        assert tools.console.audit().endswith(" 0 faults")


def test_unprivileged_guest_is_denied(tools, hypervisor):
    if hypervisor != "domus":
        pytest.skip("errnos are Domus's")
    kernel_guest(tools, "denied", "denied")
    wait_state(tools, "denied", ("off", "powered off", "crashed"))
    log = tools.console.check("domus logs denied")
    assert not re.findall(r"^FAIL.*", log, re.MULTILINE)
    assert "RESULT: pass" in log
