# SPDX-License-Identifier: MIT
"""What a user of domus sees: errors that name their place, formats, guests' ends, a new domusd.

The guest is PV GRUB: up in a second, and told to halt or reboot on its console.
"""

import json
import re

import pytest

from guests import counters, create, show, wait_until
from tools import write_file

SMALL = ["domus: 1", "name: s", "memory: 32MiB", "boot:", "  kernel: /boot/small.elf"]


@pytest.fixture(autouse=True)
def needs_domus(hypervisor):
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")


def wait_grub(tools, since=0):
    """Wait until GRUB prompts for the (since + 1)th time in the guest's log."""
    wait_until(tools, f"[ $(domus logs s | grep -c 'grub>') -gt {since} ]")


def type_keys(tools, text):
    """Type on the guest's console as a program would, and leave it."""
    tools.console.check(f"(printf '{text}'; sleep 0.5; printf '\\035') | domus console s >/dev/null")


BAD = [
    (["  kernel: /boot/none"], 3, ["/boot/none", "ENOENT", "t.yaml:5:11, key boot.kernel"]),
    (["  kernel: /bin/busybox"], 3, ["no 64-bit PV kernel", "t.yaml:5:11"]),
    (["  kernel: /boot"], 3, ["/boot", "t.yaml:5:11"]),
    (["  kernel: /boot/small.elf", "  ramdisk: /none"], 3, ["t.yaml:6:12, key boot.ramdisk"]),
    (["  kernl: /boot/small.elf"], 3, ["t.yaml:5:3", "did you mean 'kernel'?"]),
    (["  kernel: /boot/small.elf", "vcpus: many"], 3, ["vcpus", "t.yaml:6:8"]),
    (["  kernel: /boot/small.elf", "policy:", "  crash: restrt"], 3,
     ["t.yaml:7:10", "did you mean 'restart'?"]),
    (["  kernel: [/boot/small.elf"], 3, ["not YAML"]),
]


def test_bad_files_are_told_with_their_place_and_leave_nothing(tools):
    before = counters(tools)
    for lines, code, words in BAD:
        status, output = create(tools, SMALL[:4] + lines)
        assert status == code, output
        for word in words:
            assert word in output
        # The same as JSON, for programs.
        status, output = tools.console.run("domus create -o json /run/t.yaml")
        error = json.loads(output)["error"]
        assert (status, error["code"]) == (code, code)
        assert error["at"]["line"] >= 3
    assert counters(tools) == before
    assert tools.list() == []
    assert tools.console.check("ls /var/lib/domus/guests") == ""


def test_memory_that_is_too_little_or_too_much(tools):
    before = counters(tools)
    stock = SMALL[:2] + ["memory: 16MiB", "boot:", "  kernel: /boot/vmlinuz-cloud",
                         "  ramdisk: /boot/initrd.img"]
    status, output = create(tools, stock)
    assert status == 5
    least = int(re.search(r"at least (\d+)MiB", output).group(1))
    assert least < 96
    stock[2] = f"memory: {least - 1}MiB"
    assert create(tools, stock)[0] == 5
    stock[2] = f"memory: {least}MiB"
    status, output = create(tools, stock, "-p")
    assert status == 0, output
    tools.destroy("s")
    stock[2] = "memory: 100GiB"
    status, output = create(tools, stock)
    assert status == 5
    assert re.search(r"wants 100GiB, but \d+MiB are free", output)
    free, counts = counters(tools)
    assert counts == before[1]
    # Building takes a few frames of dom0's own at its first time.
    assert abs(free - before[0]) <= 1 << 20


