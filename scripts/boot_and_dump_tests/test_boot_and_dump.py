"""The parts of boot-and-dump that need no archive, no QEMU and no guest."""

import gzip
import json
import socket
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parent.parent / "boot_and_dump"))

import debian  # noqa: E402
import guest  # noqa: E402
import initramfs  # noqa: E402
import kernels  # noqa: E402
import qemu  # noqa: E402
import readme  # noqa: E402
import truth  # noqa: E402
from messages import Failure  # noqa: E402


class Archive(debian.Archive):
    """Answers as apt would, and keeps no state."""

    def __init__(self, *answers, packages=Path("/nowhere")):
        self.answers = list(answers)
        self.asked = []
        self.packages = packages

    def _apt(self, tool, *arguments, folder=None):
        self.asked.append((tool, *arguments))
        return self.answers.pop(0)


class DebianTest(unittest.TestCase):
    def test_the_kernel_is_what_the_newest_package_depends_on(self):
        archive = Archive(
            "Package: linux-image-amd64\nVersion: 6.1.159-1\n"
            "Depends: linux-base, linux-image-6.1.0-42-cloud-amd64 (= 6.1.159-1)\nRecommends: linux-image-9\n"
        )
        self.assertEqual("linux-image-6.1.0-42-cloud-amd64", archive.kernel_package("linux-image-cloud-amd64"))
        self.assertEqual([("apt-cache", "show", "--no-all-versions", "linux-image-cloud-amd64")], archive.asked)

    def test_a_package_without_a_kernel_is_refused_by_name(self):
        for shown in ("", "Package: linux-image-686\nDepends: linux-base\n", "Suggests: linux-image-6.1.0-1-686\n"):
            with self.assertRaisesRegex(Failure, "^linux-image-686 depends on no kernel in "):
                Archive(shown).kernel_package("linux-image-686")

    def test_a_package_in_the_cache_is_not_fetched_again(self):
        name = Path(__file__).name
        content = Path(__file__).read_bytes()
        uris = f"'http://mirror/{name}' {name} {len(content)} SHA256:{debian.hashlib.sha256(content).hexdigest()}\n"
        archive = Archive(uris, packages=Path(__file__).parent)
        self.assertEqual(Path(__file__), archive.fetch("some"))
        self.assertEqual([("apt-get", "-qq", "--print-uris", "download", "some")], archive.asked)
        stale = uris.replace("SHA256:", "SHA256:0")[:-2] + "\n"
        archive = Archive(stale, "", packages=Path(__file__).parent)
        archive.fetch("some")
        self.assertEqual(("apt-get", "-qq", "download", "some"), archive.asked[-1])

    def test_an_answer_without_a_file_is_one_line(self):
        with self.assertRaises(Failure) as refusal:
            Archive("E: what\n").fetch("busybox-static")
        self.assertEqual("apt does not say where busybox-static is: E: what", str(refusal.exception))

    def test_sources_are_of_one_architecture_and_three_suites(self):
        lines = debian.Archive._sources("ppc64el").splitlines()
        self.assertEqual(["bookworm", "bookworm-security", "bookworm-backports"], [line.split()[5] for line in lines])
        for line in lines:
            self.assertTrue(line.startswith("deb [arch=ppc64el target=Packages signed-by="), line)


class KernelsTest(unittest.TestCase):
    def test_names_lead_to_kernels(self):
        for kernel in kernels.KERNELS:
            self.assertIs(kernel, kernels.by_name(kernel.name))
        self.assertIsNone(kernels.by_name("vax"))
        self.assertIsNone(kernels.by_name(None))

    def test_each_has_a_qemu_and_tables_of_its_own(self):
        for key in ("name", "about"):
            values = [getattr(kernel, key) for kernel in kernels.KERNELS]
            self.assertEqual(len(values), len(set(values)), key)
        of_arch = {
            "amd64": "qemu-system-x86_64",
            "i386": "qemu-system-i386",
            "arm64": "qemu-system-aarch64",
            "ppc64el": "qemu-system-ppc64",
        }
        for kernel in kernels.KERNELS:
            self.assertEqual(of_arch[kernel.debian_arch], kernel.qemu, kernel.name)

    def test_registers_tell_user_mode(self):
        samples = {
            "x86_64": (0x33, 0x10),
            "x86": (0x73, 0x60),
            "arm64": (0x80001000, 0x80000005),
            "ppc64": (0x800000000280F033, 0x8000000002803033),
        }
        for kernel in kernels.KERNELS:
            user, system = samples[kernel.port]
            self.assertEqual(kernel.mode.user_value, user & kernel.mode.user_mask, kernel.name)
            self.assertNotEqual(kernel.mode.user_value, system & kernel.mode.user_mask, kernel.name)


