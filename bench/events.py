"""Events from the outbox through RabbitMQ to their committed effect, each exactly once, with a backlog.

Ours are the real parts in two processes: metrics' relay, satisfaction's consumer with its real callback handler (each
event becomes an inbox row, a callback and an event of its own). The baselines run in two processes too, on the same
Postgres and RabbitMQ, one after the other.
"""

import asyncio
import time

from bench.claim import Claim, at_least, show, times_better
from bench.incidents import resolved
from bench.parts import Parts, count, end, expect, started, tell
from services.fleet import make_services
from shared.bus.local import LocalBus
from shared.http import acting
from shared.outbox import record_all
from shared.provision import connect

OURS = 60_000
EACH = 4_000
PLAIN = 30_000
_BENCH_TABLES = """
    CREATE SCHEMA bench;
    CREATE TABLE bench.inbox (event_id uuid PRIMARY KEY);
    CREATE TABLE bench.callbacks (
        id uuid PRIMARY KEY, ticket_id uuid NOT NULL, external_id text NOT NULL, resolution_number integer NOT NULL,
        resolver text, resolved_at timestamptz NOT NULL, due_at timestamptz NOT NULL,
        UNIQUE (ticket_id, resolution_number)
    )
"""


def measure() -> list[Claim]:
    with started() as parts:
        asyncio.run(_prepare(parts))
        ours = OURS / _time(parts, "relay", "consume", OURS)
        effects = asyncio.run(_count_effects(parts))
        each = EACH / _time(parts, "publish_each", "consume_each", EACH)
        concurrent = EACH / _time(parts, "publish_windows", "consume_each_concurrently", EACH)
        plain = PLAIN / _time(parts, "publish_windows", "consume_plain", PLAIN)
    unit = "events/s"
    return [
        at_least("events through RabbitMQ, outbox to committed callback", ours, unit, 10_000),
        Claim("  callbacks, inbox rows and follow-up events beside events sent", effects, "x", 1, met=effects == 1),
        times_better("  against one message, one transaction", ours, each, unit, 15),
        times_better("  against one message, one transaction, 8 at a time", ours, concurrent, unit, None),
        times_better("  against plain aio-pika publish and consume, no database", ours, plain, unit, 3),
    ]


async def _prepare(parts: Parts) -> None:
    connection = await connect(parts.database_url)
    await connection.execute(_BENCH_TABLES)
    await connection.close()
    (metrics,) = make_services(["metrics"], parts.settings(), parts.database_url, LocalBus())
    await metrics.prepare()
    for start in range(0, OURS, 5000):
        async with acting("integration"), metrics.database.transaction() as session:
            await record_all(session, [resolved(number) for number in range(start, start + 5000)])
    await metrics.close()


async def _count_effects(parts: Parts) -> float:
    """1 when every event has exactly one inbox row, one callback and one event of its own."""
    tables = ("satisfaction.callbacks", "satisfaction.inbox", "satisfaction.outbox")
    counts = {table: await count(parts.database_url, table) for table in tables}
    left = await count(parts.database_url, "metrics.outbox")
    wrong = [rows for rows in counts.values() if rows != OURS]
    return (wrong[0] / OURS) if wrong else 1 + left / OURS


def _time(parts: Parts, publisher: str, consumer: str, events: int) -> float:
    """Seconds from the publisher's start to the consumer's last commit."""
    consuming = parts.start("bench.workers", consumer, str(events))
    expect(consuming, "ready")
    publishing = parts.start("bench.workers", publisher, str(events))
    expect(publishing, "ready")
    time.sleep(0.5)
    try:
        tell(consuming, "go")
        tell(publishing, "go")
        (began,) = expect(publishing, "began")
        (done,) = expect(consuming, "done")
    finally:
        end(publishing, consuming)
    return float(done) - float(began)


if __name__ == "__main__":
    show(measure())
