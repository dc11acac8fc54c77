# SPDX-License-Identifier: MIT
"""What the system tests share: a booted dom0, and the tools to handle guests in it.

Invariant: a test that gets `dom0` finds it alive and without guests; one that breaks it costs
the next test a boot, not its result.
"""

import os

import pexpect
import pytest

from console import PATIENCE, BootError, Console
from machine import BUILD, ROOT, SERVE, Spec
from tools import Domus, Xl

# Test kernels that run as guests, in dom0's /boot.
KERNELS = {f"boot/{name}.elf": BUILD / f"tests/guest/{name}.elf"
           for name in ("crash", "denied", "hostile")}
KERNELS["boot/domus-kernel"] = BUILD / "domus-kernel"
# What domusd needs for networks of its host, and what shows its rules.
PROGRAMS = {f"usr/sbin/{name}": ROOT / f"usr/sbin/{name}" for name in ("dnsmasq", "nft")}
KERNELS |= {f"usr/bin/{name}": BUILD / f"tests/{name}" for name in ("datagrams", "streams")}


@pytest.fixture(scope="session")
def hypervisor(pytestconfig):
    """domus, or xen to try the tests themselves."""
    return pytestconfig.getoption("--hypervisor")


class Booted:
    """The shared machine: booted at first use, and again when it no longer answers."""

    def __init__(self, spec):
        self.spec = spec
        self.console = None
        self.count = 0

    def alive(self):
        if not self.console:
            return False
        try:
            return self.console.run("true", 20)[0] == 0
        except BootError:
            return False

    def get(self):
        if not self.alive():
            self.close()
            self.count += 1
            self.spec.name = f"shared-{self.count}-{os.getpid()}"
            self.console = Console(self.spec, timeout=PATIENCE)
            self.console.login()
        return self.console

    def close(self):
        if self.console:
            self.console.close()
            self.console = None


@pytest.fixture(scope="session")
def shared(hypervisor, pytestconfig):
    memory = 4096 if pytestconfig.getoption("--soak") else 3072  # a guest of 2 GiB is in soak
    spec = Spec(hypervisor=hypervisor, memory=memory, cmdline=SERVE[hypervisor], files=KERNELS,
                programs=PROGRAMS)
    booted = Booted(spec)
    yield booted
    booted.close()


@pytest.fixture
def dom0(shared):
    """A booted dom0's console."""
    return shared.get()


@pytest.fixture
def tools(dom0, hypervisor):
    """The tools for guests; what a test leaves running is destroyed behind it."""
    tools = Domus(dom0) if hypervisor == "domus" else Xl(dom0)
    yield tools
    try:
        for guest in tools.list():
            tools.destroy(guest.name)
    except (BootError, ValueError):
        dom0.close()


@pytest.fixture
def domus(tools, hypervisor):
    """The same, for tests of what only Domus's own tools have."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    return tools


@pytest.fixture
def boot(hypervisor, request):
    """Boots machines of one's own: boot(memory=1024, ...) gives a Console, closed at the end."""
    open_consoles = []

    def start(timeout=PATIENCE, **fields):
        name = request.node.name.replace("/", "_").replace("[", "-").replace("]", "")
        fields.setdefault("hypervisor", hypervisor)
        fields.setdefault("name", f"{name}-{len(open_consoles)}")
        fields.setdefault("cmdline", SERVE[hypervisor])
        open_consoles.append(Console(Spec(**fields), timeout))
        return open_consoles[-1]

    yield start
    for console in open_consoles:
        console.close()


@pytest.fixture
def stays_halted():
    """stays_halted(console): the machine neither resets nor ends."""
    def check(console, seconds=3):
        ends = [pexpect.TIMEOUT, pexpect.EOF, rb"Booting"]
        assert console.child.expect(ends, seconds) == 0, f"goes on\n{console.tail()}"
    return check
