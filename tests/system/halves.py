# SPDX-License-Identifier: MIT
"""Back ends that go and come under a guest, and what a Linux guest does on all its queues meanwhile.

Invariant: the guest's programs print what is wrong, and at their end how often they went round; each
goes round once at least, and compares all that it wrote, read, sent and received.
"""

from guests import said, wait_until
from tools import write_file

FOLDER = "/run/halves"
BRIDGE, HERE, THERE = "br4", "10.0.11.1", "10.0.11.2"
DISK, NET = "xvdb", "eth0"
HANDLES = {"vbd": 51728, "vif": 0}
CPUS = 4
# Each CPU writes two places of its own past the page cache in turn, other data each time.
DISK_ROUND = """\
cpu=$1 i=0
while :; do
	at=$(((cpu * 2 + i % 2) * 16)) i=$((i + 1))
	{ echo $2 $i; cat /halves/data$cpu; } | head -c 1048576 >/mine$cpu
	dd if=/mine$cpu of=/dev/xvdb bs=64k seek=$at oflag=direct conv=fsync 2>/err$cpu || cat /err$cpu
	dd if=/dev/xvdb bs=64k skip=$at count=16 iflag=direct 2>/err$cpu | cmp - /mine$cpu ||
		echo disk: wrong data, CPU $cpu, round $i
	[ -e /stop ] && break
done
echo disk: $i rounds
"""
# All CPUs, or as many connections as make it sure that each of 4 queues has one.
LOADS = {"disk": """\
for cpu in 0 1 2 3; do
	taskset $((1 << cpu)) sh /halves/round $cpu $1 &
done
wait
echo over
""", "net": f"/halves/streams {HERE} 32 16384; echo over\n"}
SETUP = (f"mkdir -p {FOLDER}/halves && cd {FOLDER} && cp /usr/bin/streams halves/ && "
         "for i in 0 1 2 3; do dd if=/dev/urandom of=halves/data$i bs=1M count=1 2>/dev/null; done")
PACK = (f"cd {FOLDER} && find halves | cpio -o -H newc 2>/dev/null | cat /boot/initrd.img - >initrd && "
        "rm -r halves")
SERVE = (f"{{ [ -d /sys/class/net/{BRIDGE} ] || ip link add {BRIDGE} type bridge; }} && "
         f"ip addr replace {HERE}/24 dev {BRIDGE} && ip link set {BRIDGE} up && {{ streams & }}")


def set_up(console):
    """dom0's side: files, a bridge, servers, and as many queues as front ends may want."""
    console.check("modprobe -a loop xen-blkback xen-netback bridge tun; " + SETUP)
    for name, text in (LOADS | {"round": DISK_ROUND}).items():
        write_file(console, f"{FOLDER}/halves/{name}", text.splitlines())
    console.check(f"{PACK} && {SERVE}")
    set_kernel_queues(console, CPUS)


def set_kernel_queues(console, count):
    """What dom0's kernel offers devices that are attached from now on; by itself, as many as CPUs."""
    console.check(f"for m in blkback netback; do echo {count} >/sys/module/xen_$m/parameters/max_queues;"
                  " done")


def tear_down(console):
    set_kernel_queues(console, "$(nproc)")
    console.check(f"kill $(pidof streams); rm -r {FOLDER}")


# --- Back ends ---

def nodes(kind, domid):
    """The back end's folder in the store, for kernel's back ends."""
    return f"/local/domain/0/backend/{kind}/{domid}/{HANDLES[kind]}"


def rebind(tools, kind, domid):
    """Linux's back end leaves its device and comes back; the front end is not to notice.

    A network's end in dom0 is another one then. To put that on the bridge is the tools' part, which
    is done here: domusd hears nothing of it.
    """
    driver, device = f"/sys/bus/xen-backend/drivers/{kind}", f"{kind}-{domid}-{HANDLES[kind]}"
    tools.console.check(f"echo {device} >{driver}/unbind; sleep 0.2; echo {device} >{driver}/bind")
    if kind == "vif":
        tools.console.check(f"ip link set vif{domid}.0 master {BRIDGE} up && "
                            f"xenstore-write {nodes(kind, domid)}/hotplug-status connected")
    wait_until(tools, f"[ \"$(xenstore-read {nodes(kind, domid)}/state)\" = 4 ]")


def kill(tools, _kind, _domid):
    """Our back end is killed, and domusd starts the next one: of one that just starts it waits a while."""
    wait_until(tools, "old=$(pidof domus-backend) && kill -9 $old 2>/dev/null")
    wait_until(tools, "new=$(pidof domus-backend) && [ \"$new\" != \"$old\" ]")


# How each back end goes and comes under a front end that stays connected.
RESTARTS = {"domus": kill, "kernel": rebind}


def restart(tools, back, kind, domid, count):
    """The back end goes and comes so often, after a while of serving each time.

    domusd starts a process that died young later and later, and TCP waits ever longer before it sends
    again what was lost meanwhile. Where a network goes often, it serves long enough for neither.
    """
    pause = 10 if kind == "vif" and count > 2 else 0
    for number in range(count):
        tools.console.check(f"sleep {pause}.{3 + number * 7 % 6}")
        RESTARTS[back](tools, kind, domid)


# --- The Linux guest ---

def interrupts(shell, channels):
    """How many interrupts each event channel of a device has brought."""
    lines = said(shell, f"grep -E '{channels}' /proc/interrupts").splitlines()
    return [sum(map(int, line.split()[1:1 + CPUS])) for line in lines]


class Load:
    """One on all CPUs of the guest, which uses all event channels of a device's queues."""

    def __init__(self, shell, which, queues):
        self.which = which
        self.channels = {"disk": " blkif$", "net": "vif0-q[0-9]-[rt]x$"}[which]
        self.before = interrupts(shell, self.channels)
        assert len(self.before) == {"disk": queues, "net": 2 * queues}[which]
        said(shell, f"rm -f /stop; (sh /halves/{which} {queues} >/{which}.log 2>&1 &)")

    def end(self, shell):
        """It has found nothing wrong; returns the rounds of the CPU that went round least."""
        said(shell, f"touch /stop; until grep -q over /{self.which}.log; do sleep 0.1; done")
        lines = said(shell, f"cat /{self.which}.log").splitlines()
        rounds = [line.split() for line in lines[:-1]]
        assert rounds and all(r[::2] == [f"{self.which}:", "rounds"] for r in rounds), lines
        after = interrupts(shell, self.channels)
        assert len(after) == len(self.before), (self.before, after)
        assert all(new > old for old, new in zip(self.before, after)), (self.before, after)
        return min(int(words[1]) for words in rounds)
