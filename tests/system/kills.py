# SPDX-License-Identifier: MIT
"""A guest's disk and network under load while the process that serves both is killed.

Loads compare all that they write, read, send and receive; a word of complaint fails the test.
Invariant: the guest's /data holds 4 MiB, which dom0 has as /run/kills/data.
"""

from guests import said, wait_until
from tools import GuestShell, write_file

BRIDGE = "br2"
HERE, THERE = "10.0.9.1", "10.0.9.2"
PATIENCE = 300
SETUP = (f"{{ [ -d /sys/class/net/{BRIDGE} ] || ip link add {BRIDGE} type bridge; }} && "
         f"ip addr replace {HERE}/24 dev {BRIDGE} && ip link set {BRIDGE} up && mkdir -p /run/kills")
# Both halves of the disk in turn, past the guest's page cache.
DISK_LOAD = """\
want=$(md5sum </data) i=0
until [ -e /stop ]; do
	at=$((i % 2 * 64)) i=$((i + 1))
	dd if=/data of=DISK bs=64k seek=$at oflag=direct conv=fsync 2>/err || cat /err
	got=$(dd if=DISK bs=64k skip=$at count=64 iflag=direct 2>/err | md5sum)
	[ "$got" = "$want" ] || echo disk: wrong in round $i
done
echo disk: $i rounds
""".splitlines()
# dom0 sends a file, and answers one that it is sent with its sum.
NET_LOAD = f"""\
want=$(md5sum </data) i=0
until [ -e /stop ]; do
	i=$((i + 1))
	[ "$(wget -q -O - http://{HERE}/data | md5sum)" = "$want" ] || echo net: wrong data in round $i
	[ "$(nc {HERE} 5004 </data)" = "$want" ] || echo net: wrong sum in round $i
done
echo net: $i rounds
""".splitlines()
START = ("ip link set DEV up; ip addr replace {there}/24 dev DEV; "
         "until ping -c 1 -W 1 {here} >/dev/null; do :; done").format(here=HERE, there=THERE)


def loads_start(tools, name, disk, device):
    """Let the guest begin with both loads."""
    console = tools.console
    write_file(console, "/run/kills/disk", [line.replace("DISK", disk) for line in DISK_LOAD])
    write_file(console, "/run/kills/net", NET_LOAD)
    console.check(f"httpd -p {HERE}:80 -h /run/kills && "
                  "{ nc -ll -p 5004 -e md5sum & echo $! >/run/kills/pid; }")
    with GuestShell(tools, name) as shell:
        said(shell, START.replace("DEV", device))
        for load in ("disk", "net"):
            said(shell, f"wget -q http://{HERE}/{load}; (sh {load} >/{load}.log 2>&1 &)")


def loads_end(tools, name):
    """Both have found nothing wrong; returns what they did."""
    with GuestShell(tools, name, PATIENCE) as shell:
        said(shell, "touch /stop; until grep -q rounds /disk.log && grep -q rounds /net.log; "
             "do sleep 0.2; done")
        lines = [said(shell, f"cat /{load}.log; rm /{load}.log") for load in ("disk", "net")]
        said(shell, "rm /stop")
    assert all(line.endswith("rounds") and "\n" not in line for line in lines), lines
    tools.console.check("kill $(cat /run/kills/pid); kill $(pidof httpd)")
    return lines


def kill_under_load(tools, name, disk, device, kills):
    """Kill the guest's back end so many times, each time after a while of serving."""
    loads_start(tools, name, disk, device)
    for number in range(kills):
        wait_until(tools, "pidof domus-backend >/dev/null")
        tools.console.check(f"sleep 0.{number * 7 % 10}; sleep {number % 2}; "
                            "kill -9 $(pidof domus-backend)")
    wait_until(tools, "pidof domus-backend >/dev/null")
    return loads_end(tools, name)
