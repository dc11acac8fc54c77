# SPDX-License-Identifier: MIT
"""Debian's own xl and xenstore clients, unpacked from their packages, work unchanged."""

import json

import pytest

from machine import ROOT, Spec
from tools import GuestShell, Xl, wait_guest, write_file

# xl runs scripts for devices itself; in Debian they find bash and util-linux.
SCRIPTS = {f"etc/xen/scripts/{path.name}": path
           for path in (ROOT / "etc/xen/scripts").glob("*") if path.is_file()}
PROGRAMS = {f"usr/bin/{name}": ROOT / f"usr/bin/{name}" for name in ("bash", "flock")}


@pytest.fixture(scope="module")
def debian(hypervisor):
    """A dom0 of two vCPUs that runs Debian's xenconsoled (and store, on Xen) for xl."""
    from console import Console
    with Console(Spec(name="debian-tools", hypervisor=hypervisor, memory=2048, smp=2,
                      cmdline="serve=1 tools=xen", files=SCRIPTS, programs=PROGRAMS)) as console:
        console.login()
        console.check("ln -s /proc/self/fd/0 /dev/stdin")  # udev's; scripts lock by it
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
    status, output = tools.create(tools.config("xlguest", vcpus=2, kernel="/boot/vmlinuz"))
    assert status == 0, output
    assert "amd64" in wait_guest(tools, "xlguest")
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


def in_guest(guest, command):
    """What a command in the guest prints; it must succeed."""
    with GuestShell(guest, "xlguest") as shell:
        status, output = shell.run(command)
    assert status == 0, output
    return output.strip()


@pytest.mark.parametrize("kind", ["file", "device"])
def test_xl_attaches_and_detaches_a_disk(guest, kind):
    """A file gets a loop device of dom0's, and loses it again."""
    dom0 = guest.console
    dom0.check("modprobe -a xen-blkback loop && truncate -s 8M /run/xl.img")
    path = "/run/xl.img"
    if kind == "device":
        path = "/dev/loop7"
        dom0.check(f"losetup {path} /run/xl.img")
    loops = dom0.check("losetup -a")
    dom0.check(f"xl block-attach xlguest 'format=raw,vdev=xvdb,access=rw,target={path}'")
    sent = in_guest(guest, "modprobe -q xen-blkfront; until [ -b /dev/xvdb ]; do sleep 0.1; done; "
                    "dd if=/dev/urandom of=/data bs=64k count=16 2>/dev/null; md5sum </data; "
                    "dd if=/data of=/dev/xvdb bs=64k conv=fsync 2>/dev/null").split()[0]
    rows = [line.split() for line in dom0.check("xl block-list xlguest").splitlines()[1:]]
    assert [(row[0], row[3]) for row in rows] == [("51728", "4")]
    dom0.check("xl block-detach xlguest xvdb")
    assert dom0.check("xl block-list xlguest").count("\n") == 1
    in_guest(guest, "[ ! -e /dev/xvdb ]")
    dom0.check("i=0; until [ \"$(losetup -a)\" = '" + loops.strip() + "' ]; do i=$((i+1)); "
               "[ $i -lt 50 ] || exit 1; sleep 0.2; done")
    dom0.check("losetup -d /dev/loop7 2>/dev/null; true")
    assert dom0.check("dd if=/run/xl.img bs=64k count=16 2>/dev/null | md5sum").split()[0] == sent


def test_xl_attaches_and_detaches_a_network(guest):
    dom0 = guest.console
    dom0.check("modprobe -a xen-netback bridge && ip link add br7 type bridge && "
               "ip addr add 10.0.9.1/24 dev br7 && ip link set br7 up")
    dom0.check("xl network-attach xlguest bridge=br7 mac=00:16:3e:00:00:77")
    rows = [line.split() for line in dom0.check("xl network-list xlguest").splitlines()[1:]]
    assert [row[2] for row in rows] == ["00:16:3e:00:00:77"]
    in_guest(guest, "modprobe -q xen-netfront; until [ -e /sys/class/net/eth0 ]; do sleep 0.1; done; "
             "ip addr add 10.0.9.2/24 dev eth0 && ip link set eth0 up && ping -c 2 -W 5 10.0.9.1")
    assert "vif" in dom0.check("ls /sys/class/net/br7/brif")
    dom0.check("xl network-detach xlguest 0")
    assert dom0.check("xl network-list xlguest").count("\n") == 1
    in_guest(guest, "[ ! -e /sys/class/net/eth0 ]")
    dom0.check("! ls /sys/class/net | grep -q vif && ip link del br7")


