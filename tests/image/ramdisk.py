# SPDX-License-Identifier: MIT
"""Builds the ramdisks: dom0's in layers, and the small test guest's.

    dom0.cpio      busybox, Xen modules, Debian's Xen tools
    drivers.cpio   disk and network drivers, ext4, back ends
    guests.cpio    kernels and ramdisk of guests, under /boot
    storage.cpio   QEMU's storage daemon and libnbd, for those who ask for it: they are large

One more layer, made at each boot, is what this tree builds: store and tools.
Invariant: every program in a layer finds its libraries in that layer.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cpio import Archive
from packages import BUILD, ROOT, kernel_versions

HERE = Path(__file__).resolve().parent
IMAGES = BUILD / "images"
XEN_BIN = ROOT / "usr/lib/xen-4.17/bin"

XEN_MODULES = ["xen-privcmd", "xen-evtchn", "xen-gntdev", "xen-gntalloc", "xenfs"]
DRIVERS = [
    "virtio_pci", "virtio_blk", "virtio_net", "virtio-rng", "ahci", "ata_piix", "ata_generic",
    "sd_mod", "e1000e", "e1000", "nvme", "ext4", "crc32c_generic", "crc32c-intel",
    "efivarfs", "loop", "brd", "bridge", "tun", "veth", "xen-blkback", "xen-netback",
    "8021q", "nf_tables", "nft_chain_nat", "nft_masq", "nft_ct",
]
GUEST_MODULES = ["xen-blkfront", "xen-netfront"]
XEN_PROGRAMS = [
    "xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0", "libxl-save-helper",
    "xen-diag", "xentop", "lsevtchn", "xenlockprof", "xenstore-control",
]
STORAGE_PROGRAMS = ["qemu-storage-daemon", "qemu-img"]  # the host's own: no kernel is in them
STORE_CLIENTS = [
    "xenstore", "xenstore-chmod", "xenstore-exists", "xenstore-list", "xenstore-ls",
    "xenstore-read", "xenstore-rm", "xenstore-watch", "xenstore-write",
]
LOADER = "ld-linux-x86-64.so.2"
LIBRARY_FOLDERS = [
    ROOT / "usr/lib/x86_64-linux-gnu",
    ROOT / "usr/lib/xen-4.17/lib/x86_64-linux-gnu",
    Path("/usr/lib/x86_64-linux-gnu"),
]


def needed_libraries(program):
    """The names of the libraries that one program or library asks for itself."""
    text = subprocess.run(["readelf", "-d", program], stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.DEVNULL, check=True).stdout
    return re.findall(r"\(NEEDED\).*\[(.+)\]", text)


def find_library(name):
    """Where a library lies; Debian's unpacked packages come before the host's own files."""
    for folder in LIBRARY_FOLDERS:
        if (folder / name).exists():
            return folder / name
    sys.exit(f"ramdisk: nobody provides the library {name}")


def libraries_of(programs):
    """All libraries, as {name: path}, that the programs need directly and indirectly."""
    found, todo = {}, list(programs)
    while todo:
        for name in needed_libraries(todo.pop()):
            if name not in found:
                found[name] = find_library(name)
                todo.append(found[name])
    return found


def add_programs(archive, programs):
    """Add {name in the archive: file} with their libraries."""
    for name, source in programs.items():
        archive.file(name, source)
    libraries = libraries_of(programs.values())
    for name, source in libraries.items():
        archive.file(f"usr/lib/x86_64-linux-gnu/{name}", source.resolve())
    if libraries:
        archive.link(f"usr/lib64/{LOADER}", f"../lib/x86_64-linux-gnu/{LOADER}")


def add_busybox(archive):
    """busybox and a link for each of its commands."""
    busybox = ROOT / "usr/bin/busybox"
    archive.file("usr/bin/busybox", busybox)
    listed = subprocess.run([busybox, "--list"], stdout=subprocess.PIPE, text=True, check=True)
    for name in listed.stdout.split():
        if name not in ("busybox", "init"):
            archive.link(f"usr/bin/{name}", "busybox")
    archive.link("usr/sbin/modprobe", "../bin/busybox")  # where the kernel looks for it


def add_folders(archive):
    """The folders and nodes that are there before anything is mounted."""
    for name in ("bin", "sbin", "lib", "lib64"):
        archive.folder(f"usr/{name}")
        archive.link(name, f"usr/{name}")
    for name in ("proc", "sys", "dev", "run", "tmp", "root", "mnt", "etc", "var/lib", "var/log"):
        archive.folder(name)
    archive.link("var/run", "/run")
    archive.link("var/lock", "/run/lock")
    archive.device("dev/console", 5, 1)
    archive.device("dev/null", 1, 3)
    archive.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"
                  "dnsmasq:x:100:65534:dnsmasq:/var/lib/misc:/bin/false\n")
    archive.write("etc/group", "root:x:0:\nnogroup:x:65534:\n")


class Modules:
    """The modules of one kernel, with what each depends on."""

    def __init__(self, version):
        self.folder = Path("usr/lib/modules") / version
        subprocess.run(["depmod", "-b", ROOT, version], check=True)
        self.needs = {}
        for line in (ROOT / self.folder / "modules.dep").read_text().splitlines():
            name, _, needs = line.partition(":")
            self.needs[name] = needs.split()
        self.paths = {self.key(path): path for path in self.needs}

    @staticmethod
    def key(path):
        """A module's name, however it is spelt."""
        return Path(path).name.removesuffix(".ko").replace("-", "_")

    def closure(self, names):
        """The files of the named modules and of all they depend on."""
        found = set()
        for name in names:
            path = self.paths.get(self.key(name))
            if path is None:
                sys.exit(f"ramdisk: this kernel has no module {name}")
            found |= {path, *self.needs[path]}
        return found

    def add(self, archive, paths, tables_for=None):
        """Add module files and, for busybox's modprobe, the tables that name `tables_for`."""
        for path in sorted(paths):
            archive.file(str(self.folder / path), ROOT / self.folder / path)
        if not tables_for:
            return
        dep = "".join(f"{p}: {' '.join(self.needs[p])}\n" for p in sorted(tables_for))
        names = {self.key(path) for path in tables_for}
        aliases = (ROOT / self.folder / "modules.alias").read_text().splitlines(keepends=True)
        keep = [line for line in aliases if line.split()[-1].replace("-", "_") in names]
        archive.write(str(self.folder / "modules.dep"), dep)
        archive.write(str(self.folder / "modules.alias"), "".join(keep))