@pytest.mark.parametrize("command, code, words", [
    ("domus creat x", 2, "did you mean 'domus create'?"),
    ("domus help creat", 2, "did you mean 'domus create'?"),
    ("domus list -z", 2, "no option -z"),
    ("domus list -o xml", 2, "use table, json or yaml"),
    ("domus show", 2, "takes GUEST"),
    ("domus show nobody", 4, "there is no guest 'nobody'"),
    ("domus destroy nobody", 4, "there is no guest 'nobody'"),
    ("domus logs nobody", 4, "nobody"),
    ("domus create /none.yaml", 3, "ENOENT"),
    ("DOMUS_SOCKET=/none domus list", 6, "does not answer on /none"),
])
def test_exit_codes_and_hints(tools, command, code, words):
    status, output = tools.console.run(command)
    assert (status, words in output) == (code, True), output
    status, output = tools.console.run(f"{command} -o json")
    if "xml" not in command:
        assert json.loads(output)["error"]["code"] == status == code


def test_information_in_every_format(tools):
    assert create(tools, SMALL, "-p")[0] == 0
    for what in ("list", "show s", "info", "dmesg", "version"):
        assert isinstance(json.loads(tools.console.check(f"domus {what} -o json")), dict)
        assert re.search(r"(?m)^\w+:", tools.console.check(f"domus {what} -o yaml"))
    (guest,) = tools.list()
    assert (guest.name, guest.state, guest.memory_mib) == ("s", "paused", 32)
    table = tools.console.check("domus list").splitlines()
    assert table[0].split() == ["NAME", "ID", "MEMORY", "VCPUS", "CPU", "TIME", "STATE"]
    assert table[2].split() == ["s", str(guest.id), "32MiB", "1", "0.0s", "paused"]
    info = tools.console.check("domus info")
    for title in ("free memory", "event channels", "grant maps", "store nodes"):
        assert re.search(rf"(?m)^{title} +\d", info), info
    status, output = create(tools, SMALL)
    assert (status, "exists already" in output) == (8, True)
    assert tools.console.check("domus resume s") == "s: running\n"
    assert tools.console.check("domus pause s") == "s: paused\n"


def test_policies_of_ends(tools):
    assert create(tools, SMALL + ["policy:", "  poweroff: preserve"])[0] == 0
    wait_grub(tools)
    first = show(tools)["id"]
    type_keys(tools, "\\nreboot\\n")
    wait_until(tools, f"domus show s -o json | grep -q '\"id\": {first + 1}'")
    wait_grub(tools, 1)
    type_keys(tools, "\\nhalt\\n")
    wait_until(tools, "domus list | grep -q 'off: powered off'")
    ended = show(tools)
    assert (ended["id"], ended["reason"]) == (first + 1, "powered off")
    assert [event["what"] for event in ended["history"]] == [
        f"started as domain {first}", "rebooted", f"started as domain {first + 1}", "powered off"]
    status, output = tools.console.run("domus pause s")
    assert (status, "not running" in output) == (8, True)
    assert tools.console.check("domus destroy s") == "s: destroyed\n"
    assert tools.list() == []


def test_guest_that_reboots_without_end_is_stopped(tools):
    assert create(tools, SMALL)[0] == 0
    for number in range(6):
        wait_grub(tools, number)
        type_keys(tools, "\\nreboot\\n")
    wait_until(tools, "domus list | grep -q 'too often to restart it again'")
    ended = show(tools)
    assert (ended["id"], ended["state"], ended["restarts"]) == (None, "off", 5)
    # Remembered until it is destroyed or created anew.
    assert create(tools, SMALL, "-p")[0] == 0


def test_killed_domusd_finds_its_guests_again(tools):
    assert create(tools, SMALL)[0] == 0
    wait_grub(tools)
    # What is plugged in stays, through a new daemon and the guest's reboot.
    tools.console.check("truncate -s 1M /run/plug.img /run/gone.img && "
                        "domus disk attach s /run/gone.img && domus disk attach s /run/plug.img && "
                        "domus disk detach s xvda --force -t 0")
    before = show(tools)
    tools.console.check("kill -9 $(pidof domusd); domusd --detach")
    after = show(tools)
    assert {k: after[k] for k in ("id", "uuid", "state", "history")} == \
        {k: before[k] for k in ("id", "uuid", "state", "history")}
    type_keys(tools, "\\necho still-here\\n")
    wait_until(tools, "domus logs s | grep -q still-here")
    # Its end is noticed though nobody watched when it came, and its policy applies.
    type_keys(tools, "\\nsleep 3; reboot\\n")
    tools.console.check("kill -9 $(pidof domusd); "
                        "until xenstore-watch -n 2 @releaseDomain; do :; done; domusd --detach")
    wait_until(tools, f"domus show s -o json | grep -q '\"id\": {before['id'] + 1}'")
    after = show(tools)
    assert [event["what"] for event in after["history"]][-2:] == [
        "rebooted", f"started as domain {before['id'] + 1}"]
    assert [(d["target"], d["path"]) for d in after["disks"]] == [("xvdb", "/run/plug.img")]
    assert after["networks"] == [] and "target: xvdb" in tools.console.check("domus show s")
    tools.destroy("s")
    tools.console.check("rm /run/*.img")


