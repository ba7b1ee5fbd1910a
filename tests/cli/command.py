"""The `ratchet` command as a person runs it: a process of its own, in a data folder of its own."""

import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from pathlib import Path

import httpx

from shared.auth import Role, mint
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
_READY_SECONDS = 90.0  # it takes three; many tests may run beside


def make_folder() -> Path:
    """Short, so that a socket fits, and below no folder that another user may not pass."""
    return Path(tempfile.mkdtemp(prefix="ratchet-cli-"))


def environment(data_dir: Path, **extra: str) -> dict[str, str]:
    """Nothing of the caller's own installation shines through."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("RATCHET_")}
    for name in ("DATABASE_URL", "AMQP_URL"):
        kept.pop(name, None)
    return {**kept, "RATCHET_DATA_DIR": str(data_dir), "COLUMNS": "200", **extra}


def ratchet(data_dir: Path, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    command = [sys.executable, "-m", "services", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment(data_dir, **extra), capture_output=True, text=True, timeout=150, check=False
    )


class Running:
    """A command that goes on until it is stopped; `address` is where it says that it answers."""

    def __init__(self, data_dir: Path, *arguments: str, **extra: str) -> None:
        self.data_dir = data_dir
        self.lines: list[str] = []
        self._arrived: queue.Queue[str] = queue.Queue()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services", *arguments],
            cwd=ROOT,
            env=environment(data_dir, **extra),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        self.address = self.line_with(" answers at ").split()[-1]

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)

    def stop(self, number: signal.Signals) -> int:
        """Send the signal; returns the exit code."""
        self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def line_with(self, text: str) -> str:
        """The first line with this text, waiting for it."""
        deadline = time.monotonic() + _READY_SECONDS
        for line in self.lines:
            if text in line:
                return line
        while True:
            try:
                line = self._arrived.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                self.process.kill()
                raise TimeoutError(f"no line with {text!r} in: {''.join(self.lines)}") from None
            if line == "":
                raise AssertionError(f"it ended with {self.process.wait(30)}: {''.join(self.lines)}")
            self.lines.append(line)
            if text in line:
                return line.strip()

    def client(self, role: str) -> httpx.Client:
        """A client with a token of the data folder's key."""
        settings = Settings(data_dir=self.data_dir, _env_file=None)  # type: ignore[call-arg]
        token = mint(settings, role, [Role(role)], timedelta(hours=1))
        return httpx.Client(base_url=self.address, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._arrived.put(line)
        self._arrived.put("")


def remove_folder(data_dir: Path) -> None:
    """With the Postgres that a killed command left behind in it."""
    pid_file = data_dir / "postgres" / "postmaster.pid"
    if pid_file.exists():
        os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
    shutil.rmtree(data_dir, ignore_errors=True)
