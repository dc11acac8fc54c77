# SPDX-License-Identifier: MIT
"""Disks that are not plain files: a qcow2 image and an NBD server's export, through our back end.

One guest writes and reads on both, while what serves them is killed, restarted and resized.
"""

import subprocess

import pytest

from guests import create, in_guest, linux, said, start, there, wait_until
from machine import LAYERS, RUN, SERVE
from tools import Domus, GuestShell, wait_guest

GUEST = linux("q")
RAW = ["disks:", "- {path: /run/raw.img, target: xvdd, backend: domus}"]
DISKS = ["disks:", "- {path: /mnt/web.qcow2, format: qcow2}",
         "- {uri: 'nbd+unix:///far?socket=/run/far.sock'}"]
BAD = [
    ("disks: [{path: /mnt/web.qcow2}]", 3, ["begins like a qcow2 image", "format: qcow2",
                                            "t.yaml:9:16, key disks.path"]),
    ("disks: [{path: /mnt/web.qcow2, format: vmdk}]", 3, ["cannot be served", "VMDK"]),
    ("disks: [{path: /mnt/none.qcow2, format: qcow2}]", 3, ["ENOENT"]),
    ("disks: [{path: /mnt/web.qcow2, format: qcow2}, {path: /mnt/web.qcow2, format: qcow2}]", 3,
     ["in use already"]),
    ("disks: [{uri: 'nbd+unix:///x?socket=/run/none'}]", 3, ["cannot be served", "No such file"]),
]
FAR = ("qemu-storage-daemon --daemonize --pidfile /run/far.pid "
       "--blockdev driver=file,node-name=far,filename=/run/far.img "
       "--nbd-server addr.type=unix,addr.path=/run/far.sock "
       "--export type=nbd,id=far,node-name=far,name=far,writable=on")
SERVER = "kill -9 $(cat /run/domus/storage-*-51712.pid)"
ALL_LIVE = ("all=$(pidof domus-backend && cat /run/domus/storage-*-51712.pid "
            "/run/domus/storage-*-51728.pid) 2>/dev/null && kill -0 $all 2>/dev/null")
# What may end under the guest, and how long it takes until there is a new one.
# The guest's process may end by itself when its server does.
ENDS = [SERVER, "kill -9 $(pidof domus-backend)",
        f"all=$(pidof domus-backend) && {SERVER} && {{ kill -9 $all || true; }}",
        f"kill -9 $(cat /run/far.pid); rm /run/far.sock; sleep 1; {FAR}",
        "kill -9 $(pidof domusd); sleep 1; domusd --detach"]
# Sixteen copies of a file, one behind the other, each made durable.
LOAD = ("i=0; while [ $i -lt 16 ]; do dd if=/data of=$1 bs=64k seek=$((i * 16)) conv=fsync "
        "2>/dev/null || break; i=$((i + 1)); [ $i -lt 16 -o -e /last ] || i=0; done; "
        "echo $i >$2")


@pytest.fixture
def host(boot, hypervisor):
    """A machine with the storage daemon and a file system that can be written directly."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    disk = RUN / "storage.disk"
    disk.write_bytes(b"")
    subprocess.run(["mkfs.ext4", "-q", disk, "256M"], check=True)
    console = boot(layers=LAYERS + ("storage",), cmdline=SERVE["domus"], qemu=(
        f"-drive file={disk},format=raw,if=none,id=data,cache=unsafe "
        "-device virtio-blk-pci,drive=data",))
    console.login()
    console.check("mount -t ext4 /dev/vda /mnt && "
                  "qemu-img create -q -f qcow2 /mnt/web.qcow2 32M && truncate -s 32M /run/far.img /run/raw.img")
    yield console
    console.close()
    disk.unlink()


@pytest.fixture
def far(host):
    """The other host's server."""
    host.check(FAR)
    return host


def check_traces(console):
    """Nothing is left in dom0 of what served disks, but the other host's server."""
    assert console.check("pidof qemu-storage-daemon") == console.check("cat /run/far.pid")
    console.check("[ -z \"$(ls /run/domus/storage-* /run/domus/requests-* 2>/dev/null; "
                  "pidof domus-backend)\" ]")


