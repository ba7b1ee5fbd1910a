"""Ten million tickets and two thousand scopes: a chart, an overview of fifty measures, one dirty month computed again,
and how its cost grows with what is dirty and not with what there is.

The rows are made by the database itself; what is measured afterwards is Ratchet's own code and its HTTP.
"""

import asyncio
import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import httpx
import psutil

from bench.claim import Claim, at_most, show
from bench.import_log import serving
from bench.parts import folder_for_postgres
from services.fleet import DEFINE, make_services
from services.metrics.evaluation.jobs import evaluate
from services.metrics.measures.periods import next_month
from services.postgres import EmbeddedPostgres
from shared.app import Service
from shared.auth import Role, mint
from shared.bus.local import LocalBus
from shared.http import acting
from shared.provision import connect
from shared.settings import Settings

_MONTHS = [date(2024 + (6 + i) // 12, (6 + i) % 12 + 1, 1) for i in range(24)]
_BIG = _MONTHS[-1]
_BIG_ROWS = 1_000_000
_SCALE = float(os.environ.get("BENCH_VOLUME_SCALE", "1"))
_ROWS = 10_000_000
_MEASURES = 50
_CUSTOMERS, _SERVICES = 1900, 99
_REQUESTS = 200
_HISTORIES = (1, 6, 12, 24)
_DIRTY = (1, 2, 4, 8)

_TICKETS = """
INSERT INTO metrics.tickets (id, source, external_id, kind, state, updated_at, priority, service, customer, "group",
    resolver, category, cause, opened_at, responded_at, resolved_at, last_resolved_at, closed_at,
    reported_resolved_at, resolution_number, reopen_count, sla_met, version)
SELECT gen_random_uuid(), 'desk', 'INC' || $1::text || '-' || i, 'incident', 'closed', o.at + interval '30 hours',
    (i % 4 + 1)::text, 'service ' || i % 99, 'customer ' || i % 1900, 'group ' || i % 70, 'resolver ' || i % 200,
    'category ' || i % 40, 'cause ' || i % 16, o.at, o.at + interval '20 minutes', r.at, r.at,
    o.at + interval '30 hours', r.at, 1, CASE WHEN i % 97 = 0 THEN 1 ELSE 0 END, i % 5 > 0, 4
FROM generate_series(1, $2::int) AS i,
    LATERAL (SELECT $3::timestamptz + ($4::timestamptz - $3::timestamptz) * (i::float / ($2 + 1)) AS at) o,
    LATERAL (SELECT o.at + interval '1 minute' * (5 + (i::bigint * 7919) % 1440)::int AS at) r
"""
_OBSERVATIONS = """
INSERT INTO metrics.observations (id, measure_key, scope, period, revision, definition_version, value, n, numerator,
    missing, origin, provisional, recorded_at)
SELECT gen_random_uuid(), m.key, s.scope, p.period, 1, 1, 0.8, 100, 80, 0, 'computed', false, now()
FROM metrics.measures m, metrics.measure_scopes s, unnest($1::date[]) AS p (period) WHERE s.measure_key = m.key
ON CONFLICT DO NOTHING
"""
_MEASURES_SQL = """
INSERT INTO metrics.measures SELECT (jsonb_populate_record(m, jsonb_build_object('key', 'more_' || i))).*
FROM metrics.measures m, generate_series(1, $1::int) AS i WHERE m.key = 'sla_attainment'
"""
_SCOPES = """
INSERT INTO metrics.measure_scopes SELECT m.key, s.scope FROM metrics.measures m, (
    SELECT 'customer=customer ' || i AS scope FROM generate_series(0, $1::int - 1) AS i
    UNION ALL SELECT 'service=service ' || i FROM generate_series(0, $2::int - 1) AS i) s
ON CONFLICT DO NOTHING
"""
_TARGETS = """
INSERT INTO metrics.targets (id, measure_key, scope, value, minimum_n, effective_from, origin, reason, set_by, set_at)
SELECT gen_random_uuid(), key, 'all', 0.75, 1, '2024-01-01', 'person', 'promised', 'bench', now() FROM metrics.measures
"""


def measure() -> list[Claim]:
    with folder_for_postgres() as folder:
        with serving(folder):
            pass
        postgres = EmbeddedPostgres(folder)
        postgres.start()
        try:
            claims = asyncio.run(_fill_and_recompute(postgres.admin_url().replace("/postgres?", "/ratchet?"), folder))
        finally:
            postgres.stop()
        with serving(folder) as (url, settings):
            claims += asyncio.run(_read(url, settings))
    return claims


async def _fill_and_recompute(database_url: str, folder: Path) -> list[Claim]:
    connection = await connect(database_url)
    most = int(_ROWS * _SCALE)
    big = int(_BIG_ROWS * _SCALE)
    each = (most - big) // (len(_MONTHS) - 1)
    definitions = [row[0] for row in await connection.fetch(_INDEXES)]
    service = await _service(database_url, folder)
    by_history = {}
    filled = 0
    for months in _HISTORIES:
        await _drop_indexes(connection)
        for month in _MONTHS[filled:months]:
            await _fill(connection, month, big if month == _BIG else each)
        filled = months
        await _index(connection, definitions)
        by_history[months] = await _recompute(service, connection, "sla_attainment", ["all"], _MONTHS[:1])
    await _define(connection)
    await connection.execute("VACUUM ANALYZE metrics.observations")
    everything = await _recompute(service, connection, "sla_attainment", ["all"], [_BIG])
    median = await _recompute(service, connection, "mttr_median", ["all"], [_BIG])
    scopes = await _recompute(service, connection, "sla_attainment", None, [_BIG])
    curve = [await _recompute(service, connection, "mttr_mean", ["all"], _MONTHS[:n]) for n in _DIRTY]
    raw = await _time(lambda: connection.fetchval(_RAW, _BIG, next_month(_BIG)))
    await service.close()
    await connection.close()
    unit = "s"
    return [
        at_most("one dirty month of one measure, 1 M tickets of 10 M, computed and told", everything, unit, 2, raw),
        at_most("  the same of a median", median, unit, 2),
        Claim("  the same in all 2,000 scopes and told", scopes, unit),
        *(
            Claim(f"one dirty month of 390,000 tickets, with a history of {months} months", seconds, unit)
            for months, seconds in by_history.items()
        ),
        *(
            Claim(f"{n} dirty months of 390,000 tickets each", seconds, unit, None, curve[0], seconds / curve[0])
            for n, seconds in zip(_DIRTY, curve, strict=True)
        ),
    ]


async def _define(connection: asyncpg.Connection) -> None:
    """Fifty measures, two thousand scopes of each, and their values of the months before the last."""
    defined = await connection.fetchval("SELECT count(*) FROM metrics.measures")
    await connection.execute(_MEASURES_SQL, _MEASURES - defined)
    await connection.execute(_SCOPES, _CUSTOMERS, _SERVICES)
    await connection.execute(_TARGETS)
    await connection.execute(_OBSERVATIONS, _MONTHS[:-1])


_INDEXES = """
SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'metrics.tickets'::regclass AND NOT indisprimary
"""
_NEW_VERSION = "UPDATE metrics.measures SET definition_version = definition_version + 1 WHERE key = $1"
_RAW = """
SELECT count(*) FILTER (WHERE sla_met)::float / count(sla_met) FROM metrics.tickets
WHERE opened_at >= $1 AND opened_at < $2
"""


async def _drop_indexes(connection: asyncpg.Connection) -> None:
    await connection.execute("ALTER TABLE metrics.tickets DROP CONSTRAINT IF EXISTS uq_tickets_source_external_id")
    for (name,) in await connection.fetch(
        "SELECT indexrelid::regclass::text FROM pg_index "
        "WHERE indrelid = 'metrics.tickets'::regclass AND NOT indisprimary"
    ):
        await connection.execute(f"DROP INDEX {name}")


async def _index(connection: asyncpg.Connection, definitions: list[str]) -> None:
    await connection.execute("SET maintenance_work_mem = '512MB'")
    for definition in definitions:
        await connection.execute(definition)
    await connection.execute("VACUUM ANALYZE metrics.tickets")


async def _fill(connection: asyncpg.Connection, month: date, rows: int) -> None:
    await connection.execute(_TICKETS, f"{month:%y%m}", rows, month, next_month(month), timeout=1800)


async def _service(database_url: str, folder: Path) -> Service:
    """The metrics service without its jobs: the measurement says when they run."""
    settings = Settings(data_dir=folder, _env_file=None)
    (service,) = make_services(["metrics"], settings, database_url, LocalBus())
    await service.prepare()
    assert "metrics" in DEFINE
    return service


async def _recompute(
    service: Service, connection: asyncpg.Connection, key: str, scopes: list[str] | None, months: list[date]
) -> float:
    """Seconds of the third of three evaluations of these months, each time with something new to tell."""
    seconds = []
    for _ in range(3):
        await connection.execute("DELETE FROM metrics.dirty_marks")
        await connection.execute(
            "UPDATE metrics.measures SET definition_version = definition_version + 1 WHERE key = $1", key
        )
        await connection.executemany(
            "INSERT INTO metrics.dirty_marks (basis, period, measure_key, scopes) VALUES ('opened', $1, $2, $3)",
            [(month, key, scopes) for month in months],
        )

        async def work() -> int:
            async with acting("bench"):
                return await evaluate(service.database, 0, 0)

        seconds.append(await _time(work))
    return statistics.median(seconds)


async def _time(act: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await act()
    return time.perf_counter() - began


async def _read(url: str, settings: Settings) -> list[Claim]:
    token = mint(settings, "bench", [Role.QUALITY_MANAGER], timedelta(hours=1))
    chance = random.Random(20261121)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=120) as client:
        nothing = await _p95(client, lambda: f"{url}/metrics/healthz")
        chart = await _p95(
            client,
            lambda: (
                f"{url}/metrics/v1/measures/more_{chance.randrange(1, 30)}/series"
                f"?from=2024-07&to=2026-06&scope=customer=customer {chance.randrange(_CUSTOMERS)}"
            ),
        )
        overview = await _p95(client, lambda: f"{url}/metrics/v1/overview")
        page = await _p95(client, lambda: f"{url}/metrics/overview", 30)
    unit = "ms"
    return [
        at_most("a measure's 24-month chart over HTTP, p95", chart, unit, 30, nothing),
        at_most("an overview of 50 measures over HTTP, p95", overview, unit, 150, nothing),
        Claim("  the same as a page", page, unit),
        at_most("ratchet serve resident after all that", _resident_megabytes(), "MB", 300),
    ]


async def _p95(client: httpx.AsyncClient, choose: Callable[[], str], requests: int = _REQUESTS) -> float:
    """Milliseconds."""
    seconds = []
    for _ in range(requests):
        target = choose()
        began = time.perf_counter()
        answer = await client.get(target)
        seconds.append(time.perf_counter() - began)
        answer.raise_for_status()
    return statistics.quantiles(seconds, n=20)[-1] * 1000


def _resident_megabytes() -> float:
    """Of the one server that this process started."""
    (server,) = (
        child for child in psutil.Process().children() if "serve" in child.cmdline() and child.status() != "zombie"
    )
    return server.memory_info().rss / 1e6


if __name__ == "__main__":
    show(measure())
