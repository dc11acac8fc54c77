# SPDX-License-Identifier: MIT
"""The checks of `make lint`, and the second compiler, as tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import abi  # noqa: E402
import braces  # noqa: E402
import lint  # noqa: E402
from source import ROOT, code_lines, functions  # noqa: E402

BUILD = Path(os.environ.get("O", ROOT / "build")).resolve()


@pytest.mark.parametrize("name", lint.CHECKS)
def test_lint(name):
    found = lint.CHECKS[name]()
    assert not found, "\n" + "\n".join(found)


def test_builds_with_clang():
    done = subprocess.run(["make", "-C", ROOT, "-j2", f"O={BUILD}/clang", "CC=clang-14", "all"],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
    assert done.returncode == 0, done.stdout[-3000:]


def test_code_lines_are_counted_right():
    text = '/* a\n b */\n\nint x; /* c */\nchar *s = "/*"; // d\n'
    assert code_lines(text) == 2


def test_functions_are_found():
    text = "static int f(int a,\n\t     int b)\n{\n\treturn a;\n}\n"
    assert functions(text) == [("f", 3, 3)]


def test_missing_braces_are_found():
    assert list(braces.unbraced("\tif (a)\n\t\tb();\n")) == [1]
    assert not list(braces.unbraced("\tdo {\n\t\tb();\n\t} while (a);\n\tif (a &&\n\t    b) {\n"))


ROWS = [
    ("done", ["guest/event"], ""),
    ("done", ["guest/none"], "there is no test"),
    ("done", ["guest/traps"], "does not name it"),
    ("perhaps", ["guest/event"], "neither done nor refused"),
    ("refused, ENOSYS: why", ["guest/event"], "does not expect ENOSYS"),
]


@pytest.mark.parametrize("state, tests, wrong", ROWS)
def test_rows_of_the_abi_are_checked(state, tests, wrong):
    found = list(abi.check_row("EVTCHNOP_bind_virq", state, tests, "EVTCHNOP_bind_virq"))
    assert len(found) == bool(wrong)
    assert all(wrong in line for line in found)


def test_calls_are_found_in_the_headers():
    calls = abi.defined()
    assert {"__HYPERVISOR_iret", "EVTCHNOP_reset", "XEN_DOMCTL_gdbsx_domstatus"} <= calls
    assert "EVTCHNOP_reset_cont" not in calls and "XEN_DOMCTL_CDF_hvm" not in calls
