"""Use cases of evaluations: what every clause of a period came to, kept, told and held against the promise."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.attainments import repository, rules
from services.metrics.attainments.rules import Clocked, Outcome, Window
from services.metrics.calendars.problems import CalendarNotFound
from services.metrics.calendars.service import find_calendar
from services.metrics.clauses import repository as clauses
from services.metrics.clauses import telling
from services.metrics.clauses.clause import Clause
from services.metrics.clauses.outages import Excluded, Interruption
from services.metrics.clauses.rules import read_pauses
from services.metrics.clauses.terms import CountTerms, FrequencyTerms, FulfilmentTerms, TimeTerms, promise_of
from services.metrics.measures import repository as measures
from services.metrics.measures.periods import local_day, next_period, period_of, starts_at
from services.metrics.observations import service as observations
from services.metrics.observations.rules import Computed
from services.metrics.settings import settings
from shared.calendars import ALWAYS, Calendar
from shared.events.clauses import AgreementEvaluated, ClauseAtRisk, ClauseBreached, ClauseResult
from shared.ids import new_id
from shared.outbox import record, record_all

_FAR = datetime(9999, 1, 1, tzinfo=UTC)
_WORSE = {"on_track": 0, "at_risk": 1, "breached": 2}


@dataclass(frozen=True, slots=True)
class AgreedTime:
    """An exclusion as it counts for clauses; `clause_id` None is for all of the agreement's."""

    id: UUID
    clause_id: UUID | None
    excluded: Excluded


async def list_agreed(session: AsyncSession, agreement_id: UUID) -> list[AgreedTime]:
    """R168: what both parties agreed not to count."""
    return [agreed_time(row) for row in await repository.list_agreed_exclusions(session, agreement_id)]


def agreed_time(row: Row[Any]) -> AgreedTime:
    """As it counts when it is agreed."""
    named = None if row.tickets is None else frozenset(UUID(ticket) for ticket in row.tickets)
    return AgreedTime(row.id, row.clause_id, Excluded(row.begins_at, row.ends_at, named))


async def assess(
    session: AsyncSession, clause: Clause, period: date, agreed: Sequence[AgreedTime], now: datetime
) -> Outcome:
    """What the clause came to in this period as of now, with these exclusions; nothing is kept."""
    window = rules.window_of(clause, period, now, settings().zone)
    excluded = [item.excluded for item in agreed if item.clause_id in (None, clause.id)]
    match clause.terms:
        case TimeTerms(what="availability" | "downtime") as terms:
            rows = await repository.list_interruptions(session, clause.id, window.begin, window.until)
            interruptions = [Interruption(row.ticket_id, row.began_at, row.ended_at) for row in rows]
            calendar = await _calendar_of(session, clause)
            return rules.judge_outages(terms, calendar, interruptions, excluded, window)
        case TimeTerms() as terms:
            return await _assess_tickets(session, clause, terms, excluded, window, now)
        case CountTerms(counts="incidents") as terms:
            found = await repository.list_incidents(session, clause.id, window.begin, window.until)
            incidents = [(row.began_at, 1.0, row.ticket_id) for row in found]
            return rules.judge_count(terms, incidents, excluded, window)
        case CountTerms() as terms:
            reported = await repository.list_counts(session, clause.id, window.begin, window.end)
            return rules.judge_count(terms, [(row.at, row.value, None) for row in reported], excluded, window)
        case FrequencyTerms() as terms:
            occurrences = await repository.list_occurrences(session, clause.id, window.begin, window.end)
            return rules.judge_frequency(terms, occurrences, excluded, window)
        case FulfilmentTerms() as terms:
            fulfilled = await repository.list_fulfilments(session, clause.id)
            zone = settings().zone
            since, due = window.begin, window.end
            if terms.due_on is not None:
                since = starts_at(clause.effective_from, zone)
                due = starts_at(terms.due_on + timedelta(days=1), zone)
            return rules.judge_fulfilment(terms, fulfilled, excluded, window, since, due)


