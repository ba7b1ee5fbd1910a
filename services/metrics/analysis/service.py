"""Use cases of analysis: gather what a frozen plan compares, and tell what came of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.analysis import repository
from services.metrics.analysis.evidence import Answer, Count, Data, Guard, Numbers, Proportion, Question, Side
from services.metrics.evaluation import service as evaluation
from services.metrics.measures import repository as measures_repository
from services.metrics.measures import rules as measure_rules
from services.metrics.measures import service as measures
from services.metrics.measures.periods import month_of, next_month
from shared.events.envelope import Draft, Event, Origin
from shared.events.improvement import EffectRequested, VerificationPlan
from shared.events.metrics import EffectAssessed, GuardResult, Sample, Verdict
from shared.outbox import record_all

LOOK_AGAIN_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: whole closed months on both sides. `waits_for` says what is missing yet, if anything."""

    question: Question
    before: Sequence[date]
    after: Sequence[date]
    since: date
    waits_for: str | None


class Unanswerable(ValueError):
    """No data can ever answer this plan: says why."""


async def take_requests(session: AsyncSession, events: Sequence[Event[EffectRequested]]) -> None:
    """Keep the requests; a job assesses them. The measure's scope is observed from now on."""
    for event in events:
        plan = event.data.plan
        if find_unanswerable(plan, await _known_keys(session)) is None:
            await measures.keep_scope(session, plan.measure_key, plan.scope)
    await repository.insert_requests(
        session,
        [
            {
                "id": event.data.request_id,
                "improvement_id": event.data.improvement_id,
                "correlation_id": event.correlation_id,
                "causation_id": str(event.id),
                "plan": event.data.plan.model_dump(mode="json"),
                "plan_hash": event.data.plan_hash,
                "target": event.data.target,
                "implemented_at": event.data.implemented_at,
                "requested_at": event.time,
                "next_look_at": event.time,
            }
            for event in events
        ],
    )


def find_unanswerable(plan: VerificationPlan, known: Collection[str]) -> str | None:
    """Why no data can ever answer this plan, or None."""
    unknown = [key for key in (plan.measure_key, *plan.guard_measures) if key not in known]
    if unknown:
        return f"there is no measure {', '.join(unknown)}; revise the plan"
    try:
        measure_rules.parse_scope(plan.scope)
    except measure_rules.UnsoundScope as error:
        return str(error)
    return None


async def _known_keys(session: AsyncSession) -> set[str]:
    return {measure.key for measure in await measures_repository.list_measures(session)}


async def gather(session: AsyncSession, request: Row[Any]) -> Comparison:
    """Both sides by the frozen plan: the months of the baseline window, and the first `minimum_points` closed months
    with data since the change has settled. A fixed number, so that nobody waits for a month that suits.

    Raises:
        Unanswerable: no data can ever answer this plan.
    """
    plan = VerificationPlan.model_validate(request.plan)
    unanswerable = find_unanswerable(plan, await _known_keys(session))
    if unanswerable is not None:
        raise Unanswerable(unanswerable)
    measure = await measures.find_measure(session, plan.measure_key)
    before = await repository.closed_months_with_data(
        session, plan.measure_key, plan.scope, month_of(plan.baseline_from), plan.baseline_to
    )
    since = first_whole_month(request.implemented_at, plan.settle_days)
    later = await repository.closed_months_with_data(session, plan.measure_key, plan.scope, since, date.max)
    after = later[: plan.minimum_points]
    waits_for = None
    if len(after) < plan.minimum_points:
        waits_for = f"{len(after)} of {plan.minimum_points} closed months with data since {since:%Y-%m}"
    guards = []
    for key in plan.guard_measures:
        guard = await measures.find_measure(session, key)
        guards.append(
            Guard(
                measure_key=key,
                direction=guard.direction,
                before=await _data(session, guard, plan.scope, before),
                after=await _data(session, guard, plan.scope, after),
            )
        )
    question = Question(
        direction=plan.direction,
        before=await _data(session, measure, plan.scope, before),
        after=await _data(session, measure, plan.scope, after),
        minimum_effect=plan.minimum_effect,
        minimum_n=plan.minimum_n,
        alpha=plan.alpha,
        target=request.target,
        guards=tuple(guards),
    )
    return Comparison(question, before, after, since, waits_for)


def first_whole_month(implemented_at: datetime, settle_days: int) -> date:
    """The first month that begins on or after the day on which the change has settled."""
    day = implemented_at.date() + timedelta(days=settle_days)
    return day if day.day == 1 else next_month(month_of(day))


