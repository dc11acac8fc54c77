# SPDX-License-Identifier: MIT
"""dom0 boots on every machine, without a complaint of its own in the kernel's log."""

import pytest

import matrix
from complaints import check_lines, check_log
from machine import RUN

PAIRWISE = matrix.pairwise_rows()
ROWS = [pytest.param(row, id=matrix.name_of(row),
                     marks=() if row in PAIRWISE else pytest.mark.soak)
        for row in matrix.every_row()]


@pytest.mark.parametrize("row", ROWS)
def test_dom0_boots(boot, row):
    console = boot(dom0_memory=min(1024, row["memory"] - 384), **row)
    console.login()
    memory_kib = int(console.check("sed -n 's/MemTotal: *//p' /proc/meminfo").split()[0])
    assert memory_kib > console.spec.dom0_memory * 1024 * 0.8
    check_log(console)


def test_plain_max_boots_with_smap_off(boot, hypervisor):
    console = boot(cpu="max", options="smap=off" if hypervisor == "domus" else "smap=0")
    console.login()


def test_two_cpus_boot(boot):
    console = boot(smp=2)
    console.login()
    check_log(console)


def test_cloud_machine_boots_without_a_serial_line(boot):
    """Seen through a disk: dom0 writes its log there and switches the machine off."""
    RUN.mkdir(parents=True, exist_ok=True)
    result = RUN / "cloud-result"
    result.write_bytes(bytes(1 << 20))
    script = "#!/bin/sh\n{ dmesg -r; echo dom0 was here; } >/run/log; cat /run/log >/dev/vda\n"
    disk = (f"-drive file={result},format=raw,if=none,id=result "
            "-device virtio-blk-pci,drive=result,disable-legacy=on")
    console = boot(cmdline="", files={"etc/run": script}, qemu=(disk,), **matrix.CLOUD)
    console.wait_end(180)
    text = result.read_bytes().rstrip(b"\0").decode()
    assert "dom0 was here" in text
    check_lines(text, console.spec)
