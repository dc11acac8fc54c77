# SPDX-License-Identifier: MIT
"""`make bench B=GROUP`: measures native Linux, Debian's Xen and Domus side by side, in virtual time.

A row's ratio is Domus to the column that its bound names; a row is met when the ratio keeps the
bound. What could not be measured is a dash, and missed.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "image"))

import runs  # noqa: E402
from console import BootError  # noqa: E402

COLUMNS = ("none", "xen", "domus")


@dataclass
class Row:
    """One measure: its key in the results, its words, its bound."""

    key: str
    text: str
    bound: float
    against: str = "xen"


GROUPS = {
    "boot": [
        Row("line-dom0", "hypervisor's first line to dom0's first instruction", 0.25),
        Row("dom0-init", "dom0's first instruction to its init", 1.0),
        Row("power-init", "power on to dom0's init", 1.0, "none"),
    ],
    "cpu": [
        Row("getpid", "guest: getpid", 1.0),
        Row("fault", "guest: page fault", 1.0),
        Row("munmap", "guest: munmap of a touched page", 1.0),
        Row("fork", "guest: fork, exit, wait", 1.0),
        Row("exec", "guest: fork, exec, wait", 1.0),
        Row("pipe", "guest: pipe round trip", 1.0),
        Row("hypercall", "dom0: null hypercall through privcmd", 1.0),
        Row("evtchn", "dom0: event channel round trip", 1.0),
        Row("create", "tool: create a paused guest of 16 MiB", 0.2),
    ],
    "store": None,
    "io": None,
    "move": None,
}


def number(value):
    """ns with thousands marked, or a dash."""
    return "-" if value is None else f"{value:,}"


def measure(group, columns):
    """A group's figures on each column: {column: {key: ns}}; what fails says why."""
    results = {}
    for column in columns:
        print(f"bench: {group} on {column}", file=sys.stderr, flush=True)
        try:
            results[column] = runs.times_of(group, column)
        except (BootError, OSError, KeyError) as error:
            print(f"bench: {group} on {column}: {error}", file=sys.stderr)
            results[column] = {}
    return results


def report(group, results):
    """Print a group's table; returns how many rows are met, and of how many."""
    print(f"\n{group}: virtual ns (= instructions)")
    print(f"{'measure':52} {'native':>15} {'Xen':>15} {'Domus':>15} {'ratio':>7} {'bound':>12}")
    met = 0
    rows = GROUPS[group]
    for row in rows:
        native, xen, domus = (results.get(c, {}).get(row.key) for c in COLUMNS)
        peer = results.get(row.against, {}).get(row.key)
        ratio = domus / peer if domus and peer else None
        good = ratio is not None and ratio <= row.bound
        met += good
        name = "Xen" if row.against == "xen" else "native"
        print(f"{row.text:52} {number(native):>15} {number(xen):>15} {number(domus):>15} "
              f"{'-' if ratio is None else f'{ratio:.3f}':>7} {f'{row.bound:.2f} {name}':>12} "
              f" {'met' if good else 'missed'}")
    return met, len(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("groups", nargs="*", choices=list(GROUPS), metavar="GROUP")
    parser.add_argument("--columns", default=",".join(COLUMNS))
    args = parser.parse_args()
    met = total = 0
    for group in args.groups or GROUPS:
        if GROUPS[group] is None:
            print(f"\n{group}: measured by a later issue, not yet")
            continue
        good, count = report(group, measure(group, args.columns.split(",")))
        met, total = met + good, total + count
    print(f"\n{met} met, {total - met} missed")
    return 0 if met == total else 1


if __name__ == "__main__":
    sys.exit(main())
