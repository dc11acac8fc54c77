# SPDX-License-Identifier: MIT
"""The import law: a room of the hypervisor includes rooms above it, never one below.

The rows of ORDER go from top to bottom; rooms of one row may include one another. boot is the
last: it holds the tables through which calls go against the order.
"""

import re

from source import ROOT, name_of, tracked

ORDER = [
    ["lib"], ["arch"], ["mm"], ["sched", "time"], ["domain"], ["event"], ["irq", "drivers"],
    ["mmu"], ["grant"], ["pv"], ["control"], ["hypercall"], ["boot"],
]
RANK = {room: rank for rank, row in enumerate(ORDER) for room in row}
# Rooms outside ring 0: the folders whose headers each may name.
USER = {
    "xenstore": {"xenstore", "include"},
    "pv-drivers/common": {"pv-drivers/common", "include"},
    "pv-drivers/block": {"pv-drivers/block", "pv-drivers/common", "include"},
    "pv-drivers/net": {"pv-drivers/net", "pv-drivers/common", "include"},
    "pv-drivers/backend": {"pv-drivers/backend", "pv-drivers/common", "pv-drivers/block",
                           "pv-drivers/net", "include"},
    "pv-drivers/kernel": {"pv-drivers/kernel", "pv-drivers/block", "pv-drivers/net",
                          "pv-drivers/common", "include"},
    "dom0-tools/lib": {"dom0-tools/lib", "include"},
    "dom0-tools/daemon": {"dom0-tools/daemon", "dom0-tools/lib", "include"},
    "dom0-tools/cmd": {"dom0-tools/cmd", "dom0-tools/lib", "include"},
    "dom0-tools/kernel": {"dom0-tools/kernel", "dom0-tools/lib", "include"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
MAX_INCLUDES = 15


def hypervisor_room(path):
    """The room of a file of the hypervisor, source or header; None for what belongs to none."""
    parts = path.relative_to(ROOT / "hypervisor").parts
    room = parts[1] if parts[0] == "include" and len(parts) > 2 else parts[0]
    return room if room in RANK else None


def check_hypervisor(path, includes):
    room = hypervisor_room(path)
    for name in includes:
        other = name.split("/")[0]
        if "/" in name and other in RANK and room and RANK[other] > RANK[room]:
            yield f"{name_of(path)}: {room} includes {name}, a room below it"


def check_user(path, includes, room):
    for name in includes:
        if (path.parent / name).exists():
            target = (path.parent / name).resolve().parent
        elif (ROOT / room.split("/")[0] / name).exists():
            target = (ROOT / room.split("/")[0] / name).resolve().parent
        else:
            continue
        folder = str(target.relative_to(ROOT))
        if not any(folder == ok or folder.startswith(ok + "/") for ok in USER[room]):
            yield f"{name_of(path)}: {room} includes {name} of {folder}"


def check():
    """All violations, one line each."""
    found = []
    for path in tracked(".c", ".h", ".S"):
        text = path.read_text()
        includes = INCLUDE.findall(text)
        name = name_of(path)
        if name.startswith("hypervisor/"):
            found += check_hypervisor(path, includes)
        for room in USER:
            if name.startswith(room + "/"):
                found += check_user(path, includes, room)
        if len(re.findall(r"^\s*#\s*include", text, re.M)) > MAX_INCLUDES:
            found.append(f"{name}: more than {MAX_INCLUDES} includes")
    return found
