"""Every SQL statement on agreements, their clauses, confirmations and history."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import array, distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements, clauses, confirmations, history
from services.metrics.agreements.rules import LIVING
from services.metrics.observations.models import observations

OPERATING = ("in_force", "under_review")
_ENDED = ("renewed", "terminated", "expired")
_NUMBERING_LOCK = 0x52_41_47_52


async def list_clauses_between(session: AsyncSession, first: date, last: date) -> Sequence[Row[Any]]:
    """Every clause that counted on some day from `first` to `last`, whatever became of its agreement since: what the
    evaluation of a period needs once the agreement has ended inside it.

    An agreement that ended before it began to count is none of them.
    """
    ended_on = func.coalesce(agreements.c.ended_on, agreements.c.effective_to)
    query = clauses_with_agreement().where(
        agreements.c.state.in_((*OPERATING, *_ENDED)),
        agreements.c.signed_at.is_not(None),
        agreements.c.effective_from <= ended_on,
        agreements.c.effective_from <= last,
        ended_on >= first,
    )
    return list(await session.execute(query))


def clauses_with_agreement() -> Select[Any]:
    """Each clause with what its agreement says of it, in the agreements' order."""
    return (
        select(
            clauses.c.id,
            clauses.c.agreement_id,
            clauses.c.key,
            clauses.c.title,
            clauses.c.terms,
            clauses.c.penalty,
            clauses.c.measure_key,
            agreements.c.number,
            agreements.c.customer,
            agreements.c.project,
            agreements.c.services,
            agreements.c.calendar,
            agreements.c.settled_by,
            agreements.c.fee,
            agreements.c.currency,
            agreements.c.penalty_cap_percent,
            agreements.c.effective_from,
            agreements.c.effective_to,
            agreements.c.ended_on,
            agreements.c.owner,
        )
        .join(agreements, agreements.c.id == clauses.c.agreement_id)
        .order_by(agreements.c.id, clauses.c.position)
    )


async def get_agreement(session: AsyncSession, agreement_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(agreements).where(agreements.c.id == agreement_id))).one_or_none()


async def lock_agreement(session: AsyncSession, agreement_id: UUID) -> Row[Any] | None:
    query = select(agreements).where(agreements.c.id == agreement_id).with_for_update()
    return (await session.execute(query)).one_or_none()