def save(name, archive):
    """Put a finished ramdisk in its place, at once for whoever is about to read it."""
    new = IMAGES / f"{name}.new"
    new.write_bytes(archive.bytes())
    new.replace(IMAGES / name)


def build_dom0(modules):
    """dom0.cpio and drivers.cpio."""
    xen_modules = modules.closure(XEN_MODULES)
    drivers = modules.closure(DRIVERS)
    dom0 = Archive()
    add_folders(dom0)
    add_busybox(dom0)
    dom0.file("init", HERE / "init-dom0")
    dom0.file("usr/bin/serve", HERE / "serve")
    programs = {f"usr/sbin/{name}": XEN_BIN / name for name in XEN_PROGRAMS}
    programs |= {f"usr/bin/{name}": ROOT / "usr/bin" / name for name in STORE_CLIENTS}
    # Threads are cancelled through libgcc_s, which no program names.
    programs["usr/lib/x86_64-linux-gnu/libgcc_s.so.1"] = find_library("libgcc_s.so.1")
    add_programs(dom0, programs)
    for name in ("xl", "libxl-save-helper", "xenconsole", "xentop"):
        dom0.link(f"usr/lib/xen-4.17/bin/{name}", f"/usr/sbin/{name}")
    dom0.write("etc/xen/xl.conf", 'autoballoon="off"\n')
    modules.add(dom0, xen_modules, tables_for=xen_modules | drivers)
    save("dom0.cpio", dom0)

    layer = Archive()
    modules.add(layer, drivers - xen_modules)
    save("drivers.cpio", layer)


def build_guest(modules):
    """guest.cpio: what a small test guest starts from."""
    guest = Archive()
    add_folders(guest)
    add_busybox(guest)
    guest.file("init", HERE / "init-guest")
    for name in ("poweroff", "reboot"):  # where the kernel looks for them, asked by the host
        guest.link(f"usr/sbin/{name}", "../bin/busybox")
    fronts = modules.closure(GUEST_MODULES)
    modules.add(guest, fronts, tables_for=fronts)
    save("guest.cpio", guest)


def build_guests(generic, cloud):
    """guests.cpio: kernels and ramdisk of guests, as dom0 finds them in /boot."""
    layer = Archive()
    layer.file("boot/vmlinuz", ROOT / f"boot/vmlinuz-{generic}")
    layer.file("boot/vmlinuz-cloud", ROOT / f"boot/vmlinuz-{cloud}")
    layer.file("boot/initrd.img", IMAGES / "guest.cpio")
    layer.file("boot/small.elf", ROOT / "usr/lib/grub-xen/grub-x86_64-xen.bin")
    save("guests.cpio", layer)


def build_storage():
    """storage.cpio: what serves disks that are not plain files."""
    layer = Archive()
    programs = {f"usr/bin/{name}": Path("/usr/bin") / name for name in STORAGE_PROGRAMS}
    # The back end loads it when it needs it, so no program names it.
    programs["usr/lib/x86_64-linux-gnu/libnbd.so.0"] = find_library("libnbd.so.0").resolve()
    add_programs(layer, programs)
    save("storage.cpio", layer)


def tools_layer():
    """What this tree builds for dom0, those programs that are there, as ramdisk bytes."""
    built = {"xenstore/domus-xenstored": "usr/sbin", "dom0-tools/domusd": "usr/sbin",
             "dom0-tools/domus": "usr/bin", "pv-drivers/domus-backend": "usr/sbin"}
    programs = {f"{folder}/{Path(name).name}": BUILD / name
                for name, folder in built.items() if (BUILD / name).exists()}
    layer = Archive()
    add_programs(layer, programs)
    return layer.bytes()


def main():
    IMAGES.mkdir(parents=True, exist_ok=True)
    generic, cloud = kernel_versions()
    modules = Modules(generic)
    build_dom0(modules)
    build_guest(modules)
    build_guests(generic, cloud)
    build_storage()
    shutil.copy(ROOT / "boot/xen-4.17-amd64.gz", IMAGES / "xen.gz")


if __name__ == "__main__":
    main()
