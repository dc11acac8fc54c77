# SPDX-License-Identifier: MIT
"""The CPU that a guest's programs see: AVX registers, debug registers, 32 bits, counters.

The machine has all features that the emulator knows, but SMAP, whose emulation is broken for user
mode's IRET; the guest has two vCPUs on two CPUs.
"""

import pytest

from console import PATIENCE, Console
from machine import BUILD, SERVE, Spec, guest_ramdisk
from tools import Domus, GuestShell, Xl, wait_guest

PROGRAMS = BUILD / "tests/cpu"
GDB = BUILD / "debian/usr/bin/gdb"


@pytest.fixture(scope="module")
def guest(hypervisor):
    """The shell of a guest with the programs, on a CPU with all features."""
    programs = {f"usr/bin/{path.name}": path for path in PROGRAMS.iterdir()}
    ramdisk = guest_ramdisk("cpu", {**programs, "usr/bin/gdb": GDB})
    spec = Spec(name="cpu-features", hypervisor=hypervisor, memory=2048, smp=2, cpu="max,-smap",
                cmdline=SERVE[hypervisor], files={"boot/cpu.img": ramdisk})
    with Console(spec, PATIENCE) as console:
        console.login()
        tools = Domus(console) if hypervisor == "domus" else Xl(console)
        status, output = tools.create(tools.config("cpu", memory=384, vcpus=2,
                                                   ramdisk="/boot/cpu.img"))
        assert status == 0, output
        wait_guest(tools, "cpu", 120)
        with GuestShell(tools, "cpu", 120) as shell:
            yield shell


def test_features_of_the_default_policy_are_shown(guest):
    flags = guest.run("grep -m1 ^flags /proc/cpuinfo")[1].split()
    for flag in ("avx", "avx2", "bmi1", "bmi2", "fma", "aes", "xsave", "rdrand", "erms"):
        assert flag in flags
    for flag in ("fsgsbase", "pcid", "smep", "smap", "umip", "vmx", "svm", "monitor"):
        assert flag not in flags


def test_avx_registers_stay_while_a_program_hops_between_vcpus(guest):
    assert guest.run("nproc")[1].strip() == "2"
    status, output = guest.run("avx 3000")
    assert (status, output.strip()) == (0, "avx kept")


def test_gdb_stops_at_hardware_breakpoints(guest):
    output = guest.run("gdb -nx -batch -ex start -ex 'hbreak tick' -ex continue -ex continue -ex 'info args' "
                       "-ex bt /usr/bin/debuggee")[1]
    assert output.count("Breakpoint 2, tick") == 2
    assert "by = 1" in output and "in main ()" in output


def test_gdb_stops_when_a_variable_changes(guest):
    output = guest.run("gdb -nx -batch -ex start -ex 'watch counter' -ex continue -ex continue "
                       "/usr/bin/debuggee")[1]
    assert "Hardware watchpoint" in output
    assert output.count("Old value = ") == 2 and "New value = 3" in output


def test_gdb_single_steps(guest):
    steps = "-ex stepi " * 50
    output = guest.run(f"gdb -nx -batch -ex 'break tick' -ex run -ex delete {steps}"
                       "-ex 'print $pc' -ex continue /usr/bin/debuggee")[1]
    assert output.count("0x") >= 20  # the others are at the beginning of a line
    assert "counter 45" in output and "exited normally" in output


def test_program_of_32_bits_runs(guest):
    status, output = guest.run("compat")
    assert status == 0
    assert output.split("\n")[:2] == ["32 bits by int80", "32 bits by the vDSO"]


def test_absence_of_performance_counters_is_told(guest):
    lines = guest.run("counters")[1].splitlines()
    assert lines[0] in ("cycles: No such file or directory", "cycles: Operation not supported")
    assert lines[1] == "task-clock: counts"


def test_kernel_complains_of_nothing(guest):
    complaints = "dmesg | grep -E 'WARNING|BUG|Oops|segfault|#GP|unhandled' || true"
    assert not guest.run(complaints)[1].strip()
