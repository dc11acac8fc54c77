# SPDX-License-Identifier: MIT
"""Networks of guests: the reference kernel's front end on back ends of dom0's kernel and ours.

What is sent comes back as it was. (Linux on dom0's kernel is in test_disks.py.)
"""

import pytest

from test_crashes import clean_log, wait_state
from test_tools import create, wait_until

BRIDGE = ("modprobe -a xen-netback bridge tun && { [ -d /sys/class/net/br1 ] || "
          "ip link add br1 type bridge; } && ip link set br1 mtu 9000 up && "
          "ip addr replace 10.0.8.1/24 dev br1")
ECHO = ["domus: 1", "name: echo", "memory: 8MiB", "policy: {crash: preserve}", "boot:",
        "  kernel: /boot/domus-kernel"]
# Words for the reference kernel's front end, and what it says then.
WAYS = [("queues=4", "two ports each"), ("split=0 csum=0 buffers=16", "1 queues, large packets")]
# Datagrams: how many, how large, how many at a time. The largest takes several pages.
DATAGRAMS = [(200, 12, 1), (200, 1400, 16), (100, 8900, 4)]


@pytest.fixture
def host(tools, hypervisor):
    """dom0 with a bridge."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    tools.console.check(BRIDGE)
    return tools


def network(backend):
    return ["networks:", f"- {{bridge: br1, mtu: 9000, backend: {backend}}}"]


@pytest.mark.parametrize("backend", ["kernel", "domus"])
def test_reference_kernel(host, backend):
    console = host.console
    for words, says in WAYS:
        status, output = create(host, ECHO + [f"  cmdline: test=echo ip=10.0.8.2 {words}"]
                                + network(backend))
        assert status == 0, output
        wait_until(host, "domus logs echo | grep -q '^echo:'", 20)
        assert says in console.check("domus logs echo")
        console.check("ping -c 2 10.0.8.2")
        for count, size, window in DATAGRAMS:
            assert " 0 wrong" in console.check(f"datagrams 10.0.8.2 {count} {size} {window}")
        console.check("domus shutdown -w -t 20 echo")
        wait_state(host, "echo", ("off",))
        console.check("domus destroy echo; ip neigh flush dev br1")
    clean_log(console)
