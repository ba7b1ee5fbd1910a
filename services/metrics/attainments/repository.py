"""Every SQL statement on evaluations, and on what they are computed from."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Row, Uuid, bindparam, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements.models import agreements, clauses
from services.metrics.attainments.models import agreement_evaluations, clause_evaluations
from services.metrics.clauses.models import clause_cases, clause_records, clause_timers
from services.metrics.exclusions.models import exclusions
from shared.database import wake_after_commit

EVALUATION = "metrics.evaluate_clauses"
_LOCK = 0x52_41_41_54
_MARK = text("INSERT INTO attainment_marks (clause_id, period) SELECT * FROM unnest(:clause_ids, :periods)").bindparams(
    bindparam("clause_ids", type_=ARRAY(Uuid)), bindparam("periods", type_=ARRAY(Date))
)
_TAKE = text(
    """
    WITH quiet AS (
        SELECT clause_id, period FROM attainment_marks GROUP BY clause_id, period
        HAVING max(marked_at) <= now() - make_interval(secs => :quiet)
            OR min(marked_at) <= now() - make_interval(secs => :latest)
        ORDER BY min(id) LIMIT :most
    ), gone AS (
        DELETE FROM attainment_marks AS m USING quiet
        WHERE m.clause_id = quiet.clause_id AND m.period = quiet.period
        RETURNING m.clause_id, m.period
    )
    SELECT DISTINCT clause_id, period FROM gone ORDER BY period, clause_id
    """
)


async def mark(session: AsyncSession, marks: Collection[tuple[UUID, date]]) -> None:
    """Have these clauses evaluated again for these periods."""
    if marks:
        ordered = sorted(set(marks))
        await session.execute(
            _MARK, {"clause_ids": [pair[0] for pair in ordered], "periods": [pair[1] for pair in ordered]}
        )
        wake_after_commit(session, EVALUATION)


async def begin_evaluation(session: AsyncSession) -> bool:
    """One evaluates at a time: whether it is us, until the transaction ends."""
    return bool((await session.execute(select(func.pg_try_advisory_xact_lock(_LOCK)))).scalar_one())


async def take_marks(
    session: AsyncSession, most: int, quiet_seconds: float, latest_seconds: float
) -> Sequence[tuple[UUID, date]]:
    """Marks that nobody added to for a while, or that have waited long; the oldest periods first."""
    taken = await session.execute(_TAKE, {"most": most, "quiet": quiet_seconds, "latest": latest_seconds})
    return [(row.clause_id, row.period) for row in taken]


async def count_decided(session: AsyncSession, clause_id: UUID, begin: datetime, end: datetime) -> tuple[int, int]:
    """Of the clocks whose verdict fell in [begin, end): how many were met, and all."""
    query = select(
        func.count().filter(clause_timers.c.state == "met"),
        func.count(),
    ).where(
        clause_timers.c.clause_id == clause_id,
        clause_timers.c.decided_at >= begin,
        clause_timers.c.decided_at < end,
    )
    met, n = (await session.execute(query)).one()
    return met, n


async def list_decided_within(
    session: AsyncSession,
    clause_id: UUID,
    begin: datetime,
    end: datetime,
    spans: Sequence[tuple[datetime, datetime]],
) -> Sequence[Row[Any]]:
    """Those of them that ran during one of these spans."""
    ran = [
        (clause_timers.c.started_at < last)
        & (func.coalesce(clause_timers.c.stopped_at, text("'infinity'::timestamptz")) > first)
        for first, last in spans
    ]
    query = select(clause_timers).where(
        clause_timers.c.clause_id == clause_id,
        clause_timers.c.decided_at >= begin,
        clause_timers.c.decided_at < end,
        or_(*ran),
    )
    return (await session.execute(query)).all()


async def list_interruptions(
    session: AsyncSession, clause_id: UUID, begin: datetime, end: datetime
) -> Sequence[Row[Any]]:
    """That touch [begin, end)."""
    query = select(clause_cases).where(
        clause_cases.c.clause_id == clause_id,
        clause_cases.c.began_at < end,
        or_(clause_cases.c.ended_at.is_(None), clause_cases.c.ended_at > begin),
    )
    return (await session.execute(query)).all()


async def list_incidents(session: AsyncSession, clause_id: UUID, begin: datetime, end: datetime) -> Sequence[Row[Any]]:
    """Opened in [begin, end)."""
    query = select(clause_cases).where(
        clause_cases.c.clause_id == clause_id, clause_cases.c.began_at >= begin, clause_cases.c.began_at < end
    )
    return (await session.execute(query)).all()


async def list_occurrences(
    session: AsyncSession, clause_id: UUID, begin: datetime, end: datetime
) -> Sequence[datetime]:
    """By tickets and by hand: those in [begin, end), and the last one before; in order."""
    happened = (
        select(clause_cases.c.began_at.label("at"))
        .where(clause_cases.c.clause_id == clause_id)
        .union_all(
            select(clause_records.c.at).where(
                clause_records.c.clause_id == clause_id, clause_records.c.kind == "occurrence"
            )
        )
        .subquery()
    )
    last = (await session.execute(select(func.max(happened.c.at)).where(happened.c.at < begin))).scalar_one()
    within = select(happened.c.at).where(happened.c.at >= begin, happened.c.at < end).order_by(happened.c.at)
    found = list((await session.execute(within)).scalars())
    return found if last is None else [last, *found]


async def list_fulfilments(session: AsyncSession, clause_id: UUID) -> Sequence[datetime]:
    """When it was fulfilled, in order."""
    query = select(clause_records.c.at).where(
        clause_records.c.clause_id == clause_id, clause_records.c.kind == "fulfilment"
    )
    return (await session.execute(query.order_by(clause_records.c.at))).scalars().all()


async def list_counts(
    session: AsyncSession, clause_id: UUID, begin: datetime, end: datetime
) -> Sequence[Row[datetime, float | None]]:
    """Reported for moments in [begin, end), of several for one moment the last that was reported; in order."""
    query = (
        select(clause_records.c.at, clause_records.c.value)
        .ext(distinct_on(clause_records.c.at))
        .where(
            clause_records.c.clause_id == clause_id,
            clause_records.c.kind == "count",
            clause_records.c.at >= begin,
            clause_records.c.at < end,
        )
        .order_by(clause_records.c.at, clause_records.c.id.desc())
    )
    return (await session.execute(query)).all()


async def list_agreed_exclusions(session: AsyncSession, agreement_id: UUID) -> Sequence[Row[Any]]:
    """All that both parties agreed on."""
    query = select(exclusions).where(exclusions.c.agreement_id == agreement_id, exclusions.c.state == "agreed")
    return (await session.execute(query.order_by(exclusions.c.id))).all()


async def latest_evaluation(session: AsyncSession, clause_id: UUID, period: date) -> Row[Any] | None:
    query = (
        select(clause_evaluations)
        .where(clause_evaluations.c.clause_id == clause_id, clause_evaluations.c.period == period)
        .order_by(clause_evaluations.c.revision.desc())
        .limit(1)
    )
    return (await session.execute(query)).one_or_none()


async def insert_evaluation(session: AsyncSession, values: Mapping[str, Any]) -> None:
    await session.execute(insert(clause_evaluations).values(**values))


async def replace_provisional(session: AsyncSession, evaluation_id: UUID, values: Mapping[str, Any]) -> None:
    """Only what was provisional is ever overwritten."""
    await session.execute(
        update(clause_evaluations)
        .where(clause_evaluations.c.id == evaluation_id, clause_evaluations.c.provisional)
        .values(**values)
    )


async def latest_evaluations(session: AsyncSession, agreement_id: UUID, period: date) -> Sequence[Row[Any]]:
    """Of every clause the newest revision, in the agreement's order."""
    newest = (
        select(clause_evaluations)
        .ext(distinct_on(clause_evaluations.c.clause_id))
        .where(clause_evaluations.c.agreement_id == agreement_id, clause_evaluations.c.period == period)
        .order_by(clause_evaluations.c.clause_id, clause_evaluations.c.revision.desc())
        .subquery()
    )
    query = (
        select(newest, clauses.c.key, clauses.c.title)
        .join(clauses, clauses.c.id == newest.c.clause_id)
        .order_by(clauses.c.position)
    )
    return (await session.execute(query)).all()


