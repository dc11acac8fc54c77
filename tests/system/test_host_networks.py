# SPDX-License-Identifier: MIT
"""Networks that the host's file declares: bridges, VLANs, and NAT with DHCP for a Linux guest.

Outside is a network namespace of dom0's: it can answer guests only if dom0 lends its address.
"""

import json

import pytest

from guests import clean_log, linux, said, start, there, wait_until
from tools import GuestShell, wait_guest, write_file

FILE = "/etc/domus/host.yaml"
# A wire to outside, one to nowhere; a bridge of the administrator's.
WIRES = """modprobe -a veth bridge xen-netback tun && mkdir -p /etc/domus || exit
ip link add wan type veth && ip link set veth0 name out && ip link add lan0 type veth || exit
unshare -n sleep 3600 & outside=$!; sleep 0.5
there() { nsenter -t $outside -n "$@"; }
ip link set out netns $outside && ip addr add 10.9.9.1/24 dev wan && ip link set wan up || exit
there ip addr add 10.9.9.2/24 dev out && there ip link set out up || exit
there ip link add link out name out.20 type vlan id 20 || exit
there ip addr add 10.8.20.2/24 dev out.20 && there ip link set out.20 up || exit
ip link add hand type bridge && echo $outside >/run/outside"""
UNDO = "kill $(cat /run/outside); ip link del wan; ip link del lan0; ip link del hand"
LAN = "- {name: lan, ports: [lan0]}"
DMZ = "- {name: dmz, ports: [wan], vlan: 20, address: 10.8.20.1/24}"
NAT = "- {name: nat0, address: 10.7.7.1/24, dhcp: 10.7.7.100-10.7.7.109, forward: nat}"
GUEST = linux("d", more=["networks:", "- {bridge: nat0, backend: domus}"])
# What udhcpc does with an address.
SCRIPT = ("printf '#!/bin/sh\\n[ $1 = bound ] && ip addr add $ip/$mask dev $interface && "
          "ip route add default via $router\\n' >/bound; chmod +x /bound")
DEVICES = "ls /sys/class/net"


@pytest.fixture
def host(domus):
    """dom0 with wires, and without them behind the test."""
    domus.console.check(WIRES)
    yield domus
    domus.console.check(f"rm -f {FILE}; domus network reload; {UNDO}")


def declare(host, *networks):
    """Write the host's file and have it read: (status, output)."""
    write_file(host.console, FILE, ["domus: 1", "networks:", *networks])
    return host.console.run("domus network reload")


def networks(host):
    rows = json.loads(host.console.check("domus network list -o json"))["networks"]
    return {row["name"]: row for row in rows}


def show(host, name):
    return json.loads(host.console.check(f"domus network show {name} -o json"))


def check_bridges(host):
    """Bridges and VLANs, as declared; what stands in their way is told."""
    console = host.console
    before = console.check(DEVICES)
    status, output = declare(host, LAN, DMZ)
    assert status == 0, output
    assert {name: row["state"] for name, row in networks(host).items()} == {"lan": "up", "dmz": "up"}
    assert console.check("cat /sys/class/net/lan/bridge/stp_state; ls /sys/class/net/lan/brif "
                         "/sys/class/net/dmz/brif").split() == [
        "0", "/sys/class/net/dmz/brif:", "wan.20", "/sys/class/net/lan/brif:", "lan0"]
    assert console.check("cat /sys/class/net/lan/address /sys/class/net/lan0/address | uniq"
                         ).count("\n") == 1
    console.check("ping -c 1 -W 5 10.8.20.2")
    # A change of one network leaves the other's devices as they are.
    index = console.check("cat /sys/class/net/lan/ifindex")
    assert declare(host, LAN, "- {name: lan2, ports: [none0]}")[0] == 3
    status, output = console.run("domus network reload")
    assert "dom0 has no network device none0" in output and "host.yaml:4:" in output, output
    assert networks(host)["lan2"]["state"] == "failed"
    assert console.check("cat /sys/class/net/lan/ifindex") == index
    assert "dmz" not in console.check(DEVICES) and "wan.20" not in console.check(DEVICES)
    status, output = declare(host, LAN, "- {name: hand}")
    assert status == 3 and "hand already, which is not Domus's" in output, output
    status, output = declare(host, LAN, "- {name: x, ports: [wan]}")
    assert status == 3 and "wan has an address, which dom0 would lose" in output, output
    status, output = declare(host, LAN, "- {name: x, prots: [wan]}")
    assert status == 3 and "did you mean 'ports'?" in output, output
    assert networks(host)["lan"]["state"] == "up"
    console.check(f"rm {FILE} && domus network reload")
    assert console.check(DEVICES) == before


def guest_address(host):
    """The address that the guest gets; it reaches dom0, and what is behind dom0."""
    with GuestShell(host, "d") as shell:
        for command in (SCRIPT, "modprobe xen-netfront && " + there("/sys/class/net/eth0"),
                        "ip link set eth0 up", "udhcpc -i eth0 -n -q -s /bound",
                        "ping -c 1 -W 5 10.7.7.1", "ping -c 1 -W 5 10.9.9.2"):
            said(shell, command)
        return said(shell, "ip -4 addr show dev eth0 | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p'")


def server(host):
    """The number of the DHCP server, once it runs."""
    wait_until(host, "[ -n \"$(pidof dnsmasq)\" ]", 20)
    wait_until(host, "[ \"$(domus network show nat0 -o json | grep dhcp_server | tr -dc 0-9)\" = "
               "\"$(pidof dnsmasq)\" ]", 20)
    return show(host, "nat0")["dhcp_server"]


def test_networks_of_the_host(host):
    console = host.console
    check_bridges(host)
    before = console.check(DEVICES)
    assert console.check("cat /proc/sys/net/ipv4/ip_forward").strip() == "0"
    status, output = declare(host, LAN, NAT)
    assert status == 0, output
    start(host, GUEST)
    first = server(host)
    wait_guest(host, "d")
    address = guest_address(host)
    assert address.rpartition(".")[0] == "10.7.7" and 100 <= int(address.split(".")[3]) <= 109
    leases = show(host, "nat0")["leases"]
    assert [(row["address"], row["mac"][:9]) for row in leases] == [(address, "00:16:3e:")]
    # Servers are found again, and started again.
    console.check("kill -9 $(pidof domusd); sleep 0.5; domusd --detach")
    assert server(host) == first
    console.check(f"kill -9 {first}")
    second = server(host)
    assert second != first
    index = console.check("cat /sys/class/net/nat0/ifindex")
    status, output = declare(host, LAN, NAT.replace("109", "150"))
    assert status == 0, output
    wait_until(host, f"! [ -d /proc/{second} ]", 20)
    server(host)
    assert console.check("cat /sys/class/net/nat0/ifindex") == index
    # Nothing is taken from under a guest, but by force.
    status, output = console.run("domus network stop nat0")
    assert status == 6 and "guests" in output, output
    console.check("domus destroy d; domus network stop nat0")
    assert networks(host)["nat0"]["state"] == "stopped"
    assert console.check("domus network reload; nft list ruleset; cat /proc/sys/net/ipv4/ip_forward"
                         ).splitlines()[-1] == "0"
    wait_until(host, "[ -z \"$(pidof dnsmasq)\" ]", 20)
    console.check("domus network start nat0")
    assert "masquerade" in console.check("nft list ruleset")
    console.check(f"rm {FILE} && domus network reload")
    wait_until(host, "[ -z \"$(pidof dnsmasq)\" ]", 20)
    assert console.check("nft list ruleset").strip() == ""
    assert console.check(DEVICES) == before
    clean_log(console)
