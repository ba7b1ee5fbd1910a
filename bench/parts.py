"""The real parts of a measurement: an embedded Postgres with its durable defaults, a private RabbitMQ, processes."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.fleet import DEFINE, make_services
from services.postgres import EmbeddedPostgres
from shared.bus.local import LocalBus
from shared.provision import connect, create_database
from shared.settings import Settings
from tests.support.rabbitmq import PrivateRabbitMQ

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Parts:
    """Where they are; `environment` is what a service's process needs to find them."""

    folder: Path
    database_url: str
    amqp_url: str

    @property
    def environment(self) -> dict[str, str]:
        return {
            **{key: value for key, value in os.environ.items() if not key.startswith("RATCHET_")},
            "DATABASE_URL": self.database_url,
            "AMQP_URL": self.amqp_url,
            "RATCHET_DATA_DIR": str(self.folder / "data"),
            "PYTHONPATH": str(ROOT),
        }

    def settings(self) -> Settings:
        return Settings(
            data_dir=self.folder / "data",
            database_url=self.database_url,
            amqp_url=self.amqp_url,
            _env_file=None,
        )

    def start(self, module: str, *arguments: str) -> subprocess.Popen[str]:
        """A Python process of this project, spoken to through its pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


@contextmanager
def folder_for_postgres() -> Iterator[Path]:
    """A folder of its own that another user may pass through; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ratchet-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o711)
        yield folder


@contextmanager
def started() -> Iterator[Parts]:
    """All parts, with every service's schema made; gone afterwards."""
    with folder_for_postgres() as folder:
        rabbitmq = PrivateRabbitMQ()
        postgres = EmbeddedPostgres(folder)
        rabbitmq.start()
        try:
            database_url = postgres.start()
            asyncio.run(_prepare(database_url, postgres.admin_url(), folder))
            rabbitmq.wait()
            yield Parts(folder, database_url, rabbitmq.url)
        finally:
            postgres.stop()
            rabbitmq.stop()


async def _prepare(database_url: str, admin_url: str, folder: Path) -> None:
    await create_database(admin_url, "ratchet")
    settings = Settings(data_dir=folder / "data", _env_file=None)
    for service in make_services(DEFINE, settings, database_url, LocalBus()):
        await service.prepare()
        await service.close()


async def count(database_url: str, table: str) -> int:
    """Rows in a table, named with its schema."""
    connection = await connect(database_url)
    try:
        rows: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return rows
    finally:
        await connection.close()


def expect(process: subprocess.Popen[str], word: str) -> list[str]:
    """The next line that the process says, which must begin with this word; returns the rest of it.

    Raises:
        RuntimeError: it said something else, or ended.
    """
    assert process.stdout is not None
    said = process.stdout.readline().split()
    if not said or said[0] != word:
        raise RuntimeError(f"expected '{word}' of {process.args!r}, heard {said or 'its end'}")
    return said[1:]


def tell(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def end(*processes: subprocess.Popen[str]) -> None:
    """Ours, and only ours."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