async def list_agreements(
    session: AsyncSession,
    filters: Mapping[str, str],
    service: str | None,
    shown_to: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Newest first, behind `before`. `shown_to` leaves only what this customer may see: its own, once negotiated."""
    query = select(agreements)
    for column, value in filters.items():
        query = query.where(agreements.c[column] == value)
    if service is not None:
        query = query.where(agreements.c.services.has_key(service))
    if shown_to is not None:
        given_up = and_(agreements.c.state == "terminated", agreements.c.signed_at.is_(None))
        query = query.where(agreements.c.customer == shown_to, agreements.c.state != "design", ~given_up)
    if before is not None:
        query = query.where(agreements.c.id < before)
    return (await session.execute(query.order_by(agreements.c.id.desc()).limit(limit))).all()


async def next_number(session: AsyncSession, year: int) -> str:
    """SLA-2026-0001 and on; nobody else numbers until this transaction ends."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _NUMBERING_LOCK})
    prefix = f"SLA-{year}-"
    query = select(agreements.c.number).where(agreements.c.number.startswith(prefix, autoescape=True))
    given = [int(number.removeprefix(prefix)) for number in (await session.execute(query)).scalars()]
    return f"{prefix}{max(given, default=0) + 1:04d}"


async def last_revision(session: AsyncSession, number: str) -> int:
    query = select(func.max(agreements.c.revision)).where(agreements.c.number == number)
    last: int = (await session.execute(query)).scalar_one()
    return last


async def insert_agreement(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(agreements).values(**values))


async def update_agreement(session: AsyncSession, agreement_id: UUID, **values: Any) -> None:
    """Another version of the record."""
    statement = update(agreements).where(agreements.c.id == agreement_id)
    await session.execute(statement.values(version=agreements.c.version + 1, **values))


async def next_sequence(session: AsyncSession, agreement_id: UUID) -> int:
    """The number of the agreement's next event."""
    statement = update(agreements).where(agreements.c.id == agreement_id)
    bumped = await session.execute(
        statement.values(sequence=agreements.c.sequence + 1).returning(agreements.c.sequence)
    )
    sequence: int = bumped.scalar_one()
    return sequence


async def replace_clauses(session: AsyncSession, agreement_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """The clauses of a content that is being worked on: by two statements, whatever their number."""
    await session.execute(delete(clauses).where(clauses.c.agreement_id == agreement_id))
    if rows:
        await session.execute(insert(clauses), [dict(row) for row in rows])


async def list_clauses(session: AsyncSession, agreement_id: UUID) -> Sequence[Row[Any]]:
    """In the order of the document."""
    query = select(clauses).where(clauses.c.agreement_id == agreement_id).order_by(clauses.c.position)
    return (await session.execute(query)).all()


async def set_measure(session: AsyncSession, clause_id: UUID, measure_key: str) -> None:
    await session.execute(update(clauses).where(clauses.c.id == clause_id).values(measure_key=measure_key))


async def insert_confirmations(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(insert(confirmations), [dict(row) for row in rows])


async def list_confirmations(session: AsyncSession, agreement_id: UUID) -> Sequence[Row[Any]]:
    """Oldest first, of every content that the agreement ever had."""
    query = select(confirmations).where(confirmations.c.agreement_id == agreement_id).order_by(confirmations.c.id)
    return (await session.execute(query)).all()


async def append_history(session: AsyncSession, line: Mapping[str, Any]) -> None:
    await session.execute(insert(history).values(**line))


async def list_history(session: AsyncSession, agreement_id: UUID, after: int, limit: int) -> Sequence[Row[Any]]:
    """Oldest first, behind `after`."""
    query = select(history).where(history.c.agreement_id == agreement_id, history.c.id > after)
    return (await session.execute(query.order_by(history.c.id).limit(limit))).all()


async def list_last_history(session: AsyncSession, agreement_id: UUID, most: int) -> Sequence[Row[Any]]:
    """The last lines, oldest first, without the contents."""
    lines = [column for column in history.c if column.name != "content"]
    query = select(*lines).where(history.c.agreement_id == agreement_id).order_by(history.c.id.desc()).limit(most)
    return (await session.execute(query)).all()[::-1]


async def find_successor(session: AsyncSession, agreement_id: UUID) -> Row[Any] | None:
    """The next revision, unless it was given up."""
    query = (
        select(agreements)
        .where(agreements.c.predecessor_id == agreement_id, agreements.c.state != "terminated")
        .order_by(agreements.c.revision.desc())
        .limit(1)
    )
    return (await session.execute(query)).one_or_none()


async def hold_customer(session: AsyncSession, customer: str) -> None:
    """Nobody else signs with this customer until this transaction ends."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": f"agreements of {customer}"}
    )


async def find_overlapping(session: AsyncSession, agreement: Row[Any]) -> Row[Any] | None:
    """A signed agreement of another number with the same customer, on one of the same services, at the same time. Two
    agreements that name different projects do not meet."""
    query = select(agreements).where(
        agreements.c.customer == agreement.customer,
        agreements.c.number != agreement.number,
        agreements.c.state.in_(LIVING),
        agreements.c.services.has_any(array(agreement.services)),
        agreements.c.effective_from <= agreement.effective_to,
        agreements.c.effective_to >= agreement.effective_from,
    )
    if agreement.project is not None:
        query = query.where(func.coalesce(agreements.c.project, agreement.project) == agreement.project)
    return (await session.execute(query.order_by(agreements.c.id).limit(1))).one_or_none()


async def claim_due(session: AsyncSession, today: date, most: int) -> Sequence[Row[Any]]:
    """Agreements whose day has come, locked, without those that another replica works on: signed ones that begin to
    count, and counting ones whose last day has passed or whose notice period has begun unannounced."""
    notice = agreements.c.effective_to - agreements.c.notice_days
    query = (
        select(agreements)
        .where(
            or_(
                and_(agreements.c.state == "signed", agreements.c.effective_from <= today),
                and_(agreements.c.state.in_(OPERATING), agreements.c.effective_to < today),
                and_(
                    agreements.c.state.in_(OPERATING),
                    agreements.c.expiry_announced_at.is_(None),
                    notice <= today,
                ),
            )
        )
        .order_by(agreements.c.number, agreements.c.revision)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(query)).all()


async def last_values(session: AsyncSession, measure_keys: Collection[str]) -> dict[str, Row[Any]]:
    """Of each of these measures the newest value that was told."""
    query = (
        select(observations)
        .ext(distinct_on(observations.c.measure_key))
        .where(observations.c.measure_key.in_(measure_keys), observations.c.scope == "all")
        .order_by(observations.c.measure_key, observations.c.period.desc(), observations.c.revision.desc())
    )
    return {row.measure_key: row for row in await session.execute(query)}
