# SPDX-License-Identifier: MIT
"""Page-table isolation: what is mapped while a guest runs, seen by a debugger from outside."""

import re

import pytest

from console import Console
from gdb import Gdb, symbol
from machine import RUN, Spec

DIRECT_MAP, FRAME_TABLE, M2P, M2P_WRITABLE = (
    0xffff820000000000, 0xffff818000000000, 0xffff800000000000, 0xffff808000000000)
WINDOWS, WINDOW_SIZE, STACK_END = 0xffff814000000000, 0x200000, 0x48000
GUEST_KERNEL_CS = 0xe033


@pytest.fixture(autouse=True)
def needs_domus(hypervisor):
    if hypervisor != "domus":
        pytest.skip("looks into Domus")


def mapped(gdb, address):
    """Is there something at that address, as the CPU's tables are now?"""
    answer = gdb.ask(f"m{address:x},8")
    assert re.fullmatch(r"E\w\w|[0-9a-f]{16}", answer), answer
    return answer[0] != "E"


def at_return_to_guest(isolation, way_out, check, cpu="Nehalem,+rdrand"):
    """Stop a CPU at the last instruction before a guest's, and look; it goes on afterwards."""
    path = RUN / "isolation.gdb"
    spec = Spec(name="isolation", memory=1024, dom0_memory=512, smp=2, isolation=isolation, cpu=cpu,
                cmdline="serve=1 tools=none nodev=1", layers=("dom0",), qemu=(f"-gdb unix:{path},server=on,wait=off",))
    with Console(spec, 300) as console:
        console.login()
        gdb = Gdb(path)
        check(gdb, gdb.run_to(way_out))
        gdb.resume()
        assert console.check("nproc").strip() == "2"
        return console.text()


@pytest.mark.parametrize("isolation", ["on", "auto"])
def test_guests_run_without_the_hypervisors_memory(isolation):
    def check(gdb, cpu):
        own, other = (WINDOWS + WINDOW_SIZE * n + STACK_END - 8 for n in (cpu, 1 - cpu))
        for address in (own, symbol("idt"), symbol("tss"), symbol("isolated_trap_stubs")):
            assert mapped(gdb, address), hex(address)
        # Linux asks for m2p_strict: the M2P is for its kernel, not for its programs.
        assert mapped(gdb, M2P) == (gdb.stack(1) == GUEST_KERNEL_CS)
        for address in (other, DIRECT_MAP + (16 << 20), FRAME_TABLE, M2P_WRITABLE,
                        symbol("do_mmu_update"), symbol("dom0"), symbol("hv_l4_slots")):
            assert not mapped(gdb, address), hex(address)

    log = at_return_to_guest(isolation, "isolated_iret_to_guest", check)
    assert re.search(r"CPU: .*, page-table isolation", log)


@pytest.mark.parametrize("isolation,cpu", [("off", "Nehalem,+rdrand"), ("auto", "EPYC,-smap")])
def test_it_is_off_on_request_and_where_the_cpu_keeps_secrets(isolation, cpu):
    def check(gdb, _):
        for address in (DIRECT_MAP + (16 << 20), FRAME_TABLE, symbol("dom0")):
            assert mapped(gdb, address), hex(address)

    assert "page-table isolation" not in at_return_to_guest(isolation, "iret_to_guest", check, cpu)
