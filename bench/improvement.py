"""The improvement service under load: a thousand gaps at once, and a list of a hundred thousand records.

One real process, RabbitMQ and Postgres. The gaps are published to the broker by this process; the clock stops when
another connection can read the last record. Beside it stands the raw insert of as many rows by one connection. The
list is asked over HTTP, by many combinations of filters, two pages deep.
"""

import asyncio
import itertools
import statistics
import time
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import httpx

from bench.claim import Claim, at_most, show
from bench.parts import Parts, started
from shared.auth import Role
from shared.bus.port import Outgoing
from shared.bus.rabbitmq import RabbitBus
from shared.events.envelope import Draft, Origin, serialise
from shared.events.metrics import GapDetected, GapImpact
from shared.ids import new_id
from shared.provision import connect
from tests.support.processes import Processes, running_processes

GAPS = 1000
RECORDS = 100_000
_PAGES = 200
_OPENED = "SELECT count(*) FROM improvement.improvements"
_RAW = """
INSERT INTO public.bench_improvements (id, title, problem, measure_key, scope, opened_at)
VALUES ($1, $2, $3, $4, $5, $6)
"""
_FILL = """
INSERT INTO improvement.improvements (id, version, sequence, revision, state, origin, correlation_id, requester, title,
    problem, measure_key, scope, owner, department, service, customer, severity, impact, effort, priority, opened_at,
    updated_at)
SELECT gen_random_uuid(), 1, 1, 1,
    (ARRAY['closed','closed','closed','closed','rejected','withdrawn','monitoring','draft','submitted','implementing'])
        [1 + i % 10],
    (ARRAY['gap','gap','gap','person','complaint','nonconformity','survey'])[1 + i % 7],
    'story ' || i, 'service:metrics',
    'SLA attainment of service ' || i % 300 || ': ' || i % 100 || ' % instead of 95 %',
    repeat('What happened, in the words of those who saw it. ', 8), 'sla_attainment', 'group=group ' || i,
    'owner ' || i % 400, 'department ' || i % 12, 'service ' || i % 300, 'customer ' || i % 2000,
    (ARRAY['low','medium','high','critical'])[1 + i % 4], (ARRAY['low','medium','high','very_high'])[1 + i % 4],
    (ARRAY['small','medium','large'])[1 + i % 3], 1 + i % 5,
    timestamptz '2020-01-01' + i * interval '30 minutes', timestamptz '2020-01-01' + i * interval '31 minutes'
FROM generate_series(1, $1::int) AS i
"""
_FILTERS: tuple[dict[str, Any], ...] = (
    {},
    {"state": "draft"},
    {"state": "closed", "origin": "gap"},
    {"owner": "owner 7"},
    {"department": "department 3", "state": "monitoring"},
    {"service": "service 44"},
    {"customer": "customer 777"},
    {"scope": "group=group 4711", "measure_key": "sla_attainment"},
    {"q": "service 123"},
)


def measure() -> list[Claim]:
    with started() as parts:
        return asyncio.run(_measure(parts))


async def _measure(parts: Parts) -> list[Claim]:
    async with running_processes(
        ["improvement"], parts.settings(), parts.database_url, parts.amqp_url, "ratchet", parts.folder
    ) as processes:
        connection = await connect(parts.database_url)
        try:
            return [*await _open(parts, connection), *await _list(processes, connection)]
        finally:
            await connection.close()


async def _open(parts: Parts, connection: asyncpg.Connection) -> list[Claim]:
    raw = await _time_raw(connection)
    gaps = [_gap(number) for number in range(GAPS)]
    bus = RabbitBus(parts.amqp_url, namespace="ratchet")
    began = time.perf_counter()
    await bus.publish(gaps)
    await _until_opened(connection, GAPS)
    seconds = time.perf_counter() - began
    await bus.publish(gaps)
    await bus.publish([_gap(GAPS)])
    await _until_opened(connection, GAPS + 1)
    await asyncio.sleep(1)
    opened = await connection.fetchval(_OPENED)
    await bus.close()
    return [
        at_most(f"{GAPS:,} gaps at once, each an open improvement", seconds, "s", 3, raw),
        Claim("  improvements beside gaps, after all came twice", opened / (GAPS + 1), "x", 1, met=opened == GAPS + 1),
    ]


