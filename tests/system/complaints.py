# SPDX-License-Identifier: MIT
"""What a kernel complains about in its log, and what the same kernel says elsewhere.

known_complaints.txt holds, machine by machine, the complaints that the same kernel prints there on
Debian's Xen and without a hypervisor, their numbers left out. It comes from real boots only:

    /usr/bin/python3 tests/system/complaints.py [ROW...]      makes it afresh, or these rows of it

For a machine that the file does not name, the two boots are made when they are needed and kept in
build/baseline.
"""

import dataclasses
import hashlib
import json
import re
import sys
from pathlib import Path

import matrix
from console import Console
from machine import BUILD, Spec, kernel_versions

BASELINES = BUILD / "baseline"
KNOWN = Path(__file__).resolve().parent / "known_complaints.txt"
# (A warning's first line; the word alone also heads advice about a CPU's weaknesses.)
ALWAYS_WRONG = re.compile(r"WARNING: (CPU:|possible|suspicious|inconsistent)|BUG:|Oops|"
                          r"general protection fault|Call Trace|segfault|cut here")
# What a kernel says when the host stops QEMU for a second: never known, but a second boot decides.
BUSY = re.compile(r"clocksource: (Long readout interval|timekeeping watchdog| )|"
                  r"hrtimer: interrupt took")


def normal(line):
    """A log line without level, time and numbers, so that two boots' lines compare."""
    line = re.sub(r"^<\d+>", "", line)
    line = re.sub(r"^\[ *\d+\.\d+\] *", "", line)
    line = re.sub(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b", "X", line)
    return re.sub(r"\d+", "N", line).strip()


def complaints(log):
    """Lines of warning level or worse in a log."""
    return [line for line in log.splitlines() if re.match(r"^<[0-4]>", line)]


def host_was_busy(log):
    """Whether the log tells of a pause of the whole machine."""
    return any(BUSY.search(line) for line in complaints(log))


def boot_elsewhere(spec):
    """The complaints, as normal lines, of Debian's Xen and of the bare machine.

    The machine has its usual timers there: neither of the two boots without HPET and PIT.
    """
    lines = set()
    for hypervisor in ("xen", "none"):
        other = dataclasses.replace(
            spec, hypervisor=hypervisor, options="", image="", serial=True, files={},
            machine=spec.machine.partition(",")[0], cmdline="serve=1", name=f"{spec.name}-{hypervisor}")
        with Console(other, 300) as console:
            console.login()
            lines |= {normal(line) for line in complaints(console.check("dmesg -r"))}
    return sorted(line for line in lines if not BUSY.search(line))


def baseline(spec):
    """boot_elsewhere() of this machine, made once."""
    what = dataclasses.asdict(spec) | {"hypervisor": "", "name": "", "options": "", "image": "",
                                       "files": "", "kernel_version": kernel_versions()[0]}
    key = hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()
    path = BASELINES / f"{key[:16]}.txt"
    if not path.exists():
        lines = boot_elsewhere(spec)
        BASELINES.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
    return path.read_text().splitlines()


def read_known():
    """known_complaints.txt as {row: lines}."""
    rows, lines = {}, []
    for line in KNOWN.read_text().splitlines() if KNOWN.exists() else []:
        if line.startswith("== "):
            lines = rows.setdefault(line[3:], [])
        elif line and not line.startswith("# "):
            lines.append(line)
    return rows


def write_known(rows):
    """{row: lines} as known_complaints.txt."""
    text = "# SPDX-License-Identifier: MIT\n"
    text += "# What Debian's kernel complains about on Debian's Xen or without a hypervisor.\n"
    text += "# Made by complaints.py from real boots; do not edit.\n"
    for row, lines in rows.items():
        text += "\n".join(["", f"== {row}", *lines, ""])
    KNOWN.write_text(text)


def check_lines(log, spec, row=""):
    """`log`, as dmesg -r prints it, holds nothing wrong and no complaint of its own."""
    assert log.strip(), "no log at all"
    assert not ALWAYS_WRONG.search(log), ALWAYS_WRONG.search(log)
    found = complaints(log)
    known = read_known().get(row)
    if found and known is None:
        known = baseline(spec)
    new = [line for line in found if normal(line) not in known]
    if spec.smp > 1:  # the emulator's threads wait for each other's slices of the real CPUs
        new = [line for line in new if not BUSY.search(line)]
    assert not new, "\n".join(new)


def check_log(console, row=""):
    """dom0's log is clean."""
    check_lines(console.check("dmesg -r"), console.spec, row)


def main():
    """Make known_complaints.txt afresh: all of it, or the rows named as arguments."""
    machines = matrix.named_machines()
    wanted = sys.argv[1:] or list(machines)
    rows = read_known() if sys.argv[1:] else {}
    for name in wanted:
        print(name, flush=True)
        rows[name] = boot_elsewhere(Spec(name=f"baseline-{name}", **machines[name]))
        write_known(rows)


if __name__ == "__main__":
    main()
