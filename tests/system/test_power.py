# SPDX-License-Identifier: MIT
"""poweroff and reboot in dom0 do to the machine what they say."""


def test_poweroff_ends_the_machine(boot):
    console = boot(reboots=True)
    console.login()
    console.start("poweroff -f")
    console.wait_end(30)


def test_reboot_starts_the_machine_again(boot):
    console = boot(reboots=True)
    console.login()
    console.start("reboot -f")
    console.login()
    console.start("poweroff -f")
    console.wait_end(30)


def test_noreboot_halts_after_a_reboot(boot):
    console = boot(options="noreboot", reboots=True)
    console.login()
    console.start("reboot -f")
    console.wait("(?i)noreboot|halt|power cycle", 30)
