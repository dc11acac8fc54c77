# SPDX-License-Identifier: MIT
"""Options, counts and the closing line of all tests.

`--soak` turns on the counts that the issues name and keeps build/soak.log: a test that passed
there is not run again until the log is removed or the sources changed.
"""

import os
import subprocess
import sys
import time
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


def pytest_configure(config):
    config.domus_counts = {"passed": 0, "failed": 0}
    if config.getoption("--soak"):
        config.domus_soak = source_state()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.passed and report.when != "call":
        return
    word = "passed" if report.passed else "failed"
    item.config.domus_counts[word] += 1
    if item.config.getoption("--soak"):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S")
        with open(SOAK_LOG, "a", encoding="utf-8") as log:
            log.write(f"{word} {item.config.domus_soak} {stamp} {item.nodeid}\n")


def pytest_unconfigure(config):
    counts = getattr(config, "domus_counts", None)
    if counts and not config.option.collectonly:
        print(f"{counts['passed']} passed, {counts['failed']} failed")


@pytest.fixture(scope="session")
def soak(pytestconfig):
    """Whether the issues' full counts are asked for."""
    return pytestconfig.getoption("--soak")
