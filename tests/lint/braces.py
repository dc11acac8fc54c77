# SPDX-License-Identifier: MIT
"""Braces around every branch and loop: clang-format 14 cannot insist on them."""

import re

from source import C_ROOMS, name_of, tracked

HEAD = re.compile(r"^\s*(?:\}\s*)?(?:else\s+)?(?:if|for|while|else|do)\b")


def strip(line):
    """A line without strings, character constants and comments."""
    line = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'', '""', line)
    return re.sub(r"/\*.*?\*/|//.*|/\*.*$", "", line).rstrip().removesuffix("\\").rstrip()


def unbraced(text):
    """Line numbers of branches and loops whose body has no braces."""
    raw = text.splitlines()
    lines = [strip(line) for line in raw]
    for number, line in enumerate(lines):
        in_macro = number and raw[number - 1].endswith("\\")
        if not HEAD.match(line) or in_macro:
            continue
        whole, at = line, number
        while whole.count("(") > whole.count(")") and at + 1 < len(lines):
            at += 1
            whole += " " + lines[at].strip()
        loop_end = re.match(r"^\s*\}\s*while\b.*;$", whole) or whole.endswith(");") and \
            re.match(r"^\s*while\b", whole) is None and "}" in whole.split("(")[0]
        if not whole.endswith("{") and not loop_end and not re.search(r"\{.*\}", whole):
            yield number + 1


def check():
    """Branches and loops without braces."""
    return [f"{name_of(path)}:{number}: no braces"
            for path in tracked(".c", ".h") if name_of(path).split("/")[0] in C_ROOMS
            for number in unbraced(path.read_text())]
