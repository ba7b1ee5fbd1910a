"""Use cases of gaps: one open gap per measure and scope; repeats attach to it; a person may dismiss it."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.analysis.charts import Datum
from services.metrics.catalogue import repository as catalogue
from services.metrics.evaluation.repository import is_computed
from services.metrics.expectations import service as expectations
from services.metrics.expectations.rules import Expectation
from services.metrics.gaps import repository
from services.metrics.gaps.rules import Finding, Judged, detect, fill_zeros, grade, measure_impact
from services.metrics.measures.formulas import CLAUSE
from services.metrics.measures.periods import months_of, next_month, next_period, starts_at
from services.metrics.measures.rules import ALL, parse_scope
from services.metrics.observations import repository as observations
from services.metrics.settings import settings
from services.metrics.settlements import repository as settlements
from shared import clock, problems
from shared.events.metrics import GapClosed, GapDetected, GapDismissed, GapFact, GapRecurred
from shared.ids import new_id
from shared.outbox import record

HISTORY_PERIODS = 36
_WARNINGS = frozenset({"signal", "trend"})


class GapNotFound(problems.NotFound):
    pass


async def judge(session: AsyncSession, measure: Row[Any], period: date, told: Sequence[Row[Any]]) -> None:
    """Hold a closed period's values against what was expected: opens, repeats or lifts gaps, or does nothing.

    `told` are the newest observations of that period, one a scope.
    """
    scopes = [observation.scope for observation in told]
    end = next_period(measure.frequency, period)
    expected = await expectations.in_force(session, measure.key, scopes, end)
    gaps = await repository.lock_open_gaps(session, measure.key, scopes)
    concerned = [
        observation for observation in told if observation.scope in gaps or expected[observation.scope] != Expectation()
    ]
    if not concerned:
        return
    first = _earlier(period, HISTORY_PERIODS * months_of(measure.frequency))
    counts = measure.data_kind == "count" and is_computed(measure)
    read = {row.scope for row in concerned} | ({ALL} if counts else set())
    history = await observations.history(session, measure.key, read, first, end)
    judged = Judged(measure.direction, measure.data_kind, measure.formula == CLAUSE, months_of(measure.frequency))
    for observation in concerned:
        scope = observation.scope
        series = [_datum(row) for row in history.get(scope, ()) if row.value is not None]
        if counts and scope != ALL:
            series = fill_zeros(series, [row.period for row in history.get(ALL, ())])
        finding = None
        if series and series[-1].period == period:
            finding = detect(judged, expected[scope], series)
        await _settle(session, measure, gaps.get(scope), observation, finding)


async def _settle(
    session: AsyncSession, measure: Row[Any], gap: Row[Any] | None, observation: Row[Any], finding: Finding | None
) -> None:
    if finding is None:
        if gap is not None:
            await _lift(session, gap, observation)
    elif gap is not None:
        await _repeat(session, measure, gap, observation, finding)
    elif not await repository.is_settled(session, measure.key, observation.scope, observation.period):
        await _open(session, measure, observation, finding)


def _datum(row: Row[Any]) -> Datum:
    return Datum(row.period, row.value, row.n, row.numerator)


def _earlier(period: date, months: int) -> date:
    index = period.year * 12 + period.month - 1 - months
    return date(max(index // 12, 1), index % 12 + 1, 1)


async def dismiss_gap(session: AsyncSession, gap_id: UUID, reason: str) -> Row[Any]:
    """A person decides that no improvement is needed; its months open no gap again.

    Raises:
        GapNotFound, IllegalTransition.
    """
    gap = await repository.lock_gap(session, gap_id)
    if gap is None:
        raise GapNotFound(f"there is no gap {gap_id}")
    if gap.state != "open":
        raise problems.IllegalTransition("dismiss", gap.state, [])
    last = await repository.last_occurrence(session, gap_id) or gap.period
    await repository.update_gap(
        session, gap_id, state="dismissed", reason=reason, settled_at=clock.now(), settled_until=next_month(last)
    )
    told = GapDismissed(gap_id=gap_id, measure_key=gap.measure_key, scope=gap.scope, reason=reason)
    await record(session, told, subject=gap_id, sequence=gap.version + 1, correlation_id=gap_id)
    found = await repository.get_gap(session, gap_id)
    assert found is not None
    return found


async def close_settled_gap(session: AsyncSession, gap_id: UUID, reason: str) -> None:
    """An improvement's effect was signed: the gap's months open none again. One that is not open stays as it is."""
    gap = await repository.lock_gap(session, gap_id)
    if gap is not None and gap.state == "open":
        last = await repository.last_occurrence(session, gap_id) or gap.period
        await _close(session, gap, reason, next_month(last))


async def _close(session: AsyncSession, gap: Row[Any], reason: str, settled_until: date | None) -> None:
    await repository.update_gap(
        session, gap.id, state="closed", reason=reason, settled_at=clock.now(), settled_until=settled_until
    )
    told = GapClosed(gap_id=gap.id, measure_key=gap.measure_key, scope=gap.scope, reason=reason)
    await record(session, told, subject=gap.id, sequence=gap.version + 1, correlation_id=gap.id)


async def _open(session: AsyncSession, measure: Row[Any], observation: Row[Any], finding: Finding) -> None:
    gap_id = new_id()
    fact = await _fact(session, gap_id, measure, observation, finding)
    await repository.insert_gap(
        session,
        {
            "id": gap_id,
            "measure_key": measure.key,
            "scope": observation.scope,
            "state": "open",
            "period": observation.period,
            **_kept(fact),
            "occurrences": 1,
            "version": 1,
            "detected_at": clock.now(),
        },
    )
    await _note(session, gap_id, observation, finding)
    await record(session, GapDetected(**dict(fact)), subject=gap_id, sequence=1, correlation_id=gap_id)


async def _repeat(
    session: AsyncSession, measure: Row[Any], gap: Row[Any], observation: Row[Any], finding: Finding
) -> None:
    """Another period of the same gap, or one of its periods restated; the same value again says nothing.

    What was a warning and is now a miss is told as the miss from here on.
    """
    known = await repository.get_occurrence(session, gap.id, observation.period)
    now = (observation.value, observation.n, finding.expected, finding.detection)
    if known is not None and (known.actual, known.n, known.expected, known.detection) == now:
        return
    await _note(session, gap.id, observation, finding)
    occurrences = gap.occurrences + (known is None)
    fact = await _fact(session, gap.id, measure, observation, finding)
    changes: dict[str, Any] = {"occurrences": occurrences}
    if observation.period == gap.period or (gap.detection in _WARNINGS and finding.detection not in _WARNINGS):
        changes |= {"period": observation.period, **_kept(fact)}
    await repository.update_gap(session, gap.id, **changes)
    recurred = GapRecurred(**dict(fact), occurrence=occurrences)
    await record(session, recurred, subject=gap.id, sequence=gap.version + 1, correlation_id=gap.id)


def _kept(fact: GapFact) -> dict[str, Any]:
    """What of the fact the gap's row keeps."""
    return {
        "detection": fact.detection,
        "expected": fact.expected,
        "actual": fact.actual,
        "n": fact.n,
        "size": fact.size,
        "severity": fact.severity,
        "criticality": fact.criticality,
        "impact": fact.impact.model_dump(mode="json", exclude_none=True),
        "evidence": fact.evidence,
    }


