# SPDX-License-Identifier: MIT
"""Disks and networks of guests, through back ends of dom0's kernel and ours, set up by domusd.

One guest is up for all of it: it writes and reads, is refused, talks to dom0 over a bridge.
"""

import json

import pytest

import kills
from guests import create, gone, in_guest, linux, said, start, there, wait_until
from test_leaks import counts
from tools import GuestShell, wait_guest

MODULES = "loop xen-blkback xen-netback bridge tun"
SMALL = ["domus: 1", "name: s", "memory: 32MiB", "boot:", "  kernel: /boot/small.elf"]
DEVICES = ["disks:", "- {path: /run/rw.img, backend: kernel}",
           "- {path: /run/ro.img, readonly: true, target: xvdc, sector: 4096, backend: kernel}",
           "- {path: /run/own.img, target: xvdd}",
           "networks:", "- {bridge: br0, mac: 00:16:3e:00:00:02, backend: kernel}",
           f"- {{bridge: {kills.BRIDGE}, mac: 00:16:3e:00:00:03}}"]
# What is in dom0 while a device is there: loop devices, ends of networks, back ends.
TRACES = ("ls -d /sys/block/loop*/loop /sys/class/net/vif* /sys/bus/xen-backend/devices/*"
          " 2>/dev/null; xenstore-ls -f /local/domain/0 | grep -E '/(vbd|vif)/.*/'; "
          "pidof domus-backend; ls /run/domus/requests-* 2>/dev/null")


@pytest.fixture
def host(domus):
    """dom0 with drivers, a bridge and two images."""
    tools = domus
    tools.console.check(f"modprobe -a {MODULES} && "
                        "{ [ -d /sys/class/net/br0 ] || ip link add br0 type bridge; } && "
                        "ip addr replace 10.0.7.1/24 dev br0 && ip link set br0 up && "
                        f"{kills.SETUP} && rm -f /run/*.img && truncate -s 8M /run/rw.img /run/own.img && "
                        "dd if=/dev/urandom of=/run/ro.img bs=64k count=16 2>/dev/null")
    yield tools
    tools.console.check("kill $(pidof httpd) 2>/dev/null; rm -f /run/*.img /run/part /run/got; "
                        "rm -rf /run/kills")


def traces_are_gone(tools):
    """Waits for a moment: dom0's kernel frees loop devices when it has time."""
    wait_until(tools, f"[ -z \"$({TRACES})\" ]", 10)


def check_disks(shell, read):
    """A guest's writes are in the file, its reads are the file's, writing is refused."""
    said(shell, "modprobe xen-blkfront; " + there("/dev/xvda", "/dev/xvdd"))
    assert said(shell, "cat /sys/block/xvda/size /sys/block/xvda/ro") == "16384\n0"
    assert said(shell, "cat /sys/block/xvdc/ro /sys/block/xvdc/queue/logical_block_size") == "1\n4096"
    said(shell, "dd if=/dev/urandom of=/data bs=64k count=64 2>/dev/null")
    sent = said(shell, "dd if=/data of=/dev/xvda bs=64k conv=fsync 2>/dev/null && md5sum </data")
    assert said(shell, "md5sum </dev/xvdc") == read
    assert shell.run("dd if=/data of=/dev/xvdc bs=4k count=1 conv=fsync")[0] != 0
    assert said(shell, "cat /sys/block/xvdd/size /sys/block/xvdd/ro") == "16384\n0"
    assert sent == said(shell, "echo 3 >/proc/sys/vm/drop_caches; "
                        "dd if=/dev/xvda bs=64k count=64 2>/dev/null | md5sum")
    return sent


# What ends a back end's process under the guest, and how the next one comes.
ENDS = ["true", "kill -SYS $(pidof domus-backend)",
        "kill -9 $(pidof domusd); sleep 1; domusd --detach"]
# What /proc says of a process that is nobody and stays it.
NOBODY = {"CapPrm": "0000000000000000", "CapEff": "0000000000000000",
          "NoNewPrivs": "1", "Groups": "", "Seccomp": "2"}


