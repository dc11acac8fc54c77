# SPDX-License-Identifier: MIT
"""A guest that scribbles over its live rings, beside others whose data must be right.

The guests are reference kernels; each has a back-end process of its own.
"""

import re
import time

import pytest

from guests import clean_log, reference, start, state, wait_state, wait_until
from test_networks import BRIDGE, echo, network

BLOCK = reference("block", "test=block mib=4", ["disks: [{path: /run/rings/good.img}]"])
BAD = ["disks: [{path: /run/rings/bad.img}]", *network("domus")]
# More than it ever needs, less than would hurt dom0: what its own bounds add up to.
MEMORY_KIB = 32 << 10


def backend_status(tools, domid):
    """/proc's status of the process that serves a domain, as a map."""
    text = tools.console.check(
        "for p in $(pidof domus-backend); do tr '\\0' ' ' </proc/$p/cmdline | "
        f"grep -q 'domain {domid} ' && cat /proc/$p/status; done; true")
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def good_round(tools):
    """What the two others do: datagrams come back as they were, a disk reads as it was written."""
    start(tools, BLOCK)
    for size in (12, 1400):
        assert " 0 wrong" in tools.console.check(f"datagrams 10.0.8.2 100 {size} 4")
    wait_state(tools, "block", ("off", "crashed"))
    log = tools.console.check("domus logs block").rpartition("Domus reference")[2]
    assert "FAIL" not in log and "RESULT: pass" in log, log
    tools.destroy("block")


@pytest.fixture
def host(domus):
    tools = domus
    tools.console.check(f"{BRIDGE} && mkdir -p /run/rings && "
                        "truncate -s 8M /run/rings/good.img /run/rings/bad.img")
    # What back ends say goes where domusd's messages go: here not among those of the test.
    domusd = "kill -9 $(pidof domusd); sleep 1; domusd --detach"
    tools.console.check(f"{domusd} 2>/run/rings/log")
    yield tools
    tools.console.check(f"{domusd}; rm -r /run/rings")


def test_others_see_no_error(host, soak):
    console = host.console
    start(host, echo("", "domus"))
    wait_until(host, "domus logs echo | grep -q '^echo:'", 20)
    words = f"test=scribble seconds={60 if soak else 5} seed={int(time.time())}"
    domid = start(host, reference("scribble", words, BAD))
    before = after = backend_status(host, domid)
    good_round(host)
    rounds = 1
    while state(host, "scribble") == "running":
        after = backend_status(host, domid) or after
        good_round(host)
        rounds += 1
    log = console.check("domus logs scribble")
    print(rounds, "rounds;", after["VmHWM"].strip(), re.findall(r"scribble: .*", log))
    assert "RESULT: pass" in log, log
    # It is the same process, and no larger than it should be.
    assert (after["Pid"], int(after["VmHWM"].split()[0]) < MEMORY_KIB) == (before["Pid"], True), after
    for device in ("domus-vbd 51712", "domus-vif 0"):
        console.check(f"grep 'domus-backend: guest {domid}: {device}: ' /run/rings/log")
    clean_log(console)
