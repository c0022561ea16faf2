"""Addresses of every kind, and what QEMU's MMU makes of them."""

import random
import re

TIB = 1 << 40
KERNEL_AFTER_TEXT_BYTES = 4 << 20


class Mmu:
    """The stopped CPU's MMU, with the rights of the user or of the kernel."""

    def __init__(self, kernel, qmp, gdb):
        self.kernel = kernel
        self.mode = kernel.mode
        self.qmp = qmp
        self.gdb = gdb

    def translate(self, va):
        """Physical address, or None."""
        # QEMU's %# leaves the 0x out where the address is 0.
        match = re.search(r"gpa: (?:0x)?([0-9a-f]+)", self.qmp.monitor(f"gva2gpa {va:#x}"))
        return int(match.group(1), 16) if match else None

    def in_ram(self, pa):
        return 0 <= pa - self.kernel.ram_base < self.kernel.memory_bytes

    def in_user_mode(self):
        return self._mode_register() & self.mode.user_mask == self.mode.user_value

    def enter_kernel_mode(self):
        """Kernel addresses are answered for the kernel only, but on x86."""
        if self.mode.kernel_clear:
            value = self._mode_register() & ~self.mode.kernel_clear | self.mode.kernel_set
            width = len(self.gdb.register_bytes(self.mode.register)) // 2
            self.gdb.set_register(self.mode.register, value.to_bytes(width, "little").hex())

    def _mode_register(self):
        return int.from_bytes(bytes.fromhex(self.gdb.register_bytes(self.mode.register)), "little")

    def row(self, va, kind):
        """va, pa or FAULT, kind, 8 bytes through the MMU, the same from RAM."""
        pa = self.translate(va)
        if pa is None:
            return (va, "FAULT", kind, "FAULT", "-")
        if not self.in_ram(pa):
            # A debugger's read through a mapping of a device can end QEMU.
            return (va, f"{pa:x}", kind, "MMIO", "-")
        virtual = self.gdb.read8(va & ~7)
        self.gdb.physical_memory(True)
        physical = self.gdb.read8(pa & ~7)
        self.gdb.physical_memory(False)
        return (va, f"{pa:x}", kind, virtual or "FAULT", physical or "-")


def rows(kernel, guest, mmu):
    """All rows of truth.tsv, in ascending order of addresses. The CPU is left in kernel mode."""
    chance = random.Random(kernel.name)
    user = _user(kernel, guest, chance)
    answers = [mmu.row(va, kind) for va, kind in user.items()]
    mmu.enter_kernel_mode()
    linear_base = next(
        (base for base in kernel.linear_bases if mmu.translate(base + (kernel.memory_bytes >> 1)) is not None),
        kernel.linear_bases[-1],
    )
    own = _kernel(kernel, guest, linear_base, chance)
    answers += [mmu.row(va, kind) for va, kind in own.items() if va not in user]
    return sorted(answers)


def _user(kernel, guest, chance):
    found = {va + chance.randrange(0, guest.page_bytes, 8): "user" for va, _ in guest.pages}
    _some(found, chance, 60, 0, 1 << kernel.user_bits, "random-low")
    return found


def _kernel(kernel, guest, linear_base, chance):
    found = {address: f"ksym:{name}" for name, address in guest.symbols.items()}
    first, after = guest.symbols["_stext"], guest.symbols["_etext"]
    _some(found, chance, 150, first, guest.symbols.get("_end", after + KERNEL_AFTER_TEXT_BYTES), "ktext")
    _some(found, chance, 150, linear_base, linear_base + kernel.memory_bytes, "linear?")
    for area, area_end in guest.vmalloc:
        # The page after an area is its guard.
        for va in (area, area_end - guest.page_bytes, chance.randrange(area, area_end)):
            found.setdefault(va, "vmalloc")
    top = 1 << 32 if linear_base < 1 << 32 else linear_base + 16 * TIB
    _some(found, chance, 60, linear_base, top, "random-high")
    return found


def _some(found, chance, count, first, after, kind):
    for _ in range(count):
        found.setdefault(chance.randrange(first, after), kind)
