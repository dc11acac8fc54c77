# SPDX-License-Identifier: MIT
"""FLUSH means on disk: no record that a guest was told is there is lost by a power cut.

dom0's disk keeps a log of all writes and flushes. A guest writes numbered records and asks for each
to be made durable; the place in the log is noted when its word for it arrives. Then the disk is
made anew as a power cut at many a place would leave it in the worst case.
"""

import random
import struct

import pytest

from console import PATIENCE, Console
from logwrites import ENTRY, FLUSH, MAGIC, SECTOR, Log, size_now
from machine import BUILD, RUN, SERVE, Spec, guest_ramdisk
from tools import Domus, GuestShell, wait_guest

DISK = 64 << 20
BLOCK, STEP, NOISE_BLOCKS = 4096, 7919, 1024


def record_at(number):
    """Where the record is on the guest's disk: as records/main.c has it."""
    return number * STEP % (DISK // BLOCK - NOISE_BLOCKS) * BLOCK


def run_records(name, backend, count):
    """Let a guest write `count` records: (log, [size of the log when record N + 1 was told])."""
    disk, log = RUN / f"{name}.disk", RUN / f"{name}.log"
    disk.write_bytes(b"")
    log.write_bytes(b"")
    with open(disk, "r+b") as file:
        file.truncate(DISK)
    ramdisk = guest_ramdisk("records", {"usr/bin/records": BUILD / "tests/records"})
    spec = Spec(name=name, cmdline=SERVE["domus"], files={"boot/records.img": ramdisk}, qemu=(
        f"-blockdev driver=file,filename={disk},node-name=file "
        f"-blockdev driver=file,filename={log},node-name=log "
        "-blockdev driver=blklogwrites,file=file,log=log,node-name=logged "
        "-device virtio-blk-pci,drive=logged",))
    told = []
    try:
        with Console(spec, PATIENCE) as console:
            console.login()
            tools = Domus(console)
            console.check("modprobe xen-blkback")
            path = tools.config("records", ramdisk="/boot/records.img", disks=["/dev/vda"],
                                backend=backend)
            status, output = tools.create(path)
            assert status == 0, output
            wait_guest(tools, "records", PATIENCE)
            with GuestShell(tools, "records", PATIENCE) as shell:
                shell.run("modprobe xen-blkfront; until [ -b /dev/xvda ]; do :; done")
                console.send(f"records /dev/xvda {count}\n")
                for number in range(1, count + 1):
                    console.wait(rf"record {number}\r*\n")
                    told.append(size_now(log))
                console.wait(r"# ")
        return Log(log), told
    finally:
        disk.unlink()
        log.unlink()


def check_flushes(log, told):
    """By the word for record N the disk was told N times to keep what it has."""
    flushes = [end for *_, flags, _, end in log.requests if flags & FLUSH]
    for number, size in enumerate(told, 1):
        assert sum(end <= size for end in flushes) >= number, f"no flush before record {number}"


def check_records(log, told, places):
    """At each place every record that was told before is on the disk."""
    known = 0
    for cut, disk in log.replay(places, DISK):
        while known < len(told) and told[known] <= cut:
            known += 1
        for number in range(1, known + 1):
            found = struct.unpack_from("<Q", disk, record_at(number))[0]
            assert found == number, f"record {number} was told before byte {cut} of the log"
    assert known > len(told) // 2, "the cuts lie where records were told"


@pytest.mark.parametrize("backend", [pytest.param("kernel", marks=pytest.mark.soak), "domus"])
def test_no_record_that_was_told_is_lost(backend, soak):
    log, told = run_records(f"durable-{backend}", backend, 2000 if soak else 200)
    check_flushes(log, told)
    ends = [request[4] for request in log.requests if request[4] >= told[0]]
    check_records(log, told, sorted(random.Random(1).sample(ends, min(200, len(ends)))))


def test_what_was_not_flushed_counts_as_lost(tmp_path):
    def entry(sector, count, flags, data=b""):
        return ENTRY.pack(sector, count, flags, 0).ljust(SECTOR, b"\0") + data.ljust(count * SECTOR, b"\0")
    path = tmp_path / "log"
    head = struct.pack("<QQQI", MAGIC, 1, 3, SECTOR).ljust(SECTOR, b"\0")
    path.write_bytes(head + entry(0, 1, 0, b"a") + entry(0, 0, FLUSH) + entry(0, 1, 0, b"b"))
    log = Log(path)
    ends = [request[4] for request in log.requests]
    assert [chr(disk[0]) for _, disk in log.replay(ends, SECTOR)] == ["\0", "a", "a"]
