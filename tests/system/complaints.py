# SPDX-License-Identifier: MIT
"""What a kernel complains about in its log, and what the same kernel says elsewhere.

known_complaints.txt lists, without numbers, what Debian's Xen and the bare machine bring out of
the same kernel on the machines of the matrix. A line that is not there is looked for in a fresh
baseline of the very machine, kept in build/baseline.
"""

import dataclasses
import hashlib
import json
import re
import sys
from pathlib import Path

from console import Console
from machine import BUILD, Spec, kernel_versions

BASELINES = BUILD / "baseline"
KNOWN = Path(__file__).resolve().parent / "known_complaints.txt"
ALWAYS_WRONG = re.compile(r"WARNING:|BUG:|Oops|general protection fault|Call Trace")


def normal(line):
    """A log line without level, time and numbers, so that two boots' lines compare."""
    line = re.sub(r"^<\d+>", "", line)
    line = re.sub(r"^\[ *\d+\.\d+\] *", "", line)
    line = re.sub(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b", "X", line)
    return re.sub(r"\d+", "N", line).strip()


def complaints(log):
    """Lines of warning level or worse in a log."""
    return [line for line in log.splitlines() if re.match(r"^<[0-4]>", line)]


def baseline(spec):
    """The complaints, as normal lines, that are no fault of the hypervisor under test."""
    fields = dataclasses.asdict(spec) | {"hypervisor": "", "name": "", "options": "", "image": "",
                                         "kernel_version": kernel_versions()[0]}
    key = hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
    path = BASELINES / f"{key[:16]}.txt"
    if not path.exists():
        lines = set()
        for hypervisor in ("xen", "none"):
            other = dataclasses.replace(spec, hypervisor=hypervisor, options="", image="",
                                        name=f"{spec.name}-{hypervisor}")
            with Console(other) as console:
                console.login()
                lines |= {normal(line) for line in complaints(console.check("dmesg -r"))}
        BASELINES.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(sorted(lines)))
    return set(path.read_text().splitlines())


def check_lines(log, spec):
    """`log`, as dmesg -r prints it, holds nothing wrong and no complaint of its own."""
    assert not ALWAYS_WRONG.search(log), ALWAYS_WRONG.search(log)
    found = complaints(log)
    known = set(KNOWN.read_text().splitlines())
    new = [line for line in found if normal(line) not in known]
    if new:
        known = baseline(spec)
        new = [line for line in new if normal(line) not in known]
    assert not new, "\n".join(new)


def check_log(console):
    """dom0's log is clean."""
    check_lines(console.check("dmesg -r"), console.spec)


def main():
    """Write known_complaints.txt afresh from the rows of the matrix named as arguments, or all."""
    import matrix
    lines = set()
    for row in matrix.pairwise_rows():
        if not sys.argv[1:] or matrix.name_of(row) in sys.argv[1:]:
            spec = Spec(name=f"baseline-{matrix.name_of(row)}", cmdline="serve=1",
                        dom0_memory=min(1024, row["memory"] - 384), **row)
            lines |= baseline(spec)
            KNOWN.write_text("\n".join(sorted(lines)) + "\n")


if __name__ == "__main__":
    main()
