# SPDX-License-Identifier: MIT
"""`make bench B=GROUP`: measures native Linux, Debian's Xen and Domus side by side, in virtual time.

A row's ratio is Domus to the column that its bound names; a row is met when the ratio keeps the
bound, or Domus a count that stands for itself. What could not be measured is a dash, and missed.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "system"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "image"))

import devices  # noqa: E402
import ring0  # noqa: E402
import fair  # noqa: E402
import reference  # noqa: E402,F401: machines of its own
import runs  # noqa: E402
from console import BootError  # noqa: E402

COLUMNS = ("none", "xen", "domus")


@dataclass
class Row:
    """One measure: its key in the results, its words, its bound."""

    key: str
    text: str
    bound: float  # a ratio up to 1, or a count
    against: str = "xen"
    peer: str = ""  # the key of what it is compared with, if that is another

    def met(self, domus, peer):
        """Does Domus keep the bound?"""
        limit = self.bound if self.bound > 1 else self.bound * (peer or 0)
        return domus is not None and domus <= limit

    def bound_text(self):
        """The bound in words."""
        if self.bound > 1:
            return number(int(self.bound))
        return f"{self.bound:.2f} {'Xen' if self.against == 'xen' else 'native'}"


# What each half may take of the time that Xen with the kernel's back ends takes: throughput of at least
# 1.1, latency of at most 0.85; ours the same as Xen, but 1.2 times as much with many requests at once.
DEVICES = [
    ("disk-read", "1 MiB read in order", 1 / 1.1, 1.0),
    ("disk-write", "1 MiB written in order", 1 / 1.1, 1.0),
    ("disk-random", "4 KiB read at random", 0.85, 1.0),
    ("disk-deep", "4 KiB read at random, 32 at once", 1 / 1.1, 1 / 1.2),
    *((name + suffix, text + where, kernel, own)
      for suffix, where in (("", ", dom0"), ("-guest", ", guest to guest"))
      for name, text, kernel, own in (
          ("tcp-out", "1 MiB of a TCP stream out", 1 / 1.1, 1.0),
          ("tcp-in", "1 MiB of a TCP stream in", 1 / 1.1, 1.0),
          ("tcp-echo", "1 byte there and back", 0.85, 1.0),
          ("udp-out", "a UDP packet", 1 / 1.1, 1.0),
          ("ping", "ping", 0.85, 1.0))),
]

# Our front ends, in the reference kernel, on our back ends: 1.3 times as much.
BOTH_HALVES = 1 / 1.3

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
        Row("ring0-getpid", "ring 0: getpid", 280),
        Row("ring0-pipe", "ring 0: pipe round trip", 2900),
        Row("ring0-munmap", "ring 0: page fault and munmap of the page", 1050),
        Row("ring0-fork", "ring 0: fork, exit, wait", 110000),
        Row("ring0-exec", "ring 0: fork, exec, wait", 360000),
        Row("ring0-hypercall", "ring 0: null hypercall", 130),
        Row("ring0-notify", "ring 0: event channel notify, delivered", 0.5),
        Row("ring0-handover-1", "ring 0: pipe to another vCPU of the same CPU", 0.5),
        Row("ring0-handover-2", "ring 0: pipe to another CPU, both CPUs", 0.5),
    ],
    # The ratios are those of the counts above to what Xen needs without isolation; the null hypercall's
    # count, which is Xen's as a guest sees it, stands.
    "isolation": [
        Row("ring0-getpid", "ring 0, isolated: getpid", 0.41),
        Row("ring0-pipe", "ring 0, isolated: pipe round trip", 0.45),
        Row("ring0-munmap", "ring 0, isolated: page fault and munmap of the page", 0.29),
        Row("ring0-fork", "ring 0, isolated: fork, exit, wait", 0.29),
        Row("ring0-exec", "ring 0, isolated: fork, exec, wait", 0.30),
        Row("ring0-hypercall", "ring 0, isolated: null hypercall", 130),
        Row("ring0-notify", "ring 0, isolated: event channel notify, delivered", 0.5),
        Row("ring0-handover-1", "ring 0, isolated: pipe to another vCPU of the CPU", 0.5),
        Row("ring0-handover-2", "ring 0, isolated: pipe to another CPU, both CPUs", 0.5),
        *(Row(name, f"guest, isolated: {name}", 1.0)
          for name in ("getpid", "fault", "munmap", "fork", "exec", "pipe")),
        Row("hypercall", "dom0, isolated: null hypercall through privcmd", 1.0),
    ],
    "create": [
        Row("create-line", "tool: create the reference kernel, to its first line", 0.1),
    ],
    "sched": fair,
    "store": None,
    "io": [*(Row(key, f"kernel's back end: {text}", kernel) for key, text, kernel, _ in DEVICES),
           *(Row(f"own-{key}", f"own back end: {text}", own, peer=key)
             for key, text, _, own in DEVICES),
           *(Row(f"ref-{key}", f"both halves: {text}", BOTH_HALVES, peer=key)
             for key, text, _, _ in DEVICES)],
    "move": None,
}


MACHINES = {"boot": ("boot",), "cpu": ("cpu", "pair"),
            "create": ("create",), "isolation": ("cpu-isolated", "pair-isolated"),
            "io": ("io", "io-own", "io-ref")}
PROFILE_LINES = 12  # of what is missed


def number(value):
    """ns with thousands marked, or a dash."""
    return "-" if value is None else f"{value:,}"


def measure(group, columns):
    """A group's figures on each column: {column: {key: ns}}; what fails says why."""
    results = {column: {} for column in columns}
    for column in columns:
        for machine in MACHINES[group]:
            print(f"bench: {machine} on {column}", file=sys.stderr, flush=True)
            try:
                results[column].update(runs.times_of(machine, column))
            except (BootError, OSError, KeyError) as error:
                print(f"bench: {machine} on {column}: {error}", file=sys.stderr)
    return results


def profile(row):
    """Print where Domus's instructions of a row are, if they were counted."""
    path = ring0.profile_path(row.key.removeprefix("ring0-"))
    if path.exists():
        print(f"\n{row.text}, the hypervisor's instructions by function:")
        print("\n".join(path.read_text().splitlines()[:PROFILE_LINES]))


def report(group, results):
    """Print a group's table; returns how many rows are met, and of how many."""
    print(f"\n{group}: virtual ns (= instructions)")
    print(f"{'measure':52} {'native':>15} {'Xen':>15} {'Domus':>15} {'ratio':>7} {'bound':>12}")
    missed = []
    rows = GROUPS[group]
    for row in rows:
        native, xen = (results.get(c, {}).get(row.peer or row.key) for c in COLUMNS[:2])
        domus = results.get("domus", {}).get(row.key)
        peer = xen if row.against == "xen" else native
        ratio = f"{domus / peer:.3f}" if domus is not None and peer else "-"
        good = row.met(domus, peer)
        missed += [] if good else [row]
        print(f"{row.text:52} {number(native):>15} {number(xen):>15} {number(domus):>15} "
              f"{ratio:>7} {row.bound_text():>12}  {'met' if good else 'missed'}")
    for row in missed:
        profile(row)
    return len(rows) - len(missed), len(rows)


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
        columns = args.columns.split(",")
        good, count = fair.report(columns) if GROUPS[group] is fair else report(
            group, measure(group, columns))
        met, total = met + good, total + count
    print(f"\n{met} met, {total - met} missed")
    return 0 if met == total else 1


if __name__ == "__main__":
    sys.exit(main())
