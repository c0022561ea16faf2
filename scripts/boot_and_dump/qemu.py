"""QEMU as a child process, and the two protocols that it is asked by."""

import json
import re
import signal
import socket
import subprocess
import time
import xml.etree.ElementTree as ElementTree

from messages import Failure, require

ANSWER_SECONDS = 300


class Qemu:
    """A running machine; leaving the context ends it whatever happened."""

    def __init__(self, kernel, image, initramfs, append, folder):
        self.folder = folder
        self.console = folder / "console"
        self.log = folder / "qemu.log"
        self.command = [
            require(kernel.qemu, kernel.qemu_package),
            "-machine", kernel.machine, "-cpu", kernel.cpu, "-m", f"{kernel.memory_bytes >> 20}M",
            "-accel", "tcg", "-smp", "1", "-display", "none", "-nodefaults", "-no-user-config", "-no-reboot",
            "-kernel", str(image), "-initrd", str(initramfs), "-append", append,
            "-serial", f"file:{self.console}",
            "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
            "-gdb", f"unix:{folder}/gdb,server=on,wait=off",
        ]  # fmt: skip
        self.qmp = None

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self.qmp = Qmp(self._connect("qmp"))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def _connect(self, name):
        deadline = time.monotonic() + 30
        while True:
            connection = socket.socket(socket.AF_UNIX)
            try:
                connection.connect(str(self.folder / name))
                connection.settimeout(ANSWER_SECONDS)
                return connection
            except OSError as error:
                connection.close()
                self.check_alive()
                if time.monotonic() > deadline:
                    raise Failure(f"QEMU does not open its socket {name}: {error}") from error
                time.sleep(0.05)

    def check_alive(self):
        status = self.process.poll()
        if status is not None:
            said = self.log.read_text(errors="replace").strip().splitlines()
            why = said[-1] if said else "it said nothing"
            if status == -signal.SIGKILL:
                why = "killed, perhaps for want of memory"
            raise Failure(f"QEMU ended with status {status}: {why}")

    def wait_for_line(self, line, seconds):
        """The console up to and with that line."""
        deadline = time.monotonic() + seconds
        while True:
            said = self.console.read_text(errors="replace").replace("\r", "") if self.console.exists() else ""
            if f"\n{line}\n" in said:
                return said
            self.check_alive()
            if time.monotonic() > deadline:
                last = ["(none)", *(text for text in said.splitlines() if text.strip())][-1]
                raise Failure(
                    f"the guest did not come to '{line}' in {seconds} s; --seconds gives it longer; its last line: {last}"
                )
            time.sleep(0.5)

    def debugger(self):
        """To be opened when the machine is stopped: a debugger that connects stops it."""
        return Gdb(self._connect("gdb"))


class Qmp:
    """QEMU's machine protocol: one JSON object a line, events in between."""

    def __init__(self, connection):
        self.file = connection.makefile("rwb")
        self._read()
        self.execute("qmp_capabilities")

    def _read(self):
        line = self.file.readline()
        if not line:
            raise Failure("QEMU closed its monitor")
        return json.loads(line)

    def execute(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        self.file.flush()
        while True:
            answer = self._read()
            if "error" in answer:
                raise Failure(f"QEMU refused {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def monitor(self, line):
        """What a person would read at QEMU's monitor."""
        return self.execute("human-monitor-command", **{"command-line": line}).replace("\r", "")


class Gdb:
    """gdb's remote protocol, as far as registers and memory."""

    def __init__(self, connection):
        self.connection = connection
        self.received = b""
        self.ask("qSupported:xmlRegisters=i386,arm,powerpc")
        self.numbers = self._registers()

    def ask(self, command):
        text = command.encode()
        self.connection.sendall(b"$" + text + b"#%02x" % (sum(text) & 0xFF))
        return self._packet()

    def _packet(self):
        while True:
            match = re.search(rb"\$([^#]*)#..", self.received, re.DOTALL)
            if match:
                self.received = self.received[match.end():]
                self.connection.sendall(b"+")
                return re.sub(rb"}(.)", lambda m: bytes([m.group(1)[0] ^ 0x20]), match.group(1), flags=re.DOTALL)
            data = self.connection.recv(65536)
            if not data:
                raise Failure("QEMU closed its debugger's socket")
            self.received += data

    def _description(self, name):
        text = b""
        while True:
            part = self.ask(f"qXfer:features:read:{name}:{len(text):x},{0x800:x}")
            text += part[1:]
            if not part.startswith(b"m"):
                return text.decode()

    def _registers(self):
        """Number and width in bits of each register; numbers go on from the last where none is given."""
        found = {}
        number = 0
        # QEMU leaves the prefix xi undeclared, so this one is no XML that a parser takes.
        for part in re.findall(r'<xi:include href="([^"]+)"', self._description("target.xml")):
            for register in ElementTree.fromstring(self._description(part)).iter("reg"):
                number = int(register.get("regnum", number))
                found[register.get("name")] = (number, int(register.get("bitsize")))
                number += 1
        return found

    def close(self):
        self.connection.close()

    def register_bytes(self, name):
        """As the debugger sends them: in the byte order that the CPU is in. None where QEMU has no value."""
        answer = self.ask(f"p{self.numbers[name][0]:x}").decode()
        return None if answer.startswith("E") or not answer else answer

    def set_register(self, name, hex_bytes):
        answer = self.ask(f"P{self.numbers[name][0]:x}={hex_bytes}")
        if answer != b"OK":
            raise Failure(f"QEMU did not take {name}={hex_bytes}: {answer.decode()}")

    def physical_memory(self, wanted):
        """Whether addresses are physical from now on, or those of the CPU."""
        if self.ask(f"Qqemu.PhyMemMode:{1 if wanted else 0}") != b"OK":
            raise Failure("this QEMU's debugger does not read physical memory; 4.1 or later does")

    def read8(self, address):
        """Eight bytes in hexadecimal, or None."""
        answer = self.ask(f"m{address:x},8").decode()
        return None if answer.startswith("E") else answer
