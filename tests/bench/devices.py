# SPDX-License-Identifier: MIT
"""The machines of the bench's group `io`: a guest's disk on a RAM disk of dom0, guests and dom0 on one
bridge, by the kernel's back ends or by Domus's own.
"""

from functools import partial

import runs
from console import BootError, Console
from tools import Domus, GuestShell, Xl

DISK = ("disk-read", "disk-write", "disk-random", "disk-deep")
NET = ("tcp-out", "tcp-in", "tcp-echo", "udp-out", "ping")
DOM0, FIRST, SECOND = "10.9.0.1", "10.9.0.2", "10.9.0.3"
RAM_DISK = "/dev/ram0"
# The RAM disk is written once: what was never written would be read faster.
DOM0_SETUP = f"""modprobe brd rd_nr=1 rd_size=262144
dd if=/dev/zero of={RAM_DISK} bs=1M 2>/dev/null
modprobe bridge; modprobe tun; modprobe loop; modprobe xen-blkback; modprobe xen-netback
ip link add br0 type bridge && ip addr add {DOM0}/24 dev br0 && ip link set br0 up
(micro serve >/dev/null 2>&1 &)"""
# xl's own scripts need programs that dom0's ramdisk has not; these do what they do at a start.
XL_SCRIPTS = {"block": """#!/bin/busybox sh
[ $1 = add ] || exit 0
device=$(xenstore-read $XENBUS_PATH/params)
xenstore-write $XENBUS_PATH/physical-device $(stat -c %t:%T $device) $XENBUS_PATH/hotplug-status connected
""", "vif-bridge": """#!/bin/busybox sh
[ $1 = online ] || exit 0
ip link set $vif master br0 && ip link set $vif up
xenstore-write $XENBUS_PATH/hotplug-status connected
"""}


def spec_of(hypervisor, backend="kernel"):
    """The machine, and the file of what the plugin counts."""
    name = "io" if backend == "kernel" else "io-own"
    scripts = XL_SCRIPTS if hypervisor == "xen" else {}
    return runs.counting_spec(hypervisor, name, "off", {
        f"etc/xen/scripts/{script}": text for script, text in scripts.items()})


def start(tools, name, address, backend, disk):
    """A guest with a network, and a disk if one is named; returns when both work."""
    config = tools.config(name, memory=256, ramdisk="/boot/bench.img", disks=[disk] if disk else [],
                          networks=["br0"], backend=backend)
    status, output = tools.create(config)
    if status:
        raise BootError(output)
    with GuestShell(tools, name, runs.PATIENCE) as shell:
        for command in ("modprobe xen-blkfront; modprobe xen-netfront",
                        f"ip addr add {address}/24 dev eth0 && ip link set eth0 up",
                        f"until ping -c1 -W1 {DOM0} >/dev/null; do :; done",
                        "(micro serve >/dev/null 2>&1 &)"):
            status, output = shell.run(command)
            if status:
                raise BootError(output)


def times_of(hypervisor, backend="kernel"):
    """The measures of one hypervisor, or of the bare machine: its RAM disk, its loopback."""
    if backend == "domus" and hypervisor != "domus":
        return {}
    spec, windows = spec_of(hypervisor, backend)
    runs.LOGS.mkdir(parents=True, exist_ok=True)
    measures = runs.Measures(hypervisor, windows, "" if backend == "kernel" else "own-")
    with Console(spec, runs.PATIENCE) as console:
        def in_dom0(command):
            return console.check(command, runs.PATIENCE)
        console.login()
        in_dom0(DOM0_SETUP)
        if hypervisor == "none":
            measures.run(in_dom0, DISK, about=RAM_DISK)
            measures.run(in_dom0, NET, about="127.0.0.1")
            return measures.times
        tools = Xl(console) if hypervisor == "xen" else Domus(console)
        start(tools, "first", FIRST, backend, RAM_DISK)
        start(tools, "second", SECOND, backend, "")
        with GuestShell(tools, "first", runs.PATIENCE) as shell:
            def in_guest(command):
                return shell.run(command)[1]
            measures.run(in_guest, DISK, about="/dev/xvda")
            measures.run(in_guest, NET, about=DOM0)
            measures.run(in_guest, NET, "-guest", about=SECOND)
    return measures.times


runs.MACHINES |= {
    "io": (spec_of, times_of),
    "io-own": (partial(spec_of, backend="domus"), partial(times_of, backend="domus")),
}
