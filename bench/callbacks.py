"""The desk's worklist under a million callbacks, a hundred thousand of them open: its first page, and the scan for what
is overdue.

One real process and Postgres; the page is asked over HTTP as JSON and as the console's page, by day, with customers who
have quiet hours of their own, beside an import of old tickets, and at night. Beside the page stands the bare query by
one connection. The scan is the job itself, until it finds nothing more: with what falls due in the ordinary course, and
after a stop in which all that is open fell due; beside it stands the bare update of as many rows.
"""

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import asyncpg
import httpx

from bench.claim import Claim, at_most, show
from bench.parts import Parts, started
from services.satisfaction.callbacks.service import escalate_callbacks, notice_overdue
from services.satisfaction.database import spine
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Role
from shared.database import Database, create_engine
from shared.provision import admit, connect
from shared.signals import Signals
from tests.support.processes import running_processes

CALLBACKS = 1_000_000
OPEN = 100_000
IMPORTED = 150_000
PORTION = 1000
_PAGES = 100
_DAYS = 365
_FILL = """
INSERT INTO satisfaction.callbacks (id, ticket_id, source, external_id, resolution_number, title, priority, service,
    customer, project, "group", resolver, resolved_at, due_at, state, correlation_id, completed_at, completed_by,
    channel, solved, score, next_attempt_at)
SELECT gen_random_uuid(), gen_random_uuid(), 'servicenow', 'INC' || i, 1, 'Story of incident ' || i, 'high',
    'service ' || i % 300, 'customer ' || i % 2000, 'project ' || i % 50, 'group ' || i % 40, 'engineer ' || i % 400,
    due - interval '24 hours', due, CASE WHEN done THEN 'completed' ELSE 'due' END, 'story ' || i,
    CASE WHEN done THEN due - i % 30 * interval '1 hour' END, CASE WHEN done THEN 'agent ' || i % 60 END,
    CASE WHEN done THEN (ARRAY['phone','phone','link'])[1 + i % 3] END, CASE WHEN done THEN 'yes' END,
    CASE WHEN done THEN 1 + i % 5 END,
    CASE WHEN NOT done AND i % 20 = 0 THEN $3::timestamptz + interval '3 hours' END
FROM (
    SELECT i, i > $2 AS done, CASE
        WHEN i > $2 THEN $3::timestamptz - (i - $2) * make_interval(secs => 86400.0 * $4 / ($1 - $2))
        ELSE $3::timestamptz + interval '10 minutes' + (i::float / $2) * interval '23 hours'
    END AS due
    FROM generate_series(1, $1::int) AS i
) AS made
ORDER BY due
"""
_OWN_HOURS = """
INSERT INTO satisfaction.callback_customers (customer, zone, quiet_hours, hours)
SELECT 'customer ' || i, zone, '21:00-08:00', zone || ' 21:00-08:00'
FROM (SELECT i, (ARRAY['Asia/Shanghai','Europe/Berlin','America/New_York','Asia/Tokyo'])[1 + i % 4] AS zone
      FROM generate_series(0, 499) AS i) AS made
"""
_IMPORT = """
INSERT INTO satisfaction.callbacks (id, ticket_id, source, external_id, resolution_number, title, customer, resolved_at,
    due_at, state, correlation_id, history, overdue_at)
SELECT gen_random_uuid(), gen_random_uuid(), 'old', 'OLD' || i, 1, 'Story of incident ' || i, 'customer ' || i % 2000,
    due - interval '24 hours', due, 'due', 'story ' || i, true, now()
FROM (SELECT i, timestamptz '2016-03-01' + i * interval '3 minutes' AS due
      FROM generate_series(1, $1::int) AS i) AS made
"""
_UNTOLD = "SELECT count(*) FROM satisfaction.callbacks WHERE state = 'due' AND NOT history AND escalation_level = 0"
_RAW_PAGE = """
SELECT * FROM satisfaction.callbacks WHERE state = 'due' AND (next_attempt_at IS NULL OR next_attempt_at <= now())
ORDER BY due_at, id LIMIT 51
"""
_RAW_UPDATE = """
UPDATE satisfaction.callbacks SET overdue_at = now(), version = version + 1
WHERE id IN (SELECT id FROM satisfaction.callbacks WHERE state = 'due' AND overdue_at IS NULL
             ORDER BY due_at LIMIT $1)
"""


def measure() -> list[Claim]:
    with started() as parts:
        return asyncio.run(_measure(parts))


async def _measure(parts: Parts) -> list[Claim]:
    connection = await connect(parts.database_url)
    try:
        now = datetime.now(UTC)
        await connection.execute(_FILL, CALLBACKS, OPEN, now, float(_DAYS))
        await connection.execute("VACUUM ANALYZE satisfaction.callbacks")
        claims = await _ask(parts, connection)
        return [*claims, *await _scan(parts, connection, now)]
    finally:
        await connection.close()


