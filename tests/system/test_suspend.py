# SPDX-License-Identifier: MIT
"""The reference kernel is suspended: given up, and into another domain.

This is tried on Debian's Xen, whose tools save and restore domains; Domus's do not yet.
"""

import pytest

from conftest import KERNELS
from machine import SERVE
from tools import Xl

ADDRESS = "10.9.0.2"
BRIDGE = ("modprobe -a xen-netback bridge && ip link add br0 type bridge && ip link set br0 up && "
          "ip addr add 10.9.0.1/24 dev br0")
# What xl's own script does at a start; that needs programs which this dom0 has not.
VIF_SCRIPT = """#!/bin/busybox sh
[ $1 = online ] || exit 0
ip link set $vif master br0 && ip link set $vif up
xenstore-write $XENBUS_PATH/hotplug-status connected
"""


def said(console, text):
    console.check(f"until grep -q '{text}' /var/log/xen/console/guest-ref.log; do sleep 1; done")


def answers(console):
    console.check(f"ping -c 3 -W 10 {ADDRESS}")


@pytest.mark.soak
def test_saved_and_restored(boot, hypervisor):
    if hypervisor != "domus":
        pytest.skip("needs no second run")
    console = boot(hypervisor="xen", cmdline=SERVE["xen"],
                   files=KERNELS | {"etc/xen/scripts/vif-bridge": VIF_SCRIPT})
    console.login()
    console.check(BRIDGE)
    tools = Xl(console)
    status, output = tools.create(tools.config(
        "ref", memory=8, kernel="/boot/domus-kernel", ramdisk="",
        cmdline=f"test=echo ip={ADDRESS}", networks=["br0"]))
    assert status == 0, output
    answers(console)
    console.check("xl save -c ref /run/first")
    said(console, "resumed as before")
    answers(console)
    for number in range(2):
        console.check("xl mem-set ref 6")
        said(console, "balloon: 6144 KiB")
        console.check("xl save ref /run/second && xl restore /run/second", 600)
        said(console, "resumed as another domain")
        answers(console)
        console.check("xl mem-set ref 8")
        said(console, "balloon: 8192 KiB")
        console.check("rm /run/second; >/var/log/xen/console/guest-ref.log")
        answers(console)
    console.check("xl shutdown -w ref")
