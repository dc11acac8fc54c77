# SPDX-License-Identifier: MIT
"""Debian's own xl and xenstore clients, unpacked from their packages, work unchanged."""

import pytest

from tools import Xl, wait_guest


@pytest.fixture(scope="module")
def debian(hypervisor):
    """A dom0 of two vCPUs that runs Debian's xenconsoled (and store, on Xen) for xl."""
    from console import Console
    from machine import Spec
    with Console(Spec(name="debian-tools", hypervisor=hypervisor, memory=2048,
                      smp=2, cmdline="serve=1 tools=xen")) as console:
        console.login()
        yield console


def test_xl_list_shows_dom0(debian):
    lines = debian.check("xl list").splitlines()
    assert lines[0].split()[:5] == ["Name", "ID", "Mem", "VCPUs", "State"]
    assert lines[1].split()[:4] == ["Domain-0", "0", "1024", "2"]


def test_xl_info_describes_the_host(debian):
    fields = dict(line.split(":", 1) for line in debian.check("xl info -n").splitlines()
                  if ":" in line)
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    assert fields["xen_major"] == "4"
    assert fields["xen_minor"] == "17"
    assert "xen-3.0-x86_64" in fields["xen_caps"]
    assert 2000 <= int(fields["total_memory"]) <= 2048
    assert 900 < int(fields["free_memory"]) < 1024
    assert "dom0_mem=1024M" in fields["xen_commandline"]
    assert (fields["nr_cpus"], fields["nr_nodes"], fields["xen_scheduler"]) == ("2", "1", "credit2")


def test_xl_info_shows_the_topology(debian):
    words = [line.split() for line in debian.check("xl info -n").splitlines()]
    assert ["0:", "0", "0", "0"] in words and ["1:", "1", "0", "0"] in words  # CPUs
    assert any(row[1:] == ["0"] and row[0].startswith("0000:00:") for row in words)  # devices


def test_xl_dmesg_prints_the_hypervisors_log(debian):
    assert "(XEN)" in debian.check("xl dmesg") or "domus" in debian.check("xl dmesg").lower()


@pytest.fixture(scope="module")
def guest(debian):
    """A guest of two vCPUs, by xl."""
    tools = Xl(debian)
    status, output = tools.create(tools.config("xlguest", vcpus=2, kernel="/boot/vmlinuz-cloud"))
    assert status == 0, output
    assert wait_guest(tools, "xlguest").endswith("cloud-amd64")
    yield tools
    tools.destroy("xlguest")
    assert tools.list() == []


def vcpus(guest):
    """What xl vcpu-list says of each vCPU: CPU, state and affinity."""
    rows = [line.split() for line in guest.console.check("xl vcpu-list xlguest").splitlines()[1:]]
    return [(row[3], row[4], " ".join(row[6:])) for row in rows]


def test_xl_creates_a_guest_that_answers(guest):
    assert [each.name for each in guest.list()] == ["xlguest"]


def test_xl_pins_vcpus(guest):
    guest.console.check("xl vcpu-pin xlguest 0 1 0")
    guest.console.check("xl vcpu-pin xlguest 1 0")
    assert [row[2] for row in vcpus(guest)] == ["1 / 0", "0 / all"]
    guest.console.check("xl vcpu-pin xlguest all all all")
    assert [row[2] for row in vcpus(guest)] == ["all / all"] * 2


def test_xl_takes_a_vcpu_away(guest):
    guest.console.check("xl vcpu-set xlguest 1")
    guest.console.check("i=0; until xl vcpu-list xlguest | tail -1 | grep -q ' - '; do "
                        "i=$((i+1)); [ $i -lt 100 ] || exit 1; sleep 0.2; done")
    assert vcpus(guest)[1][:2] == ("-", "--p")


def test_xl_sets_shares(guest):
    guest.console.check("xl sched-credit2 -d xlguest -w 512 -c 50")
    table = [line.split() for line in guest.console.check("xl sched-credit2").splitlines()]
    assert ["xlguest", str(guest.list()[0].id), "512", "50"] in table
    guest.console.check("xl sched-credit2 -d xlguest -w 256 -c 0")
    guest.console.check("xl sched-credit2 -s -r 2000")
    assert "ratelimit=2000us" in guest.console.check("xl sched-credit2 -s")
    guest.console.check("xl sched-credit2 -s -r 100")


def test_xl_tells_how_long_guests_are_up(guest):
    table = [line.split() for line in guest.console.check("xl uptime").splitlines()]
    assert [row[0] for row in table] == ["Name", "Domain-0", "xlguest"]
    assert all(row[2].startswith("0:0") for row in table[1:])


def test_xl_presses_debug_keys(debian):
    debian.check("xl debug-keys r")
    assert "CPU 1:" in debian.check("xl dmesg | tail -2")


def test_xentop_shows_guests_and_their_vcpus(guest):
    screen = guest.console.check("xentop -b -i 1 -v -f")
    rows = {line.split()[0]: line.split() for line in screen.splitlines() if line.strip()}
    assert "b" in rows["xlguest"][1] and int(rows["xlguest"][4]) == 128 * 1024
    assert "VCPUs(sec):" in screen


def test_xl_sends_an_nmi(guest):
    guest.console.check("xl trigger xlguest nmi 0")
    assert wait_guest(guest, "xlguest").endswith("cloud-amd64")  # it goes on


def test_xenstore_ls_shows_dom0s_nodes(debian):
    assert 'name = "Domain-0"' in debian.check("xenstore-ls /local/domain/0")


def test_xenstore_watch_tells_of_a_change(debian):
    # Its first line tells that the watch is set.
    output = debian.check("xenstore-watch -n 2 /tool/probe >/run/watched & "
                          "until [ -s /run/watched ]; do sleep 0.1; done; "
                          "xenstore-write /tool/probe/a 1; wait; cat /run/watched")
    assert output.split() == ["/tool/probe", "/tool/probe/a"]
