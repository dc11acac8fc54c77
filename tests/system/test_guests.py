# SPDX-License-Identifier: MIT
"""A guest's life as a user sees it: create, list, console, errors, nothing left behind."""

import pytest

from tools import GuestShell, wait_guest


@pytest.mark.parametrize("flavour, memory", [
    ("vmlinuz", 128), ("vmlinuz-cloud", 256),
    pytest.param("vmlinuz", 2048, marks=pytest.mark.soak),
    pytest.param("vmlinuz-cloud", 96, marks=pytest.mark.soak),
    pytest.param("vmlinuz", 96, marks=pytest.mark.soak),
])
def test_stock_kernel_answers_on_its_console(tools, flavour, memory):
    path = tools.config("web", memory=memory, kernel=f"/boot/{flavour}")
    status, output = tools.create(path)
    assert status == 0, output
    release = wait_guest(tools, "web")
    assert release.endswith("cloud-amd64") == flavour.endswith("cloud")
    with GuestShell(tools, "web") as shell:
        assert shell.run("echo $((6 * 7))") == (0, "42\n")
        status, log = shell.run("dmesg | grep -E 'WARNING:|BUG:|Oops' || true")
        assert not log.strip()


def test_list_shows_what_a_guest_is(tools):
    assert tools.create(tools.config("web", memory=160, vcpus=2))[0] == 0
    wait_guest(tools, "web")
    (guest,) = tools.list()
    assert (guest.name, guest.memory_mib, guest.vcpus) == ("web", 160, 2)
    assert guest.id > 0
    assert guest.state == "running"
    assert guest.cpu_seconds > 0
    tools.destroy("web")
    assert tools.list() == []


@pytest.mark.parametrize("change, what", [
    ({"kernel": "/boot/none"}, "/boot/none"),
    ({"kernel": "/bin/busybox"}, "kernel"),
    ({"memory": 100000}, "memory"),
    ({"memory": 8}, "memory"),
])
def test_guest_that_cannot_be_built_leaves_nothing(tools, hypervisor, change, what):
    status, output = tools.create(tools.config("bad", **change))
    assert status != 0
    if hypervisor == "domus":
        assert what in output
    assert tools.list() == []
    store = tools.console.check("xenstore-list /local/domain")
    assert store.split() == ["0"]


def test_guest_is_asked_to_end(tools, hypervisor):
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    run = tools.console.run
    assert tools.create(tools.config("web", kernel="/boot/vmlinuz-cloud"))[0] == 0
    wait_guest(tools, "web")
    (first,) = tools.list()
    status, output = run("domus reboot -w -t 120 web", 300)
    assert (status, "web: up again" in output) == (0, True), output
    wait_guest(tools, "web")
    (second,) = tools.list()
    assert (second.id, second.state) == (first.id + 1, "running")
    # A paused guest takes no notice, and that is told.
    tools.console.check("domus pause web")
    status, output = run("domus shutdown -w -t 1 web")
    assert (status, "took no notice" in output) == (9, True), output
    tools.console.check("domus resume web")
    assert run("domus shutdown -w -t 120 web", 300)[0] in (0, 8)
    assert [guest.state for guest in tools.list()] == ["off"]
    assert "powered off" in tools.console.check("domus list")


def test_three_guests_run_at_once(tools):
    for name in ("one", "two", "three"):
        status, output = tools.create(tools.config(name, memory=128, kernel="/boot/vmlinuz-cloud"))
        assert status == 0, output
    for name in ("one", "two", "three"):
        wait_guest(tools, name)
    assert sorted(guest.name for guest in tools.list()) == ["one", "three", "two"]


def test_crash_of_one_guest_is_told_and_hurts_nobody(tools):
    for name, crash in (("victim", "preserve"), ("witness", "destroy")):
        path = tools.config(name, memory=128, kernel="/boot/vmlinuz-cloud", crash=crash)
        assert tools.create(path)[0] == 0
        wait_guest(tools, name)
    tools.console.start(tools.console_command("victim"))
    tools.console.send("\n")
    tools.console.wait("# ")
    tools.console.send("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger\n")
    tools.console.wait("sysrq: Trigger a crash")
    tools.console.send("\x1d")
    tools.console.finish(fatal=False)
    tools.console.check("sleep 2")
    states = {guest.name: guest.state for guest in tools.list()}
    assert states["victim"] == "crashed"
    assert states["witness"] == "running"
    wait_guest(tools, "witness")
