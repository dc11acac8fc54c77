# SPDX-License-Identifier: MIT
"""Writes the kernel's ramdisk format (cpio "newc"), uncompressed and reproducible.

Invariant: an archive is padded to 512 bytes, so archives can be put one behind the other: later
ones add to, or replace, files of earlier ones.
"""

import os
import stat
from pathlib import Path


class Archive:
    """A ramdisk in memory. Missing parent folders are added by themselves."""

    def __init__(self):
        self._parts = []
        self._inode = 0
        self._folders = {"."}

    def _entry(self, name, mode, data=b"", device=(0, 0)):
        self._inode += 1
        raw = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + raw
        self._parts += [head, b"\0" * (-len(head) % 4), data, b"\0" * (-len(data) % 4)]

    def folder(self, name, mode=0o755):
        """Add a folder and the folders above it."""
        name = name.strip("/") or "."
        if name in self._folders:
            return
        self.folder(os.path.dirname(name))
        self._folders.add(name)
        self._entry(name, stat.S_IFDIR | mode)

    def write(self, name, data, mode=0o644):
        """Add a file with the given bytes or text."""
        name = name.strip("/")
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFREG | mode, data.encode() if isinstance(data, str) else data)

    def link(self, name, target):
        """Add a symbolic link."""
        name = name.strip("/")
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFLNK | 0o777, target.encode())

    def device(self, name, major, minor):
        """Add a character device."""
        name = name.strip("/")
        self.folder(os.path.dirname(name))
        self._entry(name, stat.S_IFCHR | 0o600, device=(major, minor))

    def file(self, name, source):
        """Add a copy of a host file, executable if it is so there."""
        source = Path(source)
        mode = 0o755 if os.access(source, os.X_OK) else 0o644
        self.write(name, source.read_bytes(), mode)

    def bytes(self):
        """The finished archive."""
        end = Archive()
        end._entry("TRAILER!!!", 0)
        data = b"".join(self._parts + end._parts)
        return data + b"\0" * (-len(data) % 512)
