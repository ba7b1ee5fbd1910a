"""Use cases of measures: define, set expectations, compute what is dirty, tell the series."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures import problems, repository, rules
from services.metrics.measures.builtin import BUILTIN
from services.metrics.measures.formulas import FORMULAS, Expression, UnknownParameter
from services.metrics.measures.periods import is_over, month_of, months_between, next_month
from services.metrics.measures.schemas import (
    BaselineBody,
    MeasureBody,
    MeasureView,
    Overall,
    Point,
    Series,
    TargetBody,
)
from shared import clock
from shared.events.envelope import current_origin
from shared.events.metrics import BaselineSet, MeasureDefined, ObservationRecorded, TargetSet
from shared.ids import new_id
from shared.outbox import record

EARLIEST = date(1990, 1, 1)


class Expectation(NamedTuple):
    """What holds for one month: the target in force and its smallest n, and the baseline in force."""

    target: float | None
    minimum_n: int
    baseline: float | None


class Level(NamedTuple):
    """A baseline's level: its value over `n` cases, held from `effective_from` on."""

    value: float
    n: int
    effective_from: date


def expression_of(measure: Row[Any]) -> Expression:
    return FORMULAS[measure.formula].build(measure.parameters)


async def define_builtin_measures(session: AsyncSession) -> None:
    """Define those that are not there yet."""
    known = {measure.key for measure in await repository.list_measures(session)}
    for key, body in BUILTIN.items():
        if key not in known:
            await define_measure(session, key, body)


async def define_measure(session: AsyncSession, key: str, body: MeasureBody) -> Row[Any]:
    """Define a measure, or a new version of it; its months are computed again. The same again changes nothing."""
    formula = FORMULAS.get(body.formula)
    if formula is None:
        raise problems.UnknownFormula(f"formula: {body.formula!r} is none of {', '.join(FORMULAS)}")
    try:
        parameters = formula.complete(body.parameters)
    except UnknownParameter as error:
        raise problems.UnsoundMeasure(str(error)) from error
    known = await repository.lock_measure(session, key)
    definition = {
        **body.model_dump(exclude={"parameters"}),
        "parameters": parameters,
        "unit": formula.unit,
        "data_kind": formula.data_kind,
    }
    if known is not None and all(getattr(known, name) == value for name, value in definition.items()):
        return known
    values = {
        "key": key,
        "definition_version": 1 if known is None else known.definition_version + 1,
        "version": 1 if known is None else known.version + 1,
        "defined_at": clock.now(),
        **definition,
    }
    await repository.put_measure(session, values)
    await repository.add_scope(session, key, rules.ALL)
    await _mark_since(session, await find_measure(session, key), EARLIEST)
    told = {
        name: values[name] for name in ("key", "name", "aspect", "unit", "direction", "data_kind", "formula", "owner")
    }
    defined = MeasureDefined(**told, version=values["definition_version"], parameters=parameters)
    await record(session, defined, subject=key, sequence=values["version"], correlation_id=key)
    return await find_measure(session, key)


async def find_measure(session: AsyncSession, key: str) -> Row[Any]:
    """Raises `MeasureNotFound`."""
    measure = await repository.get_measure(session, key)
    if measure is None:
        raise problems.MeasureNotFound(f"there is no measure {key!r}; GET /metrics/v1/measures lists them")
    return measure


def check_scope(scope: str) -> rules.Scope:
    """Raises `UnsoundScope` (the problem) with what would be right."""
    try:
        return rules.parse_scope(scope)
    except rules.UnsoundScope as error:
        raise problems.UnsoundScope(str(error)) from error


async def set_target(session: AsyncSession, key: str, body: TargetBody) -> Row[Any]:
    """From the month of `effective_from` on this is expected; the months since then are judged again (R29)."""
    measure = await find_measure(session, key)
    check_scope(body.scope)
    _check_value(measure, body.value)
    earlier = [
        t for t in await repository.list_targets(session, key, body.scope) if t.effective_from <= body.effective_from
    ]
    target_id = new_id()
    actor = current_origin.get().actor
    await repository.insert_target(
        session,
        {
            "id": target_id,
            "measure_key": key,
            **body.model_dump(),
            "origin": "person",
            "set_by": actor,
            "set_at": clock.now(),
        },
    )
    if not await keep_scope(session, key, body.scope):
        await _mark_since(session, measure, month_of(body.effective_from))
    told = TargetSet(
        target_id=target_id,
        measure_key=key,
        scope=body.scope,
        value=body.value,
        previous_value=earlier[-1].value if earlier else None,
        effective_from=body.effective_from,
        origin="person",
        reason=body.reason,
    )
    version = await repository.next_version(session, key)
    await record(session, told, subject=key, sequence=version)
    return await repository.get_target(session, target_id)


