# SPDX-License-Identifier: MIT
"""Each file opens with its licence; none names a folder of somebody's machine."""

import re

from source import name_of, tracked

SPDX = re.compile(r"SPDX-License-Identifier: MIT")
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|home/\w+|root/\w+)/\w+|(?<![\w.])/tmp/\w+")
# Nobody's source: prose, data, and files whose format has no comments.
NO_LICENCE = (".md", ".json", ".gitignore", "LICENSE", "defconfig", ".clang-format",
              ".clang-tidy", ".yaml", ".yml", ".cfg")


def check_licence():
    """Files without the licence in their first two lines."""
    found = []
    for path in tracked():
        if not path.name.endswith(NO_LICENCE):
            head = path.read_text(errors="replace").splitlines()[:2]
            if not SPDX.search("\n".join(head)):
                found.append(f"{name_of(path)}: no SPDX line")
    return found


def check_paths():
    """Lines that name a machine's own folders."""
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if MACHINE_PATH.search(line) and "MACHINE_PATH" not in line:
                found.append(f"{name_of(path)}:{number}: {line.strip()[:70]}")
    return found