async def list_evaluations(session: AsyncSession, agreement_id: UUID, period: date) -> Sequence[Row[Any]]:
    """Every revision, by clause in the agreement's order, oldest first."""
    query = (
        select(clause_evaluations, clauses.c.key, clauses.c.title)
        .join(clauses, clauses.c.id == clause_evaluations.c.clause_id)
        .where(clause_evaluations.c.agreement_id == agreement_id, clause_evaluations.c.period == period)
        .order_by(clauses.c.position, clause_evaluations.c.revision)
    )
    return (await session.execute(query)).all()


async def list_periods(session: AsyncSession, agreement_id: UUID, before: date | None, limit: int) -> Sequence[date]:
    """The periods for which there are values, newest first."""
    query = select(clause_evaluations.c.period).distinct().where(clause_evaluations.c.agreement_id == agreement_id)
    if before is not None:
        query = query.where(clause_evaluations.c.period < before)
    return (await session.execute(query.order_by(clause_evaluations.c.period.desc()).limit(limit))).scalars().all()


async def is_followed_up(session: AsyncSession, clause_id: UUID, measure_key: str, last_day: date) -> bool:
    """Whether a later revision of the agreement tells of this measure by that day."""
    own = select(agreements.c.effective_from).join(clauses, clauses.c.agreement_id == agreements.c.id)
    mine = own.where(clauses.c.id == clause_id).scalar_subquery()
    query = (
        select(clauses.c.id)
        .join(agreements, agreements.c.id == clauses.c.agreement_id)
        .where(
            clauses.c.measure_key == measure_key,
            agreements.c.signed_at.is_not(None),
            agreements.c.state != "signed",
            agreements.c.effective_from > mine,
            agreements.c.effective_from <= last_day,
        )
    )
    return (await session.execute(query.limit(1))).first() is not None


async def bump_agreement_evaluation(session: AsyncSession, agreement_id: UUID, period: date, now: datetime) -> int:
    """How often the period of this agreement was evaluated with something new, with this time."""
    statement = upsert(agreement_evaluations).values(
        agreement_id=agreement_id, period=period, revision=1, evaluated_at=now
    )
    bumped = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["agreement_id", "period"],
            set_={"revision": agreement_evaluations.c.revision + 1, "evaluated_at": now},
        ).returning(agreement_evaluations.c.revision)
    )
    revision: int = bumped.scalar_one()
    return revision
