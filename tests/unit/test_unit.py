# SPDX-License-Identifier: MIT
"""Runs the host programs that make has built from tests/unit, each a test of its own.

Those that end in _fuzz try as long as they are told (fuzz.h), from the same beginning each time.
"""

import os
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ.get("O", Path(__file__).resolve().parents[2] / "build")).resolve()
PROGRAMS = os.environ.get("DOMUS_UNIT_TESTS", "").split()


@pytest.mark.parametrize("program", PROGRAMS)
def test_unit(program, soak):
    seconds = 600 if soak else 20
    done = subprocess.run([BUILD / "tests/unit" / program], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=seconds + 120, env=os.environ | {"FUZZ_SECONDS": str(seconds)})
    print(done.stdout)
    assert done.returncode == 0
