# SPDX-License-Identifier: MIT
"""The group `sched` of the bench: shares, caps and wake-up latency in guests, Xen's beside Domus's.

The parts of the CPUs are real time's, the latencies are virtual time's.
"""

import sys

import shares
from console import Console

SECONDS = 30
WAKES = 10000


def report(columns):
    """Measure and print the table; returns how many of Domus's figures are met, and of how many."""
    results = {}
    for column in columns:
        if column != "none":
            print(f"bench: sched on {column}", file=sys.stderr, flush=True)
            results[column] = shares.measures(column, SECONDS, WAKES,
                                              lambda spec: Console(spec, shares.PATIENCE))
    rows = next(iter(results.values()))
    print(f"\nsched: {SECONDS} s of spinning guests, {WAKES} wake-ups\n"
          f"{'measure':52} {'aim':>14} {'Xen':>10} {'Domus':>10}")
    for i, row in enumerate(rows):
        cells = [f"{results[c][i].value:10.2f}" if c in results else f"{'-':>10}"
                 for c in ("xen", "domus")]
        ours = results.get("domus")
        print(f"{row.text:52} {row.aim:>14} {' '.join(cells)} "
              f" {'met' if ours and ours[i].good else 'missed'}")
    good = sum(row.good for row in results.get("domus", []))
    return good, len(rows)
