# SPDX-License-Identifier: MIT
"""What cannot boot ends with one clear line and a halt: never silence, never a reboot."""

import gzip

import pytest

from machine import IMAGES, ROOT, RUN, kernel_versions


def stays_halted(console):
    """The machine said its line; it neither goes on nor ends QEMU by a reset."""
    assert console.child.isalive()


@pytest.fixture
def broken(tmp_path):
    """Makes broken kernels: broken(bytes) gives the path of a file holding them."""
    def make(data):
        RUN.mkdir(parents=True, exist_ok=True)
        path = tmp_path / "kernel"
        path.write_bytes(data)
        return str(path)
    return make


def kernel_bytes():
    return gzip.decompress((IMAGES / "dom0-kernel.elf.gz").read_bytes())


def test_truncated_kernel(boot, broken):
    console = boot(kernel=broken(kernel_bytes()[:20 << 20]), timeout=60)
    console.wait("(?i)(dom0|kernel|module)[^\n]*(truncat|short|beyond|outside|end)", 60, False)
    stays_halted(console)


def test_kernel_that_is_no_elf(boot, broken):
    console = boot(kernel=broken(b"no kernel at all\n" * 1000), timeout=60)
    console.wait("(?i)(dom0|kernel|module)[^\n]*ELF", 60, False)
    stays_halted(console)


def test_packed_kernel_says_how_to_unpack_it(boot):
    vmlinuz = ROOT / f"boot/vmlinuz-{kernel_versions()[0]}"
    console = boot(kernel=str(vmlinuz), timeout=60)
    console.wait("domus-unpack-kernel", 60, False)
    stays_halted(console)


def test_too_little_memory_for_dom0(boot):
    console = boot(memory=1024, dom0_memory=4096, options="dom0_mem=min:4096M", timeout=60)
    console.wait("(?i)(dom0_mem|not enough|too little)[^\n]*", 60, False)
    stays_halted(console)


@pytest.mark.parametrize("cpu, word", [("qemu32", "long mode"), ("qemu64,-nx", "NX|no-execute")])
def test_cpu_that_lacks_something(boot, cpu, word):
    console = boot(cpu=cpu, timeout=60)
    console.wait(f"(?i)({word})", 60, False)
    stays_halted(console)


def test_unknown_option_is_reported_and_ignored(boot):
    console = boot(options="no_such_option=1")
    console.wait("no_such_option", 60)
    console.login()
