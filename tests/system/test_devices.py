# SPDX-License-Identifier: MIT
"""dom0 drives the machine's devices through MSI interrupts: disks and network cards."""

import hashlib
import os
import subprocess

import pytest

from machine import BUILD, RUN

SIZE_MIB = 256
DISKS = {
    "ahci": ("pc", "-drive file={path},format=raw,if=none,id=data,snapshot=on "
                   "-device ich9-ahci,id=ahci0 -device ide-hd,drive=data,bus=ahci0.0", "sda",
             "ahci"),
    "virtio": ("q35", "-drive file={path},format=raw,if=none,id=data,snapshot=on "
                      "-device virtio-blk-pci,drive=data", "vdb", "virtio"),
    "nvme": ("q35", "-drive file={path},format=raw,if=none,id=data,snapshot=on "
                    "-device nvme,drive=data,serial=data", "nvme0n1", "nvme0q"),
}


@pytest.fixture(scope="module")
def disk():
    """An ext4 image with a file of random bytes: (path, sha256 of the file)."""
    folder = BUILD / "images"
    path, content = folder / "data.ext4", RUN / f"data-{os.getpid()}"
    mark = folder / "data.sha256"
    if not mark.exists():
        content.mkdir(parents=True)
        data = os.urandom(SIZE_MIB << 20)
        (content / "data").write_bytes(data)
        path.unlink(missing_ok=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", content, path, f"{SIZE_MIB + 64}M"],
                       check=True)
        (content / "data").unlink()
        content.rmdir()
        mark.write_text(hashlib.sha256(data).hexdigest())
    return path, mark.read_text()


@pytest.mark.parametrize("kind", DISKS)
def test_disk_reads_what_was_written(boot, disk, kind):
    path, digest = disk
    machine, arguments, node, interrupt = DISKS[kind]
    console = boot(machine=machine, qemu=(arguments.format(path=path),))
    console.login()
    console.check(f"for i in 1 2 3 4 5; do [ -b /dev/{node} ] && break; sleep 1; done; "
                  f"mount -t ext4 /dev/{node} /mnt", 60)
    output = console.check("sha256sum /mnt/data", 180)
    assert output.split()[0] == digest
    interrupts = [line for line in console.check("cat /proc/interrupts").splitlines()
                  if interrupt in line and "-msi" in line]
    assert interrupts, "the disk has no MSI interrupt"
    assert sum(int(line.split()[1]) for line in interrupts) > 100
    console.check("umount /mnt")


def configure(console, address):
    """Bring the one network card up."""
    console.check(f"ip addr add {address}/24 dev eth0 && ip link set eth0 up", 30)


@pytest.mark.parametrize("card", ["e1000e", "virtio-net-pci"])
def test_two_machines_ping_each_other(boot, card):
    port = 20000 + os.getpid() % 20000 + (card == "e1000e")
    link = "-netdev socket,id=net0,{}=127.0.0.1:" + str(port)
    device = " -device " + card + ",netdev=net0,mac=52:54:00:00:00:0{}"
    one = boot(machine="q35", memory=1536, qemu=(link.format("listen") + device.format(1),))
    one.login()
    two = boot(machine="q35", memory=1536, qemu=(link.format("connect") + device.format(2),))
    two.login()
    configure(one, "10.9.8.1")
    configure(two, "10.9.8.2")
    output = two.check("sleep 3; ping -c 5 -W 5 10.9.8.1", 60)
    assert "5 packets received" in output
    assert "0% packet loss" in one.check("ping -c 3 -W 5 10.9.8.2", 60)
