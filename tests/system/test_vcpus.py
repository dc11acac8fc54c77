# SPDX-License-Identifier: MIT
"""vCPUs and shares by Domus's tools, on a machine of two CPUs."""

import json

import pytest

from console import PATIENCE, Console
from machine import SERVE, Spec
from tools import Domus, GuestShell, wait_guest


@pytest.fixture(scope="module")
def two():
    """The tools on a host of two CPUs, with a guest of two vCPUs."""
    spec = Spec(name="vcpus", memory=2048, smp=2, cmdline=SERVE["domus"])
    with Console(spec, PATIENCE) as console:
        console.login()
        tools = Domus(console)
        status, output = tools.create(tools.config("web", vcpus=2, kernel="/boot/vmlinuz-cloud"))
        assert status == 0, output
        wait_guest(tools, "web")
        yield tools


def vcpus(tools, guest="web"):
    return json.loads(tools.console.check(f"domus vcpu-list {guest} -o json"))["vcpus"]


def test_list_shows_each_vcpu(two):
    table = two.console.check("domus vcpu-list")
    assert table.split("\n")[0].split()[:5] == ["NAME", "ID", "VCPU", "CPU", "STATE"]
    assert table.count("Domain-0") == 2 and table.count("web") == 2
    assert all(row["hard"] == "all" and row["cpu"] in (0, 1) for row in vcpus(two))


def test_pinned_vcpu_runs_where_it_is_told(two):
    for cpu in (0, 1, 0):
        two.console.check(f"domus vcpu-pin web all {cpu}")
        with GuestShell(two, "web") as shell:
            assert shell.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done")[0] == 0
        assert [(row["cpu"], row["hard"]) for row in vcpus(two)] == [(cpu, str(cpu))] * 2
    two.console.check("domus vcpu-pin web 1 all 1")
    assert [(row["hard"], row["soft"]) for row in vcpus(two)] == [("0", "all"), ("all", "1")]
    two.console.check("domus vcpu-pin Domain-0 0 0,1 all")
    two.console.check("domus vcpu-pin web all all all")


def test_guest_gives_up_a_vcpu_and_takes_it_back(two):
    for count in (1, 2):
        two.console.check(f"domus vcpu-set web {count}")
        with GuestShell(two, "web") as shell:
            # The kernel shows a vCPU that came back; to use it is user space's decision.
            use = "echo 1 2>/dev/null >/sys/devices/system/cpu/cpu1/online;" if count == 2 else ""
            assert shell.run(f"until [ $(nproc) = {count} ]; do sleep 0.2; {use} done; nproc"
                             )[1].splitlines()[-1] == str(count)
        assert sum(row["state"] != "offline" for row in vcpus(two)) == count


def test_shares_are_shown_and_set(two):
    two.console.check("domus sched web -w 512 -c 50")
    table = two.console.check("domus sched")
    assert ["web", "512", "50%"] in [line.split()[:1] + line.split()[2:]
                                     for line in table.splitlines()]
    two.console.check("domus sched web -w 256 -c 0")
    assert ["256", "none"] in [line.split()[2:] for line in
                               two.console.check("domus sched web").splitlines()]


@pytest.mark.parametrize("command, code, words", [
    ("vcpu-list nobody", 4, "no domain 'nobody'"),
    ("vcpu-set web 3", 2, "use 1 to 2"),
    ("vcpu-set web x", 2, "number of vCPUs"),
    ("vcpu-pin web 2 all", 2, "use 0 to 1"),
    ("vcpu-pin web 0 7", 2, "CPUs are 0 to 1"),
    ("vcpu-pin web 0 0,,1", 2, "no list"),
    ("sched -w 3", 2, "name a guest"),
    ("sched web -w 0", 2, "use 1 to 65535"),
    ("sched web -c -5", 2, "no cap"),
])
def test_wrong_arguments_are_explained(two, command, code, words):
    status, output = two.console.run(f"domus {command}")
    assert status == code, output
    assert words in output
