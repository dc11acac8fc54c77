# SPDX-License-Identifier: MIT
"""The reference kernel as a guest of 8 MiB: it comes up, ends when asked, its disks work, and it
gives memory back.
"""

import re

import pytest

from guests import clean_log, create, wait_state, wait_until

GUEST = ["domus: 1", "name: ref", "memory: 8MiB", "policy: {crash: preserve, poweroff: preserve}",
         "boot:", "  kernel: /boot/domus-kernel"]
# Ways through the block front end: pages lent, copied, indirect. (test_halves.py: several queues.)
WAYS = ["", "persistent=0 depth=16", "segments=32"]
BACK_ENDS = ["kernel", "domus"]


@pytest.fixture
def host(domus):
    return domus


def start(tools, words, lines=()):
    status, output = create(tools, GUEST + [f"  cmdline: {words}", *lines])
    assert status == 0, output


def passed(host):
    """The guest's words since it was started, once it has ended without a failure."""
    wait_state(host, "ref", ("off", "crashed"))
    log = host.console.check("domus logs ref").rpartition("Domus reference")[2]
    assert not re.findall(r"^FAIL.*", log, re.MULTILINE), log
    assert re.search(r"^RESULT: pass \([1-9]", log, re.MULTILINE), log
    return log


def test_comes_up_and_ends_when_asked(host):
    start(host, "none")
    wait_until(host, "domus logs ref | grep -q ready:", 10)
    host.console.check("domus shutdown -w -t 20 ref")
    log = host.console.check("domus logs ref")
    assert re.search(r"8192 KiB of memory, .*\n.*ready: \d+ pages are free.*\n.*asked to end: poweroff",
                     log), log


@pytest.mark.parametrize("backend", BACK_ENDS)
def test_disks(host, backend):
    """What is written is read again and is in the file; a read-only disk is not written."""
    disks = ["disks:", f"- {{path: /run/w.img, backend: {backend}}}",
             f"- {{path: /run/r.img, readonly: true, sector: 4096, backend: {backend}}}"]
    host.console.check("modprobe -a loop xen-blkback; truncate -s 1M /run/r.img")
    for words in WAYS:
        host.console.check("rm -f /run/w.img; truncate -s 8M /run/w.img")
        start(host, f"test=block mib=2 {words}", disks)
        assert "PASS a read-only disk is not written" in passed(host)
        host.destroy("ref")
        # What was written is in the file, and nothing behind it.
        zeroes = host.console.check("for i in 0 1 2 3; do dd if=/run/w.img bs=1M skip=$i count=1 "
                                    "2>/dev/null | tr -d -c '\\000' | wc -c; done").split()
        assert [int(n) < 100000 for n in zeroes] == [True, True, False, False], zeroes
    host.console.check("rm /run/w.img /run/r.img")
    clean_log(host.console)


def test_balloon(host):
    """Pages go and come back, by the kernel's own test, and as the store says."""
    start(host, "test=balloon")
    passed(host)
    host.destroy("ref")
    start(host, "none")
    wait_until(host, "domus logs ref | grep -q ready:", 10)
    number = host.list()[0].id
    for kib in (6144, 7168, 9999999, 6144):
        host.console.check(f"xenstore-write /local/domain/{number}/memory/target {kib}")
        has = min(kib, 8192)
        wait_until(host, f"[ $(domus show ref -o json | grep -o 'memory_bytes\"*: *[0-9]*' | "
                   f"grep -o '[0-9]*') = {has << 10} ]", 10)


def test_suspends(host):
    """It stops when asked; the tools cannot let it go on yet (test_suspend.py does on Xen)."""
    start(host, "none")
    wait_until(host, "domus logs ref | grep -q ready:", 10)
    number = host.list()[0].id
    host.console.check(f"xenstore-write /local/domain/{number}/control/shutdown suspend")
    wait_until(host, "domus show ref | grep -q suspended", 10)
    assert "asked to suspend" in host.console.check("domus logs ref")
