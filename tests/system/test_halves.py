# SPDX-License-Identifier: MIT
"""Which half of a split driver works with which other half: all eight of

    front end  Linux's | the reference kernel's
    back end   ours (domus-backend) | Linux's (xen-blkback, xen-netback)
    device     disk | network

Each with 1 queue and with 4, every one of which carries data that are compared, while either side
stops and starts:

    the front end alone   Linux's network driver leaves its device and takes it again; the reference
                          kernel's front ends close and start again.
    the back end alone    ours is killed; Linux's is unbound and bound (halves.py): in the middle of
                          a load, and the front end stays connected.
    both, by the tools    the device is detached and attached: Closing, Closed, gone, Initialising.

Two things Linux's own halves cannot do. xen-blkfront does not take a disk again that it has left:
its device stays Closed, since the driver, unlike xen-netfront, never goes back to Initialising, and
waits for a back end in InitWait; so its disks come back by the tools. And a front end that saw its back end close
does not wait for another one (neither driver does): here, too, the tools have to take the device
away and give it back, so there is no test of a back end that closes and comes back alone.
"""

import re

import pytest

import halves
from console import BootError
from guests import (clean_log, gone, linux, reference, said, start, there, wait_state,
                    wait_until)
from halves import DISK, FOLDER, HERE, NET, THERE
from tools import Domus, GuestShell, wait_guest

BACKS = ["domus", "kernel"]
QUEUES = [1, 4]
IMAGE, LOOP = f"{FOLDER}/disk.img", "/dev/loop7"
# Linux's back end closes what is behind the disk when it leaves. A loop device that domusd made for it
# would be no more then; one of the administrator's stays.
PATH = {"domus": IMAGE, "kernel": LOOP}
MAC = "00:16:3e:00:00:44"
ATTACH = {"vbd": f"domus disk attach {{guest}} {{path}} -t {DISK} -b {{back}}",
          "vif": f"domus net attach {{guest}} {halves.BRIDGE} -m {MAC} -b {{back}}"}
DETACH = {"vbd": f"domus disk detach {{guest}} {DISK}", "vif": "domus net detach {guest} 0"}
# Connections enough for each of 4 queues to get one: all miss one of them once in 10,000 times.
FLOWS, DATAGRAMS = 40, 4


@pytest.fixture(scope="module")
def kept():
    """What the tests of this file leave to the next one: dom0's side, and the Linux guest."""
    state = {}
    yield state
    if "dom0" in state:
        try:
            if "guest" in state:
                Domus(state["dom0"]).destroy("halves")
            halves.tear_down(state["dom0"])
        except BootError:
            state["dom0"].close()


@pytest.fixture
def host(dom0, kept, hypervisor):
    """dom0 with both back ends, a bridge, and an empty image."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    if kept.get("dom0") is not dom0:
        kept.clear()
        halves.set_up(dom0)
        kept["dom0"] = dom0
    dom0.check(f"truncate -s 8M {IMAGE} && losetup {LOOP} {IMAGE} && "
               f"{{ ip neigh flush dev {halves.BRIDGE} || true; }}")  # some go by themselves
    yield Domus(dom0)
    dom0.check(f"losetup -d {LOOP}; rm {IMAGE}")
    clean_log(dom0)


@pytest.fixture
def guest(host, kept):
    """A Linux guest of 4 CPUs without devices, the same one for all tests."""
    if "guest" not in kept:
        kept["guest"] = start(host, linux("halves", 160, halves.CPUS, f"{FOLDER}/initrd"))
        wait_guest(host, "halves")
    yield Linux(host, kept["guest"])
    for command in DETACH.values():
        host.console.run(command.format(guest="halves") + " -t 0 -f")


@pytest.fixture
def kernel(host):
    """The reference kernel, as a guest that ends with the test."""
    yield Reference(host)
    host.console.run("domus destroy ref")


def attach(tools, guest, kind, back):
    tools.console.check(ATTACH[kind].format(guest=guest, back=back, path=PATH[back]))


def detach(tools, guest, kind):
    tools.console.check(DETACH[kind].format(guest=guest))


# --- Linux's front ends ---

class Linux:
    """The guest, seen from dom0."""

    def __init__(self, tools, domid):
        self.tools = tools
        self.domid = domid

    def shell(self):
        return GuestShell(self.tools, "halves", 300)


@pytest.mark.parametrize("back", BACKS)
def test_linux_disk(guest, back, soak):
    tools, held = guest.tools, ""
    look = f"echo 3 >/proc/sys/vm/drop_caches; md5sum </dev/{DISK}"
    for queues in QUEUES:
        with guest.shell() as shell:
            said(shell, f"{gone(f'/dev/{DISK}')}; rmmod xen-blkfront 2>/dev/null; "
                        f"modprobe xen-blkfront max_queues={queues}")
        attach(tools, "halves", "vbd", back)
        with guest.shell() as shell:
            said(shell, there(f"/dev/{DISK}"))
            assert said(shell, f"ls /sys/block/{DISK}/mq | wc -l") == str(queues)
            assert said(shell, look) == held or not held  # as the other number of queues left it
            load = halves.Load(shell, "disk", queues)
        halves.restart(tools, back, "vbd", guest.domid, 20 if soak else 2)
        with guest.shell() as shell:
            print(f"{back}, {queues} queues: {load.end(shell)} rounds")
            seen = said(shell, look)
            assert said(shell, "dmesg | grep -c 'I/O error'; true") == "0"
        detach(tools, "halves", "vbd")
        before, held = held, tools.console.check(f"md5sum <{IMAGE}").strip()
        assert seen == held != before


def network_up(shell, queues):
    """The interface answers, with so many queues."""
    said(shell, f"until ip link set {NET} up; do sleep 0.1; done; ip addr add {THERE}/24 dev {NET}; "
                f"until ping -c 1 -W 1 {HERE} >/dev/null; do :; done")
    assert said(shell, f"ls -d /sys/class/net/{NET}/queues/tx-* | wc -l") == str(queues)


@pytest.mark.parametrize("back", BACKS)
def test_linux_network(guest, back, soak):
    tools = guest.tools
    attach(tools, "halves", "vif", back)
    for queues in QUEUES:
        with guest.shell() as shell:
            # The driver leaves the device and takes it again.
            said(shell, f"modprobe xen-netfront; {there('/sys/bus/xen/drivers/vif/vif-0')}; "
                        f"echo {queues} >/sys/module/xen_netfront/parameters/max_queues; "
                        "for what in unbind bind; do echo vif-0 >/sys/bus/xen/drivers/vif/$what; done")
            network_up(shell, queues)
            load = halves.Load(shell, "net", queues)
        halves.restart(tools, back, "vif", guest.domid, 20 if soak else 1)
        with guest.shell() as shell:
            print(f"{back}, {queues} queues: {load.end(shell)} rounds")
    detach(tools, "halves", "vif")
    attach(tools, "halves", "vif", back)
    with guest.shell() as shell:
        network_up(shell, queues)
        halves.Load(shell, "net", queues).end(shell)


# --- The reference kernel's front ends ---

class Reference:
    """The guest, seen from dom0."""

    def __init__(self, tools):
        self.tools = tools

    def start(self, words, devices):
        self.domid = start(self.tools, reference("ref", words, devices))

    def log(self):
        return self.tools.console.check("domus logs ref").rpartition("Domus reference")[2]

    def wait(self, line, times=1):
        """Until the log has a line so often, since the guest's start."""
        wait_until(self.tools, "domus logs ref | awk '/^Domus reference/ {n = 0} "
                   f"/{line}/ {{n++}} END {{exit n < {times}}}'")

    def end(self, rounds):
        """It has ended by itself, after so many rounds without a fault; returns its log."""
        wait_state(self.tools, "ref", ("off", "crashed"))
        log = self.log()
        assert not re.findall(r"^FAIL.*", log, re.MULTILINE), log
        assert re.search(r"^RESULT: pass \([1-9]", log, re.MULTILINE), log
        assert len(re.findall(r"^round \d.* is over", log, re.MULTILINE)) == rounds, log
        return log


