"""Use cases of the evaluation: a measure's values, computed from the facts."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.evaluation import repository
from services.metrics.evaluation.repository import Aggregate, Facts, expression_of
from services.metrics.measures.formulas import Expression
from services.metrics.measures.periods import next_period, starts_at
from services.metrics.measures.rules import Scope, is_touched, parse_scope
from services.metrics.observations.rules import Computed
from services.metrics.settings import settings


def facts_of(measure: Row[Any], first: date, end: date) -> Facts:
    """The measure's facts from the day `first` up to and without the day `end`."""
    zone = settings().zone
    return Facts(expression_of(measure), measure.parameters["period_by"], starts_at(first, zone), starts_at(end, zone))


async def compute_scope(
    session: AsyncSession, measure: Row[Any], scope: Scope, first: date, end: date, now: datetime
) -> Computed:
    """One scope's value over the days from `first` up to and without `end`."""
    if not repository.is_computed(measure):
        return Computed(str(scope), None, None, 0)
    wanted = [scope.values] if scope.dimensions else None
    found = await repository.compute(session, facts_of(measure, first, end), scope.dimensions, wanted, now=now)
    return _computed(scope, found[0]) if found else Computed(str(scope), None, None, 0)


async def compute_period(
    session: AsyncSession,
    measure: Row[Any],
    period: date,
    kept: Collection[str],
    touched: Collection[str] | None,
    told: Collection[str],
    now: datetime,
) -> list[Computed]:
    """Every observed scope of one period whose facts may have changed: those that are `kept`, and each value of the
    measure's own dimensions that holds data. `touched` are the single `dimension=value` of what changed, None where
    anything may have; `told` are the scopes that have a value already. One scan a set of dimensions."""
    wanted: dict[tuple[str, ...], set[tuple[str, ...]] | None] = {}
    for scope in map(parse_scope, kept):
        if is_touched(scope, touched):
            _want(wanted, scope)
    for dimension in measure.dimensions:
        if touched is None:
            wanted[(dimension,)] = None
        else:
            for part in touched:
                if part.startswith(f"{dimension}="):
                    _want(wanted, parse_scope(part))
    facts = facts_of(measure, period, next_period(measure.frequency, period))
    values: dict[str, Computed] = {}
    for dimensions, these in wanted.items():
        for aggregate in await repository.compute(session, facts, dimensions, these, now=now):
            scope = Scope(dimensions, aggregate.values)
            values[str(scope)] = _computed(scope, aggregate)
    for gone in _without_facts(wanted, kept, told, values):
        values[gone] = Computed(gone, None, None, 0)
    return list(values.values())


async def sample_of(session: AsyncSession, measure: Row[Any], scope: Scope, periods: Sequence[date]) -> list[Any]:
    """What every counted fact of these periods contributes: booleans for proportions, numbers for durations."""
    values: list[Any] = []
    for period in periods:
        facts = facts_of(measure, period, next_period(measure.frequency, period))
        values += await repository.sample(session, facts, scope.dimensions, scope.values)
    return values


def is_sampled(measure: Row[Any]) -> bool:
    """Whether single facts stand behind its values, so that a test can go by them."""
    if not repository.is_computed(measure):
        return False
    expression = expression_of(measure)
    return isinstance(expression, Expression) and expression.is_single


def _want(wanted: dict[tuple[str, ...], set[tuple[str, ...]] | None], scope: Scope) -> None:
    these = wanted.setdefault(scope.dimensions, set())
    if these is not None:
        these.add(scope.values)


def _without_facts(
    wanted: dict[tuple[str, ...], set[tuple[str, ...]] | None],
    kept: Collection[str],
    told: Collection[str],
    values: dict[str, Computed],
) -> list[str]:
    """Scopes that were asked for, or had a value, and for which there are no facts: told ones must follow."""
    gone = []
    for name in {*kept, *told} - values.keys():
        scope = parse_scope(name)
        if scope.dimensions in wanted:
            these = wanted[scope.dimensions]
            if these is None or scope.values in these or not scope.dimensions:
                gone.append(name)
    return gone


def _computed(scope: Scope, found: Aggregate) -> Computed:
    return Computed(str(scope), found.value, found.numerator, found.n, found.missing)
