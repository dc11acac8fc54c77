# SPDX-License-Identifier: MIT
"""Runs the host programs that make has built from tests/unit, each a test of its own."""

import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("O", Path(__file__).resolve().parents[2] / "build")).resolve()
PROGRAMS = os.environ.get("DOMUS_UNIT_TESTS", "").split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_unit(program):
    done = subprocess.run([BUILD / "tests/unit" / program], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", timeout=120)
    print(done.stdout)
    assert done.returncode == 0
