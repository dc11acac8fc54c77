# SPDX-License-Identifier: MIT
"""poweroff and reboot in dom0 do to the machine what they say."""

import pytest

from matrix import LAYERS


@pytest.mark.parametrize("machine, firmware", [
    ("pc", "bios"), pytest.param("q35", "ovmf", marks=pytest.mark.soak)])
def test_reboot_starts_the_machine_again_and_poweroff_ends_it(boot, machine, firmware):
    console = boot(machine=machine, firmware=firmware, layers=LAYERS, reboots=True)
    console.login()
    console.start("reboot -f")
    console.wait("Booting")
    console.login()
    console.start("poweroff -f")
    console.wait_end(30)


def test_noreboot_halts_instead(boot, stays_halted):
    console = boot(options="noreboot", layers=LAYERS, reboots=True)
    console.login()
    console.start("reboot -f")
    console.wait("noreboot was given")
    stays_halted(console)


@pytest.mark.soak
def test_crash_of_dom0_is_told(boot, stays_halted):
    console = boot(options="noreboot", layers=LAYERS, reboots=True)
    console.login()
    console.start("echo c >/proc/sysrq-trigger")
    console.wait(r"\(domus\) dom0 crashed", fatal=False)
    console.wait("noreboot was given", fatal=False)
    stays_halted(console)
