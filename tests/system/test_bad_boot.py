# SPDX-License-Identifier: MIT
"""What cannot boot ends with one clear line and a halt: never silence, never a reboot.

The option noreboot is off, so that a reset would be seen.
"""

import pytest

from machine import IMAGES, ROOT, RUN, kernel_versions

# Words of the kernel's ELF header, by their offset.
E_CLASS, E_MACHINE = 4, 18


@pytest.fixture
def fails(boot, stays_halted, tmp_path):
    """fails(regex, kernel's bytes, ...): the machine says so and stays halted."""
    def check(regex, kernel=b"none\n" * 1000, options="", **fields):
        RUN.mkdir(parents=True, exist_ok=True)
        path = tmp_path / "kernel"
        path.write_bytes(kernel or b"")
        fields = {"kernel": str(path) if kernel else "none", "layers": ()} | fields
        console = boot(options=f"noreboot=off {options}", timeout=60, **fields)
        console.wait(rf"[\r\n](\(domus\) PANIC|Domus): [^\n]*({regex})[^\n]*\n", fatal=False)
        stays_halted(console)
    return check


@pytest.fixture(scope="module")
def kernel():
    """dom0's kernel, as bytes."""
    return (IMAGES / "dom0-kernel.elf").read_bytes()


def changed(data, at, new):
    """The bytes with some of them replaced."""
    return data[:at] + new + data[at + len(new):]


def test_truncated_kernel(fails, kernel):
    fails("cut short|truncated", kernel[:20 << 20])


def test_kernel_cut_within_its_header(fails, kernel):
    fails("cut short|truncated|too short", kernel[:40])


def test_kernel_that_is_no_elf(fails):
    fails("ELF")


@pytest.mark.parametrize("at, new", [(E_CLASS, b"\1"), (E_MACHINE, b"\3\0")])
def test_elf_of_another_kind(fails, kernel, at, new):
    fails("64-bit|x86-64|executable", changed(kernel[:1 << 20], at, new))


def test_elf_without_xen_notes(fails):
    fails("note", (ROOT / "usr/bin/busybox").read_bytes())


def test_packed_kernel_says_how_to_unpack_it(fails):
    fails("domus-unpack-kernel",
          (ROOT / f"boot/vmlinuz-{kernel_versions()[0]}").read_bytes())


def test_no_module(fails):
    fails("module2", kernel=None)


def test_too_little_memory_for_dom0_mem(fails, kernel):
    fails("dom0_mem asks for 4096 MiB", kernel, "dom0_mem=4G", memory=1024)


def test_dom0_mem_too_small_for_the_kernel(fails, kernel):
    fails("at least [0-9]+ MiB: see dom0_mem", kernel, "dom0_mem=32M")


@pytest.mark.parametrize("cpu", ["qemu32", "pentium3"])
def test_cpu_without_long_mode(fails, cpu):
    fails("long mode", cpu=cpu)


def test_cpu_without_nx(fails):
    fails("NX", cpu="qemu64,-nx")
