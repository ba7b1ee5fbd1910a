"""Use cases of feasibility: study promises by the past before anybody signs them (R162, R163)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.agreements import content
from services.metrics.agreements import repository as agreements
from services.metrics.agreements.problems import UnsoundClause, UnsoundPenalty
from services.metrics.agreements.records import find_agreement, today
from services.metrics.agreements.rules import AnyTerms, find_unsound_clause, find_unsound_penalty, slug_of
from services.metrics.calendars.service import find_calendar
from services.metrics.clauses.outages import Interruption, measure_downtime
from services.metrics.clauses.terms import CountTerms, Penalty, Promise, Terms, TimeTerms, promise_of
from services.metrics.feasibility import repository, rules
from services.metrics.feasibility.repository import Asked, Counted, Spans, Whose
from services.metrics.feasibility.rules import Past
from services.metrics.feasibility.schemas import (
    Basis,
    ChanceView,
    ClauseFeasibility,
    CompensationView,
    Findings,
    LevelView,
    PastView,
    PromiseBody,
    StudyBody,
)
from services.metrics.measures.periods import (
    Frequency,
    months_of,
    period_of,
    previous_period,
    starts_at,
)
from services.metrics.settings import settings
from shared import clock
from shared.calendars import Calendar, working_spans
from shared.events.envelope import current_origin
from shared.ids import new_id
from shared.problems import Problem

_TERMS: TypeAdapter[AnyTerms] = TypeAdapter(Terms)
_MOST_INTERRUPTIONS = 50_000


class HistoryTooLarge(Problem):
    """More interruptions than one answer can weigh."""

    status = 422


@dataclass(frozen=True, slots=True)
class Studied:
    """One promise to study. `measure_key` is that of the clause that it renews, where there is one."""

    key: str
    title: str
    terms: AnyTerms
    penalty: Penalty | None
    measure_key: str | None = None
    levels: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What all promises of a study share. `periods` are first days; the last one is where history ends."""

    whose: Whose
    calendar: Calendar
    settled_by: Frequency
    periods: Sequence[date]
    moments: Sequence[datetime]
    now: datetime


async def study_agreement(session: AsyncSession, agreement_id: UUID, body: StudyBody) -> Row[Any]:
    """Study an agreement's clauses as they are written now, and keep what was found.

    Raises:
        AgreementNotFound, UnsoundClause, UnsoundAgreement, HistoryTooLarge
    """
    agreement = await find_agreement(session, agreement_id)
    rows = await agreements.list_clauses(session, agreement_id)
    strange = set(body.levels) - {row.key for row in rows}
    if not rows or strange:
        known = ", ".join(row.key for row in rows) or "none: write one first"
        raise UnsoundClause(f"levels: {', '.join(sorted(strange)) or 'nothing to study'}; the clauses are {known}")
    promises = [
        Studied(
            key=row.key,
            title=row.title,
            terms=_TERMS.validate_python(row.terms),
            penalty=None if row.penalty is None else Penalty.model_validate(row.penalty),
            measure_key=f"sla.{slug_of(agreement.number)}.{row.key}",
            levels=body.levels.get(row.key, ()),
        )
        for row in rows
    ]
    whose = Whose(agreement.services, agreement.customer, agreement.project)
    around = await _circumstances(session, whose, agreement.calendar, agreement.settled_by, body.months)
    findings = await _study(session, promises, around, agreement.fee, agreement.penalty_cap_percent, body)
    study_id = new_id()
    await repository.insert_study(
        session,
        {
            "id": study_id,
            "agreement_id": agreement_id,
            "digest": agreement.digest,
            "findings": findings.model_dump(mode="json"),
            "made_by": current_origin.get().actor,
            "made_at": clock.now(),
        },
    )
    return (await repository.list_studies(session, agreement_id, None, 1))[0]


async def study_promise(session: AsyncSession, body: PromiseBody) -> Findings:
    """Study one promise that stands in no agreement yet.

    Raises:
        UnsoundClause, UnsoundPenalty, UnsoundAgreement, HistoryTooLarge
    """
    now = today()
    unsound = find_unsound_clause(body.terms, body.services, now, date.max)
    if unsound is not None:
        raise UnsoundClause(f"terms: {unsound}")
    if body.penalty is not None:
        unsound = find_unsound_penalty(promise_of(body.terms), body.penalty, body.fee)
        if unsound is not None:
            raise UnsoundPenalty(f"penalty: {unsound}")
    whose = Whose(body.services, body.customer, None)
    around = await _circumstances(session, whose, body.calendar, body.settled_by, body.months)
    promise = Studied("promise", "promise", body.terms, body.penalty, levels=body.levels)
    return await _study(session, [promise], around, body.fee, None, StudyBody(months=body.months))


