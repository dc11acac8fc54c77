# SPDX-License-Identifier: MIT
"""dom0 boots on every machine, without a complaint of its own in the kernel's log.

The machines of this file are booted ahead of the tests that look at them, some at once.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

import matrix
from complaints import check_lines, host_was_busy
from console import PATIENCE, Console
from machine import RUN, SERVE, Spec

MACHINES = matrix.named_machines()
MACHINES["smp4"] = matrix.fields({"memory": 2048, "smp": 4})
# QEMU 7.2 mis-executes IRET in ring 3 under SMAP, so plain max boots only without.
MACHINES["max-smap-off"] = matrix.fields({"cpu": "max", "memory": 2048, "options": "smap=off"})
# The first serial line is missing, the second is the console.
MACHINES["com2"] = matrix.fields({"memory": 2048, "options": "com2=115200,8n1 console=com2",
                                  "serial": False, "qemu": ("-serial stdio",)})
# Machines whose logs are held against another's: the same but for what the kernel does not see.
LIKE = {"smp4": "smp2", "max-smap-off": "pc-bios-max-smap-1024", "com2": "pc-bios-Nehalem-1024"}
ROWS = [pytest.param(matrix.name_of(row), id=matrix.name_of(row),
                     marks=() if matrix.name_of(row) in MACHINES else pytest.mark.soak)
        for row in matrix.every_row()]
ROWS += [name for name in MACHINES if name not in [row.id for row in ROWS] + ["cloud"]]
SOAK = {matrix.name_of(row): matrix.fields(row) for row in matrix.every_row()}


# dom0 reads and writes the firmware's variables.
FIRMWARE_VARIABLES = """cd /sys/firmware/efi/efivars
modprobe efivarfs && mount -t efivarfs none . && cd . && [ -s BootOrder-* ] || exit 1
new=Domus-d5f9a5e6-3b0c-4f3e-9b7a-2f6f0d3c1a55
printf '\\007\\000\\000\\000hello' >/run/v && dd if=/run/v of=$new bs=9 && tail -c 5 $new | grep -x hello"""


@dataclass
class Look:
    """What dom0 tells of itself once it has booted."""

    spec: Spec
    log: str
    memory_mib: int
    cpus: int


def look(name, hypervisor):
    """Boot one machine and look at its dom0."""
    spec = Spec(name=f"matrix-{name}", hypervisor=hypervisor, cmdline=SERVE[hypervisor],
                **(SOAK | MACHINES)[name])
    if hypervisor == "xen":
        spec.options = spec.options.replace("smap=off", "smap=0")
    with Console(spec, PATIENCE) as console:
        console.login()
        if spec.firmware == "ovmf":
            console.check(FIRMWARE_VARIABLES)
        memory = console.check("sed -n 's/MemTotal: *//p' /proc/meminfo").split()[0]
        cpus = console.check("grep -c ^processor /proc/cpuinfo")
        return Look(spec, console.check("dmesg -r"), int(memory) >> 10, int(cpus))


@pytest.fixture(scope="module")
def looks(request, hypervisor):
    """{name: future of its Look} of the machines that this session's tests want."""
    names = [item.callspec.params["name"] for item in request.session.items
             if getattr(item, "originalname", "") == "test_dom0_boots"]
    pool = ThreadPoolExecutor(request.config.getoption("--machines"))
    yield {name: pool.submit(look, name, hypervisor) for name in names}
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", ROWS)
def test_dom0_boots(looks, hypervisor, name):
    seen = looks[name].result()
    if host_was_busy(seen.log) and seen.spec.smp == 1:
        seen = look(name, hypervisor)
    assert seen.memory_mib > seen.spec.dom0_memory * 0.8
    assert seen.cpus == seen.spec.smp
    check_lines(seen.log, seen.spec, LIKE.get(name, name))


def test_cloud_machine_boots_without_a_serial_line(boot):
    """Seen through a disk: dom0 writes its log there and switches the machine off."""
    RUN.mkdir(parents=True, exist_ok=True)
    result = RUN / "cloud-result"
    result.write_bytes(bytes(1 << 20))
    script = "#!/bin/sh\n{ dmesg -r; echo dom0 was here; } >/run/log; cat /run/log >/dev/vda\n"
    disk = (f"-drive file={result},format=raw,if=none,id=result "
            "-device virtio-blk-pci,drive=result,disable-legacy=on")
    machine = matrix.fields(matrix.CLOUD)
    console = boot(**machine | {"cmdline": "", "files": {"etc/run": script},
                                "qemu": (*machine["qemu"], disk)})
    console.wait_end(PATIENCE)
    text = result.read_bytes().rstrip(b"\0").decode()
    result.unlink()
    assert "dom0 was here" in text
    check_lines(text, console.spec, "cloud")
