# SPDX-License-Identifier: MIT
"""One QEMU machine: how it is described, its boot image, its command line.

Invariant: a machine writes only below build/run (images, removed at its end) and build/logs.
"""

import atexit
import hashlib
import os
import shlex
import shutil
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "image"))

import iso  # noqa: E402
from cpio import Archive  # noqa: E402
from packages import BUILD, ROOT, kernel_versions  # noqa: E402
from ramdisk import add_programs, tools_layer  # noqa: E402

IMAGES = BUILD / "images"
LOGS = BUILD / "logs"
RUN = BUILD / "run"
OVMF = Path("/usr/share/OVMF")

HYPERVISOR_OPTIONS = "com1=115200,8n1 console=com1 loglvl=all"
# dom0's words where tests drive it: its console serves them; on Xen its own tools run.
SERVE = {"domus": "serve=1", "xen": "serve=1 tools=xen"}
KEPT_IMAGES, MOST_IMAGES = [], 3
IMAGES_LOCK = threading.Lock()
LAYERS = ("dom0", "drivers", "guests", "tools")


@dataclass
class Spec:
    """What to boot and on what. Sizes are MiB."""

    name: str = "boot"
    hypervisor: str = "domus"      # domus | xen | none
    machine: str = "pc"            # pc (i440fx) | q35
    firmware: str = "bios"         # bios | ovmf
    cpu: str = "Nehalem,+rdrand"
    memory: int = 2048
    dom0_memory: int = 1024
    smp: int = 1
    icount: bool = False
    gdb: bool = False
    serial: bool = True
    bootdisk: str = "sata"         # sata | virtio | cd | ahci | nvme; see grub_commands()
    options: str = ""              # more words for the hypervisor's command line
    # Domus's page-table isolation: off | on | auto. An emulator has no secrets to keep, and with each
    # change of tables it loses what it knows of them: isolated machines are half as fast.
    isolation: str = "off"
    cmdline: str = ""              # more words for dom0's
    kernel: str = ""               # another kernel than Debian's; none: no module at all
    image: str = ""                # another hypervisor than build/domus.gz
    layers: tuple = LAYERS         # of the ramdisk; none: no ramdisk at all
    files: dict = field(default_factory=dict)     # {name in dom0: host path or text}
    programs: dict = field(default_factory=dict)  # {name in dom0: host path}, with libraries
    qemu: tuple = ()               # more arguments for QEMU
    reboots: bool = False          # let the machine reboot instead of ending QEMU


def guest_ramdisk(name, programs):
    """The test guest's ramdisk with programs added, {name in the guest: host path}."""
    layer = Archive()
    add_programs(layer, programs)
    path = BUILD / f"run/guest-{name}.cpio"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((IMAGES / "guest.cpio").read_bytes() + layer.bytes())
    return path


def overlay(spec):
    """The last layer of the ramdisk: the files that this run brings."""
    layer = Archive()
    add_programs(layer, spec.programs)
    for name, source in spec.files.items():
        if isinstance(source, Path):
            layer.file(name, source)
        else:
            layer.write(name, source, 0o755)
    return layer.bytes()


def layer_bytes(name):
    """One named layer of dom0's ramdisk."""
    return tools_layer() if name == "tools" else (IMAGES / f"{name}.cpio").read_bytes()


def boot_files(spec):
    """What the boot image holds: {name: path or bytes}."""
    # The kernel is not packed: GRUB takes 5 s to unpack it.
    files = {}
    if spec.kernel != "none":
        files["kernel"] = Path(spec.kernel) if spec.kernel else IMAGES / "dom0-kernel.elf"
    if spec.layers:
        layers = [layer_bytes(name) for name in spec.layers]
        files["ramdisk"] = b"".join(layers) + overlay(spec)
    if spec.hypervisor == "none":
        if not spec.kernel:
            files["kernel"] = ROOT / f"boot/vmlinuz-{kernel_versions()[0]}"
    else:
        usual = {"domus": BUILD / "domus.gz", "xen": IMAGES / "xen.gz"}[spec.hypervisor]
        files["hypervisor"] = Path(spec.image) if spec.image else usual
    return files


def grub_commands(spec):
    """GRUB's part: which image with which words.

    On BIOS it reads a SATA disk by its own driver, six times as fast as the BIOS does; where there
    is none it would find nothing at all.
    """
    fast = "\tnativedisk ahci\n" if (spec.bootdisk, spec.firmware) == ("sata", "bios") else ""
    return fast + boot_commands(spec)