async def _until_opened(connection: asyncpg.Connection, records: int) -> None:
    while await connection.fetchval(_OPENED) < records:  # noqa: ASYNC110 - another process opens them
        await asyncio.sleep(0.01)


def _gap(number: int) -> Outgoing:
    fact = GapDetected(
        gap_id=new_id(),
        measure_key="sla_attainment",
        measure_name="SLA attainment",
        unit="share",
        data_kind="proportion",
        direction="higher_is_better",
        scope=f"group=Group {number}",
        detection="target_missed",
        period=date(2026, 3, 1),
        period_end=date(2026, 4, 1),
        expected=0.95,
        actual=0.8,
        n=100,
        size=0.15,
        severity="high",
        impact=GapImpact(tickets_affected=20, tickets_total=100),
        observation_id=new_id(),
    )
    _, body = serialise(Draft(fact, str(fact.gap_id), 1, Origin("service:metrics", str(fact.gap_id))), "metrics", _NOW)
    return Outgoing(fact.TYPE, body)


_NOW = datetime(2026, 4, 1, tzinfo=UTC)


async def _time_raw(connection: asyncpg.Connection) -> float:
    """Seconds for as many bare rows, one statement each, in one transaction."""
    await connection.execute(
        "CREATE TABLE public.bench_improvements (id uuid PRIMARY KEY, title text, problem text, measure_key text, "
        "scope text, opened_at timestamptz, UNIQUE (measure_key, scope))"
    )
    rows = [(new_id(), "title", "problem" * 40, "sla_attainment", f"group=Group {n}", _NOW) for n in range(GAPS)]
    began = time.perf_counter()
    async with connection.transaction():
        for row in rows:
            await connection.execute(_RAW, *row)
    return time.perf_counter() - began


async def _list(processes: Processes, connection: asyncpg.Connection) -> list[Claim]:
    await connection.execute(_FILL, RECORDS - GAPS - 1)
    await connection.execute("VACUUM ANALYZE improvement.improvements")
    took: dict[str, list[float]] = {}
    async with processes.client(Role.QUALITY_MANAGER) as client:
        nothing = [await _get(client, "/improvement/healthz", {}) for _ in range(_PAGES)]
        for number, filters in zip(range(_PAGES * len(_FILTERS)), itertools.cycle(_FILTERS), strict=False):
            times = took.setdefault(str(filters), [])
            cursor: str | None = None
            for _ in range(1 + number % 2):
                query = {**filters, "limit": 50, **({"cursor": cursor} if cursor else {})}
                began = time.perf_counter()
                answer = await client.get("/improvement/v1/improvements", params=query)
                times.append(time.perf_counter() - began)
                answer.raise_for_status()
                cursor = answer.json()["next_cursor"]
    every = [one for times in took.values() for one in times]
    slowest = max(took, key=lambda filters: _p95(took[filters]))
    return [
        at_most(f"a page of 50 of {RECORDS:,} records, nine filters, p95", _p95(every), "ms", 50, _p95(nothing)),
        at_most(f"  of the slowest filter {slowest}, p95", _p95(took[slowest]), "ms", 50),
    ]


async def _get(client: httpx.AsyncClient, path: str, query: dict[str, Any]) -> float:
    began = time.perf_counter()
    (await client.get(path, params=query)).raise_for_status()
    return time.perf_counter() - began


def _p95(seconds: list[float]) -> float:
    """Milliseconds."""
    return statistics.quantiles(seconds, n=20)[-1] * 1000


if __name__ == "__main__":
    show(measure())