class QemuTest(unittest.TestCase):
    def command(self, name):
        with mock.patch.object(qemu, "require", lambda command, package: f"/bin/{command}"):
            return qemu.Qemu(kernels.by_name(name), Path("/w/image"), Path("/w/root"), "a=b c", Path("/w")).command

    def option(self, command, name):
        return command[command.index(name) + 1]

    def test_command_lines_are_those_of_their_kernels(self):
        expected = {
            "amd64-4level": ("qemu-system-x86_64", "q35", "max,la57=off", "160M"),
            "amd64-la57": ("qemu-system-x86_64", "q35", "max,la57=on", "160M"),
            "i386-pae": ("qemu-system-i386", "q35", "max", "256M"),
            "i386-686": ("qemu-system-i386", "q35", "max", "256M"),
            "arm64-4k": ("qemu-system-aarch64", "virt", "cortex-a72", "256M"),
            "arm64-16k": ("qemu-system-aarch64", "virt", "max,pauth-impdef=on", "256M"),
            "ppc64-radix": ("qemu-system-ppc64", "pseries", "power9", "512M"),
            "ppc64-hash": ("qemu-system-ppc64", "powernv8", "power8", "1024M"),
        }
        self.assertEqual(set(expected), {kernel.name for kernel in kernels.KERNELS})
        for name, words in expected.items():
            command = self.command(name)
            found = (command[0].removeprefix("/bin/"), *(self.option(command, o) for o in ("-machine", "-cpu", "-m")))
            self.assertEqual(words, found, name)

    def test_what_is_handed_over_is_one_word_each(self):
        command = self.command("amd64-4level")
        self.assertEqual("/w/image", self.option(command, "-kernel"))
        self.assertEqual("/w/root", self.option(command, "-initrd"))
        self.assertEqual("a=b c", self.option(command, "-append"))
        self.assertEqual("file:/w/console", self.option(command, "-serial"))
        for port in ("-qmp", "-gdb"):
            self.assertTrue(self.option(command, port).startswith("unix:/w/"), port)


class ProtocolTest(unittest.TestCase):
    def setUp(self):
        self.ours, self.theirs = socket.socketpair()
        self.ours.settimeout(5)
        self.addCleanup(self.ours.close)
        self.addCleanup(self.theirs.close)

    def qmp(self, *answers):
        """What QEMU would say, all of it beforehand; the first two lines are its greeting."""
        for answer in ({"QMP": {}}, {"return": {}}, *answers):
            self.theirs.sendall(json.dumps(answer).encode() + b"\n")
        return qemu.Qmp(self.ours)

    def test_events_between_question_and_answer_are_passed_over(self):
        monitor = self.qmp({"event": "STOP"}, {"return": "gpa: 0x1000\r\n"})
        self.assertEqual("gpa: 0x1000\n", monitor.monitor("gva2gpa 0"))
        sent = [json.loads(line) for line in self.theirs.recv(4096).splitlines()]
        self.assertEqual({"command-line": "gva2gpa 0"}, sent[1]["arguments"])

    def test_a_refusal_is_one_line(self):
        with self.assertRaisesRegex(Failure, "^QEMU refused dump: no room$"):
            self.qmp({"error": {"desc": "no room"}}).execute("dump")

    def test_packets_come_in_pieces_and_escaped(self):
        gdb = qemu.Gdb.__new__(qemu.Gdb)
        gdb.connection, gdb.received = self.ours, b""
        self.theirs.sendall(b"+$m}\x03a#00+$OK#9a")
        self.assertEqual(b"m#a", gdb.ask("x"))
        self.assertEqual(b"OK", gdb.ask("y"))
        self.assertEqual(b"$x#78+$y#79+", self.theirs.recv(64))


