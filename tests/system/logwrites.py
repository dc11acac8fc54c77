# SPDX-License-Identifier: MIT
"""The log that QEMU's blklogwrites keeps of a disk: what is on it for certain after a power cut.

The format is the one of Linux's dm-log-writes (Documentation/admin-guide/device-mapper): a sector
of head, then for each request a sector that says where and what, and its data. A flush makes all
writes before it durable; what came after the last one may be lost, so it is: the worst case.
"""

import struct

SECTOR = 512
MAGIC = 0x6a736677736872
ENTRY = struct.Struct("<QQQQ")  # sector, sectors, flags, bytes of inline data
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


def size_now(path):
    """How far the log of a running machine has been written."""
    return path.stat().st_size


class Log:
    """A finished log: its requests in order, each with the place where it ends in the file."""

    def __init__(self, path):
        self.data = memoryview(path.read_bytes())
        magic, _, _, sector = struct.unpack_from("<QQQI", self.data, 0)
        assert (magic, sector) == (MAGIC, SECTOR), "no log of writes"
        self.requests = list(self._walk())

    def _walk(self):
        at = SECTOR
        while at + SECTOR <= len(self.data):
            sector, count, flags, _ = ENTRY.unpack_from(self.data, at)
            start = at + SECTOR
            at = start + (0 if flags & DISCARD else count * SECTOR)
            yield sector * SECTOR, count * SECTOR, flags, start, at

    def flushes(self):
        """How many flushes there are."""
        return sum(1 for request in self.requests if request[2] & FLUSH)

    def replay(self, cuts, size):
        """For each place in `cuts`, rising: (cut, the disk's certain content, as a bytearray).

        The bytearray is the same one each time, further on.
        """
        disk, waiting, requests = bytearray(size), [], iter(self.requests)
        request = next(requests, None)
        for cut in cuts:
            while request and request[4] <= cut:
                offset, length, flags, start, _ = request
                if flags & FLUSH:
                    for at, content in waiting:
                        disk[at:at + len(content)] = content
                    waiting = []
                if length and not flags & DISCARD:
                    write = offset, self.data[start:start + length]
                    if flags & FUA:
                        disk[offset:offset + length] = write[1]
                    else:
                        waiting.append(write)
                request = next(requests, None)
            yield cut, disk