async def tell(session: AsyncSession, request_id: UUID, compared: Comparison, answer: Answer, now: datetime) -> None:
    """Record the assessment, unless it says the same as the last one."""
    request = await repository.lock_request(session, request_id)
    if request.settled:
        return
    waiting = compared.waits_for is not None
    verdict: Verdict = "inconclusive" if waiting else answer.verdict
    reason = f"not enough yet: {compared.waits_for}" if waiting else answer.reason
    if waiting and (request.last_verdict, request.last_reason) == (verdict, reason):
        await repository.set_values(session, request_id, next_look_at=now + timedelta(seconds=LOOK_AGAIN_SECONDS))
        return
    told = EffectAssessed(
        improvement_id=request.improvement_id,
        request_id=request.id,
        plan_hash=request.plan_hash,
        verdict=verdict,
        reason=reason,
        test=answer.test,
        before=_sample(answer.before, compared.before, compared.since),
        after=_sample(answer.after, compared.after, compared.since),
        effect=answer.effect,
        interval=answer.interval,
        p_value=answer.p_value,
        alpha=answer.alpha,
        target=answer.target,
        target_met=answer.target_met,
        guards=tuple(
            GuardResult(
                measure_key=guard.measure_key,
                before=_sample(guard.before, compared.before, compared.since),
                after=_sample(guard.after, compared.after, compared.since),
                p_value=guard.p_value,
                worse=guard.worse,
            )
            for guard in answer.guards
        ),
        assessed_at=now,
    )
    await _record(session, request, told, settled=not waiting)


async def tell_unanswerable(session: AsyncSession, request_id: UUID, reason: str, now: datetime) -> None:
    """Record that nothing can be said, and why."""
    request = await repository.lock_request(session, request_id)
    if request.settled:
        return
    plan = VerificationPlan.model_validate(request.plan)
    nothing = _sample(Side(n=0, value=None), (), first_whole_month(request.implemented_at, plan.settle_days))
    told = EffectAssessed(
        improvement_id=request.improvement_id,
        request_id=request.id,
        plan_hash=request.plan_hash,
        verdict="inconclusive",
        reason=reason,
        test=None,
        before=nothing,
        after=nothing,
        effect=None,
        interval=None,
        p_value=None,
        alpha=plan.alpha,
        target=request.target,
        target_met=None,
        assessed_at=now,
    )
    await _record(session, request, told, settled=True)


async def _record(session: AsyncSession, request: Row[Any], told: EffectAssessed, *, settled: bool) -> None:
    origin = Origin("service:metrics", request.correlation_id, request.causation_id)
    await record_all(session, [Draft(told, str(request.improvement_id), request.answers + 1, origin)])
    await repository.set_values(
        session,
        request.id,
        answers=request.answers + 1,
        last_verdict=told.verdict,
        last_reason=told.reason,
        settled=settled,
        next_look_at=told.assessed_at + timedelta(seconds=LOOK_AGAIN_SECONDS),
    )


async def _data(session: AsyncSession, measure: Row[Any], scope: str, periods: Sequence[date]) -> Data:
    """What the test compares: the measure's own facts of these periods, not its values; those where there is nothing
    else, as with what is reported."""
    if evaluation.is_sampled(measure):
        sample = await evaluation.sample_of(session, measure, measure_rules.parse_scope(scope), periods)
        if measure.data_kind == "proportion":
            return Proportion(successes=sum(sample), n=len(sample))
        if measure.data_kind == "count":
            return Count(events=len(sample), exposure=max(len(periods), 1))
        return Numbers(statistic=measure.parameters.get("statistic", "mean"), values=tuple(sample))
    told = await repository.values_of(session, measure.key, scope, periods)
    if measure.data_kind == "proportion":
        successes = round(sum(row.numerator if row.numerator is not None else row.value * row.n for row in told))
        return Proportion(successes=successes, n=sum(row.n for row in told))
    if measure.data_kind == "count":
        return Count(events=round(sum(row.value for row in told)), exposure=max(len(periods), 1))
    return Numbers(statistic="mean", values=tuple(row.value for row in told))


def _sample(side: Side, months: Sequence[date], since: date) -> Sample:
    """`since` stands in where there are no months yet."""
    first, end = (months[0], next_month(months[-1])) if months else (since, since)
    return Sample(period_from=first, period_to=end, periods=len(months), n=side.n, value=side.value)