def check_privileges(tools):
    """The process that serves a guest is a user of its own without any privilege."""
    text = tools.console.check("cat /proc/$(pidof domus-backend)/task/*/status")
    user = str(13631488 + json.loads(tools.console.check("domus show d -o json"))["id"])
    for thread in text.split("Name:")[1:]:
        status = {key: value.strip() for key, _, value in
                  (line.partition(":") for line in thread.splitlines())}
        assert status["Uid"].split() == status["Gid"].split() == [user] * 4
        assert {key: status[key] for key in NOBODY} == NOBODY


def check_own(tools):
    """The guest does not notice ends of the process that serves it; its history tells them."""
    for number, end in enumerate(ENDS):
        tools.console.check(end)
        in_guest(tools, "d", f"dd if=/data of=/dev/xvdd bs=64k seek={number * 16} count=16 "
                 "conv=fsync 2>/dev/null")
        if "SYS" in end:
            assert "by a system call that it may not make" in tools.console.check("domus show d")
    tools.console.check("cmp -n 1048576 /run/rw.img /run/own.img && "
                        "dd if=/run/own.img of=/run/part bs=64k skip=32 count=16 2>/dev/null && "
                        "cmp -n 1048576 /run/part /run/rw.img")


def devices(tools, kind):
    """What `domus disk|net list` tells about the guest."""
    data = json.loads(tools.console.check(f"domus {kind} list d -o json"))
    return data["disks" if kind == "disk" else "networks"]


def check_hotplug(tools):
    """Disks and networks come, grow and go while the guest runs."""
    console = tools.console
    assert [(d["target"], d["readonly"], d["state"]) for d in devices(tools, "disk")] == [
        ("xvda", False, "connected"), ("xvdc", True, "connected"), ("xvdd", False, "connected")]
    assert [n["mac"] for n in devices(tools, "net")] == ["00:16:3e:00:00:02", "00:16:3e:00:00:03"]
    console.check("truncate -s 1M /run/hot.img /run/hot2.img && "
                  "domus disk attach d /run/hot2.img -t xvde && "
                  "domus disk attach d /run/hot.img -b kernel && "
                  "domus net attach d br0 -b kernel")
    with GuestShell(tools, "d") as shell:
        said(shell, there("/dev/xvdb", "/sys/class/net/eth2"))
        said(shell, "dd if=/data of=/dev/xvdb bs=64k count=16 conv=fsync 2>/dev/null")
        said(shell, "dd if=/data of=/dev/xvde bs=64k count=16 conv=fsync 2>/dev/null")
    console.check("cmp /run/hot.img /run/hot2.img && "
                  "domus disk resize d xvdb 2MiB && domus disk resize d xvde 2MiB")
    in_guest(tools, "d", "until [ \"$(cat /sys/block/xvd[be]/size | uniq)\" = 4096 ]; "
             "do sleep 0.1; done")
    # A file that is shared, by two disks of one guest; its fence holds them apart from their successors.
    console.check("truncate -s 1M /run/both.img && domus disk attach d /run/both.img -S -t xvdf && "
                  "domus disk attach d /run/both.img -S -t xvdg && kill -9 $(pidof domus-backend)")
    with GuestShell(tools, "d") as shell:
        said(shell, "until [ -b /dev/xvdf -a -b /dev/xvdg ]; do sleep 0.1; done; "
             "dd if=/data of=/dev/xvdf bs=64k count=16 conv=fsync 2>/dev/null; "
             "cmp -n 1048576 /data /dev/xvdg")
    for command, code, words in (
            ("disk attach d /run/both.img", 3, "in use already"),
            ("disk attach d /run/hot.img", 3, "in use already"),
            ("disk attach d /run/none.img", 3, "ENOENT"),
            ("disk attach d /run/ro.img -t xvdb -r", 8, "a disk xvdb already"),
            ("disk detach d xvdq", 4, "no disk 'xvdq'"),
            ("disk resize d xvdb 1MiB", 2, "only be made larger"),
            ("net attach d none", 3, "no bridge none"),
            ("net detach d 7", 4, "no network '7'"),
            ("disk list nobody", 4, "there is no guest 'nobody'")):
        status, output = console.run(f"domus {command}")
        assert (status, words in output) == (code, True), output
    console.check("for d in b e f g; do domus disk detach d xvd$d || exit; done; "
                  "domus net detach d 2 --force")
    assert [d["target"] for d in devices(tools, "disk")] == ["xvda", "xvdc", "xvdd"]
    assert len(devices(tools, "net")) == 2
    in_guest(tools, "d", gone("/dev/xvdb", "/dev/xvde", "/sys/class/net/eth2"))
    # A paused guest lets nothing go by itself.
    console.check("domus pause d")
    status, output = console.run("domus disk detach d xvdc -t 1")
    assert (status, "does not let go" in output) == (9, True), output
    # Others need not wait for it.
    console.check("domus disk detach d xvdd -t 600 >/run/late 2>&1 & sleep 0.5; "
                  "domus disk attach d /run/hot.img && domus disk detach d xvdb && "
                  "[ ! -s /run/late ]")
    console.check("domus disk detach d xvdc -t 0 -f && domus disk detach d xvdd -t 0 -f && "
                  "domus resume d")
    assert [d["target"] for d in devices(tools, "disk")] == ["xvda"]


