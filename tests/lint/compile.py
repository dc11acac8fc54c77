# SPDX-License-Identifier: MIT
"""Checks made by a compiler or clang-format: ABI layout, headers that stand alone, format."""

import os
import re
import subprocess
from pathlib import Path

from source import C_ROOMS, ROOT, name_of, tracked

BUILD = Path(os.environ.get("O", ROOT / "build")).resolve()
FREESTANDING = [
    "gcc", "-std=gnu11", "-ffreestanding", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
    "-Wno-unused-parameter", "-nostdinc", "-isystem", BUILD / "xen-headers",
    "-I", ROOT / "hypervisor/include", "-I", ROOT / "include/public", "-I", BUILD,
    "-D__XEN_TOOLS__", "-D__XEN_INTERFACE_VERSION__=0x00041100",
    "-include", BUILD / "config.h", "-include", "stdint.h",
]


def compile_header(path):
    """Why a header of the hypervisor does not compile alone; empty when it does."""
    include = subprocess.run(["gcc", "-print-file-name=include"], stdout=subprocess.PIPE,
                             text=True, check=True).stdout.strip()
    done = subprocess.run([*FREESTANDING, "-isystem", include, "-include", path, "-x", "c",
                           "/dev/null"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    return done.stdout.strip() if done.returncode else ""


def check_abi():
    """Sizes and offsets of every ABI structure, as include/public/abi_check.h states them."""
    path = ROOT / "include/public/abi_check.h"
    if not path.exists():
        return ["include/public/abi_check.h is missing"]
    return compile_header(path).splitlines()


def check_headers():
    """Headers of the hypervisor that need another one before them."""
    found = []
    for path in tracked(".h"):
        if name_of(path).startswith("hypervisor/include/") and path.name != "asm_macros.h":
            why = compile_header(path)
            if why:
                found.append(f"{name_of(path)}: {why.splitlines()[0]}")
    return found


def formatted_files():
    """C files of all rooms, but headers for the assembler."""
    return [path for path in tracked(".c", ".h") if name_of(path).split("/")[0] in C_ROOMS
            and path.name != "asm_macros.h"]


def check_format():
    """Files that clang-format would change."""
    files = formatted_files()
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *files],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    errors = re.findall(r"^([^:\n]+):(\d+):\d+: error:", done.stdout, re.M)
    first = {name: line for name, line in reversed(errors)}
    return [f"{name.removeprefix(f'{ROOT}/')}:{line}: clang-format would change this and "
            f"{sum(1 for other, _ in errors if other == name) - 1} more places"
            for name, line in sorted(first.items())]


def check_clang():
    """What clang says of the code that gcc builds; its objects go to a folder of their own."""
    done = subprocess.run(["make", "-s", "-j2", f"O={BUILD}/clang", "CC=clang-14", "all"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
    said = re.findall(r"^.*(?:error|warning): .*$", done.stdout, re.M)
    return said or (["the build with clang fails"] if done.returncode else [])


def check_cppcheck():
    """cppcheck's errors, warnings and doubts about portability. Two of its checks do not hold for
    a kernel: linker symbols are compared, and address 0 of a guest is an address."""
    done = subprocess.run(
        ["cppcheck", "-j2", "--quiet", "--enable=warning,portability", "--inline-suppr",
         "--suppress=comparePointers", "--suppress=nullPointer", "--std=c11",
         "--template={file}:{line}: {message} [{id}]", "--template-location=",
         "-Ihypervisor/include", "-Iinclude/public", "-DCONFIG_NR_CPUS=64",
         "hypervisor", "xenstore", "dom0-tools", "pv-drivers"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    return done.stderr.splitlines()


if __name__ == "__main__":
    subprocess.run(["clang-format-14", "-i", *formatted_files()], check=True)
