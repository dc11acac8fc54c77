# SPDX-License-Identifier: MIT
"""Networks of guests: the reference kernel's front end on back ends of dom0's kernel and ours.

What is sent comes back as it was; how fast Linux may send. (More of Linux is in test_disks.py.)
"""

import pytest

from guests import clean_log, in_guest, linux, reference, start, there, wait_state, wait_until
from tools import wait_guest

BRIDGE = ("modprobe -a xen-netback bridge tun && { [ -d /sys/class/net/br1 ] || "
          "ip link add br1 type bridge; } && ip link set br1 mtu 9000 up && "
          "ip addr replace 10.0.8.1/24 dev br1")
# Words for the reference kernel's front end, and what it says then.
WAYS = [("queues=4", "two ports each"), ("split=0 csum=0 buffers=16", "1 queues, large packets")]
RATE_BYTES_S = 20e6 / 8
# Datagrams: how many, how large, how many at a time. The largest takes several pages.
DATAGRAMS = [(200, 12, 1), (200, 1400, 16), (100, 8900, 4)]


@pytest.fixture
def host(domus):
    """dom0 with a bridge."""
    domus.console.check(BRIDGE)
    return domus


def network(backend, more=""):
    return ["networks:", f"- {{bridge: br1, mtu: 9000, backend: {backend}{more}}}"]


def echo(words, backend):
    """The file of a guest that answers."""
    return reference("echo", f"test=echo ip=10.0.8.2 {words}", network(backend))


@pytest.mark.parametrize("backend", ["kernel", "domus"])
def test_reference_kernel(host, backend):
    console = host.console
    for words, says in WAYS:
        start(host, echo(words, backend))
        wait_until(host, "domus logs echo | grep -q '^echo:'", 20)
        assert says in console.check("domus logs echo")
        console.check("ping -c 2 10.0.8.2")
        for count, size, window in DATAGRAMS:
            assert " 0 wrong" in console.check(f"datagrams 10.0.8.2 {count} {size} {window}")
        console.check("domus shutdown -w -t 20 echo")
        wait_state(host, "echo", ("off",))
        console.check("domus destroy echo")
        console.run("ip neigh flush dev br1")  # fails on one that goes by itself
    clean_log(console)


def received(console):
    """Seconds since dom0's start, and bytes that came from the guest until then."""
    words = console.check("cat /proc/uptime /sys/class/net/vif*/statistics/rx_bytes").split()
    return float(words[0]), int(words[2])


@pytest.mark.soak
@pytest.mark.alone
@pytest.mark.parametrize("backend", ["kernel", "domus"])
def test_linux_sends_large_packets_and_no_faster_than_it_may(host, backend):
    """The rate is what arrives in dom0 within some seconds, while the guest has more to send."""
    console = host.console
    start(host, linux("d", more=network(backend, ", rate: 20Mbit/s")))
    wait_guest(host, "d")
    in_guest(host, "d", f"modprobe xen-netfront && {there('/sys/class/net/eth0')}; "
             "ip addr add 10.0.8.2/24 dev eth0 && ip link set eth0 up && ip link set eth0 mtu 9000 && "
             "ping -c 2 -W 5 -s 8900 10.0.8.1")
    console.check("ping -c 2 -W 5 -s 8900 10.0.8.2")
    in_guest(host, "d", "mkdir /www && dd if=/dev/urandom of=/www/data bs=1M count=32 2>/dev/null && "
             "httpd -h /www")
    console.check("(wget -q -O /dev/null http://10.0.8.2/data &)")
    console.check("sleep 2")
    begin, before = received(console)
    console.check("sleep 5")
    end, after = received(console)
    part = (after - before) / (end - begin) / RATE_BYTES_S
    print(f"{backend}: {part:.2f} of the rate")
    assert 0.7 < part < 1.1
    console.check("kill $(pidof wget) 2>/dev/null; domus destroy d")
    clean_log(console)
