"""Use cases of analysis: gather what a frozen plan compares, and tell what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.analysis import repository, series
from services.metrics.analysis.charts import kind_for
from services.metrics.analysis.effects import Story, good_signals, later_changes
from services.metrics.analysis.evidence import Answer, Count, Data, Guard, Numbers, Proportion, Question, Side
from services.metrics.analysis.questions import Changes
from services.metrics.evaluation import service as evaluation
from services.metrics.evaluation.repository import is_computed
from services.metrics.measures import repository as measures_repository
from services.metrics.measures import rules as measure_rules
from services.metrics.measures import service as measures
from services.metrics.measures.periods import (
    Frequency,
    local_day,
    months_between,
    next_period,
    period_of,
    periods_between,
)
from services.metrics.measures.problems import UnsoundScope
from services.metrics.settings import settings
from shared.events.envelope import Draft, Event, Origin
from shared.events.improvement import EffectRequested, VerificationPlan
from shared.events.metrics import Direction, EffectAssessed, GuardResult, Sample, Verdict
from shared.outbox import record_all

LOOK_AGAIN_SECONDS = 10
_PERIODS: dict[Frequency, str] = {"monthly": "months", "quarterly": "quarters", "yearly": "years"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is compared: whole closed periods on both sides. `waits_for` says what is missing yet, if anything."""

    question: Question
    frequency: Frequency
    before: Sequence[date]
    after: Sequence[date]
    since: date
    waits_for: str | None
    story: Story


class Unanswerable(ValueError):
    """No data can ever answer this plan: says why."""


async def take_requests(session: AsyncSession, events: Sequence[Event[EffectRequested]]) -> None:
    """Keep the requests; a job assesses them. The measure's scope is observed from now on."""
    for event in events:
        plan = event.data.plan
        if find_unanswerable(plan, await _known(session)) is None:
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
                "purpose": event.data.purpose,
                "implemented_at": event.data.implemented_at,
                "requested_at": event.time,
                "next_look_at": event.time,
            }
            for event in events
        ],
    )


def find_unanswerable(plan: VerificationPlan, known: Mapping[str, Row[Any]]) -> str | None:
    """Why no data can ever answer this plan, or None. `known` are the measures by key."""
    keys = (plan.measure_key, *plan.guard_measures)
    unknown = [key for key in keys if key not in known]
    if unknown:
        return f"there is no measure {', '.join(unknown)}; revise the plan"
    for key in keys:
        try:
            measures.check_scope(known[key], plan.scope)
        except UnsoundScope as error:
            return error.detail
    return None


async def _known(session: AsyncSession) -> dict[str, Row[Any]]:
    return {measure.key: measure for measure in await measures_repository.list_measures(session)}


async def gather(session: AsyncSession, request: Row[Any]) -> Comparison:
    """Both sides by the frozen plan: the periods of the baseline window, and the first `minimum_points` closed periods
    with data since the change has settled. A fixed number, so that nobody waits for a period that suits. Of a measure
    that tells one value a period and no cases the plan's minimum is one of periods.

    Whether a signed level holds (R127) is asked on a day, and answered from the closed periods that are there then.

    Raises:
        Unanswerable: no data can ever answer this plan.
    """
    plan = VerificationPlan.model_validate(request.plan)
    unanswerable = find_unanswerable(plan, await _known(session))
    if unanswerable is not None:
        raise Unanswerable(unanswerable)
    measure = await measures.find_measure(session, plan.measure_key)
    scope = measure_rules.canonical_scope(plan.scope)
    first = period_of(measure.frequency, plan.baseline_from)
    since = first_whole_period(measure.frequency, request.implemented_at, plan.settle_days, settings().zone)
    before = await _periods_with_data(session, measure, scope, first, plan.baseline_to)
    later = await _periods_with_data(session, measure, scope, since, date.max)
    is_final = request.purpose == "sustain"
    after = later if is_final else later[: plan.minimum_points]
    waits_for = None
    if len(after) < plan.minimum_points and not is_final:
        unit = _PERIODS[measure.frequency]
        waits_for = f"{len(after)} of {plan.minimum_points} closed {unit} with data since {since:%Y-%m}"
    guards = []
    for key in plan.guard_measures:
        guard = await measures.find_measure(session, key)
        guards.append(
            Guard(
                measure_key=key,
                direction=guard.direction,
                before=await _data(session, guard, scope, periods_within(guard.frequency, measure.frequency, before)),
                after=await _data(session, guard, scope, periods_within(guard.frequency, measure.frequency, after)),
            )
        )
    sides = [await _data(session, measure, scope, periods) for periods in (before, after)]
    without_worst = None
    if is_final and len(after) > 1:
        worst = await _worst(session, measure, scope, plan.direction, after)
        without_worst = await _data(session, measure, scope, [period for period in after if period != worst])
    has_cases = evaluation.is_sampled(measure) or not any(isinstance(side, Numbers) for side in sides)
    question = Question(
        purpose=request.purpose,
        direction=plan.direction,
        before=sides[0],
        after=sides[1],
        minimum_effect=plan.minimum_effect,
        minimum_n=plan.minimum_n if has_cases else plan.minimum_points,
        alpha=plan.alpha,
        target=request.target,
        guards=tuple(guards),
        without_worst=without_worst,
    )
    told = await series.read(session, plan.measure_key, scope, first, after[-1] if after else max([first, *before]))
    story = Story(
        direction=plan.direction,
        kind=kind_for(measure.data_kind),
        data=told.data,
        baseline_end=plan.baseline_to,
        implemented=period_of(measure.frequency, local_day(request.implemented_at, settings().zone)),
        since=since,
    )
    return Comparison(question, measure.frequency, before, after, since, waits_for, story)


