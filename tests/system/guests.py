# SPDX-License-Identifier: MIT
"""What tests do with guests beyond their tools: their files, waiting for them, work in their shells.

A guest's file is a list of lines, to which a test adds those of its devices.
"""

import json
import time

from tools import GuestShell, write_file


def linux(name, memory=128, vcpus=1, ramdisk="/boot/initrd.img", more=()):
    """The file of a guest with Debian's kernel, which has a shell on its console."""
    return ["domus: 1", f"name: {name}", f"memory: {memory}MiB", f"vcpus: {vcpus}", "boot:",
            "  kernel: /boot/vmlinuz", f"  ramdisk: {ramdisk}", "  cmdline: console=hvc0", *more]


def reference(name, words="none", more=()):
    """The file of a guest with the reference kernel; when it ends it stays in the list."""
    return ["domus: 1", f"name: {name}", "memory: 8MiB",
            "policy: {crash: preserve, poweroff: preserve}", "boot:",
            "  kernel: /boot/domus-kernel", f"  cmdline: {words}", *more]


def create(tools, lines, options=""):
    """Create a guest from the lines of its file: (status, output)."""
    write_file(tools.console, "/run/t.yaml", lines)
    return tools.console.run(f"domus create {options} /run/t.yaml")


def start(tools, lines, options=""):
    """Create a guest that must come up; returns its number."""
    status, output = create(tools, lines, options)
    assert status == 0, output
    return show(tools, next(line[6:] for line in lines if line.startswith("name: ")))["id"]


def show(tools, name="s"):
    return json.loads(tools.console.check(f"domus show {name} -o json"))


def counters(tools):
    """What the host has in use, exactly."""
    info = json.loads(tools.console.check("domus info -o json"))
    return info["memory"]["free_bytes"], info["counts"]


def state(tools, name):
    return {guest.name: guest.state for guest in tools.list()}.get(name)


def wait_state(tools, name, wanted, seconds=30):
    """Wait until the list shows a guest in one of the states; returns it."""
    end = time.monotonic() + seconds
    while (now := state(tools, name)) not in wanted and time.monotonic() < end:
        time.sleep(0.5)
    assert now in wanted, f"{name} is {now}"
    return now


def wait_until(tools, condition, seconds=60):
    """Wait in dom0 until a shell condition holds."""
    tools.console.check(f"i=0; until {condition}; do i=$((i+1)); [ $i -lt {seconds * 5} ] "
                        "|| exit 1; sleep 0.2; done", seconds * 4)


def said(shell, command):
    """What a command in a guest's shell prints; it must succeed."""
    status, output = shell.run(command)
    assert status == 0, output
    return output.strip()


def in_guest(tools, name, command):
    """The same for a single command."""
    with GuestShell(tools, name) as shell:
        return said(shell, command)


def there(*paths):
    """A command that waits until devices, or what else has a path, are there."""
    return f"until [ {' -a '.join(f'-e {path}' for path in paths)} ]; do sleep 0.1; done"


def gone(*paths):
    """A command that waits until they are not."""
    return f"until [ {' -a '.join(f'! -e {path}' for path in paths)} ]; do sleep 0.1; done"


def clean_log(console_or_shell):
    """No kernel found a fault in itself."""
    status, log = console_or_shell.run("dmesg | grep -E 'WARNING:|BUG:|Oops|hung' || true")
    assert status == 0 and not log.strip(), log
