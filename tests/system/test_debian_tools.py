# SPDX-License-Identifier: MIT
"""Debian's own xl and xenstore clients, unpacked from their packages, work unchanged."""

import pytest

from tools import Xl, wait_guest


@pytest.fixture(scope="module")
def debian(hypervisor):
    """A dom0 that runs Debian's xenconsoled (and store, on Xen) for xl."""
    from console import Console
    from machine import Spec
    with Console(Spec(name="debian-tools", hypervisor=hypervisor, memory=2048,
                      cmdline="serve=1 tools=xen")) as console:
        console.login()
        yield console


def test_xl_list_shows_dom0(debian):
    lines = debian.check("xl list").splitlines()
    assert lines[0].split()[:5] == ["Name", "ID", "Mem", "VCPUs", "State"]
    assert lines[1].split()[:4] == ["Domain-0", "0", "1024", "1"]


def test_xl_info_describes_the_host(debian):
    fields = dict(line.split(":", 1) for line in debian.check("xl info").splitlines())
    fields = {key.strip(): value.strip() for key, value in fields.items()}
    assert fields["xen_major"] == "4"
    assert fields["xen_minor"] == "17"
    assert "xen-3.0-x86_64" in fields["xen_caps"]
    assert 2000 <= int(fields["total_memory"]) <= 2048
    assert 900 < int(fields["free_memory"]) < 1024
    assert "dom0_mem=1024M" in fields["xen_commandline"]


def test_xl_dmesg_prints_the_hypervisors_log(debian):
    assert "(XEN)" in debian.check("xl dmesg") or "domus" in debian.check("xl dmesg").lower()


def test_xl_creates_a_guest_that_answers(debian):
    tools = Xl(debian)
    status, output = tools.create(tools.config("xlguest", kernel="/boot/vmlinuz-cloud"))
    assert status == 0, output
    assert wait_guest(tools, "xlguest").endswith("cloud-amd64")
    assert [guest.name for guest in tools.list()] == ["xlguest"]
    tools.destroy("xlguest")
    assert tools.list() == []


def test_xenstore_ls_shows_dom0s_nodes(debian):
    assert 'name = "Domain-0"' in debian.check("xenstore-ls /local/domain/0")


def test_xenstore_watch_tells_of_a_change(debian):
    # Its first line tells that the watch is set.
    output = debian.check("xenstore-watch -n 2 /tool/probe >/run/watched & "
                          "until [ -s /run/watched ]; do sleep 0.1; done; "
                          "xenstore-write /tool/probe/a 1; wait; cat /run/watched")
    assert output.split() == ["/tool/probe", "/tool/probe/a"]
