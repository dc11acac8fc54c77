# SPDX-License-Identifier: MIT
"""Options, counts and the closing line of all tests.

`--soak` turns on the counts that the issues name and keeps build/soak.log: a test that passed
there is not run again until the log is removed or the sources changed.
"""

import fcntl
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BUILD = Path(os.environ.get("O", ROOT / "build")).resolve()
SOAK_LOG = BUILD / "soak.log"
sys.path.insert(0, str(ROOT / "tests/system"))


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="full counts, resumable")
    parser.addoption("--machines", type=int, default=min(2, os.cpu_count()), metavar="N",
                     help="how many machines the matrix boots at once")
    parser.addoption("--seed", type=int, default=3, metavar="N",
                     help="of the hostile kernel's race; its log names it")
    parser.addoption("--hypervisor", default="domus", choices=["domus", "xen"],
                     help="try the tests themselves on Debian's Xen")


def source_state():
    """Names what is tested: the commit, and whether files differ from it."""
    return subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--abbrev=12"],
                          stdout=subprocess.PIPE, text=True, check=False).stdout.strip()


def passed_before():
    """The tests that the soak log names as passed for these very sources."""
    if not SOAK_LOG.exists():
        return set()
    fields = (line.split(" ", 3) for line in SOAK_LOG.read_text().splitlines())
    return {f[3] for f in fields if len(f) == 4 and f[0] == "passed" and f[1] == source_state()}


def pytest_collection_modifyitems(config, items):
    if config.getoption("--soak"):
        done = passed_before()
        again = [item for item in items if item.nodeid in done]
        if again:
            print(f"\nsoak: {len(again)} tests passed before, see {SOAK_LOG.name}")
    else:
        again = [item for item in items if item.get_closest_marker("soak")]
    if again:
        config.hook.pytest_deselected(items=again)
        items[:] = [item for item in items if item not in again]
    items.sort(key=lambda item: item.get_closest_marker("alone") is not None)


class Tally:
    """Counts what the tests' processes report, and keeps the soak's log."""

    def __init__(self, config):
        self.counts = {"passed": 0, "failed": 0}
        self.soak = source_state() if config.getoption("--soak") else ""

    def pytest_runtest_logreport(self, report):
        if report.passed and report.when != "call":
            return
        word = "passed" if report.passed else "failed"
        self.counts[word] += 1
        if self.soak:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
            with open(SOAK_LOG, "a", encoding="utf-8") as log:
                log.write(f"{word} {self.soak} {stamp} {report.nodeid}\n")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):  # the process that the others report to
        config.pluginmanager.register(Tally(config), "tally")


def pytest_unconfigure(config):
    tally = config.pluginmanager.get_plugin("tally")
    if tally and not config.option.collectonly:
        print(f"{tally.counts['passed']} passed, {tally.counts['failed']} failed")


@pytest.fixture(autouse=True)
def turn(request):
    """Several tests run at once; one that is marked `alone` waits until it has the machine."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "turn.lock", "w", encoding="ascii") as lock:
        alone = request.node.get_closest_marker("alone")
        fcntl.flock(lock, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield lock


@pytest.fixture
def alone(turn):
    """`with alone():` is for a test whose measurement, but not all before it, wants the machine."""
    @contextmanager
    def hold():
        fcntl.flock(turn, fcntl.LOCK_EX)  # lets go of the other lock first, so that two may ask
        yield
        fcntl.flock(turn, fcntl.LOCK_SH)
    return hold


@pytest.fixture(scope="session")
def soak(pytestconfig):
    """Whether the issues' full counts are asked for."""
    return pytestconfig.getoption("--soak")
