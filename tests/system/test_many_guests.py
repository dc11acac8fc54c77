# SPDX-License-Identifier: MIT
"""Many reference kernels at once, each with a network: all of them answer, the last is created as fast
as the first, and dom0 has memory left.
"""

import re

import pytest

from console import Console
from conftest import KERNELS
from machine import BUILD, SERVE, Spec
from tools import Domus

FEW, MANY = 5, 200
HOST_MIB = 4096
PATIENCE = 3600
MOST_GROWTH = 1.2    # of the time that creation takes
MOST_DOM0_KIB = 1536  # of dom0's memory a guest, its back end's process among it
BRIDGE = ("modprobe -a bridge tun && ip link add br2 type bridge && ip link set br2 up && "
          "ip addr add 10.7.0.1/16 dev br2")
# Creates guests, and prints what each one's creation took; what they do themselves then is apart.
CREATE = """cd /run; n=0
while [ $n -lt {count} ]; do
n=$((n + 1)); a=10.7.$((n / 100 + 1)).$((n % 100 + 1))
printf 'domus: 1\\nname: m%d\\nmemory: 8MiB\\nboot:\\n  kernel: /boot/domus-kernel\\n' $n >m.yaml
printf '  cmdline: test=echo ip=%s buffers=16\\nnetworks: [{{bridge: br2}}]\\n' $a >>m.yaml
{timer} domus create -p m.yaml && domus resume m$n >/dev/null && sleep 0.2 || exit 1
done"""
# Prints a line for each guest that answers neither of two pings.
SILENT = """n=0
while [ $n -lt {count} ]; do
n=$((n + 1)); a=10.7.$((n / 100 + 1)).$((n % 100 + 1))
ping -c 1 -W 5 $a >/dev/null || ping -c 1 -W 5 $a >/dev/null || echo silent $n
done"""


def available_kib(console):
    """Memory that dom0 could give to programs."""
    return int(console.check("grep MemAvailable /proc/meminfo").split()[1])


def test_few_at_once(tools, hypervisor):
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    console = tools.console
    console.check(BRIDGE)
    console.check(CREATE.format(count=FEW, timer=""))
    assert len(tools.list()) == FEW
    assert "silent" not in console.check(SILENT.format(count=FEW))
    for number in range(1, FEW + 1):
        tools.destroy(f"m{number}")
    console.check("ip link del br2")


@pytest.mark.soak
def test_many_at_once(hypervisor):
    """In virtual time, so that creation takes what it takes and not what the host is busy with."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    spec = Spec(name="many", memory=HOST_MIB, icount=True, cmdline=SERVE["domus"], files=KERNELS,
                programs={"usr/bin/micro": BUILD / "bench/micro"})
    with Console(spec, PATIENCE) as console:
        console.login()
        console.check(BRIDGE)
        before = available_kib(console)
        output = console.check(CREATE.format(count=MANY, timer="micro time"))
        times = [int(ns) for ns in re.findall(r"micro time (\d+)", output)]
        assert len(times) == MANY, output
        silent = re.findall(r"silent (\d+)", console.check(SILENT.format(count=MANY)))
        after = available_kib(console)
        print(f"creation: 1st {times[0]} ns, 2nd {times[1]}, 100th {times[MANY // 2 - 1]}, "
              f"{MANY}th {times[-1]}; dom0 had {before} KiB, has {after}; "
              f"{console.check('domus info; free; ps -o rss,vsz,comm | sort -n | tail -5')}")
        assert not silent
        assert len(Domus(console).list()) == MANY
        assert times[-1] <= MOST_GROWTH * times[0]
        assert (before - after) / MANY <= MOST_DOM0_KIB