def test_domusd_killed_while_it_builds_leaves_nothing(tools):
    before = counters(tools)[1]
    lines = SMALL[:2] + ["memory: 128MiB", "boot:", "  kernel: /boot/vmlinuz"]
    write_file(tools.console, "/run/t.yaml", lines)
    tools.console.check("domus create /run/t.yaml >/dev/null 2>&1 & sleep 1; "
                        "kill -9 $(pidof domusd); wait; domusd --detach")
    wait_until(tools, "[ $(domus list | wc -l) = 2 ]")
    assert counters(tools)[1] == before
    assert tools.console.check("ls /var/lib/domus/guests") == ""


def test_idle_daemons_use_no_time(tools):
    ticks = "cat /proc/$(pidof {0})/stat | cut -d' ' -f14,15"
    for daemon in ("domusd", "domus-xenstored"):
        output = tools.console.check(f"{ticks.format(daemon)}; sleep 2; {ticks.format(daemon)}")
        first, second = (sum(map(int, line.split())) for line in output.splitlines())
        assert second - first <= 10


def test_console_of_several_viewers_and_its_log(tools):
    assert create(tools, SMALL)[0] == 0
    wait_grub(tools)
    output = tools.console.check(
        "sleep 30 | domus console s >/run/one & one=$!; sleep 30 | domus console s >/run/two & "
        "domus logs -f s >/run/three & sleep 1; "
        "(printf '\\necho both-see-it\\n'; sleep 1; printf '\\035') | domus console s >/dev/null; "
        "for i in one two three; do grep -q both-see-it /run/$i && echo $i; done; "
        "kill $(pidof domus); true", 90)
    assert output.split()[:3] == ["one", "two", "three"]
    log = tools.console.check("cat /var/log/domus/s.log")
    assert "\x1b" not in log  # GRUB draws with control sequences


def test_store_clients_of_debian(tools):
    check = tools.console.check
    assert create(tools, SMALL, "-p")[0] == 0
    number = show(tools)["id"]
    node = f"/local/domain/{number}"
    assert check(f"xenstore-read {node}/name") == "s\n"
    assert "memory" in check(f"xenstore-list {node}").split()
    assert f'domid = "{number}"' in check(f"xenstore-ls {node}")
    check("xenstore-write /tool/t/a 1 /tool/t/b 2; xenstore-chmod /tool/t/a n0 r1")
    assert check("xenstore-read /tool/t/a /tool/t/b").split() == ["1", "2"]
    assert "(n0,r1)" in check("xenstore-ls -p /tool/t")
    assert tools.console.run("xenstore-exists /tool/t/a")[0] == 0
    assert tools.console.run("xenstore-exists /tool/t/c")[0] == 1
    output = check("xenstore-watch -n 2 /tool/t >/run/seen & "
                   "until [ -s /run/seen ]; do sleep 0.1; done; xenstore-write /tool/t/a 3; "
                   "wait; cat /run/seen")
    assert output.split() == ["/tool/t", "/tool/t/a"]
    check("xenstore-rm /tool/t")
    assert tools.console.run("xenstore-exists /tool/t")[0] == 1
    assert check("xenstore-control check").startswith("consistent: ")
    names = [line.split()[0] for line in check("xl list").splitlines()]
    assert names == ["Name", "Domain-0", "s"]
