"""What printing to PDF needs of the system, installed by apt when root."""

import ctypes.util
import os
import shutil
import subprocess

from shared.pages.printing import PACKAGES

_WAYS = (
    "the tests print to PDF with Pango and a font that has Chinese; either of these will do: (1) install "
    f"{' '.join(PACKAGES)}, or what your system calls them, (2) run the tests as root on Debian, and apt does it"
)


class PrintingMissing(RuntimeError):
    def __init__(self, why: str = "") -> None:
        super().__init__(f"{_WAYS}{': ' + why if why else ''}")


def provide_printing() -> None:
    """Install what is missing.

    Raises:
        PrintingMissing: names the two ways.
    """
    if _is_there():
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise PrintingMissing
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(["apt-get", *command], env=environment, capture_output=True, text=True, check=False)
    if not _is_there():
        raise PrintingMissing(done.stderr[-500:])


def _is_there() -> bool:
    lister = shutil.which("fc-list")
    if ctypes.util.find_library("pango-1.0") is None or ctypes.util.find_library("pangoft2-1.0") is None:
        return False
    return lister is not None and bool(subprocess.check_output([lister, ":lang=zh-cn", "file"]).strip())