async def _worst(
    session: AsyncSession, measure: Row[Any], scope: str, direction: Direction, periods: Sequence[date]
) -> date:
    """The period with the worst value; a count's period without any is 0."""
    told = {row.period: row.value for row in await repository.values_of(session, measure.key, scope, periods)}
    pick = min if direction == "higher_is_better" else max
    return pick(periods, key=lambda period: told.get(period, 0.0))


async def _periods_with_data(
    session: AsyncSession, measure: Row[Any], scope: str, first: date, end: date
) -> Sequence[date]:
    """A period in which a count has nothing in this scope, while the measure counted elsewhere, is a 0; before the
    scope's first, nobody knows whether there was anything to count."""
    scopes = {scope}
    if measure.data_kind == "count" and is_computed(measure):
        began = await repository.first_period(session, measure.key, scope)
        if began is None:
            return ()
        scopes, first = {scope, measure_rules.ALL}, max(first, began)
    return await repository.closed_periods_with_data(session, measure.key, scopes, first, end)


def first_whole_period(frequency: Frequency, implemented_at: datetime, settle_days: int, zone: tzinfo) -> date:
    """The first period that begins on or after the day on which the change has settled."""
    day = local_day(implemented_at, zone) + timedelta(days=settle_days)
    period = period_of(frequency, day)
    return period if period == day else next_period(frequency, period)


def periods_within(frequency: Frequency, of: Frequency, periods: Sequence[date]) -> list[date]:
    """The periods of one frequency that lie wholly within these periods of another."""
    months = {month for period in periods for month in _months(of, period)}
    if not months:
        return []
    return [
        period
        for period in periods_between(frequency, min(months), max(months))
        if months.issuperset(_months(frequency, period))
    ]


def _months(frequency: Frequency, period: date) -> list[date]:
    return list(months_between(period, next_period(frequency, period) - timedelta(days=1)))


def is_still_waiting(request: Row[Any], compared: Comparison) -> bool:
    """Whether nothing came since it was last told what is missing."""
    return compared.waits_for is not None and request.last_reason == _say_waiting(compared)


def _say_waiting(compared: Comparison) -> str:
    return f"not enough yet: {compared.waits_for}"


async def look_again(session: AsyncSession, request_id: UUID, now: datetime) -> None:
    """Leave the request for later."""
    await repository.set_values(session, request_id, next_look_at=now + timedelta(seconds=LOOK_AGAIN_SECONDS))


async def tell(
    session: AsyncSession,
    request_id: UUID,
    compared: Comparison,
    answer: Answer,
    changes: Changes | None,
    now: datetime,
) -> None:
    """Record the assessment."""
    request = await repository.lock_request(session, request_id)
    if request.settled:
        return
    waiting = compared.waits_for is not None
    verdict: Verdict = "inconclusive" if waiting else answer.verdict
    reason = _say_waiting(compared) if waiting else answer.reason
    told = EffectAssessed(
        improvement_id=request.improvement_id,
        request_id=request.id,
        plan_hash=request.plan_hash,
        verdict=verdict,
        reason=reason,
        test=answer.test,
        before=_sample(answer.before, compared.before, compared),
        after=_sample(answer.after, compared.after, compared),
        effect=answer.effect,
        interval=answer.interval,
        p_value=answer.p_value,
        alpha=answer.alpha,
        target=answer.target,
        target_met=answer.target_met,
        guards=tuple(
            GuardResult(
                measure_key=guard.measure_key,
                before=_sample(guard.before, compared.before, compared),
                after=_sample(guard.after, compared.after, compared),
                p_value=guard.p_value,
                worse=guard.worse,
            )
            for guard in answer.guards
        ),
        signals=good_signals(compared.story),
        changes=None if changes is None else later_changes(compared.story, changes),
        assessed_at=now,
        purpose=request.purpose,
    )
    await _record(session, request, told, settled=not waiting)


async def tell_unanswerable(session: AsyncSession, request_id: UUID, reason: str, now: datetime) -> None:
    """Record that nothing can be said, and why."""
    request = await repository.lock_request(session, request_id)
    if request.settled:
        return
    plan = VerificationPlan.model_validate(request.plan)
    since = first_whole_period("monthly", request.implemented_at, plan.settle_days, settings().zone)
    nothing = Sample(period_from=since, period_to=since, periods=0, n=0, value=None)
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
        purpose=request.purpose,
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
    else, as with what is reported. A share that is not one of cases (an availability is one of time) is a number."""
    if evaluation.is_sampled(measure):
        sample = await evaluation.sample_of(session, measure, measure_rules.parse_scope(scope), periods)
        if measure.data_kind == "proportion":
            return Proportion(successes=sum(sample), n=len(sample))
        if measure.data_kind == "count":
            return Count(events=len(sample), exposure=max(len(periods), 1))
        return Numbers(statistic=measure.parameters.get("statistic", "mean"), values=tuple(sample))
    told = await repository.values_of(session, measure.key, scope, periods)
    if measure.data_kind == "proportion" and all(row.numerator is not None for row in told):
        return Proportion(successes=round(sum(row.numerator for row in told)), n=sum(row.n for row in told))
    if measure.data_kind == "count":
        return Count(events=round(sum(row.value for row in told)), exposure=max(len(periods), 1))
    return Numbers(statistic="mean", values=tuple(row.value for row in told))


def _sample(side: Side, periods: Sequence[date], compared: Comparison) -> Sample:
    """`since` stands in where there are no periods yet."""
    first, end = compared.since, compared.since
    if periods:
        first, end = periods[0], next_period(compared.frequency, periods[-1])
    return Sample(period_from=first, period_to=end, periods=len(periods), n=side.n, value=side.value)