async def _assess_tickets(
    session: AsyncSession,
    clause: Clause,
    terms: TimeTerms,
    excluded: Sequence[Excluded],
    window: Window,
    now: datetime,
) -> Outcome:
    end = _FAR if window.is_last else window.end
    met, n = await repository.count_decided(session, clause.id, window.begin, end)
    affected: list[Clocked] = []
    if excluded and n:
        spans = [(item.begin, item.end) for item in excluded]
        rows = await repository.list_decided_within(session, clause.id, window.begin, end, spans)
        affected = [
            Clocked(row.ticket_id, row.started_at, row.stopped_at, read_pauses(row.pauses), row.state == "met")
            for row in rows
            if any(item.covers(row.ticket_id) for item in excluded)
        ]
    calendar = await _calendar_of(session, clause)
    return rules.judge_tickets(terms, calendar, met, n, affected, excluded, window, now)


async def _calendar_of(session: AsyncSession, clause: Clause) -> Calendar:
    """A calendar that is gone leaves the clock on the wall."""
    try:
        return await find_calendar(session, clause.calendar)
    except CalendarNotFound:
        return ALWAYS


@dataclass(frozen=True, slots=True)
class Settled:
    """A period of an agreement whose values are settled now, or were restated."""

    agreement_id: UUID
    period: date


async def evaluate(session: AsyncSession, marks: Sequence[tuple[UUID, date]], now: datetime) -> list[Settled]:
    """R77, R113: evaluate these clauses for these periods, and tell of agreements' periods that are over and have
    something new."""
    known = {
        clause.id: clause for clause in await clauses.list_clauses(session, clause_ids={mark[0] for mark in marks})
    }
    agreed: dict[UUID, list[AgreedTime]] = {}
    news: dict[tuple[UUID, date], None] = {}
    for clause_id, period in marks:
        clause = known.get(clause_id)
        if clause is None or not counts_in(clause, period, now):
            continue
        if clause.agreement_id not in agreed:
            agreed[clause.agreement_id] = await list_agreed(session, clause.agreement_id)
        outcome = await assess(session, clause, period, agreed[clause.agreement_id], now)
        if await _keep(session, clause, period, outcome, now):
            news[clause.agreement_id, period] = None
        if period == period_of(clause.settled_by, local_day(now, settings().zone)) and not clause.clocks_tickets:
            await _stand(session, clause, period, outcome, now)
    settled = [Settled(agreement_id, period) for agreement_id, period in news]
    return [item for item in settled if await _tell_evaluated(session, item, now)]


def counts_in(clause: Clause, period: date, now: datetime) -> bool:
    """Whether the clause counts in some part of this period that has begun."""
    zone = settings().zone
    begins = max(period, clause.effective_from)
    following = next_period(clause.settled_by, period)
    return begins < following and begins <= clause.effective_to and starts_at(begins, zone) <= now


async def _keep(session: AsyncSession, clause: Clause, period: date, outcome: Outcome, now: datetime) -> bool:
    """Keep the value where it is new: what was settled stays, and what differs is its next revision. Whether a settled
    value is new."""
    window = rules.window_of(clause, period, now, settings().zone)
    promise = promise_of(clause.terms)
    last = await repository.latest_evaluation(session, clause.id, period)
    values: dict[str, Any] = {
        "clause_id": clause.id,
        "agreement_id": clause.agreement_id,
        "measure_key": clause.measure_key,
        "period": period,
        "period_end": next_period(clause.settled_by, period),
        "provisional": not window.over,
        "unit": promise.unit,
        "direction": promise.direction,
        "target": promise.target,
        "raw": outcome.raw.value,
        "raw_n": outcome.raw.n,
        "excluded": outcome.excluded,
        "adjusted": outcome.adjusted.value,
        "numerator": outcome.adjusted.numerator,
        "n": outcome.adjusted.n,
        "verdict": outcome.verdict,
        "details": dict(outcome.details),
    }
    is_new = last is None or any(getattr(last, name) != value for name, value in values.items())
    if is_new and last is not None and last.provisional:
        await repository.replace_provisional(session, last.id, {**values, "evaluated_at": now})
    elif is_new:
        revision = 1 if last is None else last.revision + 1
        await repository.insert_evaluation(
            session, {**values, "id": new_id(), "revision": revision, "evaluated_at": now}
        )
    await _tell_value(session, clause, period, outcome, window, now)
    return is_new and window.over


