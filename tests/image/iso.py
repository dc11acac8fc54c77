# SPDX-License-Identifier: MIT
"""Makes a GRUB image that boots a hypervisor with dom0, or a kernel alone, on BIOS and UEFI.

The image is a CD and a disk at once (grub-mkrescue makes it so): the bench gives it to QEMU as a
disk, because GRUB reads that faster.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULES = ("normal multiboot2 linux gzio iso9660 part_msdos part_gpt serial terminal "
           "echo test search all_video ahci nativedisk").split()

CONFIG = """\
if serial --unit=0 --speed=115200; then terminal_output serial; fi
set timeout=0
menuentry boot {{
{commands}
}}
"""


def hypervisor_commands(options, dom0_cmdline, with_kernel=True, with_ramdisk=True):
    """GRUB's lines that start a multiboot2 hypervisor with dom0's kernel and ramdisk.

    The word in front of each command line is the one that GRUB's own script puts there.
    """
    lines = [f"\tmultiboot2 /boot/hypervisor placeholder {options}"]
    if with_kernel:
        lines.append(f"\tmodule2 /boot/kernel placeholder {dom0_cmdline}")
    if with_ramdisk:
        lines.append("\tmodule2 --nounzip /boot/ramdisk")
    return "\n".join(lines)


def native_commands(cmdline):
    """GRUB's lines that start the kernel without a hypervisor."""
    return f"\tlinux /boot/kernel {cmdline}\n\tinitrd /boot/ramdisk"


def make(target, commands, files):
    """Write the image `target`: `files` is {name below /boot: host path or bytes}."""
    with tempfile.TemporaryDirectory(dir=Path(target).parent) as folder:
        boot = Path(folder) / "boot"
        (boot / "grub").mkdir(parents=True)
        (boot / "grub/grub.cfg").write_text(CONFIG.format(commands=commands))
        for name, source in files.items():
            if isinstance(source, bytes):
                (boot / name).write_bytes(source)
            else:
                shutil.copy(source, boot / name)
        done = subprocess.run(
            ["grub-mkrescue", "-o", target, f"--install-modules={' '.join(MODULES)}",
             "--locales=", "--themes=", "--fonts=", folder],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"iso: grub-mkrescue failed:\n{done.stdout}")