class GuestTest(unittest.TestCase):
    CONSOLE = (
        "[    0.1] Linux\nmmport kernel 6.1.0\nmmport pid 77\nmmport pagesize 4096\n"
        "mmport symbol ffffffff81000000 _stext\nmmport symbol ffffffff81e00000 _etext\n"
        "mmport vmalloc 0xffffc90000000000-0xffffc90000005000\n"
        "mmport pages 16\n3412000000000080\n0000000000000000\n78560000000000a0\n0100000000000080\nmmport end\nlater\n"
    )

    def test_the_console_is_read(self):
        found = guest.parse(self.CONSOLE)
        self.assertEqual(("6.1.0", 77, 4096), (found.release, found.pid, found.page_bytes))
        self.assertEqual({"_stext": 0xFFFFFFFF81000000, "_etext": 0xFFFFFFFF81E00000}, found.symbols)
        self.assertEqual([(0xFFFFC90000000000, 0xFFFFC90000005000)], found.vmalloc)
        self.assertEqual([0x10000, 0x11000, 0x12000, 0x13000], [va for va, _ in found.pages])
        self.assertEqual([(0x10000, 0x1234000), (0x13000, 0x1000)], found.own_frames())

    def test_what_is_missing_is_named(self):
        for line, what in (
            ("mmport symbol ffffffff81000000 _stext\n", "_stext in /proc/kallsyms"),
            ("mmport symbol ffffffff81e00000 _etext\n", "_etext in /proc/kallsyms"),
            ("mmport vmalloc 0xffffc90000000000-0xffffc90000005000\n", "/proc/vmallocinfo"),
            ("3412000000000080\n0000000000000000\n78560000000000a0\n0100000000000080\n", "/proc/PID/pagemap"),
        ):
            self.assertIn(line, self.CONSOLE)
            with self.assertRaisesRegex(Failure, f"has nothing of {what}"):
                guest.parse(self.CONSOLE.replace(line, ""))

    def test_a_message_among_the_words_is_shown(self):
        with self.assertRaisesRegex(Failure, "'BUG: soft lockup' among the words"):
            guest.parse(self.CONSOLE.replace("0000000000000000\n", "BUG: soft lockup\n"))


class InitramfsTest(unittest.TestCase):
    def test_the_archive_is_newc_and_always_the_same(self):
        packed = initramfs.build(b"\x7fELF+")
        self.assertEqual(packed, initramfs.build(b"\x7fELF+"))
        archive = gzip.decompress(packed)
        found, at = {}, 0
        while at < len(archive):
            self.assertEqual(b"070701", archive[at : at + 6])
            fields = [int(archive[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
            name_bytes, size = fields[11], fields[6]
            name = archive[at + 110 : at + 110 + name_bytes - 1].decode()
            data = (at + 110 + name_bytes + 3) & ~3
            found[name] = (fields[1], archive[data : data + size])
            at = (data + size + 3) & ~3
        self.assertEqual((0o100755, b"\x7fELF+"), found["bin/busybox"])
        self.assertEqual(0o020600, found["dev/console"][0])
        self.assertEqual(initramfs.INIT.read_bytes(), found["init"][1])
        self.assertEqual("TRAILER!!!", list(found)[-1])


class TruthTest(unittest.TestCase):
    def mmu(self, said):
        monitor = mock.Mock()
        monitor.monitor.return_value = said
        return truth.Mmu(kernels.by_name("arm64-4k"), monitor, None)

    def test_translations_are_read(self):
        for said, expected in (("gpa: 0x40001000\n", 0x40001000), ("gpa: 0\n", 0), ("Unmapped\n", None)):
            self.assertEqual(expected, self.mmu(said).translate(0x1000))

    def test_ram_begins_where_the_machine_has_it(self):
        mmu = self.mmu("")
        ends = [mmu.in_ram(pa) for pa in (0x3FFFFFFF, 0x40000000, 0x4FFFFFFF, 0x50000000)]
        self.assertEqual([False, True, True, False], ends)

    def test_what_lies_outside_ram_is_not_read(self):
        self.assertEqual((16, "9000000", "user", "MMIO", "-"), self.mmu("gpa: 0x9000000").row(16, "user"))
        self.assertEqual((16, "FAULT", "user", "FAULT", "-"), self.mmu("Unmapped").row(16, "user"))


class ReadmeTest(unittest.TestCase):
    def test_the_folder_of_work_is_not_in_it(self):
        machine = mock.Mock(folder=Path("/tmp/secret"), command=["/bin/q", "-serial", "file:/tmp/secret/console", "a b"])
        machine.qmp.execute.return_value = {"qemu": {"major": 7, "minor": 2, "micro": 1}}
        text = readme.text(kernels.by_name("ppc64-hash"), guest.Guest(release="6.1", pid=3), machine, "x", "k.deb: y")
        self.assertIn("/bin/q -serial file:WORK/console 'a b'", text)
        self.assertIn("| QEMU | 7.2.1, TCG, powernv8, power8 |", text)
        self.assertNotIn("secret", text)


if __name__ == "__main__":
    unittest.main()
