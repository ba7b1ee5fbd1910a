"""Every SQL statement of the deliveries."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    DateTime,
    Integer,
    LargeBinary,
    Row,
    Select,
    Text,
    Uuid,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import TypeEngine

from services.notifier.deliveries.models import deliveries, delivery_attempts, messages
from services.notifier.deliveries.rules import Answer, Verdict
from shared.events.envelope import Event
from shared.ids import new_id

_PORTION = 1000
_MOMENT = DateTime(timezone=True)


def _unnesting(sql: str, **columns: TypeEngine[Any]) -> TextClause:
    return text(sql).bindparams(*(bindparam(name, type_=ARRAY(type_)) for name, type_ in columns.items()))


_KEEP = _unnesting(
    """
    INSERT INTO messages (event_id, type, subject, sequence, time, body)
    SELECT * FROM unnest(:event_ids, :types, :subjects, :sequences, :times, :bodies)
    ON CONFLICT DO NOTHING
    """,
    event_ids=Uuid(),
    types=Text(),
    subjects=Text(),
    sequences=BigInteger(),
    times=_MOMENT,
    bodies=LargeBinary(),
)

_QUEUE = _unnesting(
    """
    INSERT INTO deliveries (id, endpoint_id, event_id, event_type, next_attempt_at, created_at)
    SELECT id, endpoint_id, event_id, event_type, CAST(:now AS timestamptz), CAST(:now AS timestamptz)
    FROM unnest(:ids, :endpoint_ids, :event_ids, :types) AS new (id, endpoint_id, event_id, event_type)
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
    """,
    ids=Uuid(),
    endpoint_ids=Uuid(),
    event_ids=Uuid(),
    types=Text(),
)

_REQUEUE = _unnesting(
    """
    INSERT INTO deliveries (id, endpoint_id, event_id, event_type, next_attempt_at, created_at)
    SELECT id, :endpoint_id, event_id, event_type, CAST(:now AS timestamptz), CAST(:now AS timestamptz)
    FROM unnest(:ids, :event_ids, :types) AS new (id, event_id, event_type)
    ON CONFLICT (event_id, endpoint_id) DO UPDATE
    SET state = 'pending', failures = 0, next_attempt_at = excluded.next_attempt_at, settled_at = NULL
    WHERE deliveries.state NOT IN ('pending', 'delivering')
    RETURNING 1
    """,
    ids=Uuid(),
    event_ids=Uuid(),
    types=Text(),
).bindparams(bindparam("endpoint_id", type_=Uuid))

_RECLAIM = text(
    """
    UPDATE deliveries SET state = 'pending', leased_until = NULL
    WHERE id IN (
        SELECT id FROM deliveries WHERE state = 'delivering' AND leased_until <= :now
        LIMIT 500 FOR UPDATE SKIP LOCKED
    )
    """
)

_CLAIM = _unnesting(
    """
    WITH due AS MATERIALIZED (
        SELECT waiting.id
        FROM endpoints
        LEFT JOIN unnest(:busy_ids, :busy_counts) AS busy (endpoint_id, count) ON busy.endpoint_id = endpoints.id
        CROSS JOIN LATERAL (
            SELECT id, next_attempt_at FROM deliveries
            WHERE deliveries.endpoint_id = endpoints.id AND state = 'pending' AND next_attempt_at <= :now
            ORDER BY next_attempt_at
            LIMIT greatest(:most_each - coalesce(busy.count, 0), 0)
            FOR UPDATE SKIP LOCKED
        ) AS waiting
        WHERE endpoints.state = 'enabled'
        ORDER BY coalesce(busy.count, 0), waiting.next_attempt_at
        LIMIT :most
    )
    UPDATE deliveries SET state = 'delivering', leased_until = :leased_until
    FROM due, endpoints, messages
    WHERE deliveries.id = due.id AND endpoints.id = deliveries.endpoint_id AND messages.event_id = deliveries.event_id
    RETURNING deliveries.id, deliveries.endpoint_id, deliveries.event_id, deliveries.failures, deliveries.leased_until,
        endpoints.url, endpoints.thin, endpoints.secret, endpoints.old_secrets,
        messages.type, messages.subject, messages.sequence, messages.is_test, messages.body
    """,
    busy_ids=Uuid(),
    busy_counts=Integer(),
).bindparams(bindparam("most_each", type_=Integer), bindparam("most", type_=Integer))

_NOTE_ATTEMPTS = _unnesting(
    """
    INSERT INTO delivery_attempts (id, delivery_id, endpoint_id, at, succeeded, status, error, latency_ms, answer)
    SELECT * FROM unnest(:ids, :delivery_ids, :endpoint_ids, :ats, :succeeded, :statuses, :errors, :latencies,
                         :answers)
    """,
    ids=Uuid(),
    delivery_ids=Uuid(),
    endpoint_ids=Uuid(),
    ats=_MOMENT,
    succeeded=Boolean(),
    statuses=Integer(),
    errors=Text(),
    latencies=Integer(),
    answers=Text(),
)

_SETTLE = _unnesting(
    """
    UPDATE deliveries
    SET state = outcome.state, next_attempt_at = outcome.next_attempt_at, leased_until = NULL,
        attempts = attempts + 1, failures = failures + CASE WHEN outcome.state = 'succeeded' THEN 0 ELSE 1 END,
        last_answer = outcome.answer, settled_at = CASE WHEN outcome.state <> 'pending' THEN :now END
    FROM unnest(:ids, :leases, :states, :next_attempts, :answers)
        AS outcome (id, leased_until, state, next_attempt_at, answer)
    WHERE deliveries.id = outcome.id AND (
        (deliveries.state = 'delivering' AND deliveries.leased_until = outcome.leased_until)
        OR (outcome.state = 'succeeded' AND deliveries.state IN ('pending', 'delivering'))
    )
    RETURNING deliveries.id, deliveries.attempts, deliveries.state
    """,
    ids=Uuid(),
    leases=_MOMENT,
    states=Text(),
    next_attempts=_MOMENT,
    answers=Text(),
).bindparams(bindparam("now", type_=_MOMENT))

_CANCEL = text(
    """
    UPDATE deliveries SET state = 'cancelled', next_attempt_at = NULL, leased_until = NULL, settled_at = :now
    WHERE endpoint_id = :endpoint_id AND state IN ('pending', 'delivering')
    """
).bindparams(bindparam("endpoint_id", type_=Uuid))

_FORGET_DELIVERIES = text(
    """
    DELETE FROM deliveries WHERE id IN (
        SELECT id FROM deliveries WHERE settled_at < :before LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)
