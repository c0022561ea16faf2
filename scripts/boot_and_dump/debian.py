"""Packages of any architecture from Debian's archive, by an apt that keeps all its state in a folder of ours."""

import hashlib
import os
import re
import subprocess
import tarfile
import time

from messages import Failure, require, tell

MIRROR = os.environ.get("MMPORT_DEBIAN_MIRROR", "http://deb.debian.org/debian")
SECURITY_MIRROR = os.environ.get("MMPORT_DEBIAN_SECURITY_MIRROR", "http://deb.debian.org/debian-security")
# The last release with kernels for i386. arm64 with 16K pages is among its backports.
RELEASE = "bookworm"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LISTS_FRESH_SECONDS = 12 * 3600


class Archive:
    """The archive as seen by one architecture."""

    def __init__(self, cache, debian_arch):
        require("apt-get", "apt")
        require("dpkg-deb", "dpkg")
        if not os.path.exists(KEYRING):
            raise Failure(f"{KEYRING} is missing; install it (apt-get install debian-archive-keyring)")
        self.packages = cache / "packages"
        self.root = cache / "apt" / debian_arch
        for folder in (self.packages, self.root / "lists" / "partial", self.root / "archives" / "partial"):
            folder.mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        self.config = self.root / "apt.conf"
        self.config.write_text(self._config(debian_arch))
        (self.root / "sources.list").write_text(self._sources(debian_arch))
        self._refresh()

    def _config(self, debian_arch):
        """Read after the system's own, whose proxies stay and whose hooks must not run."""
        return "\n".join(
            (
                "#clear APT::Update::Pre-Invoke;",
                "#clear APT::Update::Post-Invoke;",
                "#clear APT::Update::Post-Invoke-Success;",
                "#clear APT::Architectures;",
                f'APT::Architecture "{debian_arch}";',
                f'APT::Architectures {{ "{debian_arch}"; }};',
                'APT::Sandbox::User "";',
                'Acquire::Languages "none";',
                'Acquire::Retries "3";',
                f'Dir::State "{self.root}";',
                f'Dir::State::lists "{self.root}/lists";',
                f'Dir::State::status "{self.root}/status";',
                f'Dir::Cache "{self.root}";',
                f'Dir::Cache::archives "{self.root}/archives";',
                f'Dir::Etc::sourcelist "{self.root}/sources.list";',
                'Dir::Etc::sourceparts "-";',
                'Dir::Etc::preferences "-";',
                'Dir::Etc::preferencesparts "-";',
                "",
            )
        )

    @staticmethod
    def _sources(debian_arch):
        options = f"[arch={debian_arch} target=Packages signed-by={KEYRING}]"
        return "".join(
            f"deb {options} {mirror} {suite} main\n"
            for mirror, suite in (
                (MIRROR, RELEASE),
                (SECURITY_MIRROR, RELEASE + "-security"),
                (MIRROR, RELEASE + "-backports"),
            )
        )

    def _refresh(self):
        stamp = self.root / "lists-fetched"
        if stamp.exists() and time.time() - stamp.stat().st_mtime < LISTS_FRESH_SECONDS:
            return
        try:
            self._apt("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update")
            stamp.touch()
        except Failure as failure:
            # The lists that did come may do: a kernel is in the release itself and again among its security updates.
            tell(f"{failure}; going on with the lists there are")

    def _apt(self, tool, *arguments, folder=None):
        done = subprocess.run(
            [tool, "-c", str(self.config), *arguments],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            why = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
            raise Failure(
                f"{tool}: {why[0] if why else 'failed'}; are the mirrors in reach? "
                "MMPORT_DEBIAN_MIRROR and MMPORT_DEBIAN_SECURITY_MIRROR name others"
            )
        return done.stdout

    def kernel_package(self, package):
        """The newest kernel's package, which the given one depends on."""
        shown = self._apt("apt-cache", "show", "--no-all-versions", package)
        match = re.search(r"^Depends:.*?\b(linux-image-\d[^\s,]*)", shown, re.MULTILINE)
        if match is None:
            raise Failure(f"{package} depends on no kernel in {MIRROR}; is it still in {RELEASE}?")
        return match.group(1)

    def fetch(self, package):
        """The package's file, from the cache or from the archive; apt checks what it downloads."""
        answer = self._apt("apt-get", "-qq", "--print-uris", "download", package)
        match = re.search(r"^'[^']+' (\S+) (\d+) SHA256:([0-9a-f]{64})", answer, re.MULTILINE)
        if match is None:
            raise Failure(f"apt does not say where {package} is: {answer.strip()[:200]}")
        file = self.packages / match.group(1)
        if not file.exists() or hashlib.sha256(file.read_bytes()).hexdigest() != match.group(3):
            self._apt("apt-get", "-qq", "download", package, folder=self.packages)
        return file


def read_member(package_file, pattern):
    """The first regular file of a package whose path the pattern matches in full: its path and content."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package_file)], stdout=subprocess.PIPE) as unpack:
        try:
            with tarfile.open(fileobj=unpack.stdout, mode="r|") as tar:
                for member in tar:
                    if member.isfile() and re.fullmatch(pattern, member.name):
                        return member.name, tar.extractfile(member).read()
        except tarfile.TarError as error:
            raise Failure(f"{package_file} cannot be unpacked: {error}; remove it and run again") from error
        finally:
            unpack.kill()
    raise Failure(f"{package_file} has no file {pattern}")
