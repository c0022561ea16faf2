"""What the guest's init told on the console."""

from dataclasses import dataclass, field

from messages import Failure

END = "mmport end"
PRESENT = 1 << 63
FILE_OR_SHARED = 1 << 61
FRAME = (1 << 55) - 1


@dataclass
class Guest:
    release: str = ""
    pid: int = 0
    page_bytes: int = 0
    symbols: dict = field(default_factory=dict)
    vmalloc: list = field(default_factory=list)  # first address, address after the last
    pages: list = field(default_factory=list)  # address, word of /proc/PID/pagemap

    def own_frames(self):
        """Address and physical address of pages that no other process has: they tell whose tables are in use."""
        return [
            (va, (word & FRAME) * self.page_bytes)
            for va, word in self.pages
            if word & PRESENT and not word & FILE_OR_SHARED
        ]


def parse(console):
    guest = Guest()
    next_page = None
    for line in console.splitlines():
        if not line.startswith("mmport "):
            if next_page is not None:
                guest.pages.append((next_page * guest.page_bytes, _word(line)))
                next_page += 1
            continue
        next_page = None
        _, what, *values = line.split()
        if what == "kernel":
            guest.release = values[0]
        elif what == "pid":
            guest.pid = int(values[0])
        elif what == "symbol":
            guest.symbols[values[1]] = int(values[0], 16)
        elif what == "vmalloc":
            guest.vmalloc.append(tuple(int(value, 16) for value in values[0].split("-")))
        elif what == "pagesize":
            guest.page_bytes = int(values[0])
        elif what == "pages":
            next_page = int(values[0])
    _check(guest)
    return guest


def _word(line):
    try:
        return int.from_bytes(bytes.fromhex(line), "little")
    except ValueError as error:
        raise Failure(f"the guest's console has '{line}' among the words of pagemap; try again") from error


def _check(guest):
    for what, found in (
        ("/proc/PID/pagemap", guest.own_frames()),
        ("/proc/vmallocinfo", guest.vmalloc),
        ("_stext in /proc/kallsyms", guest.symbols.get("_stext")),
        ("_etext in /proc/kallsyms", guest.symbols.get("_etext")),
    ):
        if not found:
            raise Failure(f"the guest's console has nothing of {what}")
