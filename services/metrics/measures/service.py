"""Use cases of measures: define them, and say which parts of the facts are observed."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.clauses.terms import Promise
from services.metrics.evaluation import repository as evaluation
from services.metrics.measures import problems, repository, rules
from services.metrics.measures.builtin import BUILTIN
from services.metrics.measures.formulas import CLAUSE, FORMULAS, REPORTED, Formula, UnknownParameter
from services.metrics.measures.periods import Frequency
from services.metrics.measures.schemas import MeasureBody
from shared import clock
from shared.events.envelope import current_origin
from shared.events.metrics import MeasureDefined, MeasureReviewDue
from shared.outbox import record

EARLIEST = date(1990, 1, 1)


async def define_builtin_measures(session: AsyncSession) -> None:
    """Define those that are not there yet."""
    known = {measure.key for measure in await repository.list_measures(session)}
    for key, body in BUILTIN.items():
        if key not in known:
            await define_measure(session, key, body)


async def define_measure(session: AsyncSession, key: str, body: MeasureBody) -> Row[Any]:
    """Define a measure, or a new version of it; its periods are computed again. The same again changes nothing.

    Raises:
        UnknownFormula, UnsoundMeasure, MeasureOfClause.
    """
    formula = FORMULAS.get(body.formula)
    if formula is None or formula.key == CLAUSE:
        raise problems.UnknownFormula(
            f"formula: {body.formula!r} is none of {', '.join(name for name in FORMULAS if name != CLAUSE)}"
        )
    known = await repository.lock_measure(session, key)
    if known is not None and known.formula == CLAUSE:
        raise problems.MeasureOfClause(f"{key} follows from its clause; amend the agreement")
    return await _define(session, key, known, _complete(formula, body))


async def define_clause_measure(
    session: AsyncSession,
    key: str,
    *,
    name: str,
    description: str,
    owner: str,
    clause_id: UUID,
    promise: Promise,
    frequency: Frequency = "monthly",
) -> Row[Any]:
    """R89: the measure that follows from a clause. Its values are told by the clause's evaluation, in the periods by
    which its agreement is settled."""
    known = await repository.lock_measure(session, key)
    definition: dict[str, Any] = {
        "name": name,
        "description": description,
        "aspect": "quality",
        "object_kind": "service",
        "process": "service level management",
        "direction": promise.direction,
        "formula": CLAUSE,
        "parameters": {"clause": str(clause_id)},
        "unit": promise.unit,
        "data_kind": promise.data_kind,
        "dimensions": [],
        "frequency": frequency,
        "collection": "computed from the clause",
        "collection_days": 0,
        "document": None,
        "review_due": None,
        "owner": owner,
    }
    return await _define(session, key, known, definition)


def _complete(formula: Formula, body: MeasureBody) -> dict[str, Any]:
    """The definition as it is kept."""
    try:
        parameters = formula.complete(body.parameters)
    except UnknownParameter as error:
        raise problems.UnsoundMeasure(str(error)) from error
    if formula.key == REPORTED:
        if body.unit is None or body.data_kind is None:
            raise problems.UnsoundMeasure("unit, data_kind: a reported measure says both, hours and duration for one")
        unit, data_kind = body.unit, body.data_kind
        if data_kind == "proportion" and unit != "ratio":
            raise problems.UnsoundMeasure("unit: a proportion is a ratio from 0 to 1; give unit 'ratio'")
    else:
        if body.unit not in (None, formula.unit) or body.data_kind not in (None, formula.data_kind):
            raise problems.UnsoundMeasure(
                f"unit, data_kind: {formula.key} has {formula.unit} and {formula.data_kind}; leave them out"
            )
        unit, data_kind = formula.unit, formula.data_kind
    strange = [name for name in body.dimensions if name not in formula.dimensions]
    if strange:
        raise problems.UnsoundMeasure(
            f"dimensions: {formula.key} knows no {', '.join(strange)}; it has {', '.join(formula.dimensions)}"
        )
    return {
        **body.model_dump(exclude={"parameters", "dimensions", "unit", "data_kind"}),
        "dimensions": sorted(set(body.dimensions), key=rules.DIMENSIONS.index),
        "parameters": parameters,
        "unit": unit,
        "data_kind": data_kind,
    }


async def _define(session: AsyncSession, key: str, known: Row[Any] | None, definition: Mapping[str, Any]) -> Row[Any]:
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
    await repository.keep_definition(
        session,
        {
            "key": key,
            "definition_version": values["definition_version"],
            "definition": {**definition, "review_due": definition["review_due"] and str(definition["review_due"])},
            "defined_by": current_origin.get().actor,
            "defined_at": values["defined_at"],
        },
    )
    await repository.add_scope(session, key, rules.ALL)
    measure = await find_measure(session, key)
    await evaluation.mark_measure(session, measure, EARLIEST, None)
    told = {
        name: values[name]
        for name in ("key", "name", "aspect", "unit", "direction", "data_kind", "formula", "owner", "parameters")
    }
    defined = MeasureDefined(**told, version=values["definition_version"], frequency=values["frequency"])
    await record(session, defined, subject=key, sequence=values["version"], correlation_id=key)
    return measure


async def find_measure(session: AsyncSession, key: str) -> Row[Any]:
    """Raises `MeasureNotFound`."""
    measure = await repository.get_measure(session, key)
    if measure is None:
        raise problems.MeasureNotFound(f"there is no measure {key!r}; GET /metrics/v1/measures lists them")
    return measure


def check_scope(measure: Row[Any], scope: str) -> rules.Scope:
    """Raises `UnsoundScope` (the problem) with what would be right."""
    try:
        parsed = rules.parse_scope(scope)
    except rules.UnsoundScope as error:
        raise problems.UnsoundScope(str(error)) from error
    known = FORMULAS[measure.formula].dimensions
    strange = [name for name in parsed.dimensions if name not in known]
    if strange:
        raise problems.UnsoundScope(f"scope: {measure.key} cannot be told apart by {strange[0]}; by {', '.join(known)}")
    return parsed


def check_value(measure: Row[Any], value: float) -> None:
    """Raises `UnsoundValue` with what would be right."""
    unsound = rules.find_unsound_value(measure.data_kind, value)
    if unsound is not None:
        raise problems.UnsoundValue(unsound)


async def keep_scope(session: AsyncSession, key: str, scope: str) -> bool:
    """Observe this scope from now on, its past periods too; whether that is new."""
    measure = await find_measure(session, key)
    canonical = str(check_scope(measure, scope))
    is_new = await repository.add_scope(session, key, canonical)
    if is_new:
        await evaluation.mark_measure(session, measure, EARLIEST, [canonical])
    return is_new


async def drop_scope(session: AsyncSession, key: str, scope: str) -> None:
    """Observe it no more; what was observed stays."""
    measure = await find_measure(session, key)
    canonical = str(check_scope(measure, scope))
    if canonical == rules.ALL:
        raise problems.UnsoundScope("scope: every measure is observed over all")
    if not await repository.remove_scope(session, key, canonical):
        raise problems.MeasureNotFound(f"{key} is not observed for {canonical}")


async def tell_reviews_due(session: AsyncSession, today: date, most: int) -> int:
    """R64: have each owner hear, once, that the definition is to be looked at again."""
    due = await repository.claim_reviews_due(session, today, most)
    for measure in due:
        told = MeasureReviewDue(key=measure.key, name=measure.name, owner=measure.owner, due_on=measure.review_due)
        version = await repository.next_version(session, measure.key)
        await record(session, told, subject=measure.key, sequence=version, correlation_id=measure.key)
    return len(due)
