# SPDX-License-Identifier: MIT
"""What the bench's plugin counted in the hypervisor while `micro` measured: instructions an operation.

A measure opens one window or two. Of two, the second is what the first one did beside its subject,
or the other half of an operation: PARTS says with which sign each one counts.
"""

import bisect
import re
import subprocess
from collections import Counter

from console import BootError
from machine import BUILD, LOGS

PARTS = {"hypercall": (1, -1), "notify": (1, -1), "munmap": (1, 1)}


def address_of(program, symbol):
    """The address of a symbol of an ELF file."""
    return dict((name, address) for address, name in symbols_of(program))[symbol]


def symbols_of(program):
    """[(address, name)] of an ELF file, sorted."""
    lines = subprocess.run(["nm", program], stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted((int(address, 16), name)
                  for address, _, name in re.findall(r"^(\w+) (\w) (\S+)$", lines, re.M))


class Windows:
    """The plugin's file, read as far as the measures have come."""

    def __init__(self, path):
        self.path = path
        self.at = 0

    def take(self):
        """The windows since the last call: [{address of a block: instructions}]."""
        windows = []
        with open(self.path, encoding="ascii") as lines:
            lines.seek(self.at)
            for line in lines:
                word, *values = line.split()
                if word == "window":
                    windows.append({})
                elif word == "block":
                    address = int(values[0], 16)
                    windows[-1][address] = windows[-1].get(address, 0) + int(values[1])
            self.at = lines.tell()
        return windows


def count(name, operations, windows):
    """A measure's instructions an operation, by block: {address: instructions}."""
    parts = PARTS.get(name, (1,))
    if len(parts) != len(windows):
        raise BootError(f"{name}: {len(windows)} windows instead of {len(parts)}")
    total = Counter()
    for sign, window in zip(parts, windows):
        for address, instructions in window.items():
            total[address] += sign * instructions / operations
    return total


def profile_path(name):
    """Where Domus's instructions of a measure stand, by function."""
    return LOGS / f"bench-ring0-{name}.txt"


def write_profile(name, blocks):
    """Write down Domus's instructions of a measure by function, the most first."""
    symbols = symbols_of(BUILD / "domus")
    by_function = Counter()
    for address, instructions in blocks.items():
        at = bisect.bisect_right(symbols, (address, "\x7f")) - 1
        by_function[symbols[at][1]] += instructions
    profile_path(name).write_text("".join(f"{instructions:12.1f} {function}\n"
                                          for function, instructions in by_function.most_common()))
