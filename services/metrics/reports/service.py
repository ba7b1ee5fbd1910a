"""Use cases of reported values: hand them in, and find what is due."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures import repository as measures_repository
from services.metrics.measures import service as measures
from services.metrics.measures.formulas import REPORTED
from services.metrics.measures.periods import is_over, local_day, name_of, next_period, period_of, starts_at
from services.metrics.observations import repository as observations_repository
from services.metrics.observations import service as observations
from services.metrics.observations.rules import Computed
from services.metrics.observations.service import Note
from services.metrics.reports import repository, rules
from services.metrics.reports.schemas import DutyView, ReportBody
from services.metrics.settings import settings
from shared import clock
from shared.events.envelope import Draft, current_origin
from shared.events.metrics import CollectionOverdue
from shared.ids import new_id
from shared.outbox import record_all
from shared.problems import Problem

_LOOK_BACK = 12


class NotReported(Problem):
    """The measure's values are computed, or follow from a clause."""

    status = 409


class UnsoundReport(Problem):
    status = 422


class FuturePeriod(Problem):
    """A period that has not begun has no value."""

    status = 422


class PeriodClosed(Problem):
    """A period that is over and was reported takes another value only as a restatement."""

    status = 409


async def report(session: AsyncSession, key: str, body: ReportBody) -> Row[Any]:
    """Keep what was handed in, raw, and tell the period's value from it (R30).

    Raises:
        MeasureNotFound, NotReported, UnsoundScope, UnsoundReport, FuturePeriod, PeriodClosed.
    """
    measure = await measures.find_measure(session, key)
    if measure.formula != REPORTED:
        raise NotReported(f"{key} is computed by formula {measure.formula}; only formula 'reported' takes reports")
    scope = str(measures.check_scope(measure, body.scope))
    period = _read_period(measure, body.period)
    try:
        figures = rules.read_figures(measure.data_kind, body.value, body.numerator, body.n)
    except rules.UnsoundReport as error:
        raise UnsoundReport(str(error)) from error
    now = clock.now()
    _check_time(measure, period, now)
    await measures_repository.lock_measure(session, key)
    before = await repository.count_reports(session, key, scope, period)
    over = is_over(next_period(measure.frequency, period), now, settings().zone)
    if before and over and body.reason is None:
        raise PeriodClosed(
            f"{name_of(measure.frequency, period)} is closed and was reported; send it with a reason, as a restatement"
        )
    await measures.keep_scope(session, key, scope)
    actor = current_origin.get().actor
    kept = await repository.insert_report(
        session,
        {
            "id": new_id(),
            "measure_key": key,
            "scope": scope,
            "period": period,
            "number": before + 1,
            "value": figures.value,
            "numerator": figures.numerator,
            "n": figures.n,
            "missing": body.missing,
            **body.model_dump(include={"suggestion", "note", "reason"}),
            "reported_by": actor,
            "reported_at": now,
        },
    )
    value = Computed(scope, figures.value, figures.numerator, figures.n, body.missing)
    note = Note(body.suggestion, actor)
    await observations.tell(session, measure, period, [value], now, origin="reported", note=note)
    return kept


async def close_reported(session: AsyncSession, now: datetime) -> None:
    """What was handed in while its period ran is that period's value once it is over."""
    zone = settings().zone
    for row in await observations_repository.provisional_of(session, REPORTED):
        measure = await measures.find_measure(session, row.measure_key)
        if is_over(next_period(measure.frequency, row.period), now, zone):
            value = Computed(row.scope, row.value, row.numerator, row.n, row.missing)
            await observations.tell(session, measure, row.period, [value], now, origin="reported")


async def list_duties(session: AsyncSession, now: datetime) -> list[DutyView]:
    """What is due and was not handed in (R31), of each measure the last twelve periods since it was defined, oldest
    first; and what will be due of the period that ended last."""
    zone = settings().zone
    duties = []
    reported = await repository.periods_reported(session, date(max(now.year - _LOOK_BACK - 1, 1), 1, 1))
    for row in await repository.list_reported_scopes(session):
        for period in _ended(row, now):
            if (row.key, row.scope, period) not in reported:
                due = rules.due_at(row.frequency, period, row.collection_days, zone)
                duties.append(
                    DutyView(
                        measure_key=row.key,
                        scope=row.scope,
                        period=period,
                        owner=row.owner,
                        due_at=due,
                        overdue=due <= now,
                    )
                )
    return sorted(duties, key=lambda duty: (duty.due_at, duty.measure_key, duty.scope))


async def tell_overdue(session: AsyncSession, now: datetime) -> int:
    """Tell, once, of every value that is overdue (R31); returns of how many."""
    overdue = {(d.measure_key, d.scope, d.period): d for d in await list_duties(session, now) if d.overdue}
    rows = [
        {"measure_key": key, "scope": scope, "period": period, "due_at": duty.due_at, "told_at": now}
        for (key, scope, period), duty in overdue.items()
    ]
    news = await repository.note_overdue(session, rows)
    origin = current_origin.get()
    drafts = []
    for row in news:
        duty = overdue[row.measure_key, row.scope, row.period]
        told = CollectionOverdue(
            measure_key=row.measure_key, scope=row.scope, period=row.period, owner=duty.owner, due_at=row.due_at
        )
        version = await measures_repository.next_version(session, row.measure_key)
        drafts.append(Draft(told, row.measure_key, version, origin))
    await record_all(session, drafts)
    return len(drafts)


def _ended(measure: Row[Any], now: datetime) -> list[date]:
    zone = settings().zone
    return list(rules.periods_due(measure.frequency, local_day(measure.defined_at, zone), 0, now, zone, _LOOK_BACK))


def _read_period(measure: Row[Any], text: str) -> date:
    try:
        day = date.fromisoformat(f"{text}-01")
    except ValueError as error:
        raise UnsoundReport(f"period: {text!r} is no month like 2026-02") from error
    period = period_of(measure.frequency, day)
    if period != day:
        raise UnsoundReport(f"period: {measure.key} is {measure.frequency}; its period begins with {period:%Y-%m}")
    if not 1990 <= day.year < 2200:
        raise UnsoundReport(f"period: {text!r} lies outside 1990 to 2199")
    return period


def _check_time(measure: Row[Any], period: date, now: datetime) -> None:
    if starts_at(period, settings().zone) > now:
        current = period_of(measure.frequency, local_day(now, settings().zone))
        raise FuturePeriod(
            f"period: {name_of(measure.frequency, period)} has not begun; the newest is "
            f"{name_of(measure.frequency, current)}"
        )
