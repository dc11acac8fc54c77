# SPDX-License-Identifier: MIT
"""dom0 drives the machine's devices through MSI interrupts: disks and network cards."""

import hashlib
import os
import random
import subprocess

import pytest

from console import PATIENCE, Console
from machine import BUILD, RUN, SERVE, Spec
from matrix import LAYERS

SIZE_MIB = 256
# {kind: (QEMU's arguments, block device, its interrupts)}; vda is the boot disk.
DISKS = {
    "ahci": ("-device ich9-ahci,id=ahci0 -device ide-hd,drive=ahci,bus=ahci0.0", "sda", "ahci"),
    "virtio": ("-device virtio-blk-pci,drive=virtio", "vdb", "virtio1-req"),
    "nvme": ("-device nvme,drive=nvme,serial=data", "nvme0n1", "nvme0q"),
}
CARDS = {"e1000e": ("e1000e", 8), "virtio": ("virtio-net-pci", 9)}  # QEMU's device, network


@pytest.fixture(scope="module")
def disk():
    """An ext4 image with a file of bytes that do not repeat: (path, sha256 of the file)."""
    folder = BUILD / "images"
    path, mark = folder / "data.ext4", folder / "data.sha256"
    if not mark.exists():
        content = RUN / f"data-{os.getpid()}"
        content.mkdir(parents=True, exist_ok=True)
        source = random.Random(1)
        data = b"".join(source.randbytes(1 << 20) for _ in range(SIZE_MIB))
        (content / "data").write_bytes(data)
        path.unlink(missing_ok=True)
        subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", content, path, f"{SIZE_MIB + 64}M"],
                       check=True)
        (content / "data").unlink()
        content.rmdir()
        mark.write_text(hashlib.sha256(data).hexdigest())
    return path, mark.read_text()


def machine(name, hypervisor, qemu, **fields):
    """A booted machine with the devices."""
    console = Console(Spec(name=name, hypervisor=hypervisor, cmdline=SERVE[hypervisor],
                           layers=LAYERS, qemu=tuple(qemu), bootdisk="virtio", **fields),
                      PATIENCE)
    try:
        console.login()
    except BaseException:
        console.close()
        raise
    return console


@pytest.fixture(scope="module")
def reader(hypervisor, disk):
    """A machine with all kinds of disks, each holding the file."""
    drives = [f"-drive file={disk[0]},format=raw,if=none,id={kind},snapshot=on {arguments}"
              for kind, (arguments, _, _) in DISKS.items()]
    with machine("disks", hypervisor, drives) as console:
        yield console


def msi_interrupts(console, name):
    """How many interrupts came in by the MSI lines of that name."""
    lines = [line.split() for line in console.check("cat /proc/interrupts").splitlines()
             if name in line]
    assert lines, f"no interrupt {name}"
    for line in lines:
        assert any("-msi" in word for word in line), line
    return sum(int(line[1]) for line in lines)


@pytest.mark.parametrize("kind", DISKS)
def test_disk_reads_what_was_written(reader, disk, kind):
    _, node, interrupt = DISKS[kind]
    reader.check(f"for i in 1 2 3 4 5 6 7 8 9; do [ -b /dev/{node} ] && break; sleep 1; done; "
                 f"mount -t ext4 /dev/{node} /mnt")
    before = msi_interrupts(reader, interrupt)
    assert reader.check("sha256sum /mnt/data").split()[0] == disk[1]
    assert msi_interrupts(reader, interrupt) > before + 100
    reader.check("umount /mnt")


@pytest.fixture(scope="module")
def pair(hypervisor):
    """Two machines whose cards of both kinds are joined."""
    port = 20000 + os.getpid() % 20000
    consoles = []
    for host, end in enumerate(("listen", "connect"), 1):
        qemu = [f"-netdev socket,id={kind},{end}=127.0.0.1:{port + net} "
                f"-device {device},netdev={kind},mac=52:54:00:00:0{net}:0{host}"
                for kind, (device, net) in CARDS.items()]
        consoles.append(machine(f"net{host}", hypervisor, qemu, machine="q35", memory=1536))
    yield consoles
    for console in consoles:
        console.close()


def set_up(console, net, host):
    """Bring the card of one network up; returns what its interrupts are named after."""
    path = console.check(f"grep -l 52:54:00:00:0{net}:0{host} /sys/class/net/*/address")
    name = path.strip().split("/")[-2]
    console.check(f"ip addr add 10.9.{net}.{host}/24 dev {name} && ip link set {name} up")
    device = console.check(f"readlink /sys/class/net/{name}/device").strip().split("/")[-1]
    return device if device.startswith("virtio") else name


@pytest.mark.parametrize("kind", CARDS)
def test_two_machines_ping_each_other(pair, kind):
    net = CARDS[kind][1]
    _, interrupt = [set_up(console, net, host) for host, console in enumerate(pair, 1)]
    pair[1].check(f"for i in 1 2 3 4 5 6 7 8 9; do ping -c 1 -W 2 10.9.{net}.1 && break; done")
    before = msi_interrupts(pair[1], interrupt)
    assert " 0% packet loss" in pair[1].check(f"ping -c 5 -W 5 10.9.{net}.1")
    assert " 0% packet loss" in pair[0].check(f"ping -c 5 -W 5 10.9.{net}.2")
    assert msi_interrupts(pair[1], interrupt) >= before + 10
