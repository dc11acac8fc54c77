# SPDX-License-Identifier: MIT
"""A Debian guest as people have it: installed by Debian's own tools on a qcow2 disk.

PV GRUB boots it from that disk, systemd brings it to a login prompt, it gets its address by DHCP
from a network of the host's, and downloads a large file from another guest.
"""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import PROGRAMS
from guests import said
from machine import BUILD, LAYERS, RUN, SERVE
from test_host_networks import NAT, declare
from tools import Domus, GuestShell, wait_guest

IMAGE = BUILD / "images/debian.qcow2"
INSTALLER = [sys.executable, Path(__file__).parents[1] / "image/debian.py"]
FILE_MIB = 100
BOOT_SECONDS = 900
# The other guest: an address by hand, and a file that is made there.
SERVER = (f"modprobe xen-netfront; until ip link set eth0 up; do sleep 0.1; done; "
          "ip addr add 10.7.7.2/24 dev eth0; mkdir /www; "
          f"dd if=/dev/urandom of=/www/file bs=1M count={FILE_MIB} 2>/dev/null; "
          "httpd -p 80 -h /www; md5sum </www/file")


@pytest.fixture
def host(boot, hypervisor):
    """A machine whose file system has Debian's image."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    subprocess.run(INSTALLER, check=True)
    disk, folder = RUN / "debian.disk", RUN / "debian"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "web.qcow2").unlink(missing_ok=True)
    (folder / "web.qcow2").hardlink_to(IMAGE)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-d", folder, disk, "3G"], check=True)
    console = boot(layers=LAYERS + ("storage",), cmdline=SERVE["domus"], programs=PROGRAMS,
                   memory=3072, smp=2, qemu=(
        f"-drive file={disk},format=raw,if=none,id=data,cache=unsafe "
        "-device virtio-blk-pci,drive=data",))
    console.login()
    console.check("modprobe -a bridge xen-netback tun && mkdir -p /etc/domus && "
                  "mount -t ext4 /dev/vda /mnt")
    yield Domus(console)
    console.close()
    disk.unlink()


def log_in(tools):
    """On its console, to a shell."""
    deadline = time.monotonic() + BOOT_SECONDS
    while "guest login:" not in (last := tools.console.check("domus logs web | tail -n 3")):
        assert time.monotonic() < deadline, last
        time.sleep(5)
    tools.console.check("(printf 'root\\n'; sleep 20; printf '\\035') | domus console web >/dev/null",
                        120)


@pytest.mark.soak
def test_debian_on_qcow2(host):
    console = host.console
    status, output = declare(host, NAT)
    assert status == 0, output
    nat = {"bridge": "nat0", "backend": "domus"}
    path = host.config("server", memory=320, networks=[nat])
    status, output = host.create(path)
    assert status == 0, output
    path = host.config("web", memory=512, vcpus=2, kernel="/boot/small.elf", ramdisk="", cmdline="",
                       disks=[{"path": "/mnt/web.qcow2", "format": "qcow2", "backend": "domus"}],
                       networks=[nat])
    status, output = host.create(path)
    assert status == 0, output
    wait_guest(host, "server")
    with GuestShell(host, "server", 300) as shell:
        sent = said(shell, SERVER)
    log_in(host)
    with GuestShell(host, "web", 300) as shell:
        said(shell, "dmesg -n 1")  # the kernel speaks on the same console
        assert said(shell, "cat /proc/1/comm; findmnt -n -o SOURCE /").split() == [
            "systemd", "/dev/xvda"]
        said(shell, "until grep -q '10\\.7\\.7\\.1[0-9][0-9]' /proc/net/fib_trie; do sleep 1; done")
        assert said(shell, "wget -q -O - http://10.7.7.2/file | tee /file | md5sum") == sent
        assert said(shell, "sync; echo 3 >/proc/sys/vm/drop_caches; md5sum </file") == sent
        assert said(shell, "dmesg | grep -c 'I/O error'; true") == "0"
    console.check("domus shutdown web -w -t 300", 400)
    console.check("qemu-img check -q /mnt/web.qcow2")
