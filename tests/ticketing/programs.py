"""Programs of this machine, run by a user who may do little, with files of their own: nothing that is installed here
is changed."""

import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

USER = "www-data"
_START_SECONDS = 60.0
_STOP_SECONDS = 10.0


class NotInstalled(Exception):
    """A program that the suite needs is not on this machine: says which."""


@dataclass
class Program:
    """A folder of its own under the system's temporary one, the environment of everything that runs in it, and what was
    started there."""

    name: str
    environment: Mapping[str, str]
    folder: Path = field(init=False)
    _server: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"ratchet-{self.name}-"))

    def write(self, name: str, content: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        return path

    def run(self, *command: str, where: str | None = None) -> str:
        """What it printed. Raises `RuntimeError` with its errors where it failed."""
        self._give_away()
        done = subprocess.run(
            command, cwd=where or self.folder, env=self._environment(), capture_output=True, check=False, **_as_user()
        )
        if done.returncode:
            told = (done.stdout + done.stderr)[-3000:].decode(errors="replace")
            raise RuntimeError(f"{command[:3]} ended with {done.returncode}: {told}")
        return done.stdout.decode()

    def start(self, *command: str, url: str, where: str | None = None) -> None:
        """Start a server and wait until it answers at this address, be it with an error."""
        self._give_away()
        with (self.folder / "server.log").open("ab") as log:
            self._server = subprocess.Popen(
                command, cwd=where or self.folder, env=self._environment(), stdout=log, stderr=log, **_as_user()
            )
        deadline = time.monotonic() + _START_SECONDS
        while not _answers(url):
            if self._server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{self.name} does not answer at {url}: {self.log()}")
            time.sleep(0.1)

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-3000:]

    def stop(self) -> None:
        """End the server that was started here, and remove its folder."""
        if self._server is not None:
            self._server.terminate()
            try:
                self._server.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        return {**kept, "HOME": str(self.folder), "TMPDIR": str(self.folder), "TZ": "UTC", **self.environment}

    def _give_away(self) -> None:
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                shutil.chown(path, USER, USER)


def require(*commands: str) -> None:
    """Raises `NotInstalled`."""
    missing = [command for command in commands if shutil.which(command) is None and not Path(command).exists()]
    if missing:
        raise NotInstalled(f"{', '.join(missing)}: not on this machine; make test-ticketing installs it, as root")


def _as_user() -> dict[str, str | Sequence[str]]:
    return {"user": USER, "group": USER, "extra_groups": []} if os.geteuid() == 0 else {}


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