def by_queue(log, what):
    """The counts that the log has of each queue, a list for each connection."""
    return [[int(n) for n in line.replace("/", " ").split()]
            for line in re.findall(rf"{what} by queue: (.*)", log)]


@pytest.mark.parametrize("queues", QUEUES)
@pytest.mark.parametrize("back", BACKS)
def test_reference_disk(kernel, back, queues, soak):
    tools = kernel.tools
    kernel.start(f"test=block mib=2 queues={queues} order={queues // 2} depth=16 rounds=3 wait=2 "
                    f"seconds={30 if soak else 2}",
                    ["disks:", f"- {{path: {PATH[back]}, target: {DISK}, backend: {back}}}"])
    kernel.wait("KiB read in")
    halves.restart(tools, back, "vbd", kernel.domid, 20 if soak else 2)
    kernel.wait("round 2 of 3 is over")
    detach(tools, "ref", "vbd")
    attach(tools, "ref", "vbd", back)
    log = kernel.end(3)
    assert re.findall(r", (\d) queues,", log) == [str(queues)] * 3
    assert log.count("PASS what was written before is there") == 2
    assert all(len(counts) == queues and all(counts) for counts in by_queue(log, "requests"))


def send(tools, flows=FLOWS):
    """Datagrams of so many connections come back as they went."""
    tools.console.check(f"for i in $(seq {flows}); do datagrams {THERE} {DATAGRAMS} 1400 4 >/run/sent "
                        "|| { cat /run/sent; exit 1; }; done", 120)


@pytest.mark.parametrize("queues", QUEUES)
@pytest.mark.parametrize("back", BACKS)
def test_reference_network(kernel, back, queues, soak):
    tools = kernel.tools
    kernel.start(f"test=echo ip={THERE} queues={queues} buffers=32 rounds=3 datagrams={FLOWS * DATAGRAMS}",
                    ["networks:", f"- {{bridge: {halves.BRIDGE}, mac: '{MAC}', backend: {back}}}"])
    kernel.wait("^echo: 10.*two ports each")
    send(tools)
    kernel.wait("^echo: 10", 2)
    for _ in range(20 if soak else 1):
        halves.restart(tools, back, "vif", kernel.domid, 1)
        wait_until(tools, f"ping -c 1 -W 1 {THERE} >/dev/null")
        send(tools, 1)
    detach(tools, "ref", "vif")
    attach(tools, "ref", "vif", back)
    kernel.wait("^echo: 10", 3)
    wait_until(tools, f"ping -c 1 -W 1 {THERE} >/dev/null")
    send(tools)
    counts = by_queue(kernel.end(3), "packets")
    assert len(counts) == 2 and all(len(each) == 2 * queues and all(each) for each in counts), counts