async def _tell_value(
    session: AsyncSession, clause: Clause, period: date, outcome: Outcome, window: Window, now: datetime
) -> None:
    """R77: the adjusted value is the measure's; a miss becomes a gap there. Where a later revision of the agreement
    took the measure over within the period, the value is that one's to tell."""
    if clause.measure_key is None:
        return
    measure = await measures.get_measure(session, clause.measure_key)
    if measure is None or (measure.frequency != clause.settled_by and not window.over):
        return
    last_day = next_period(clause.settled_by, period) - timedelta(days=1)
    if await repository.is_followed_up(session, clause.id, clause.measure_key, last_day):
        return
    figure = outcome.adjusted
    await observations.tell(session, measure, period, [Computed("all", figure.value, figure.numerator, figure.n)], now)


async def _stand(session: AsyncSession, clause: Clause, period: date, outcome: Outcome, now: datetime) -> None:
    """R76, R112: where the clause stands in the period that runs; what is worse than before is told, once."""
    known = await clauses.get_standing(session, clause.id)
    same_period = known is not None and known.period == period
    before = known.state if known is not None and same_period else "on_track"
    state = rules.stand(clause.terms, outcome, now)
    worse = _WORSE[state] > _WORSE[before]
    version = (known.version if known is not None else 0) + worse
    await clauses.put_standing(
        session,
        {
            "clause_id": clause.id,
            "period": period,
            "state": state,
            "used": outcome.used,
            "allowed": outcome.allowed,
            "due_at": outcome.due_at,
            "look_at": outcome.look_at,
            "version": version,
            "updated_at": now,
        },
    )
    if worse:
        contract = ClauseBreached if state == "breached" else ClauseAtRisk
        told = telling.of_standing(contract, clause, version, period, outcome.due_at, outcome.used, outcome.allowed)
        await record_all(session, [told])


async def _tell_evaluated(session: AsyncSession, settled: Settled, now: datetime) -> bool:
    """R74, R113: once every clause of the period has its settled value. Whether that is so."""
    known = await clauses.list_clauses(session, agreement_id=settled.agreement_id)
    counting = [clause for clause in known if counts_in(clause, settled.period, now)]
    rows = await repository.latest_evaluations(session, settled.agreement_id, settled.period)
    done = {row.clause_id for row in rows if not row.provisional}
    if not counting or any(clause.id not in done for clause in counting):
        return False
    revision = await repository.bump_agreement_evaluation(session, settled.agreement_id, settled.period, now)
    first = counting[0]
    results = tuple(_result(row) for row in rows if not row.provisional)
    told = AgreementEvaluated(
        agreement_id=settled.agreement_id,
        agreement_number=first.number,
        customer=first.customer,
        owner=first.owner,
        period=settled.period,
        period_end=next_period(first.settled_by, settled.period),
        revision=revision,
        clauses=results,
        kept=sum(result.verdict == "kept" for result in results),
        missed=sum(result.verdict == "missed" for result in results),
        evaluated_at=now,
    )
    subject = f"{settled.agreement_id}:{settled.period}"
    await record(session, told, subject=subject, sequence=revision, correlation_id=settled.agreement_id)
    return True


def _result(row: Row[Any]) -> ClauseResult:
    details = row.details
    return ClauseResult(
        clause_id=row.clause_id,
        key=row.key,
        title=row.title,
        measure_key=row.measure_key,
        unit=row.unit,
        direction=row.direction,
        target=row.target,
        raw=row.raw,
        excluded=row.excluded,
        adjusted=row.adjusted,
        n=row.n,
        verdict=row.verdict,
        outages=details.get("outages"),
        longest_outage_minutes=details.get("longest_outage_minutes"),
        worst_day=details.get("worst_day"),
        worst_day_minutes=details.get("worst_day_minutes"),
        working_minutes_lost=details.get("working_minutes_lost"),
        missed_intervals=details.get("missed_intervals", ()),
    )
