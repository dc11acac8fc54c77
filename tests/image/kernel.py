# SPDX-License-Identifier: MIT
"""Unpacks dom0's kernel to the plain ELF that the hypervisor loads, gzipped for GRUB."""

import gzip
import subprocess
import sys

from packages import BUILD, ROOT, kernel_versions

UNPACKER = BUILD / "dom0-tools/domus-unpack-kernel"
IMAGES = BUILD / "images"


def main():
    IMAGES.mkdir(parents=True, exist_ok=True)
    packed = ROOT / f"boot/vmlinuz-{kernel_versions()[0]}"
    plain = IMAGES / "dom0-kernel.elf"
    subprocess.run([UNPACKER, packed, plain], check=True)
    (IMAGES / "dom0-kernel.elf.gz").write_bytes(gzip.compress(plain.read_bytes(), 6, mtime=0))


if __name__ == "__main__":
    sys.exit(main())
