# SPDX-License-Identifier: MIT
"""`make image`: the GRUB image that boots Domus with dom0, for a disk, a stick or a CD."""

import sys

import iso
from machine import Spec, boot_files, grub_commands


def main():
    spec = Spec(bootdisk="virtio")  # the firmware reads it, whatever it lies on
    iso.make(sys.argv[1], grub_commands(spec), boot_files(spec))
    print(f"image: {sys.argv[1]}")


if __name__ == "__main__":
    main()
