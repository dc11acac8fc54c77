# SPDX-License-Identifier: MIT
"""What the checks look at: the tracked source files, their code lines and their functions."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
C_ROOMS = ("hypervisor", "include", "xenstore", "dom0-tools", "pv-drivers", "tests")


def tracked(*suffixes):
    """The files that git knows or would add, with one of the suffixes (all without any)."""
    listed = subprocess.run(
        ["git", "-C", ROOT, "ls-files", "--cached", "--others", "--exclude-standard"],
        stdout=subprocess.PIPE, text=True, check=True).stdout.splitlines()
    paths = (ROOT / name for name in listed if not suffixes or name.endswith(suffixes))
    return sorted(path for path in set(paths) if path.is_file())


def name_of(path):
    """A file's name inside the tree."""
    return str(path.relative_to(ROOT))


def code_lines(text):
    """How many lines hold code: neither blank nor comment."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return sum(1 for line in text.splitlines() if line.strip())


def functions(text):
    """(name, first line, length) of each function, by the braces in the first column."""
    found, name, start = [], None, 0
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            head = " ".join(lines[max(0, number - 6):number - 1])
            names = re.findall(r"(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)[^;{}]*$", head)
            name, start = (names[-1] if names else "?"), number
        elif line.startswith("}") and name:
            found.append((name, start, number - start + 1))
            name = None
    return found