def test_guest_with_disks_and_network(host, soak):
    tools, console = host, host.console
    read = console.check("md5sum </run/ro.img").strip()
    start(tools, linux("d", more=DEVICES))
    wait_guest(tools, "d")
    with GuestShell(tools, "d") as shell:
        sent = check_disks(shell, read)
        said(shell, "modprobe xen-netfront; until ip link set eth0 up; do sleep 0.1; done")
        assert said(shell, "cat /sys/class/net/eth0/address") == "00:16:3e:00:00:02"
        said(shell, "ip addr add 10.0.7.2/24 dev eth0; until ping -c1 -W1 10.0.7.1; do :; done")
    assert "0% packet loss" in console.check("ping -c 3 10.0.7.2")
    # nc ends with the first end of input on either side: the one that listens must have none.
    console.check("sleep 60 | nc -l -p 5001 | md5sum >/run/got & httpd -p 10.0.7.1:80 -h /run")
    with GuestShell(tools, "d") as shell:
        assert said(shell, "wget -q -O - http://10.0.7.1/ro.img | md5sum") == read
        said(shell, "nc 10.0.7.1 5001 </data")
    wait_until(tools, "[ -s /run/got ]")
    assert console.check("cat /run/got").strip() == sent
    check_privileges(tools)
    check_own(tools)
    console.check("dd if=/run/rw.img of=/run/kills/data bs=1M count=4 2>/dev/null")
    print(kills.kill_under_load(tools, "d", "/dev/xvdd", "eth1", 50 if soak else 5))
    check_hotplug(tools)
    tools.destroy("d")
    assert console.check("dd if=/run/rw.img bs=64k count=64 2>/dev/null | md5sum").strip() == sent
    assert console.check("md5sum </run/ro.img").strip() == read
    traces_are_gone(tools)


BAD = [
    ("disks: [{path: /run/none.img}]", 3, ["ENOENT", "t.yaml:6:16, key disks.path"]),
    ("disks: [{path: /dev/null}]", 3, ["neither a file nor a block device"]),
    ("disks: [{path: /proc/version}]", 3, ["has 0 bytes"]),
    ("disks: [{path: /run/rw.img}, {path: /run/rw.img}]", 3, ["in use already", "t.yaml:6:37"]),
    ("networks: [{bridge: none}]", 3, ["no bridge none", "t.yaml:6:21, key networks.bridge"]),
]


def test_bad_devices_leave_nothing(host):
    tools = host
    start(tools, SMALL + DEVICES, "-p")  # what dom0 gets once and keeps
    tools.destroy("s")
    traces_are_gone(tools)
    before = counts(tools)
    for line, code, words in BAD:
        status, output = create(tools, SMALL + [line], "-p")
        assert status == code, output
        for word in words:
            assert word in output
    for _ in range(5):
        start(tools, SMALL + DEVICES, "-p")
        tools.destroy("s")
    traces_are_gone(tools)
    assert counts(tools) == before
