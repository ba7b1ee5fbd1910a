"""What a fault test plays on: processes of ours, events told under load, and the judgement afterwards."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aio_pika

from bench.incidents import resolved
from services.audit.ledger.service import verify_chain
from services.fleet import DEFINE
from shared import clock
from shared.database import Database
from shared.events.callbacks import CallbackScheduled
from shared.events.envelope import serialise
from shared.events.metrics import IncidentResolved
from shared.provision import connect
from tests.support.spine import open_database
from tests.support.waiting import eventually

ROOT = Path(__file__).parent.parent.parent
SERVICES = ("metrics", "satisfaction", "audit")
_TELL = "INSERT INTO metrics.outbox (type, body) SELECT $1, unnest($2::bytea[])"
_NOTE = "INSERT INTO metrics.told (event_id) SELECT unnest($1::uuid[])"


@dataclass
class Stage:
    """One database, one namespace at one broker; what `tell` told is noted in the same commit as the events."""

    database_url: str
    amqp_url: str
    namespace: str
    data_dir: Path
    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    told: int = 0

    async def start(self, *names: str, die: str | None = None) -> asyncio.subprocess.Process:
        """These services' relays and consumers in a process; returns when they hear."""
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("RATCHET_")},
            "DATABASE_URL": self.database_url,
            "AMQP_URL": self.amqp_url,
            "RATCHET_AMQP_NAMESPACE": self.namespace,
            "RATCHET_DATA_DIR": str(self.data_dir),
            "PYTHONPATH": str(ROOT),
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.faults.program",
            *names,
            *(("--die", die) if die else ()),
            cwd=ROOT,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        self.processes.append(process)
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        return process

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def tell(self, count: int) -> None:
        """Record so many resolutions in one commit; either they are told and noted, or neither."""
        events = [serialise(resolved(self.told + n), "metrics", clock.now()) for n in range(count)]
        connection = await connect(self.database_url)
        try:
            async with connection.transaction():
                await connection.execute(_TELL, IncidentResolved.TYPE, [body for _, body in events])
                await connection.execute(_NOTE, [event_id for event_id, _ in events])
            self.told += count
        finally:
            with contextlib.suppress(OSError):
                await connection.close()

    @asynccontextmanager
    async def load(self, per_second: int = 200) -> AsyncIterator[None]:
        """Events all the while, as a ticketing system goes on whatever happens here."""
        stopping = asyncio.Event()

        async def go_on() -> None:
            while not stopping.is_set():
                with contextlib.suppress(Exception):  # nobody noted what was not told
                    await self.tell(per_second // 20)
                await asyncio.sleep(0.05)

        task = asyncio.create_task(go_on())
        try:
            yield
        finally:
            stopping.set()
            await task

    async def count(self, table: str, where: str = "true") -> int:
        connection = await connect(self.database_url)
        try:
            rows: int = await connection.fetchval(f"SELECT count(*) FROM {table} WHERE {where}")
            return rows
        finally:
            await connection.close()

    async def reaches(self, table: str, rows: int) -> None:
        """Until the table has at least so many rows."""

        async def enough() -> bool:
            return await self.count(table) >= rows

        await eventually(enough, 60)

    async def settles(self) -> None:
        """Until nothing is on its way any more."""

        async def settled() -> bool:
            told = await self._ids("SELECT event_id FROM metrics.told")
            left = sum([await self.count(f"{name}.outbox") for name in SERVICES])
            scheduled = await self.count("audit.ledger_entries", f"type = '{CallbackScheduled.TYPE}'")
            assert (left, scheduled) == (0, len(told)), f"{left} in outboxes, {scheduled} of {len(told)} in the ledger"
            return True

        await eventually(settled, 60)

    async def judge(self) -> int:
        """Every event that was told took effect exactly once, here and in the ledger; returns how many."""
        await self.settles()
        told = await self._ids("SELECT event_id FROM metrics.told")
        heard = await self._ids(f"SELECT event_id FROM audit.ledger_entries WHERE type = '{IncidentResolved.TYPE}'")
        assert len(heard) == len(told)
        assert set(heard) == set(told)
        claimed = await self._ids(
            "SELECT event_id FROM satisfaction.inbox WHERE handler = 'satisfaction.callbacks.schedule'"
        )
        assert sorted(claimed) == sorted(told)
        assert await self.count("satisfaction.callbacks") == len(told)
        assert await self._ids("SELECT ticket_id FROM satisfaction.callbacks GROUP BY 1 HAVING count(*) > 1") == []
        followers = await self._ids(
            f"SELECT subject::uuid FROM audit.ledger_entries WHERE type = '{CallbackScheduled.TYPE}'"
        )
        assert sorted(followers) == sorted(await self._ids("SELECT id FROM satisfaction.callbacks"))
        for name in SERVICES:
            assert await self.count(f"{name}.dead_letters") == 0
        audit: Database = open_database(self.database_url, "audit")
        async with audit.reading() as session:
            verification = await verify_chain(session)
        await audit.close()
        assert verification.intact
        assert verification.entries == await self.count("audit.ledger_entries")
        return len(told)

    async def _ids(self, query: str) -> list[UUID]:
        connection = await connect(self.database_url)
        try:
            return [UUID(str(row[0])) for row in await connection.fetch(query)]
        finally:
            await connection.close()


async def make_stage(database_url: str, amqp_url: str, namespace: str, data_dir: Path) -> Stage:
    """An empty stage: what the services told when they were made is taken away."""
    connection = await connect(database_url)
    await connection.execute("CREATE TABLE metrics.told (event_id uuid PRIMARY KEY)")
    await connection.execute("GRANT ALL ON metrics.told TO ratchet_metrics")
    for name in SERVICES:
        await connection.execute(f"TRUNCATE {name}.outbox")
    await connection.close()
    return Stage(database_url, amqp_url, namespace, data_dir)


async def forget(amqp_url: str, namespace: str) -> None:
    """Delete what a namespace declared."""
    connection: Any = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    for name in DEFINE:
        await channel.queue_delete(f"{namespace}.{name}")
    await channel.exchange_delete(f"{namespace}.events")
    await connection.close()
