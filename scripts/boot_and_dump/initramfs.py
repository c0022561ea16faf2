"""The guest's root: busybox, our init, and the two nodes that process 1 needs."""

import gzip
import stat
from pathlib import Path

INIT = Path(__file__).with_name("init")
TRAILER = "TRAILER!!!"


def build(busybox):
    entries = (
        ("bin", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("dev", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("proc", stat.S_IFDIR | 0o755, b"", (0, 0)),
        ("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)),
        ("dev/null", stat.S_IFCHR | 0o666, b"", (1, 3)),
        ("bin/busybox", stat.S_IFREG | 0o755, busybox, (0, 0)),
        ("init", stat.S_IFREG | 0o755, INIT.read_bytes(), (0, 0)),
        (TRAILER, 0, b"", (0, 0)),
    )
    archive = b"".join(_entry(inode, *entry) for inode, entry in enumerate(entries, start=1))
    return gzip.compress(archive, mtime=0)


def _entry(inode, name, mode, content, device):
    """Format "newc": Documentation/driver-api/early-userspace/buffer-format.rst of the kernel."""
    path = name.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, 0, len(content), 0, 0, *device, len(path), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + path) + _padded(content)


def _padded(data):
    return data + bytes(-len(data) % 4)
