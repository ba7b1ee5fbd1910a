"""The whole real incident log through `ratchet import`, embedded as `ratchet serve` runs it, until all that follows
from it is done: measures, callbacks, gaps, improvements, ledger entries."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx

from bench.claim import Claim, at_most, show
from bench.parts import ROOT, folder_for_postgres
from services.fleet import DEFINE
from services.postgres import EmbeddedPostgres
from shared.auth import Role, mint
from shared.provision import connect
from shared.settings import Settings
from tests.journeys.real_log import LOG, RESOLUTIONS

EVENTS = 141_712
TARGET = {"value": 0.75, "effective_from": "2016-03-01", "minimum_n": 100, "reason": "promised to the customers"}
_LEFT = "SELECT " + " + ".join(f"(SELECT count(*) FROM {name}.outbox)" for name in DEFINE)
_MARKS = "SELECT count(*) FROM metrics.dirty_marks"
_LEDGER = "SELECT count(*) FROM audit.ledger_entries"
_CALLBACKS = "SELECT count(*) FROM satisfaction.callbacks"
_GAPS = "SELECT count(*) FROM metrics.gaps"
_PATIENCE_SECONDS = 900


def measure() -> list[Claim]:
    if not LOG.exists():
        print(f"the real log is not at {LOG}; set REAL_DATA_DIR to measure its import")
        return []
    with folder_for_postgres() as folder, serving(folder) as (url, settings):
        imported, settled = asyncio.run(_import(url, settings, folder))
    unit = "s"
    return [
        at_most("the real log (141,712 events) imported, embedded, with all that follows", settled, unit, 90),
        Claim("  of this, until the last row was taken", imported, unit),
    ]


def import_by_command(url: str, environment: dict[str, str]) -> None:
    """`ratchet import`.

    Raises:
        RuntimeError: it failed, with what it said.
    """
    command = [sys.executable, "-m", "services", "import", "servicenow-csv", str(LOG), "--url", url]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)


async def set_target(url: str, settings: Settings) -> None:
    token = mint(settings, "bench", [Role.PROCESS_OWNER], timedelta(hours=1))
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        answer = await client.post(f"{url}/metrics/v1/measures/sla_attainment/targets", json=TARGET)
        answer.raise_for_status()


async def settle(database_url: str) -> None:
    """Until nothing is left to do and what must have followed is there."""
    connection = await connect(database_url)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    ledger = -1
    while time.monotonic() < deadline:
        idle = not await connection.fetchval(_LEFT) and not await connection.fetchval(_MARKS)
        before, ledger = ledger, await connection.fetchval(_LEDGER)
        if idle and before == ledger and await _is_complete(connection):
            await connection.close()
            return
        await asyncio.sleep(0.5)
    raise TimeoutError(f"the import's consequences were not done after {_PATIENCE_SECONDS} s")


async def idle(database_url: str) -> None:
    """Until every event has taken effect and every mark is computed: what was measured before costs no more."""
    connection = await connect(database_url)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while await connection.fetchval(_LEFT) or await connection.fetchval(_MARKS):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not idle after {_PATIENCE_SECONDS} s")
        await asyncio.sleep(0.5)
    await connection.close()


async def _is_complete(connection: asyncpg.Connection) -> bool:
    callbacks: int = await connection.fetchval(_CALLBACKS)
    gaps: int = await connection.fetchval(_GAPS)
    return callbacks >= RESOLUTIONS and gaps > 0


async def _import(url: str, settings: Settings, folder: Path) -> tuple[float, float]:
    """Seconds until the import command ended, and until all was done."""
    await set_target(url, settings)
    environment = {**os.environ, "RATCHET_DATA_DIR": str(folder)}
    database_url = EmbeddedPostgres(folder).admin_url().replace("/postgres?", "/ratchet?")
    began = time.monotonic()
    await asyncio.to_thread(import_by_command, url, environment)
    imported = time.monotonic() - began
    await settle(database_url)
    return imported, time.monotonic() - began


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Settings]]:
    """`ratchet serve` in this folder; yields its address."""
    environment = {key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "AMQP_URL")}
    server = subprocess.Popen(
        [sys.executable, "-m", "services", "serve", "--port", "0", "--no-demo"],
        cwd=ROOT,
        env={**environment, "RATCHET_DATA_DIR": str(folder)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    try:
        url = ""
        while not url:
            line = server.stdout.readline()
            if not line:
                raise RuntimeError("ratchet serve ended while starting")
            if line.startswith("Ratchet answers at "):
                url = line.removeprefix("Ratchet answers at ").strip()
        yield url, Settings(data_dir=folder, _env_file=None)
    finally:
        server.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(30)
        server.stdout.close()


if __name__ == "__main__":
    show(measure())