async def set_baseline(session: AsyncSession, key: str, body: BaselineBody) -> Row[Any]:
    """The level to hold, given or computed over a window of months (R29)."""
    measure = await find_measure(session, key)
    scope = check_scope(body.scope)
    value, n = body.value, 0
    if value is None:
        if body.window_from is None or body.window_to is None or body.window_from > body.window_to:
            raise problems.UnsoundBaseline("give a value, or window_from and window_to in this order")
        value, _, n = await repository.compute(
            session, expression_of(measure), measure.parameters["period_by"], scope, body.window_from, body.window_to
        )
        if value is None:
            raise problems.UnsoundBaseline("there are no data in this window to compute a baseline from")
    _check_value(measure, value)
    return await put_baseline(
        session,
        measure,
        body.scope,
        Level(value, n, body.effective_from),
        origin="person",
        reason=body.reason,
        set_by=current_origin.get().actor,
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
    """Keep the baseline and tell of it."""
    before = [
        baseline
        for baseline in await repository.list_baselines(session, measure.key, scope)
        if baseline.effective_from <= level.effective_from
    ]
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
    told = BaselineSet(
        baseline_id=baseline_id,
        measure_key=measure.key,
        scope=scope,
        value=level.value,
        n=level.n,
        previous_value=before[-1].value if before else None,
        effective_from=level.effective_from,
        origin=origin,
        reason=reason,
        improvement_id=improvement_id,
    )
    version = await repository.next_version(session, measure.key)
    await record(session, told, subject=measure.key, sequence=version, correlation_id=correlation_id)
    return await repository.get_baseline(session, baseline_id)


def _check_value(measure: Row[Any], value: float) -> None:
    unsound = rules.find_unsound_value(measure.data_kind, value)
    if unsound is not None:
        raise problems.UnsoundValue(unsound)


async def keep_scope(session: AsyncSession, key: str, scope: str) -> bool:
    """Observe this scope from now on, its past months too; whether that is new."""
    measure = await find_measure(session, key)
    check_scope(scope)
    is_new = await repository.add_scope(session, key, scope)
    if is_new:
        await _mark_since(session, measure, EARLIEST)
    return is_new


async def _mark_since(session: AsyncSession, measure: Row[Any], first: date) -> None:
    facts = expression_of(measure).facts
    await repository.mark_months_with_facts(session, measure.parameters["period_by"], facts, first)


async def observe(session: AsyncSession, measure: Row[Any], scope: str, period: date, now: datetime) -> Row[Any] | None:
    """The month's value as of now: a new revision when it differs from the last told, which stays (restatement).

    Returns the newest observation; None where there never were data.
    """
    value, numerator, n = await repository.compute(
        session, expression_of(measure), measure.parameters["period_by"], rules.parse_scope(scope), period, period
    )
    last = await repository.latest_observation(session, measure.key, scope, period)
    provisional = not is_over(period, now)
    if last is None and n == 0:
        return None
    if last is not None and (last.value, last.numerator, last.n, last.provisional, last.definition_version) == (
        value,
        numerator,
        n,
        provisional,
        measure.definition_version,
    ):
        return last
    values = {
        "id": new_id(),
        "measure_key": measure.key,
        "scope": scope,
        "period": period,
        "revision": 1 if last is None else last.revision + 1,
        "definition_version": measure.definition_version,
        "value": value,
        "n": n,
        "numerator": numerator,
        "provisional": provisional,
        "recorded_at": now,
    }
    await repository.insert_observation(session, values)
    told = ObservationRecorded(
        observation_id=values["id"],
        measure_key=measure.key,
        measure_version=measure.definition_version,
        scope=scope,
        period=period,
        period_end=next_month(period),
        value=value,
        n=n,
        numerator=numerator,
        revision=values["revision"],
        previous_value=None if last is None else last.value,
        provisional=provisional,
    )
    subject = f"{measure.key}:{scope}:{period:%Y-%m}"
    await record(session, told, subject=subject, sequence=values["revision"], correlation_id=subject)
    return await repository.latest_observation(session, measure.key, scope, period)


async def expectation_for(session: AsyncSession, key: str, scope: str, period: date) -> Expectation:
    """What holds for this month."""
    return _in_force(
        await repository.list_targets(session, key, scope), await repository.list_baselines(session, key, scope), period
    )


def _in_force(targets: Sequence[Row[Any]], baselines: Sequence[Row[Any]], period: date) -> Expectation:
    """A target or baseline set for a day within a month holds from that month on."""
    end = next_month(period)
    target = next((t for t in reversed(targets) if t.effective_from < end), None)
    baseline = next((b for b in reversed(baselines) if b.effective_from < end), None)
    return Expectation(
        target=target.value if target else None,
        minimum_n=target.minimum_n if target else 1,
        baseline=baseline.value if baseline else None,
    )


async def series(session: AsyncSession, key: str, scope: str, first: date, last: date, now: datetime) -> Series:
    """The months from `first` to `last`; a scope that nobody asked to keep is computed for this answer."""
    measure = await find_measure(session, key)
    parsed = check_scope(scope)
    materialised = await repository.has_scope(session, key, scope)
    targets = await repository.list_targets(session, key, scope)
    baselines = await repository.list_baselines(session, key, scope)
    expression, basis = expression_of(measure), measure.parameters["period_by"]
    points: list[Point] = []
    if materialised:
        points += [
            _point(row.period, row.value, row.numerator, row.n, row.revision, row.provisional)
            for row in await repository.latest_observations(session, key, scope, first, last)
        ]
    else:
        for month in months_between(first, last):
            value, numerator, n = await repository.compute(session, expression, basis, parsed, month, month)
            if n:
                points.append(_point(month, value, numerator, n, 1, not is_over(month, now)))
    for point in points:
        held = _in_force(targets, baselines, point.period_start)
        point.target, point.baseline = held.target, held.baseline
    value, numerator, n = await repository.compute(session, expression, basis, parsed, first, last)
    return Series(
        measure=MeasureView.model_validate(measure),
        scope=scope,
        points=points,
        overall=Overall(value=value, numerator=numerator, n=n),
        materialised=materialised,
    )


def _point(
    month: date, value: float | None, numerator: float | None, n: int, revision: int, provisional: bool
) -> Point:
    return Point(
        period=f"{month:%Y-%m}",
        period_start=month,
        period_end=next_month(month),
        value=value,
        numerator=numerator,
        n=n,
        revision=revision,
        provisional=provisional,
        target=None,
        baseline=None,
    )