def check_bad(tools, soak):
    """What cannot be served is told by `domus create`."""
    for line, code, words in BAD if soak else BAD[:2]:
        status, output = create(tools, GUEST + [line], "-p")
        assert status == code, output
        for word in words:
            assert word in output, output
    tools.console.check("mv /usr/bin/qemu-storage-daemon /run/")
    status, output = create(tools, GUEST + DISKS, "-p")
    assert status == 6 and "apt install qemu-system-common" in output, output
    tools.console.check("mv /run/qemu-storage-daemon /usr/bin/")


def check_resize(tools):
    """The image grows under the guest, which then uses all of it."""
    tools.console.check("domus disk resize q xvda 64MiB")
    status, output = tools.console.run("domus disk resize q xvda 48MiB")
    assert (status, "larger" in output) == (6, True), output
    status, output = tools.console.run("domus disk resize q xvdb 48MiB")
    assert (status, "not ours to set" in output) == (2, True), output
    with GuestShell(tools, "q") as shell:
        said(shell, "until [ $(cat /sys/block/xvda/size) = 131072 ]; do sleep 0.1; done")
        said(shell, "dd if=/data of=/dev/xvda bs=64k seek=1008 conv=fsync 2>/dev/null")


def check_ends(tools, count):
    """Processes end under load; the guest does not notice."""
    with GuestShell(tools, "q") as shell:
        said(shell, f"load() {{ {LOAD}; }}; for d in a b; do (load /dev/xvd$d /done$d &) done")
    for number in range(count):
        tools.console.check(ENDS[number % len(ENDS)])
        tools.console.check("sleep 1")
        wait_until(tools, ALL_LIVE)
    with GuestShell(tools, "q", 300) as shell:
        said(shell, "touch /last; until [ -s /donea -a -s /doneb ]; do sleep 0.2; done")
        assert said(shell, "cat /donea /doneb") == "16\n16"
        assert said(shell, "dmesg | grep -c 'I/O error'; true") == "0"
        sums = said(shell, "echo 3 >/proc/sys/vm/drop_caches; for d in a b; do i=0; "
                    "while [ $i -lt 16 ]; do dd if=/dev/xvd$d bs=64k skip=$((i * 16)) count=16 "
                    "2>/dev/null | md5sum; i=$((i + 1)); done; done; md5sum </data")
    assert len(set(sums.splitlines())) == 1, sums


def test_qcow2_and_nbd_disks(far, soak):
    console, tools = far, Domus(far)
    check_bad(tools, soak)
    check_traces(console)
    start(tools, GUEST + RAW)
    wait_guest(tools, "q")
    # The guest's process could not speak to servers: it is replaced under the guest's disk.
    console.check("domus disk attach q /mnt/web.qcow2 -k qcow2 && "
                  "domus disk attach q 'nbd+unix:///far?socket=/run/far.sock'")
    with GuestShell(tools, "q") as shell:
        said(shell, "modprobe xen-blkfront; " + there("/dev/xvda", "/dev/xvdb"))
        said(shell, "dd if=/dev/urandom of=/data bs=64k count=16 2>/dev/null")
        assert said(shell, "cat /sys/block/xvda/size /sys/block/xvdb/size") == "65536\n65536"
    check_ends(tools, 50 if soak else 1)
    check_resize(tools)
    sent = in_guest(tools, "q", "md5sum </data")
    tools.destroy("q")
    # A server that was killed leaves clusters that nobody uses (3), and nothing worse.
    console.check("qemu-img check -q /mnt/web.qcow2; s=$?; [ $s = 0 -o $s = 3 ] || exit; "
                  "qemu-img convert -O raw /mnt/web.qcow2 /mnt/web.img && truncate -s 1M /mnt/part")
    for skip in (0, 240, 1008):
        assert console.check(f"dd if=/mnt/web.img bs=64k skip={skip} count=16 2>/dev/null | "
                             "md5sum") == sent + "\n"
    assert console.check("dd if=/run/far.img bs=64k count=16 2>/dev/null | md5sum") == sent + "\n"
    check_traces(console)
    start(tools, GUEST + DISKS, "-p")
    console.check("domus destroy q")
    check_traces(console)
