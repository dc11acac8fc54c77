# SPDX-License-Identifier: MIT
"""Debian packages for the images: downloaded into build/packages, unpacked into build/debian.

Nothing here is installed on the host. Invariant: build/debian holds exactly the packages named
in its stamp file; a changed list, or a newer package, unpacks it afresh.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BUILD = Path(os.environ.get("O", Path(__file__).resolve().parents[2] / "build")).resolve()
PACKAGES = BUILD / "packages"
ROOT = BUILD / "debian"

# What the images are made of; the libraries these depend on are found by apt-cache.
WANTED = [
    "xen-hypervisor-4.17-amd64",
    "xen-utils-4.17",
    "xen-utils-common",
    "xenstore-utils",
    "busybox-static",
    "kmod",
    "grub-xen-host",
    "gdb-minimal",
    "dnsmasq-base",
    "nftables",
    "bash",
    "util-linux",
]
META = ["linux-image-amd64", "linux-image-cloud-amd64"]


def output_of(*command):
    """What a command prints, or a clear end when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"packages: {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


def kernel_packages():
    """The current kernel images behind Debian's meta packages: [generic, cloud]."""
    found = []
    for meta in META:
        match = re.search(r"Depends: (linux-image-\S+)", output_of("apt-cache", "depends", meta))
        if not match:
            sys.exit(f"packages: apt knows no {meta}; is Debian's package list fetched?")
        found.append(match.group(1))
    return found


def library_closure(names):
    """The lib* packages that the named ones need, directly or through other libraries."""
    text = output_of(
        "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests",
        "--no-conflicts", "--no-breaks", "--no-replaces", "--no-enhances", *names)
    needs, package = {}, None
    for line in text.splitlines():
        if not line.startswith((" ", "|", "<")):
            package = line.strip()
        elif match := re.match(r"\s*\|?(?:Pre)?Depends: ([a-z0-9.+-]+)$", line):
            needs.setdefault(package, set()).add(match.group(1))
    closure, todo = set(), list(names)
    while todo:
        for need in needs.get(todo.pop(), ()):
            if need.startswith("lib") and not need.startswith("libpython") and need not in closure:
                closure.add(need)
                todo.append(need)
    return sorted(closure)


def file_names_of(packages):
    """{package: the file name under which apt would store its candidate version}."""
    text = output_of("apt-cache", "show", "--no-all-versions", *packages)
    names = {}
    for stanza in text.split("\n\n"):
        field = {k: v.strip() for k, _, v in (line.partition(":") for line in stanza.splitlines())}
        if "Package" in field:
            version = field["Version"].replace(":", "%3a")
            names[field["Package"]] = f"{field['Package']}_{version}_{field['Architecture']}.deb"
    return names


def download(names):
    """Fetch what is not there yet; returns the .deb files in the order of the names."""
    PACKAGES.mkdir(parents=True, exist_ok=True)
    found = file_names_of(names)
    files = {name: PACKAGES / found[name] for name in names}
    missing = [name for name, path in files.items() if not path.exists()]
    if missing:
        print(f"packages: downloading {' '.join(missing)}", flush=True)
        subprocess.run(["apt-get", "-q", "download", *missing], cwd=PACKAGES, check=True)
    return list(files.values())


def unpack(files):
    """Unpack the packages over one another into ROOT, with Debian's merged /usr."""
    stamp = ROOT / ".packages"
    wanted = [path.name for path in files]
    present = stamp.read_text().split() if stamp.exists() else []
    if not present or set(present) - set(wanted):
        shutil.rmtree(ROOT, ignore_errors=True)
        present = []
        for name in ("bin", "sbin", "lib", "lib64"):
            (ROOT / "usr" / name).mkdir(parents=True)
            (ROOT / name).symlink_to(f"usr/{name}")
    for path in files:
        if path.name in present:
            continue
        print(f"packages: unpacking {path.name}", flush=True)
        tar = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE)
        subprocess.run(
            ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", ROOT,
             "--exclude=./usr/share/doc", "--exclude=./usr/share/man",
             "--exclude=./usr/share/locale"],
            stdin=tar.stdout, check=True)
        if tar.wait():
            sys.exit(f"packages: {path.name} does not unpack; remove it and try again")
    stamp.write_text("\n".join(wanted))


def kernel_versions():
    """The versions of the unpacked kernels: (generic, cloud)."""
    versions = [path.name[len("vmlinuz-"):] for path in (ROOT / "boot").glob("vmlinuz-*")]
    cloud = [v for v in versions if "cloud" in v]
    generic = [v for v in versions if "cloud" not in v]
    if len(cloud) != 1 or len(generic) != 1:
        sys.exit("packages: run tests/image/packages.py first")
    return generic[0], cloud[0]


def main():
    kernels = kernel_packages()
    unpack(download([*kernels, *WANTED, *library_closure(WANTED)]))


if __name__ == "__main__":
    main()
