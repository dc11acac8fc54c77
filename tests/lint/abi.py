# SPDX-License-Identifier: MIT
"""docs/abi.md: a row for each call of Xen's headers, true to the sources, with tests that exist."""

import re
from pathlib import Path

from source import ROOT

HEADERS = Path("/usr/include/xen")
# The calls that a header defines: those of one enumeration, not its flags and structures.
FAMILIES = [
    ("xen.h", r"__HYPERVISOR_(?!arch_[2-7]|x86_|dom0_op)\w+"),
    ("event_channel.h", r"EVTCHNOP_\w+"),
    ("sched.h", r"SCHEDOP_\w+"),
    ("vcpu.h", r"VCPUOP_\w+"),
    ("grant_table.h", r"GNTTABOP_(?!error_msgs)\w+"),
    ("memory.h", r"XENMEM_(?!paging_op_|access_op_|sharing_op_|resource_|SHARING|FORK|RDM)\w+"),
    ("version.h", r"XENVER_\w+"),
    ("xen.h", r"(?:MMU_(?!UPDATE)|MMUEXT_|VMASST_TYPE_|CONSOLEIO_)\w+"),
    ("arch-x86/xen-x86_64.h", r"SEGBASE_\w+"),
    ("callback.h", r"CALLBACKTYPE_\w+"),
    ("physdev.h", r"PHYSDEVOP_(?!DBGP_)[a-z]\w+"),
    ("platform.h", r"XENPF_[a-z]\w+"),
    ("sysctl.h", r"XEN_SYSCTL_(?!cpu_(?:policy|featureset)_)[a-z]\w+"),
    ("domctl.h", r"XEN_DOMCTL_(?!vmtrace_(?!op))[a-z]\w+"),
    ("arch-x86/xen-mca.h", r"XEN_MC_[a-z]\w+"),
]
HYPERCALL = "__HYPERVISOR_"


def defined():
    """The names of all calls; what only the hypervisor itself sees is no call."""
    names = set()
    for header, pattern in FAMILIES:
        text = (HEADERS / header).read_text()
        text = re.sub(r"^#ifdef __XEN__\n.*?^#endif", "", text, flags=re.M | re.S)
        # A number, not another call's new name.
        found = re.finditer(rf"^#\s*define\s+({pattern})\s+\(?(?:xen_mk_\w+\()?\d", text, re.M)
        names |= {match.group(1) for match in found}
    return names


def rows():
    """name -> (state, tests) of the table."""
    text = (ROOT / "docs/abi.md").read_text()
    found = {}
    for name, state, tests in re.findall(r"^\| (\w+) \| ([^|]+) \| ([^|]*) \|$", text, re.M):
        if name not in ("call", "operation"):
            found[name if name[0].isupper() else HYPERCALL + name] = (state, tests.split(", "))
    return found


def test_text(test):
    """All that a test of the table consists of; empty if there is none."""
    path = ROOT / "tests" / test
    files = sorted(path.glob("*.c")) if path.is_dir() else [
        file for file in (path.with_suffix(".c"), path.with_suffix(".py")) if file.exists()]
    return "".join(file.read_text() for file in files)


def has(name, text):
    """A name as a whole word. The tables of hypercalls have it without its prefix."""
    short = name.removeprefix(HYPERCALL)
    return re.search(rf"\b{name}\b|\b(?:HYPERCALL|REFUSED|REFUSED_CALL)\({short}\b", text)


def check_row(name, state, tests, source):
    """What is wrong with a row."""
    refused = re.match(r"refused, (\w+): \S", state)
    if not refused and not re.match(r"done\b", state):
        yield f"{name} is neither done nor refused with an error and a reason"
    if not refused and not has(name, source) and "no effect" not in state:
        yield f"{name} is done, but the hypervisor does not name it"
    for test in tests:
        text = test_text(test)
        if not text:
            yield f"{name}: there is no test {test!r}"
        elif not has(name, text):
            yield f"{name}: {test} does not name it"
        elif refused and not re.search(rf"\b{name.removeprefix(HYPERCALL)}, {refused[1]}\)", text):
            yield f"{name}: {test} does not expect {refused[1]}"


def check():
    """What the table leaves out, has in vain, or says wrongly."""
    calls, table = defined(), rows()
    files = [*(ROOT / "hypervisor").rglob("*.[chS]"), ROOT / "hypervisor/hypercall/table.def"]
    source = "".join(path.read_text() for path in files)
    found = [f"{name} is missing" for name in sorted(calls - set(table))]
    found += [f"{name} is in no header" for name in sorted(set(table) - calls)]
    for name, (state, tests) in table.items():
        found += check_row(name, state, tests, source)
    return [f"docs/abi.md: {what}" for what in found]