def boot_commands(spec):
    """What is loaded and started."""
    console = "hvc0" if spec.hypervisor != "none" else "ttyS0,115200"
    cmdline = f"console={console} {spec.cmdline}".strip()
    if spec.hypervisor == "none":
        return iso.native_commands(cmdline)
    # What guests print early goes to the hypervisor's console, on which tests read dom0's answers.
    guests = "error" if "serve=1" in spec.cmdline else "all"
    options = (f"dom0_mem={spec.dom0_memory}M,max:{spec.dom0_memory}M {HYPERVISOR_OPTIONS} "
               f"guest_loglvl={guests}")
    options += "" if spec.reboots else " noreboot"
    if spec.hypervisor == "domus" and spec.isolation != "auto":
        options += f" xpti={spec.isolation}"
    options += f" {spec.options}" if spec.options else ""
    return iso.hypervisor_commands(options, cmdline, spec.kernel != "none", bool(spec.layers))


def image_key(commands, files):
    """Names an image by what goes into it."""
    key = hashlib.sha256(commands.encode())
    for name, source in sorted(files.items()):
        if isinstance(source, Path):
            status = source.stat()
            source = f"{source} {status.st_size} {status.st_mtime_ns}".encode()
        key.update(f"{name} {len(source)} ".encode() + source)
    return key.hexdigest()[:16]


def remove_stale():
    """Remove what ended processes left in build/run."""
    for path in RUN.glob("*-*.*"):
        pid = path.stem.rpartition("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists():
            path.unlink(missing_ok=True)


def make_image(spec):
    """Write the boot image of a machine; returns its path.

    The last few images stay until the process ends: most machines boot the same one.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    remove_stale()
    commands, files = grub_commands(spec), boot_files(spec)
    path = RUN / f"{spec.name}-{os.getpid()}.iso"
    kept = RUN / f"{image_key(commands, files)}-{os.getpid()}.iso"
    with IMAGES_LOCK:
        if kept not in KEPT_IMAGES:
            iso.make(kept, commands, files)
            KEPT_IMAGES.append(kept)
            atexit.register(kept.unlink, missing_ok=True)
        path.unlink(missing_ok=True)
        os.link(kept, path)
        for old in KEPT_IMAGES[:-MOST_IMAGES]:
            old.unlink()
            KEPT_IMAGES.remove(old)
    return path


def boot_disk_arguments(kind, path):
    """QEMU's arguments for the boot image on one kind of disk."""
    drive = f"file={path},format=raw,if=none,id=boot,read-only=on"
    return {
        "sata": ["-drive", drive.replace("read-only=on", "snapshot=on"),
                 "-device", "ich9-ahci,id=bootahci",
                 "-device", "ide-hd,drive=boot,bus=bootahci.0,bootindex=0"],
        "virtio": ["-drive", drive, "-device", "virtio-blk-pci,drive=boot,bootindex=0"],
        "cd": ["-cdrom", str(path)],
        "ahci": ["-drive", drive, "-device", "ich9-ahci,id=bootahci",
                 "-device", "ide-cd,drive=boot,bus=bootahci.0,bootindex=0"],
        "nvme": ["-drive", drive.replace("read-only=on", "snapshot=on"),
                 "-device", "nvme,drive=boot,serial=boot,bootindex=0"],
    }[kind]


def firmware_arguments(spec):
    """QEMU's arguments for the firmware; OVMF gets variables of its own."""
    if spec.firmware == "bios":
        return []
    variables = RUN / f"{spec.name}-{os.getpid()}.vars"
    shutil.copy(OVMF / "OVMF_VARS_4M.fd", variables)
    code = OVMF / "OVMF_CODE_4M.fd"
    return ["-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
            "-drive", f"if=pflash,format=raw,unit=1,file={variables}"]


def qemu_arguments(spec, image, serial="stdio"):
    """QEMU's whole command line; `serial` says where COM1 goes."""
    arguments = ["qemu-system-x86_64", "-M", spec.machine, "-cpu", spec.cpu,
                 "-m", str(spec.memory), "-smp", str(spec.smp), "-display", "none",
                 "-nic", "none"]
    arguments += ["-serial", serial] if spec.serial else ["-serial", "none"]
    if "mon:" not in serial:
        arguments += ["-monitor", "none"]
    if not spec.reboots:
        arguments.append("-no-reboot")
    if spec.icount:
        arguments += ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off",
                      "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
    if spec.gdb:
        arguments += ["-s", "-S"]
    arguments += firmware_arguments(spec)
    arguments += boot_disk_arguments(spec.bootdisk, image)
    for more in spec.qemu:
        arguments += shlex.split(more)
    return arguments


def remove_images(spec):
    """Remove what a machine left in build/run."""
    for path in RUN.glob(f"{spec.name}-{os.getpid()}.*"):
        path.unlink()
