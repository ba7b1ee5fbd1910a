"""The place where Ratchet runs: the data folder, which one process holds at a time, and the address."""

import errno
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.failures import Failure

DEFAULT_ADDRESS = "http://127.0.0.1:8000"
_LOCK = "serve.lock"


class AlreadyRunning(Failure):
    """Another process holds the data folder."""

    def __init__(self, data_dir: Path, address: str | None) -> None:
        where = f"at {address}" if address else "and is just starting"
        super().__init__(f"Ratchet runs already {where} (data folder {data_dir})")


class Tenancy:
    """The data folder is ours. The lock goes with the process, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def announce(self, address: str) -> None:
        """Tell other processes of this machine where we answer."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "address": address}).encode(), 0)


@contextmanager
def occupy(data_dir: Path) -> Iterator[Tenancy]:
    """Hold the data folder.

    Raises:
        AlreadyRunning: tells the address.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(data_dir, _read_address(descriptor)) from None
        os.ftruncate(descriptor, 0)
        yield Tenancy(descriptor)
    finally:
        os.close(descriptor)


def find_address(data_dir: Path) -> str:
    """Where the Ratchet of this data folder answers; the default address where none runs."""
    try:
        descriptor = os.open(data_dir / _LOCK, os.O_RDONLY)
    except OSError:
        return DEFAULT_ADDRESS
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return DEFAULT_ADDRESS
    except BlockingIOError:
        return _read_address(descriptor) or DEFAULT_ADDRESS
    finally:
        os.close(descriptor)


def _read_address(descriptor: int) -> str | None:
    try:
        address: str = json.loads(os.pread(descriptor, 1000, 0))["address"]
    except (ValueError, KeyError, TypeError):
        return None
    return address


class CannotListen(Failure):
    """The address is not to be had: says why and what would do."""


def bind(host: str, port: int) -> socket.socket:
    """A socket on this address, to be had before anything is started; nobody can connect until the services answer.

    Port 0 takes any that is free.

    Raises:
        CannotListen: taken, not ours, or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotListen(f"'{host}' is no address of this machine: {error.strerror}") from error
    bound = socket.socket(family, kind, protocol)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(address)
    except OSError as error:
        bound.close()
        if error.errno == errno.EADDRINUSE:
            raise CannotListen(
                f"another program listens on {host}:{port}; choose another port, for example --port {port + 1}"
            ) from error
        if error.errno == errno.EACCES:
            raise CannotListen(f"port {port} is for root only; choose one above 1023 with --port") from error
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return bound


def address_of(bound: socket.socket) -> str:
    """The address that a browser on this machine can open."""
    host, port = bound.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  these are compared, not bound
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
