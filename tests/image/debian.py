# SPDX-License-Identifier: MIT
"""Installs Debian into a disk image for a guest: build/images/debian.qcow2, made once.

The disk has no partitions: the guest's root is /dev/xvda. PV GRUB reads /boot/grub/grub.cfg from it.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from packages import BUILD

IMAGE = BUILD / "images/debian.qcow2"
SIZE = "2G"
PACKAGES = "systemd-sysv,udev,linux-image-amd64,wget"
FILES = {
    # The drivers of what it boots from, and no others: the ramdisk is unpacked at each start.
    "etc/initramfs-tools/conf.d/list": "MODULES=list\n",
    "usr/share/initramfs-tools/modules.d/guest": "xen-blkfront\next4\ncrc32c_generic\n",
    "etc/fstab": "/dev/xvda / ext4 defaults 0 1\n",
    "etc/hostname": "guest\n",
    "etc/systemd/network/eth.network": "[Match]\nName=e*\n[Network]\nDHCP=ipv4\n",
    "boot/grub/grub.cfg": "linux /vmlinuz root=/dev/xvda ro console=hvc0\n"
                          "initrd /initrd.img\nboot\n",
}
# Nobody can reach it but dom0: root needs no password, and has a shell without colours.
CONFIGURE = "passwd -d root; usermod -s /bin/sh root; systemctl enable systemd-networkd"


def tree_write(folder):
    """The files of ours, below a folder."""
    for name, text in FILES.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main():
    if IMAGE.exists():
        return
    with tempfile.TemporaryDirectory(dir=BUILD) as work:
        ours, root, raw = (Path(work) / name for name in ("ours", "root", "raw"))
        tree_write(ours)
        subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={PACKAGES}",
             f"--essential-hook=copy-in {' '.join(str(p) for p in ours.iterdir())} /",
             f"--customize-hook=chroot \"$1\" sh -c '{CONFIGURE}'",
             "bookworm", root], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-d", root, raw, SIZE], check=True)
        subprocess.run(["qemu-img", "convert", "-O", "qcow2", raw, f"{work}/image"], check=True)
        shutil.move(f"{work}/image", IMAGE)


if __name__ == "__main__":
    sys.exit(main())