async def _ask(parts: Parts, connection: asyncpg.Connection) -> list[Claim]:
    raw = _p95([await _time(connection.fetch(_RAW_PAGE)) for _ in range(_PAGES)])
    claims = []
    path = "/satisfaction/v1/callbacks/worklist"
    async with _running(parts, connection) as client:
        health = await _p95_of(client, "/satisfaction/healthz")
        first = f"the worklist's first page, {OPEN:,} open of {CALLBACKS:,} callbacks, p95"
        claims.append(at_most(first, await _p95_of(client, path), "ms", 40, raw))
        page = await _p95_of(client, "/satisfaction/callbacks", {"accept": "text/html"})
        claims.append(at_most("  as the console's page with its figures, p95", page, "ms", 40, raw))
        await connection.execute(_OWN_HOURS)
        await connection.execute("ANALYZE satisfaction.callback_customers")
        claims.append(Claim("  an answer that asks nothing of the database, p95", health, "ms"))
        own = await _p95_of(client, path)
        claims.append(at_most("  500 customers with hours of their own, p95", own, "ms", 40, raw))
        await connection.execute(_IMPORT, IMPORTED)
        await connection.execute("VACUUM ANALYZE satisfaction.callbacks")
        beside = f"  beside {IMPORTED:,} more of an import of old tickets, p95"
        claims.append(at_most(beside, await _p95_of(client, path), "ms", 40, raw))
    now = datetime.now(UTC)
    night = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=6):%H:%M}"
    async with _running(parts, connection, RATCHET_SATISFACTION_QUIET_HOURS=night) as client:
        claims.append(at_most("  at night, p95", await _p95_of(client, path), "ms", 40, raw))
    return claims


@asynccontextmanager
async def _running(parts: Parts, connection: asyncpg.Connection, **settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """The service with these settings, once it has escalated what there is to escalate; the desk's client."""
    with patch.dict(os.environ, settings):
        async with running_processes(
            ["satisfaction"], parts.settings(), parts.database_url, parts.amqp_url, "ratchet", parts.folder
        ) as processes:
            before = None
            while before != (before := await connection.fetchval(_UNTOLD)):  # noqa: ASYNC110 - another process's job
                await asyncio.sleep(2)
            await connection.execute("VACUUM ANALYZE satisfaction.callbacks")
            async with processes.client(Role.SERVICE_DESK) as client:
                yield client


async def _scan(parts: Parts, connection: asyncpg.Connection, now: datetime) -> list[Claim]:
    """What falls due in five minutes, then everything at once."""
    admission = await admit(parts.database_url, "satisfaction")
    database = Database(create_engine(parts.database_url, "satisfaction", admission.role, 4), spine, Signals())
    thresholds = SatisfactionSettings()
    try:
        nothing, _ = await _drain(notice_overdue, database, now)
        ordinary, some = await _drain(notice_overdue, database, now + timedelta(minutes=15))
        everything, all_ = await _drain(notice_overdue, database, now + timedelta(days=2))
        began = time.perf_counter()
        escalated = 0
        while done := await escalate_callbacks(database, now + timedelta(hours=1), thresholds, PORTION):
            escalated += done
        escalating = time.perf_counter() - began
    finally:
        await database.close()
    await connection.execute("UPDATE satisfaction.callbacks SET overdue_at = NULL WHERE state = 'due' AND NOT history")
    await connection.execute("VACUUM ANALYZE satisfaction.callbacks")
    began = time.perf_counter()
    await connection.execute(_RAW_UPDATE, some)
    raw = time.perf_counter() - began
    return [
        at_most(f"the overdue scan, {some:,} newly overdue of {OPEN:,} open", ordinary, "s", 2, raw),
        at_most("  with none", nothing, "s", 2),
        Claim(f"  with all {all_:,} at once, each an event", everything, "s"),
        Claim(f"  escalations of {escalated:,}, each an event", escalating, "s"),
    ]


async def _drain(job: Any, database: Database, now: datetime) -> tuple[float, int]:
    """Seconds until the job finds nothing more, and how many it told of."""
    began = time.perf_counter()
    told = 0
    while done := await job(database, now, PORTION):
        told += done
    return time.perf_counter() - began, told


async def _p95_of(client: httpx.AsyncClient, path: str, headers: dict[str, str] | None = None) -> float:
    took = []
    for _ in range(_PAGES):
        began = time.perf_counter()
        (await client.get(path, headers=headers)).raise_for_status()
        took.append(time.perf_counter() - began)
    return _p95(took)


async def _time(asked: Any) -> float:
    began = time.perf_counter()
    await asked
    return time.perf_counter() - began


def _p95(seconds: Sequence[float]) -> float:
    """Milliseconds."""
    return statistics.quantiles(seconds, n=20)[-1] * 1000


if __name__ == "__main__":
    show(measure())