async def _circumstances(
    session: AsyncSession, whose: Whose, calendar: str, settled_by: Frequency, months: int
) -> Circumstances:
    """The whole periods of the last months; at least one."""
    day = today()
    await content.check_calendar(session, calendar, day - timedelta(days=366), day)
    periods = [period_of(settled_by, day)]
    for _ in range(max(1, months // months_of(settled_by))):
        periods.insert(0, previous_period(settled_by, periods[0]))
    moments = [starts_at(period, settings().zone) for period in periods]
    known = await find_calendar(session, calendar)
    return Circumstances(whose, known, settled_by, periods, moments, clock.now())


async def _study(
    session: AsyncSession,
    promises: Sequence[Studied],
    around: Circumstances,
    fee: Decimal,
    cap_percent: float | None,
    costs: StudyBody,
) -> Findings:
    looked = await _look_back(session, promises, around)
    found = [(promise, *pasts) for promise, pasts in zip(promises, looked, strict=True)]
    delivery = rules.joint_chance([history for _, _, history in found])
    compensation = rules.compensation_of(
        [(promise.penalty, history) for promise, _, history in found], fee, cap_percent
    )
    margins = _margins(fee, costs, compensation)
    return Findings(
        since=around.periods[0],
        until=around.periods[-1],
        settled_by=around.settled_by,
        customer=around.whose.customer,
        fee=fee,
        clauses=[_tell(promise, mine, history, fee) for promise, mine, history in found],
        delivery=ChanceView.model_validate(delivery),
        compensation=None if compensation is None else CompensationView.model_validate(compensation),
        cost=costs.cost,
        subcontracting=costs.subcontracting,
        margin=margins[0],
        margin_at_worst=margins[1],
        note=rules.advise(delivery, compensation, margins[0]),
    )


async def _look_back(
    session: AsyncSession, promises: Sequence[Studied], around: Circumstances
) -> list[tuple[Basis | None, list[Past]]]:
    """For each promise the customer's history; where that is empty everybody's for these services; where tickets tell
    nothing what the clause's own measure was told. And which of them it is."""
    whose = around.whose
    basis: Basis = "everybody" if whose.customer is None else "customer"
    looked: list[tuple[Basis | None, list[Past]]] = [
        (basis if history else None, history) for history in await _histories(session, promises, around)
    ]
    empty = [place for place, (_, history) in enumerate(looked) if not history]
    told_by_tickets = [place for place in empty if _is_told_by_tickets(promises[place].terms)]
    if basis == "customer" and told_by_tickets:
        everybody = replace(around, whose=Whose(whose.services, None, None))
        others = await _histories(session, [promises[place] for place in told_by_tickets], everybody)
        for place, history in zip(told_by_tickets, others, strict=True):
            looked[place] = ("everybody" if history else None, history)
    for place in empty:
        if not looked[place][1] and promises[place].measure_key is not None:
            history = await _told(session, promises[place], around)
            looked[place] = ("measure" if history else None, history)
    return looked


def _margins(
    fee: Decimal, costs: StudyBody, compensation: rules.Compensation | None
) -> tuple[Decimal | None, Decimal | None]:
    """What remains of a period's fee after costs, subcontracting and penalties: as expected, and at worst."""
    if compensation is None or (costs.cost is None and costs.subcontracting is None):
        return None, None
    before = fee - (costs.cost or 0) - (costs.subcontracting or 0)
    return before - compensation.expected, before - compensation.worst


def _tell(promise: Studied, basis: Basis | None, history: Sequence[Past], fee: Decimal) -> ClauseFeasibility:
    promised = promise_of(promise.terms)
    costs = [rules.cost_of(promise.penalty, past, fee) for past in history]
    return ClauseFeasibility(
        key=promise.key,
        title=promise.title,
        promise=promised,
        basis=basis,
        n=sum(past.n for past in history),
        chance=ChanceView.model_validate(rules.chance_of(sum(past.kept for past in history), len(history))),
        attainable=rules.attainable_of(promised, history),
        expected_penalty=rules.in_cents(sum(costs, Decimal(0)) / len(costs)) if costs else None,
        levels=[
            LevelView(level=level, chance=ChanceView.model_validate(rules.chance_at(promised, level, history)))
            for level in promise.levels
            if history
        ],
        history=[
            PastView(period=past.period, value=past.value, n=past.n, kept=past.kept, penalty=cost)
            for past, cost in zip(history, costs, strict=True)
        ],
    )


async def _histories(session: AsyncSession, promises: Sequence[Studied], around: Circumstances) -> list[list[Past]]:
    """What each promise would have come to in each period, from the first one on in which its services had an incident:
    before that nobody knows whether they were used."""
    uses = [Asked(services=getattr(promise.terms, "services", ()), priorities=()) for promise in promises]
    own = {place: asked for place, promise in enumerate(promises) if (asked := _ask(promise.terms)) is not None}
    questions = [*uses, *own.values()]
    counted = await repository.count_history(
        session, around.whose, questions, around.moments, _spans(around, questions), around.now
    )
    outages: Sequence[Row[Any]] = []
    if counted and any(_is_told_by_outages(promise.terms) for promise in promises):
        outages = await _interruptions(session, around)
    histories: list[list[Past]] = []
    for place, promise in enumerate(promises):
        used = [at for at, (_, columns) in counted.items() if columns[place].n]
        if not used:
            histories.append([])
        elif place in own:
            column = len(uses) + list(own).index(place)
            rows = {at: columns[column] for at, (_, columns) in counted.items()}
            histories.append(_counted_history(promise.terms, rows, around, min(used)))
        elif isinstance(promise.terms, TimeTerms):
            histories.append(_outage_history(promise.terms, outages, around, min(used)))
        else:
            histories.append([])
    return histories


def _is_told_by_outages(terms: AnyTerms) -> bool:
    return isinstance(terms, TimeTerms) and terms.what in ("availability", "downtime")


def _is_told_by_tickets(terms: AnyTerms) -> bool:
    return _is_told_by_outages(terms) or _ask(terms) is not None


def _ask(terms: AnyTerms) -> Asked | None:
    """What to count for these terms; None where counting tickets does not tell."""
    match terms:
        case TimeTerms(what="response" | "resolution"):
            assert terms.within_minutes is not None
            return Asked(
                services=terms.services,
                priorities=terms.priorities,
                limit_seconds=terms.within_minutes * 60,
                stops=terms.what,
                business=terms.clock == "business",
                pauses=terms.pause_while_pending,
            )
        case CountTerms(counts="incidents"):
            return Asked(services=terms.services, priorities=terms.priorities, incident_class=terms.incident_class)
        case _:
            return None


def _spans(around: Circumstances, questions: Sequence[Asked]) -> Spans:
    """The calendar from the history's begin to now, where a clock goes by it."""
    if not any(question.business for question in questions):
        return Spans([], [], [])
    begins, ends, before = [], [], []
    worked = timedelta()
    for begin, end in working_spans(around.calendar, around.moments[0], around.now):
        begins.append(begin.timestamp())
        ends.append(end.timestamp())
        before.append(worked.total_seconds())
        worked += end - begin
    return Spans(begins, ends, before)


def _counted_history(terms: AnyTerms, rows: Mapping[int, Counted], around: Circumstances, first: int) -> list[Past]:
    promise = promise_of(terms)
    history = []
    for place in range(first, len(around.periods) - 1):
        counted = rows.get(place, Counted(0, 0))
        if isinstance(terms, TimeTerms) and counted.n == 0:
            continue
        value = counted.good / counted.n if isinstance(terms, TimeTerms) else float(counted.n)
        history.append(Past(around.periods[place], value, counted.n, rules.keeps(promise, value)))
    return history


async def _interruptions(session: AsyncSession, around: Circumstances) -> Sequence[Row[Any]]:
    rows = await repository.list_interruptions(
        session, around.whose, around.moments[0], around.moments[-1], _MOST_INTERRUPTIONS + 1
    )
    if len(rows) > _MOST_INTERRUPTIONS:
        raise HistoryTooLarge(f"months: more than {_MOST_INTERRUPTIONS} interruptions; look back over fewer months")
    return rows


def _outage_history(
    terms: TimeTerms,
    outages: Sequence[Row[Any]],
    around: Circumstances,
    first: int,
) -> list[Past]:
    """R133, R134: availability or minutes of interruption of every period; one interruption that is longer than
    promised misses it as well (R179)."""
    promise = promise_of(terms)
    mine = [
        Interruption(row.id, row.failed_at, row.restored_at)
        for row in outages
        if (not terms.services or row.service in terms.services)
        and (not terms.priorities or row.priority in terms.priorities)
    ]
    history = []
    for place in range(first, len(around.periods) - 1):
        begin, end = around.moments[place], around.moments[place + 1]
        touching = [one for one in mine if one.failed_at < end and (one.restored_at is None or one.restored_at > begin)]
        down = measure_downtime(around.calendar, terms.clock, touching, (), begin, end)
        value = down.availability if terms.what == "availability" else down.minutes
        if value is None:
            continue
        short = terms.longest_minutes is None or down.longest_minutes <= terms.longest_minutes
        history.append(Past(around.periods[place], value, len(touching), rules.keeps(promise, value) and short))
    return history


async def _told(session: AsyncSession, promise: Studied, around: Circumstances) -> list[Past]:
    """What the clause's own measure was told, where an earlier revision of the agreement had the same promise."""
    assert promise.measure_key is not None
    promised: Promise = promise_of(promise.terms)
    rows = await repository.list_told(session, promise.measure_key, around.periods[0], around.periods[-1])
    return [Past(row.period, row.value, row.n, rules.keeps(promised, row.value)) for row in rows]