async def _lift(session: AsyncSession, gap: Row[Any], observation: Row[Any]) -> None:
    """A month of the gap was restated and misses nothing any more: without months left, the gap is gone."""
    if await repository.get_occurrence(session, gap.id, observation.period) is None:
        return
    left = await repository.remove_occurrence(session, gap.id, observation.period)
    if left == 0:
        await _close(session, gap, f"{observation.period:%Y-%m} was restated and is as expected", None)
    else:
        await repository.set_occurrences(session, gap.id, left)


async def _note(session: AsyncSession, gap_id: UUID, observation: Row[Any], finding: Finding) -> None:
    await repository.put_occurrence(
        session,
        {
            "gap_id": gap_id,
            "period": observation.period,
            "observation_id": observation.id,
            "expected": finding.expected,
            "actual": observation.value,
            "n": observation.n,
            "detection": finding.detection,
        },
    )


async def _fact(
    session: AsyncSession, gap_id: UUID, measure: Row[Any], observation: Row[Any], finding: Finding
) -> GapFact:
    scope = parse_scope(observation.scope)
    named = dict(zip(scope.dimensions, scope.values, strict=True))
    criticality = None
    if "service" in named:
        criticality = (await catalogue.criticalities(session, [named["service"]])).get(named["service"])
    end = next_period(measure.frequency, observation.period)
    is_promise = measure.formula == CLAUSE
    exposure = await settlements.exposure_of(session, measure.key, observation.period) if is_promise else None
    impact = measure_impact(measure.direction, observation.n, observation.numerator)
    zone = settings().zone
    impact = impact.model_copy(
        update={
            "customers": 1
            if is_promise
            else await repository.count_customers(
                session, named, starts_at(observation.period, zone), starts_at(end, zone)
            ),
            "penalty_exposure": None if exposure is None else float(exposure),
        }
    )
    return GapFact(
        gap_id=gap_id,
        measure_key=measure.key,
        measure_name=measure.name,
        unit=measure.unit,
        data_kind=measure.data_kind,
        direction=measure.direction,
        scope=observation.scope,
        detection=finding.detection,
        period=observation.period,
        period_end=end,
        expected=finding.expected,
        actual=observation.value,
        n=observation.n,
        size=finding.size,
        severity=grade(finding.size, finding.expected, criticality),
        criticality=criticality,
        impact=impact,
        evidence=finding.evidence or None,
        observation_id=observation.id,
    )
