"""Use cases of costs and benefits: record, retract, account (R132), and what improvements achieved (R26)."""

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.benefits import repository, rules
from services.improvement.benefits.models import BenefitEntry, CostPeriod
from services.improvement.benefits.schemas import (
    AchievementView,
    CostBenefitView,
    CostPeriodBody,
    EntryBody,
    ReturnView,
    SavingView,
)
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import lock_improvement
from services.improvement.participants.access import RecordIsOver
from shared.events.metrics import Verdict
from shared.ids import new_id
from shared.problems import IllegalTransition, Malformed, NotFound, Problem


class EntryNotFound(NotFound):
    pass


class PeriodsOverlap(Problem):
    """A period would be counted twice, or before would not lie before after."""

    status = 409


async def record_amount(
    session: AsyncSession, improvement_id: UUID, body: EntryBody, actor: str, now: datetime
) -> BenefitEntry:
    """Record a cost or a benefit, also of a record that is closed: benefits come in late.

    Raises:
        ImprovementNotFound, RecordIsOver
        Malformed: an actual amount of a day that has not come.
    """
    await _lock_counted(session, improvement_id)
    if body.kind == "actual" and body.day > (now + timedelta(days=1)).date():
        raise Malformed(f"day: {body.day} has not come; an amount that is expected is 'planned'")
    entry = BenefitEntry(
        **body.model_dump(), id=new_id(), improvement_id=improvement_id, recorded_by=actor, recorded_at=now
    )
    session.add(entry)
    await session.flush()
    return entry


async def record_period(
    session: AsyncSession, improvement_id: UUID, body: CostPeriodBody, actor: str, now: datetime
) -> CostPeriod:
    """Record what a period before or after cost and handled (F7, F9).

    Raises:
        ImprovementNotFound, RecordIsOver, PeriodsOverlap
        Malformed: the period is not over.
    """
    await _lock_counted(session, improvement_id)
    if body.period_to > (now + timedelta(days=1)).date():
        raise Malformed(f"period_to: {body.period_to} has not come; what it cost is known when the period is over")
    period = CostPeriod(
        **body.model_dump(), id=new_id(), improvement_id=improvement_id, recorded_by=actor, recorded_at=now
    )
    others = [_period(row) for row in await repository.list_periods(session, improvement_id)]
    clash = rules.find_overlap(_period(period), others)
    if clash is not None:
        raise PeriodsOverlap(
            f"period_from, period_to: this clashes with the period {clash.phase}, {clash.period_from} to "
            f"{clash.period_to}: periods of one side do not overlap, and all before ends where after begins"
        )
    session.add(period)
    await session.flush()
    return period


async def find(session: AsyncSession, table: repository.Counted, improvement_id: UUID, id_: UUID) -> Any:
    """An entry or a period. Raises `EntryNotFound`."""
    row = await repository.find(session, table, improvement_id, id_)
    if row is None:
        raise EntryNotFound(f"improvement {improvement_id} has no entry {id_} here")
    return row


async def retract(
    session: AsyncSession,
    table: repository.Counted,
    improvement_id: UUID,
    id_: UUID,
    reason: str,
    actor: str,
    now: datetime,
) -> Any:
    """An entry or a period counts no more; it stays to be read.

    Raises:
        EntryNotFound, IllegalTransition
    """
    row = await repository.lock(session, table, improvement_id, id_)
    if row is None:
        raise EntryNotFound(f"improvement {improvement_id} has no entry {id_} here")
    if row.retracted_at is not None:
        raise IllegalTransition("retract", "retracted", [])
    row.retracted_by, row.retracted_at, row.retraction_reason = actor, now, reason
    return row


async def account(session: AsyncSession, improvement_id: UUID) -> CostBenefitView:
    """R132: returns (F8) of what was planned and of what came, and before beside after (F7, F9)."""
    amounts = [_amount(row) for row in await repository.list_of(session, improvement_id)]
    periods = [_period(row) for row in await repository.list_periods(session, improvement_id)]
    return CostBenefitView.model_validate(
        {"returns": rules.find_returns(amounts), "comparisons": rules.compare(periods)}, from_attributes=True
    )


async def find_achievement(
    session: AsyncSession, first: date, behind: date, zone: str, now: datetime
) -> AchievementView:
    """R26: what improvements achieved from the first day up to and without `behind`; days begin as in `zone`.

    Raises:
        Malformed: the days are in the wrong order.
    """
    if behind <= first:
        raise Malformed("to must lie after from: it is the first day behind the time that is asked about")
    since, until = (datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC) for day in (first, behind))
    counts = await repository.count_achieved(session, since, until)
    verdicts = {verdict: (counts.verdicts or {}).get(verdict, 0) for verdict in get_args(Verdict)}
    n = sum(verdicts.values())
    seconds = counts.mean_seconds
    as_of = min(until, now)
    amounts = [_amount(row) for row in await repository.sum_effective_amounts(session, since, until)]
    return AchievementView(
        from_=first,
        to=behind,
        as_of=as_of,
        opened=counts.opened,
        closed=counts.closed,
        closed_as=counts.codes or {},
        mean_days_to_close=None if seconds is None else round(float(seconds) / 86_400, 2),
        verified=verdicts,
        verified_n=n,
        share_effective=rules.find_share(verdicts["effective"], n),
        savings=await _find_savings(session, since, until),
        returns=[ReturnView.model_validate(row) for row in rules.find_returns(amounts)],
        overdue=await repository.count_overdue(session, as_of, zone),
    )


async def _find_savings(session: AsyncSession, since: datetime, until: datetime) -> list[SavingView]:
    rows = await repository.list_effective_periods(session, since, until)
    savings: dict[str, Decimal] = defaultdict(Decimal)
    counted: dict[str, set[UUID]] = defaultdict(set)
    for improvement_id, own in groupby(rows, key=lambda row: row.improvement_id):
        for comparison in rules.compare(_period(row) for row in own):
            if comparison.saving is not None:
                savings[comparison.currency] += comparison.saving
                counted[comparison.currency].add(improvement_id)
    return [
        SavingView(currency=currency, saving=savings[currency], improvements=len(counted[currency]))
        for currency in sorted(savings)
    ]


async def _lock_counted(session: AsyncSession, improvement_id: UUID) -> Improvement:
    record = await lock_improvement(session, improvement_id)
    if record.state in ("rejected", "withdrawn"):
        raise RecordIsOver(
            f"cannot record amounts: the record is {record.state}; record them with the one that is carried out",
            state=record.state,
        )
    return record


def _amount(row: Any) -> rules.Amount:
    return rules.Amount(row.side, row.kind, row.currency, row.amount)


def _period(row: Any) -> rules.Period:
    return rules.Period(
        row.phase,
        row.period_from,
        row.period_to,
        row.volume,
        row.volume_unit,
        row.cost,
        row.benefit,
        row.currency,
    )
