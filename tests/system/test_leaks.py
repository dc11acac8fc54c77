# SPDX-License-Identifier: MIT
"""Creating and destroying guests leaves nothing behind: memory, channels, grants, nodes."""

import json
import random
import re
import time

import pytest

from tools import wait_guest


def counts(tools):
    """What must be the same before and after: free memory, used channels and grants, nodes."""
    console = tools.console
    store = console.check("xenstore-ls | sort | grep -v -e '^ *id = ' | md5sum")
    if tools.name == "domus":
        info = json.loads(console.check("domus info -o json"))
        numbers = {"free": info["memory"]["free_bytes"], **info["counts"]}
        assert all(isinstance(number, int) for number in numbers.values()), info
        return numbers, store
    return re.findall(r"free_memory\s*: (\d+)", console.check("xl info")), store


def rounds(tools, count, each, **config):
    """Create and destroy a guest several times; the first round is not compared."""
    path = tools.config("round", **config)
    before = None
    for number in range(count + 1):
        status, output = tools.create(path)
        assert status == 0, f"round {number}: {output}"
        each(tools)
        tools.destroy("round")
        if number == 0:
            before = counts(tools)
    assert counts(tools) == before


def up_or_not(soak, seed):
    """What a round waits for: the guest's shell; of a soak's many rounds only one in ten does, and
    the others end the guest somewhere in its boot (the same places in each soak)."""
    pick = random.Random(seed)

    def each(tools):
        if soak and pick.randrange(10):
            time.sleep(pick.uniform(0, 2))
        else:
            wait_guest(tools, "round")

    return each


def rounds_in_dom0(tools, count, **config):
    """The same in one command: typing each one costs more than it takes."""
    path = tools.config("round", **config)
    create, destroy = {"domus": ("domus create -p", "domus destroy"),
                       "xl": ("xl create -p", "xl destroy")}[tools.name]
    one = f"{create} {path} >/dev/null 2>&1 && {destroy} round >/dev/null"
    tools.console.check(one)
    before = counts(tools)
    tools.console.check(f"for i in $(seq {count}); do {one} || exit 1; done", 60 + count * 5)
    assert counts(tools) == before


def test_small_kernel(tools, soak):
    """The unpacked kernel without a ramdisk: building it costs little; it need not come up."""
    rounds_in_dom0(tools, 1000 if soak else 100, memory=32, ramdisk="",
                   kernel="/boot/small.elf")


@pytest.mark.parametrize("part", [0, *(pytest.param(n, marks=pytest.mark.soak)
                                      for n in range(1, 10))])
def test_stock_kernel(tools, soak, part):
    """A soak's 1,000 rounds come in parts, so that it can go on where it was stopped."""
    rounds(tools, 100 if soak else 5, up_or_not(soak, part), memory=128,
           kernel="/boot/vmlinuz-cloud")
