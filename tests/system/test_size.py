# SPDX-License-Identifier: MIT
"""How little the hypervisor takes: its image, its memory on a 4 GiB host, each small guest."""

import json
import struct

import pytest

from console import PATIENCE, Console
from machine import BUILD, SERVE, Spec
from tools import Domus

HOST_MIB = 4096
MOST_KEPT_KIB = 36 << 10
MOST_IMAGE_BYTES = 512 << 10
MOST_PER_GUEST_KIB = 32
GUESTS = 8


def test_image_is_small():
    """All that it takes once loaded, memory that starts as zeros included."""
    data = (BUILD / "domus").read_bytes()
    phoff, phentsize, phnum = struct.unpack_from("<32xQ14xHH", data)
    headers = [struct.unpack_from("<IIQQQQQQ", data, phoff + i * phentsize) for i in range(phnum)]
    loads = [(h[3], h[3] + h[6]) for h in headers if h[0] == 1]
    assert max(end for _, end in loads) - min(start for start, _ in loads) < MOST_IMAGE_BYTES


@pytest.fixture(scope="module")
def host():
    """The tools on a 4 GiB host."""
    spec = Spec(name="size", memory=HOST_MIB, cmdline=SERVE["domus"])
    with Console(spec, PATIENCE) as console:
        console.login()
        yield Domus(console)


def memory_kib(tools):
    """(all of the host's, free, guests' and dom0's)"""
    memory = json.loads(tools.console.check("domus info -o json"))["memory"]
    rows = json.loads(tools.console.check("domus list -o json"))
    rows = rows if isinstance(rows, list) else rows["guests"]
    return (memory["total_bytes"] >> 10, memory["free_bytes"] >> 10,
            sum(row["memory_bytes"] for row in rows) >> 10)


def test_hypervisor_keeps_little(host):
    total, free, used = memory_kib(host)
    assert total > (HOST_MIB - 2) << 10
    assert total - free - used <= MOST_KEPT_KIB


def test_small_guest_costs_little(host):
    """Memory beside its own: what is neither free nor some guest's, before and after."""
    kept = []
    for number in range(GUESTS + 1):
        path = host.config(f"small{number}", memory=16, kernel="/boot/small.elf", ramdisk="")
        status, output = host.create(path)
        assert status == 0, output
        host.console.check(f"domus pause small{number}")
        total, free, used = memory_kib(host)
        kept.append(total - free - used)
    assert (kept[-1] - kept[0]) / GUESTS <= MOST_PER_GUEST_KIB, kept
