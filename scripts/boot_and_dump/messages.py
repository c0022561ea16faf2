"""What the user is told, each in one line."""

import shutil
import sys


class Failure(Exception):
    """The message names what is wrong and the way out."""


def require(command, package):
    """The path of a command, or a failure that names the Debian package that has it."""
    path = shutil.which(command)
    if path is None:
        raise Failure(f"{command} is missing; install it (apt-get install {package})")
    return path


def tell(what):
    print(f"boot-and-dump: {what}", file=sys.stderr, flush=True)
