"""The kernels that can be booted, and all that differs between them."""

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Mode:
    """How a register tells user mode, and what to set it to for the MMU to answer as it would the kernel."""

    register: str
    user_mask: int
    user_value: int
    # What the debugger's read of a kernel address needs: bits cleared, then bits set. Nothing on x86.
    kernel_clear: int = 0
    kernel_set: int = 0


X86_MODE = Mode("cs", user_mask=3, user_value=3)
# PSTATE.M is EL0t in user mode, EL1h in the kernel.
ARM64_MODE = Mode("cpsr", user_mask=0xF, user_value=0, kernel_clear=0xF, kernel_set=5)
# MSR[PR]
PPC64_MODE = Mode("msr", user_mask=0x4000, user_value=0x4000, kernel_clear=0x4000)


@dataclass(frozen=True)
class Kernel:
    name: str
    port: str  # of mmport, the part of a variant's name before the slash
    about: str
    debian_arch: str
    package: str  # the one that depends on the newest kernel of its kind
    qemu: str
    qemu_package: str
    machine: str
    cpu: str
    memory_bytes: int
    console: str
    mode: Mode
    linear_bases: tuple  # where the kernel may have mapped all RAM: the first address that is mapped tells
    user_bits: int  # of an address that a process can use
    ram_base: int = 0
    monitor_files: tuple = ()  # what QEMU's monitor is asked: file name and command


X86_FILES = (("info-tlb.txt", "info tlb"), ("info-mem.txt", "info mem"))


def x86(name, port, about, debian_arch, package, cpu, memory_mib, linear_base, user_bits, monitor_files=X86_FILES):
    return Kernel(
        name=name,
        port=port,
        about=about,
        debian_arch=debian_arch,
        package=package,
        qemu="qemu-system-x86_64" if debian_arch == "amd64" else "qemu-system-i386",
        qemu_package="qemu-system-x86",
        machine="q35",
        cpu=cpu,
        memory_bytes=memory_mib * MIB,
        console="ttyS0",
        mode=X86_MODE,
        linear_bases=(linear_base,),
        user_bits=user_bits,
        monitor_files=monitor_files,
    )


def arm64(name, about, package, cpu, user_bits):
    return Kernel(
        name=name,
        port="arm64",
        about=about,
        debian_arch="arm64",
        package=package,
        qemu="qemu-system-aarch64",
        qemu_package="qemu-system-arm",
        machine="virt",
        cpu=cpu,
        memory_bytes=256 * MIB,
        ram_base=0x40000000,
        console="ttyAMA0",
        mode=ARM64_MODE,
        # 52 bits of kernel addresses where kernel and CPU have them, else 48.
        linear_bases=(0xFFF0000000000000, 0xFFFF000000000000),
        user_bits=user_bits,
    )


def ppc64(name, about, machine, cpu, memory_mib, monitor_files=()):
    return Kernel(
        name=name,
        port="ppc64",
        about=about,
        debian_arch="ppc64el",
        package="linux-image-powerpc64le",
        qemu="qemu-system-ppc64",
        qemu_package="qemu-system-ppc",
        machine=machine,
        cpu=cpu,
        memory_bytes=memory_mib * MIB,
        console="hvc0",
        mode=PPC64_MODE,
        linear_bases=(0xC000000000000000,),
        user_bits=47,
        monitor_files=monitor_files,
    )


KERNELS = (
    x86("amd64-4level", "x86_64", "4 levels", "amd64", "linux-image-cloud-amd64", "max,la57=off", 160,
        0xFFFF888000000000, 47),
    # QEMU 7.2 has no answer to "info mem" with five levels.
    x86("amd64-la57", "x86_64", "5 levels", "amd64", "linux-image-cloud-amd64", "max,la57=on", 160,
        0xFF11000000000000, 56, X86_FILES[:1]),
    x86("i386-pae", "x86", "PAE, 3 levels", "i386", "linux-image-686-pae", "max", 256, 0xC0000000, 31),
    x86("i386-686", "x86", "2 levels, no NX", "i386", "linux-image-686", "max", 256, 0xC0000000, 31),
    arm64("arm64-4k", "4K pages, 48 bits", "linux-image-cloud-arm64", "cortex-a72", 48),
    arm64("arm64-16k", "16K pages, 52 bits (LPA2)", "linux-image-arm64-16k", "max,pauth-impdef=on", 52),
    ppc64("ppc64-radix", "radix, 64K pages", "pseries", "power9", 512),
    # pseries keeps the hash table inside QEMU, where no dump has it; powernv has it in RAM.
    ppc64("ppc64-hash", "hash table, 64K and 16M pages", "powernv8", "power8", 1024, (("slb.txt", "info tlb"),)),
)


def by_name(name):
    return next((kernel for kernel in KERNELS if kernel.name == name), None)
