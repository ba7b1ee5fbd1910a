"""Use cases of gaps: one open gap per measure and scope; repeats attach to it; a person may dismiss it."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.gaps import repository
from services.metrics.gaps.rules import Miss, detect_gap
from services.metrics.measures import service as measures
from services.metrics.measures.periods import next_month
from shared import clock, problems
from shared.events.metrics import GapClosed, GapDetected, GapDismissed, GapFact, GapRecurred
from shared.ids import new_id
from shared.outbox import record


class GapNotFound(problems.NotFound):
    pass


async def judge(session: AsyncSession, measure: Row[Any], observation: Row[Any]) -> None:
    """Hold a closed month's value against what was expected: opens, repeats or lifts a gap, or does nothing."""
    expected = await measures.expectation_for(session, measure.key, observation.scope, observation.period)
    miss = detect_gap(
        measure.direction,
        expected.target,
        expected.minimum_n,
        observation.value,
        observation.n,
        observation.numerator,
    )
    gap = await repository.lock_open_gap(session, measure.key, observation.scope)
    if miss is None:
        if gap is not None:
            await _lift(session, gap, observation)
        return
    assert expected.target is not None
    if gap is not None:
        await _repeat(session, measure, gap, observation, miss, expected.target)
    elif not await repository.is_settled(session, measure.key, observation.scope, observation.period):
        await _open(session, measure, observation, miss, expected.target)


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


async def _open(session: AsyncSession, measure: Row[Any], observation: Row[Any], miss: Miss, target: float) -> None:
    gap_id = new_id()
    fact = _fact(gap_id, measure, observation, miss, target)
    await repository.insert_gap(
        session,
        {
            "id": gap_id,
            "measure_key": measure.key,
            "scope": observation.scope,
            "state": "open",
            "detection": fact["detection"],
            "period": observation.period,
            "expected": target,
            "actual": observation.value,
            "n": observation.n,
            "size": miss.size,
            "severity": miss.severity,
            "impact": miss.impact.model_dump(),
            "occurrences": 1,
            "version": 1,
            "detected_at": clock.now(),
        },
    )
    await _note(session, gap_id, observation, target)
    await record(session, GapDetected(**fact), subject=gap_id, sequence=1, correlation_id=gap_id)


async def _repeat(
    session: AsyncSession, measure: Row[Any], gap: Row[Any], observation: Row[Any], miss: Miss, target: float
) -> None:
    """Another month of the same gap, or one of its months restated; the same value again says nothing."""
    known = await repository.get_occurrence(session, gap.id, observation.period)
    if known is not None and (known.actual, known.n, known.expected) == (observation.value, observation.n, target):
        return
    await _note(session, gap.id, observation, target)
    occurrences = gap.occurrences + (known is None)
    changes: dict[str, Any] = {"occurrences": occurrences}
    if observation.period == gap.period:
        changes |= {
            "expected": target,
            "actual": observation.value,
            "n": observation.n,
            "size": miss.size,
            "severity": miss.severity,
            "impact": miss.impact.model_dump(),
        }
    await repository.update_gap(session, gap.id, **changes)
    fact = _fact(gap.id, measure, observation, miss, target)
    recurred = GapRecurred(**fact, occurrence=occurrences)
    await record(session, recurred, subject=gap.id, sequence=gap.version + 1, correlation_id=gap.id)


async def _lift(session: AsyncSession, gap: Row[Any], observation: Row[Any]) -> None:
    """A month of the gap was restated and misses nothing any more: without months left, the gap is gone."""
    if await repository.get_occurrence(session, gap.id, observation.period) is None:
        return
    left = await repository.remove_occurrence(session, gap.id, observation.period)
    if left == 0:
        await _close(session, gap, f"{observation.period:%Y-%m} was restated and meets its target", None)
    else:
        await repository.set_occurrences(session, gap.id, left)


async def _note(session: AsyncSession, gap_id: UUID, observation: Row[Any], target: float) -> None:
    await repository.put_occurrence(
        session,
        {
            "gap_id": gap_id,
            "period": observation.period,
            "observation_id": observation.id,
            "expected": target,
            "actual": observation.value,
            "n": observation.n,
        },
    )


def _fact(gap_id: UUID, measure: Row[Any], observation: Row[Any], miss: Miss, target: float) -> dict[str, Any]:
    fact = GapFact(
        gap_id=gap_id,
        measure_key=measure.key,
        measure_name=measure.name,
        unit=measure.unit,
        data_kind=measure.data_kind,
        direction=measure.direction,
        scope=observation.scope,
        detection="target_missed",
        period=observation.period,
        period_end=next_month(observation.period),
        expected=target,
        actual=observation.value,
        n=observation.n,
        size=miss.size,
        severity=miss.severity,
        impact=miss.impact,
        observation_id=observation.id,
    )
    return dict(fact)
