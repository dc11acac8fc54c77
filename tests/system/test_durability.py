# SPDX-License-Identifier: MIT
"""FLUSH means on disk: no record that a guest was told is there is lost by a power cut.

dom0's disk keeps a log of all writes and flushes. A guest writes numbered records and asks for each
to be made durable; the place in the log is noted when its word for it arrives. Then the disk is
made anew as a power cut at many a place would leave it in the worst case. With qcow2, what is made anew is
an image, which must be sound, and in which the records are then looked up.
"""

import random
import struct
import subprocess

import pytest

from console import PATIENCE, Console
from logwrites import ENTRY, FLUSH, MAGIC, SECTOR, Log, size_now
from machine import BUILD, LAYERS, RUN, SERVE, Spec, guest_ramdisk
from tools import Domus, GuestShell, wait_guest

DISK = 64 << 20
BLOCK, STEP, NOISE_BLOCKS = 4096, 7919, 1024
QCOW2_DISK = 48 << 20  # of the guest's; its image is on one of DISK bytes
QCOW2_OFFSET = (1 << 56) - (1 << 9)  # the bits of a table's entry that say where


def record_at(number, disk=DISK):
    """Where the record is on the guest's disk: as records/main.c has it."""
    return number * STEP % (disk // BLOCK - NOISE_BLOCKS) * BLOCK


class Raw:
    """A disk whose bytes are the guest's."""

    options, layers, size = {}, LAYERS, DISK
    prepare = "true"

    @staticmethod
    def at(_, offset):
        return offset

    @staticmethod
    def check(disk):
        pass


class Qcow2:
    """A disk that holds an image."""

    options, layers, size = {"format": "qcow2"}, LAYERS + ("storage",), QCOW2_DISK
    prepare = f"qemu-img create -q -f qcow2 /dev/vda {QCOW2_DISK}"

    @staticmethod
    def at(disk, offset):
        """Where the image has what is at an offset of the guest's disk; 0: nowhere."""
        bits, = struct.unpack_from(">I", disk, 20)
        first, = struct.unpack_from(">Q", disk, 40)
        index, within = divmod(offset, 1 << bits)
        upper, lower = divmod(index, 1 << (bits - 3))
        table = struct.unpack_from(">Q", disk, first + 8 * upper)[0] & QCOW2_OFFSET
        cluster = struct.unpack_from(">Q", disk, table + 8 * lower)[0] & QCOW2_OFFSET if table else 0
        return cluster + within if cluster else 0

    @staticmethod
    def check(disk):
        """A cut may leave clusters that nobody uses, and nothing worse."""
        image = RUN / "cut.qcow2"
        image.write_bytes(disk)
        done = subprocess.run(["qemu-img", "check", "-f", "qcow2", image], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        image.unlink()
        assert done.returncode in (0, 3), done.stdout


def run_records(name, backend, kind, count):
    """Let a guest write `count` records: (log, [size of the log when record N + 1 was told])."""
    disk, log = RUN / f"{name}.disk", RUN / f"{name}.log"
    disk.write_bytes(b"")
    log.write_bytes(b"")
    with open(disk, "r+b") as file:
        file.truncate(DISK)
    ramdisk = guest_ramdisk("records", {"usr/bin/records": BUILD / "tests/records"})
    spec = Spec(name=name, cmdline=SERVE["domus"], files={"boot/records.img": ramdisk},
                layers=kind.layers, qemu=(
        f"-blockdev driver=file,filename={disk},node-name=file "
        f"-blockdev driver=file,filename={log},node-name=log "
        "-blockdev driver=blklogwrites,file=file,log=log,node-name=logged "
        "-device virtio-blk-pci,drive=logged",))
    told = []
    try:
        with Console(spec, PATIENCE) as console:
            console.login()
            tools = Domus(console)
            console.check(f"modprobe xen-blkback && {kind.prepare}")
            path = tools.config("records", ramdisk="/boot/records.img",
                                disks=[{"path": "/dev/vda"} | kind.options], backend=backend)
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


def check_records(log, told, places, kind):
    """At each place every record that was told before is on the disk."""
    known = 0
    for cut, disk in log.replay(places, DISK):
        while known < len(told) and told[known] <= cut:
            known += 1
        for number in range(1, known + 1):
            at = kind.at(disk, record_at(number, kind.size))
            found = struct.unpack_from("<Q", disk, at)[0]
            assert found == number, f"record {number} was told before byte {cut} of the log"
        if cut in places[::20]:
            kind.check(disk)
    assert known > len(told) // 2, "the cuts lie where records were told"


@pytest.mark.parametrize("backend, kind", [
    pytest.param("kernel", Raw, marks=pytest.mark.soak), ("domus", Raw),
    pytest.param("domus", Qcow2, marks=pytest.mark.soak)])
def test_no_record_that_was_told_is_lost(backend, kind, soak):
    log, told = run_records(f"durable-{backend}-{kind.__name__}", backend, kind,
                            2000 if soak else 200)
    check_flushes(log, told)
    ends = [request[4] for request in log.requests if request[4] >= told[0]]
    check_records(log, told, sorted(random.Random(1).sample(ends, min(200, len(ends)))), kind)


def test_what_was_not_flushed_counts_as_lost(tmp_path):
    def entry(sector, count, flags, data=b""):
        return ENTRY.pack(sector, count, flags, 0).ljust(SECTOR, b"\0") + data.ljust(count * SECTOR, b"\0")
    path = tmp_path / "log"
    head = struct.pack("<QQQI", MAGIC, 1, 3, SECTOR).ljust(SECTOR, b"\0")
    path.write_bytes(head + entry(0, 1, 0, b"a") + entry(0, 0, FLUSH) + entry(0, 1, 0, b"b"))
    log = Log(path)
    ends = [request[4] for request in log.requests]
    assert [chr(disk[0]) for _, disk in log.replay(ends, SECTOR)] == ["\0", "a", "a"]
