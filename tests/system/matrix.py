# SPDX-License-Identifier: MIT
"""The machines on which dom0 must boot: all combinations, and a pairwise selection of them."""

from itertools import combinations, product

AXES = {
    "machine": ("pc", "q35"),
    "firmware": ("bios", "ovmf"),
    "cpu": ("qemu64", "Nehalem", "EPYC,-smap", "max,-smap"),
    "memory": (1024, 4096, 16384),
}
# As cloud machines look: no serial line, NVMe, modern virtio only, no old timers.
CLOUD = {
    "machine": "q35,hpet=off,pit=off", "firmware": "ovmf", "cpu": "Nehalem", "memory": 4096,
    "serial": False, "bootdisk": "nvme", "qemu": ("-device virtio-rng-pci,disable-legacy=on",),
}
# What dom0's ramdisk needs to come up with all its drivers and its store.
LAYERS = ("dom0", "drivers", "tools")


def every_row():
    """All combinations, as dictionaries."""
    return [dict(zip(AXES, values)) for values in product(*AXES.values())]


def pairs_of(row):
    """The pairs of settings that a row covers."""
    return set(combinations(row.items(), 2))


def pairwise_rows():
    """Few rows in which each pair of settings occurs; greedy, always the same."""
    rows, chosen = every_row(), []
    missing = set().union(*(pairs_of(row) for row in rows))
    while missing:
        best = max(rows, key=lambda row: len(pairs_of(row) & missing))
        chosen.append(best)
        missing -= pairs_of(best)
    return chosen


def name_of(row):
    """A row as a short name for tests and logs."""
    return "-".join(str(value).replace(",", "") for value in row.values())


def fields(row):
    """The fields of machine.Spec for a row or another machine."""
    return {"dom0_memory": min(1024, row["memory"] - 384), "layers": LAYERS} | row


def named_machines():
    """Those whose logs are compared, {name: fields of Spec}."""
    machines = {name_of(row): fields(row) for row in pairwise_rows()}
    machines["cloud"] = fields(CLOUD)
    machines["smp2"] = fields({"memory": 2048, "smp": 2})
    return machines
