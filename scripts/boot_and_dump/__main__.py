"""The command boot-and-dump: scripts/boot-and-dump says how it is called, docs/real-dumps.md what it makes."""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import debian
import guest as guests
import initramfs
import kernels
import readme
import truth
from messages import Failure, require, tell
from qemu import Qemu

CACHE = Path(os.environ.get("MMPORT_BOOT_CACHE") or Path.home() / ".cache" / "mmport-boot").absolute()
SETTLE_SECONDS = 2
STOP_TRIES = 200


class OneLineParser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(f"{message}; --help says how it is called")


def main():
    parser = OneLineParser(prog="boot-and-dump", description="Boots a kernel and keeps its memory dump.")
    parser.add_argument("--list", action="store_true", help="the kernels: name, mmport's port for it, tables")
    parser.add_argument("--seconds", type=int, default=600, help="time that the guest has to boot (%(default)s)")
    parser.add_argument("kernel", nargs="?", metavar="KERNEL")
    parser.add_argument("outdir", nargs="?", metavar="OUTDIR", type=Path)
    options = parser.parse_args()
    if options.list:
        for kernel in kernels.KERNELS:
            print(f"{kernel.name:<14} {kernel.port:<8} {kernel.about}")
        return
    if options.outdir is None:
        parser.error("KERNEL and OUTDIR are needed, or --list")
    kernel = kernels.by_name(options.kernel)
    if kernel is None:
        raise Failure(f"no kernel {options.kernel}; there are {', '.join(known.name for known in kernels.KERNELS)}")
    make(kernel, options.outdir.absolute(), options.seconds)


def make(kernel, outdir, seconds):
    require(kernel.qemu, kernel.qemu_package)
    require("xz", "xz-utils")
    if outdir.exists() and (not outdir.is_dir() or any(outdir.iterdir())):
        raise Failure(f"{outdir} is there and not empty; name another folder, or remove it")
    outdir.parent.mkdir(parents=True, exist_ok=True)
    tell(f"packages of {kernel.debian_arch}")
    package, path, image, busybox = fetch(kernel)
    # Beside the folder that it becomes at the end: what is there is complete.
    with (
        tempfile.TemporaryDirectory(prefix="boot-and-dump-") as work,
        tempfile.TemporaryDirectory(prefix=f".{outdir.name}-", dir=outdir.parent) as partial,
    ):
        folder = Path(partial) / "dump"
        folder.mkdir()
        boot(kernel, Path(work), folder, seconds, image, busybox, f"{package.name}: {path}")
        tell("core.elf.xz")
        (folder / "core.elf").chmod(0o644)  # QEMU makes it for its owner alone
        run("xz", "-T0", str(folder / "core.elf"))
        folder.rename(outdir)
    tell(f"done: {outdir}")


def fetch(kernel):
    archive = debian.Archive(CACHE, kernel.debian_arch)
    package = archive.fetch(archive.kernel_package(kernel.package))
    path, image = debian.read_member(package, r"\./boot/vmlinu[xz]-.*")
    _, busybox = debian.read_member(archive.fetch("busybox-static"), r"\./(usr/)?bin/busybox")
    return package, path, image, busybox


def boot(kernel, work, folder, seconds, image, busybox, image_source):
    image_file = work / "image"
    image_file.write_bytes(image)
    initramfs_file = work / "initramfs"
    initramfs_file.write_bytes(initramfs.build(busybox))
    append = f"console={kernel.console} nokaslr panic=-1 rdinit=/init"
    with Qemu(kernel, image_file, initramfs_file, append, work) as qemu:
        tell(f"booting {image_source}")
        guest = guests.parse(qemu.wait_for_line(guests.END, seconds))
        time.sleep(SETTLE_SECONDS)
        mmu = stop_in_user_mode(kernel, guest, qemu)
        tell(f"stopped in process {guest.pid}; asking")
        write_files(kernel, guest, qemu, mmu, folder)
        (folder / "README.md").write_text(readme.text(kernel, guest, qemu, append, image_source))


def stop_in_user_mode(kernel, guest, qemu):
    """The MMU of a CPU that runs the process whose pagemap we have, in user mode."""
    own = guest.own_frames()
    for _ in range(STOP_TRIES):
        qemu.qmp.execute("stop")
        gdb = qemu.debugger()
        mmu = truth.Mmu(kernel, qemu.qmp, gdb)
        if mmu.in_user_mode() and sum(mmu.translate(va) == pa for va, pa in own) > len(own) // 2:
            return mmu
        gdb.close()
        qemu.qmp.execute("cont")
        time.sleep(0.1)
    raise Failure(f"the CPU was in process {guest.pid} in none of {STOP_TRIES} stops")


def write_files(kernel, guest, qemu, mmu, folder):
    (folder / "registers.txt").write_text(qemu.qmp.monitor("info registers"))
    (folder / "gdb-registers.json").write_text(json.dumps(registers(mmu.gdb), indent=1) + "\n")
    for file, command in kernel.monitor_files:
        (folder / file).write_text(qemu.qmp.monitor(command))
    qemu.qmp.execute("dump-guest-memory", paging=False, protocol=f"file:{folder / 'core.elf'}")
    write_table(folder / "pagemap.tsv", ("va", "raw"), [(f"{va:x}", f"{word:016x}") for va, word in guest.pages])
    rows = [(f"{va:016x}", *rest) for va, *rest in truth.rows(kernel, guest, mmu)]
    write_table(folder / "truth.tsv", ("va", "pa", "kind", "vmem8", "pmem8"), rows)


def registers(gdb):
    found = {}
    for name, (number, bits) in gdb.numbers.items():
        value = gdb.register_bytes(name)
        if value is not None:
            found[name] = {"num": number, "bits": bits, "hex": value}
    return found


def write_table(file, header, rows):
    file.write_text("".join("\t".join(row) + "\n" for row in (header, *rows)))


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{command[0]}: {done.stderr.strip() or done.returncode}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        main()
    except Failure as failure:
        tell(failure)
        sys.exit(2)
    except OSError as error:
        tell(error)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