OWN = ["domus: 1", "name: own", "memory: 32MiB", "boot:", "  kernel: /boot/small.elf",
       "disks: [{path: /run/own.img}]", "networks: [{bridge: br8}]"]
BLOCK_ATTACH = "xl block-attach own 'format=raw,vdev=xvdb,access=rw,target=/run/xl.img'"


def own_traces(number):
    """A command that prints what is in dom0 while the guest has devices."""
    return (f"losetup -a; ls -d /sys/class/net/vif{number}.* /var/lib/xen/userdata-?.{number}.* "
            f"2>/dev/null; xenstore-ls -f /libxl/{number} 2>/dev/null; "
            f"xenstore-ls -f /local/domain/0/backend | grep -E '/(domus-)?v(bd|if)/{number}/'")


@pytest.fixture
def own(debian, hypervisor):
    """A guest of domusd's, not running yet, with a disk and a network; xl has none."""
    if hypervisor != "domus":
        pytest.skip("Domus's own tools")
    write_file(debian, "/run/own.yaml", OWN)
    debian.check("modprobe -a xen-blkback xen-netback loop bridge tun && "
                 "ip link add br8 type bridge && ip link set br8 up && "
                 "truncate -s 8M /run/own.img /run/xl.img && domusd --detach && "
                 "domus create -p /run/own.yaml")
    yield debian
    debian.check("kill $(pidof domusd); ip link del br8; rm /run/own.* /run/xl.img")


def wait_empty(console, command):
    console.check(f"i=0; until [ -z \"$({command})\" ]; do i=$((i+1)); [ $i -lt 50 ] || exit 1; "
                  "sleep 0.2; done")


def test_xl_gives_devices_to_a_guest_of_domusd(own):
    check = own.check
    traces = own_traces(json.loads(check("domus show own -o json"))["id"])
    assert all(word in check(traces) for word in ("domus-vbd", "domus-vif", "userdata", "params"))
    check(f"{BLOCK_ATTACH} && xl network-attach own bridge=br8")
    rows = [[line.split()[0] for line in check(f"xl {kind}-list own").splitlines()[1:]]
            for kind in ("block", "network")]
    assert rows == [["51712", "51728"], ["0", "1"]]
    assert own.run("xl block-attach own 'format=raw,vdev=xvda,access=rw,target=/run/xl.img'")[0]
    for kind, backends in (("disk", ["domus", "kernel"]), ("net", ["domus", "kernel"])):
        assert [row.split()[-3] if kind == "disk" else row.split()[-2] for row in
                check(f"domus {kind} list own").splitlines()[1:]] == backends
    # Its loop device goes with it, though domusd takes the disk away.
    check("losetup -a | grep -q xl.img && domus disk detach own xvdb && [ -z \"$(losetup -a)\" ]")
    check(f"{BLOCK_ATTACH} && domus destroy own")
    wait_empty(own, traces)
    # Nor is anything left when xl ends the guest.
    check("domus create -p /run/own.yaml")
    traces = own_traces(json.loads(check("domus show own -o json"))["id"])
    own.run("xl destroy own")
    wait_empty(own, traces)
    assert "destroyed from outside domusd" in check("domus list")


def test_xl_sends_an_nmi(guest):
    guest.console.check("xl trigger xlguest nmi 0")
    assert "amd64" in wait_guest(guest, "xlguest")  # it goes on


def test_xenstore_ls_shows_dom0s_nodes(debian):
    assert 'name = "Domain-0"' in debian.check("xenstore-ls /local/domain/0")


def test_xenstore_watch_tells_of_a_change(debian):
    # Its first line tells that the watch is set.
    output = debian.check("xenstore-watch -n 2 /tool/probe >/run/watched & "
                          "until [ -s /run/watched ]; do sleep 0.1; done; "
                          "xenstore-write /tool/probe/a 1; wait; cat /run/watched")
    assert output.split() == ["/tool/probe", "/tool/probe/a"]
