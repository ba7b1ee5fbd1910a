"""Use cases of targets and baselines: set them, and say what holds when."""

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.evaluation import service as evaluation
from services.metrics.evaluation.repository import mark_measure
from services.metrics.expectations import repository, rules
from services.metrics.expectations.rules import Expectation
from services.metrics.expectations.schemas import BaselineBody, TargetBody
from services.metrics.gaps import repository as gaps
from services.metrics.measures import repository as measures_repository
from services.metrics.measures import service as measures
from services.metrics.measures.periods import month_of, next_month, next_period, period_of
from shared import clock
from shared.events.envelope import current_origin
from shared.events.metrics import BaselineSet, TargetSet
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Problem


class UnsoundBaseline(Problem):
    status = 422


class TargetAgainstDirection(Problem):
    """A target that is met by getting worse than the baseline."""

    status = 422


class Level(NamedTuple):
    """A baseline's level: its value over `n` cases, held from `effective_from` on; computed over whole months, or
    given."""

    value: float
    n: int
    effective_from: date
    window_from: date | None = None
    window_to: date | None = None


async def set_target(session: AsyncSession, key: str, body: TargetBody, *, origin: str = "person") -> Row[Any]:
    """From the period of `effective_from` on this is expected; the periods since then are judged again (R29).

    A target that asks less than the one before it, while a gap is open, is kept and flagged, on the gap too.

    Raises:
        MeasureNotFound, UnsoundScope, UnsoundValue, TargetAgainstDirection.
    """
    measure = await measures.find_measure(session, key)
    scope = str(measures.check_scope(measure, body.scope))
    measures.check_value(measure, body.value)
    end = next_period(measure.frequency, period_of(measure.frequency, body.effective_from))
    held = (await in_force(session, key, [scope], end))[scope]
    against = rules.find_against_direction(measure.direction, body.value, held.baseline)
    if against is not None:
        raise TargetAgainstDirection(against)
    gap = await gaps.lock_open_gap(session, key, scope)
    loosened = gap is not None and rules.is_looser(measure.direction, body.value, held.target)
    if gap is not None and loosened:
        await gaps.flag_loosened(session, gap.id)
    target_id = new_id()
    await repository.insert_target(
        session,
        {
            "id": target_id,
            "measure_key": key,
            **body.model_dump(),
            "scope": scope,
            "origin": origin,
            "loosened": loosened,
            "set_by": current_origin.get().actor,
            "set_at": clock.now(),
        },
    )
    if not await measures.keep_scope(session, key, scope):
        await mark_measure(session, measure, month_of(body.effective_from), [scope])
    told = TargetSet(
        target_id=target_id,
        measure_key=key,
        scope=scope,
        value=body.value,
        previous_value=held.target,
        effective_from=body.effective_from,
        origin=origin,
        reason=body.reason,
        loosened=loosened,
        gap_id=gap.id if gap is not None and loosened else None,
    )
    version = await measures_repository.next_version(session, key)
    await record(session, told, subject=key, sequence=version)
    return await repository.get_target(session, target_id)


async def set_baseline(session: AsyncSession, key: str, body: BaselineBody) -> Row[Any]:
    """The level to hold, given or computed over a window of months (R29).

    Raises:
        MeasureNotFound, UnsoundScope, UnsoundValue, UnsoundBaseline.
    """
    measure = await measures.find_measure(session, key)
    scope = measures.check_scope(measure, body.scope)
    level = Level(0.0 if body.value is None else body.value, 0, body.effective_from)
    if body.value is None:
        if body.window_from is None or body.window_to is None or body.window_from > body.window_to:
            raise UnsoundBaseline("give a value, or window_from and window_to in this order")
        first, end = month_of(body.window_from), next_month(month_of(body.window_to))
        computed = await evaluation.compute_scope(session, measure, scope, first, end, clock.now())
        if computed.value is None:
            raise UnsoundBaseline("there are no data in this window to compute a baseline from")
        level = Level(computed.value, computed.n, body.effective_from, first, body.window_to)
    measures.check_value(measure, level.value)
    return await put_baseline(
        session, measure, str(scope), level, origin="person", reason=body.reason, set_by=current_origin.get().actor
    )


async def put_baseline(
    session: AsyncSession,
    measure: Row[Any],
    scope: str,
    level: Level,
    *,
    origin: str,
    reason: str,
    set_by: str,
    improvement_id: UUID | None = None,
    correlation_id: str | None = None,
) -> Row[Any]:
    """Keep the baseline, observe its scope, and tell of it."""
    end = next_period(measure.frequency, period_of(measure.frequency, level.effective_from))
    held = (await in_force(session, measure.key, [scope], end))[scope]
    baseline_id = new_id()
    await repository.insert_baseline(
        session,
        {
            "id": baseline_id,
            "measure_key": measure.key,
            "scope": scope,
            **level._asdict(),
            "origin": origin,
            "reason": reason,
            "improvement_id": improvement_id,
            "set_by": set_by,
            "set_at": clock.now(),
        },
    )
    await measures.keep_scope(session, measure.key, scope)
    told = BaselineSet(
        baseline_id=baseline_id,
        measure_key=measure.key,
        scope=scope,
        value=level.value,
        n=level.n,
        previous_value=held.baseline,
        effective_from=level.effective_from,
        origin=origin,
        reason=reason,
        improvement_id=improvement_id,
    )
    version = await measures_repository.next_version(session, measure.key)
    await record(session, told, subject=measure.key, sequence=version, correlation_id=correlation_id)
    return await repository.get_baseline(session, baseline_id)


async def in_force(session: AsyncSession, key: str, scopes: Collection[str], end: date) -> dict[str, Expectation]:
    """What holds in each of these scopes for the period that ends before `end`."""
    targets = _grouped(await repository.list_targets(session, key, scopes), "scope")
    baselines = _grouped(await repository.list_baselines(session, key, scopes), "scope")
    return {scope: rules.in_force(targets.get(scope, ()), baselines.get(scope, ()), end) for scope in scopes}


async def in_force_of_measures(
    session: AsyncSession, scope: str, periods: Mapping[str, date]
) -> dict[str, Expectation]:
    """What holds in this scope, for each measure in its own period."""
    told_targets, told_baselines = await repository.list_of_scope(session, scope)
    targets, baselines = _grouped(told_targets, "measure_key"), _grouped(told_baselines, "measure_key")
    return {
        key: rules.in_force(targets.get(key, ()), baselines.get(key, ()), next_month(period))
        for key, period in periods.items()
    }


def _grouped(rows: Iterable[Row[Any]], column: str) -> dict[str, list[Row[Any]]]:
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(getattr(row, column), []).append(row)
    return groups