_FORGET_MESSAGES = text(
    """
    DELETE FROM messages WHERE event_id IN (
        SELECT event_id FROM messages WHERE time < :before
        AND NOT EXISTS (SELECT 1 FROM deliveries WHERE deliveries.event_id = messages.event_id)
        LIMIT :most FOR UPDATE SKIP LOCKED
    )
    """
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An attempt that came back, with the lease that it was made under."""

    delivery_id: UUID
    endpoint_id: UUID
    event_id: UUID
    event_type: str
    leased_until: datetime
    answer: Answer
    verdict: Verdict
    body: bytes


async def keep_messages(session: AsyncSession, events: Sequence[Event[Any]]) -> None:
    """Keep these events' bytes."""
    await session.execute(
        _KEEP,
        {
            "event_ids": [event.id for event in events],
            "types": [event.type for event in events],
            "subjects": [event.subject for event in events],
            "sequences": [event.sequence for event in events],
            "times": [event.time for event in events],
            "bodies": [event.raw for event in events],
        },
    )


async def keep_test_message(session: AsyncSession, event: Event[Any]) -> None:
    """Keep an example: it goes out once, and no replay takes it up."""
    values = {name: getattr(event, name) for name in ("type", "subject", "sequence", "time")}
    await session.execute(insert(messages).values(event_id=event.id, body=event.raw, is_test=True, **values))


async def queue(session: AsyncSession, pairs: Sequence[tuple[UUID, Event[Any]]], now: datetime) -> None:
    """Queue a delivery for each endpoint and event; one that is there stays as it is."""
    await session.execute(
        _QUEUE,
        {
            "ids": [new_id() for _ in pairs],
            "endpoint_ids": [endpoint_id for endpoint_id, _ in pairs],
            "event_ids": [event.id for _, event in pairs],
            "types": [event.type for _, event in pairs],
            "now": now,
        },
    )


async def requeue(session: AsyncSession, endpoint_id: UUID, found: Sequence[Row[Any]], now: datetime) -> int:
    """Queue these messages for the endpoint, again where they were settled; returns how many were not waiting."""
    rows = await session.execute(
        _REQUEUE,
        {
            "endpoint_id": endpoint_id,
            "ids": [new_id() for _ in found],
            "event_ids": [row.event_id for row in found],
            "types": [row.type for row in found],
            "now": now,
        },
    )
    return len(rows.all())


async def messages_between(
    session: AsyncSession, since: datetime, until: datetime
) -> AsyncIterator[Sequence[Row[Any]]]:
    """Portions of the events told in this time, oldest first, without the examples."""
    query = (
        select(messages)
        .where(messages.c.time >= since, messages.c.time < until, ~messages.c.is_test)
        .order_by(messages.c.time, messages.c.event_id)
        .limit(_PORTION)
    )
    page: Select[Any] = query
    while portion := (await session.execute(page)).all():
        yield portion
        last = portion[-1]
        page = query.where(
            (messages.c.time > last.time) | ((messages.c.time == last.time) & (messages.c.event_id > last.event_id))
        )


async def find_delivery(session: AsyncSession, delivery_id: UUID, *, lock: bool = False) -> Row[Any] | None:
    """A delivery with its event's subject and sequence."""
    query = _with_message().where(deliveries.c.id == delivery_id)
    if lock:
        query = query.with_for_update(of=deliveries)
    row: Row[Any] | None = (await session.execute(query)).one_or_none()
    return row


async def list_deliveries(
    session: AsyncSession, filters: Mapping[str, Any], before: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Deliveries whose columns equal the filters, newest first."""
    query = _with_message()
    for column, value in filters.items():
        query = query.where(deliveries.c[column] == value)
    if before is not None:
        query = query.where(deliveries.c.id < before)
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(deliveries.c.id.desc()).limit(limit))).all()
    return rows


def _with_message() -> Select[Any]:
    columns = (messages.c.subject, messages.c.sequence, messages.c.is_test)
    return select(deliveries, *columns).join(messages, messages.c.event_id == deliveries.c.event_id)


async def list_attempts(session: AsyncSession, delivery_id: UUID) -> Sequence[Row[Any]]:
    """Every attempt, first to last."""
    query = select(delivery_attempts).where(delivery_attempts.c.delivery_id == delivery_id)
    return (await session.execute(query.order_by(delivery_attempts.c.at, delivery_attempts.c.id))).all()


async def read_body(session: AsyncSession, event_id: UUID) -> bytes:
    """The event's bytes as they were recorded."""
    return bytes((await session.execute(select(messages.c.body).where(messages.c.event_id == event_id))).scalar_one())


async def send_now(session: AsyncSession, delivery_id: UUID, now: datetime) -> None:
    """Begin the schedule again."""
    await session.execute(
        deliveries.update()
        .where(deliveries.c.id == delivery_id)
        .values(state="pending", failures=0, next_attempt_at=now, settled_at=None)
    )


async def cancel_waiting(session: AsyncSession, endpoint_id: UUID, now: datetime) -> None:
    """Nothing more goes to this endpoint."""
    await session.execute(_CANCEL, {"endpoint_id": endpoint_id, "now": now})


async def reclaim(session: AsyncSession, now: datetime) -> None:
    """Deliveries whose process died before it could tell wait again."""
    await session.execute(_RECLAIM, {"now": now})


async def claim(
    session: AsyncSession, busy: Mapping[UUID, int], most_each: int, most: int, now: datetime, leased_until: datetime
) -> Sequence[Row[Any]]:
    """Lease due deliveries: at most `most`, and to each endpoint no more than `most_each` less what is `busy`."""
    given = {
        "busy_ids": list(busy),
        "busy_counts": list(busy.values()),
        "most_each": most_each,
        "most": most,
        "now": now,
        "leased_until": leased_until,
    }
    return (await session.execute(_CLAIM, given)).all()


async def settle(session: AsyncSession, outcomes: Collection[Outcome], now: datetime) -> Sequence[Row[Any]]:
    """Note the attempts and what became of the deliveries; returns those whose lease still held."""
    await session.execute(
        _NOTE_ATTEMPTS,
        {
            "ids": [new_id() for _ in outcomes],
            "delivery_ids": [outcome.delivery_id for outcome in outcomes],
            "endpoint_ids": [outcome.endpoint_id for outcome in outcomes],
            "ats": [outcome.answer.at for outcome in outcomes],
            "succeeded": [outcome.answer.succeeded for outcome in outcomes],
            "statuses": [outcome.answer.status for outcome in outcomes],
            "errors": [outcome.answer.error for outcome in outcomes],
            "latencies": [outcome.answer.latency_ms for outcome in outcomes],
            "answers": [outcome.answer.excerpt for outcome in outcomes],
        },
    )
    given = {
        "ids": [outcome.delivery_id for outcome in outcomes],
        "leases": [outcome.leased_until for outcome in outcomes],
        "states": [outcome.verdict.state for outcome in outcomes],
        "next_attempts": [outcome.verdict.next_attempt_at for outcome in outcomes],
        "answers": [outcome.answer.summary for outcome in outcomes],
        "now": now,
    }
    return (await session.execute(_SETTLE, given)).all()


async def forget(session: AsyncSession, before: datetime, most: int) -> int:
    """Delete deliveries settled before then, and older events that no delivery needs; returns how many."""
    gone = 0
    for statement in (_FORGET_DELIVERIES, _FORGET_MESSAGES):
        result = await session.execute(statement, {"before": before, "most": most})
        gone += result.rowcount  # type: ignore[attr-defined]
    return gone
