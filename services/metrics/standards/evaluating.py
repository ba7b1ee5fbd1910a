"""Use cases of evaluating services: the figures, the judgement that is recorded with them, and what is due."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.catalogue import repository as catalogue
from services.metrics.costs.schemas import BenefitView
from services.metrics.costs.service import cost_benefit
from services.metrics.measures import repository as measures
from services.metrics.measures.periods import local_day, month_of, period_of
from services.metrics.observations.repository import latest_observations
from services.metrics.settings import settings
from services.metrics.standards import repository
from services.metrics.standards.problems import EvaluationNotFound, UnsoundEvaluation
from services.metrics.standards.rules import check_evaluation, check_follow_ups, count_met, next_due
from services.metrics.standards.schemas import Action, EvaluationBody, Figures, FigureView, Indicator, IndicatorFigures
from services.metrics.standards.service import ask_for_figures, scope_of
from shared import clock
from shared.ids import new_id


async def find_evaluation(session: AsyncSession, evaluation_id: UUID) -> Row[Any]:
    """Raises `EvaluationNotFound`."""
    row = await repository.get_evaluation(session, evaluation_id)
    if row is None:
        raise EvaluationNotFound(f"there is no evaluation {evaluation_id}")
    return row


async def collect_figures(session: AsyncSession, service: str, first_month: date, last_month: date) -> Figures:
    """What the service's standards look at and what it cost, as it stands now.

    Raises:
        UnsoundEvaluation: the catalogue holds no such service.
    """
    entry = await catalogue.get_entry(session, "service", service)
    if entry is None:
        raise _no_service(service)
    indicators = []
    for standard in await repository.list_standards_of(session, service, entry.service_class):
        for one in _indicators(standard):
            figures = await _figures_of(session, standard, one, service, first_month, last_month)
            if figures is not None:
                indicators.append(figures)
    benefits = await cost_benefit(session, service, first_month, last_month, "monthly")
    return Figures(indicators=indicators, cost_benefit=[BenefitView.model_validate(benefit) for benefit in benefits])


async def record_evaluation(session: AsyncSession, body: EvaluationBody, actor: str) -> Row[Any]:
    """R115, R156: effect, quality and cost judged, with the figures frozen as they stand now.

    Raises:
        UnsoundEvaluation, Missing.
    """
    now = clock.now()
    today = local_day(now, settings().zone)
    evaluated_on = body.evaluated_on or today
    first_month, last_month = month_of(body.first_month), month_of(body.last_month)
    check_evaluation(first_month, last_month, evaluated_on, today)
    entry = await catalogue.lock_entry(session, "service", body.service)
    if entry is None:
        raise _no_service(body.service)
    before = await repository.last_evaluation(session, body.service)
    if before is not None and evaluated_on < before.evaluated_on:
        raise UnsoundEvaluation(
            f"evaluated_on: '{body.service}' was evaluated on {before.evaluated_on} already; right is that day or later"
        )
    check_follow_ups(
        [Action.model_validate(action) for action in before.actions] if before is not None else [], body.follow_ups
    )
    figures = await collect_figures(session, body.service, first_month, last_month)
    evaluation_id = new_id()
    await repository.insert_evaluation(
        session,
        {
            "id": evaluation_id,
            **body.model_dump(mode="json"),
            "evaluated_on": evaluated_on,
            "first_month": first_month,
            "last_month": last_month,
            "figures": figures.model_dump(mode="json"),
            "next_due": next_due(evaluated_on, entry.evaluation_cycle_months),
            "evaluated_by": actor,
            "recorded_at": now,
        },
    )
    for standard in await repository.list_standards_of(session, body.service, entry.service_class):
        await ask_for_figures(session, _indicators(standard), [body.service])
    return await find_evaluation(session, evaluation_id)


async def find_missed(session: AsyncSession, now: datetime, most: int) -> int:
    """R156: evaluations that were due before today and are not made; how many were not known yet."""
    return await repository.keep_missed(session, local_day(now, settings().zone), now, most)


async def _figures_of(
    session: AsyncSession, standard: Row[Any], indicator: Indicator, service: str, first: date, last: date
) -> IndicatorFigures | None:
    measure = await measures.get_measure(session, indicator.measure_key)
    if measure is None:
        return None
    scope = scope_of(measure, service)
    told = await latest_observations(session, measure.key, scope, period_of(measure.frequency, first), last)
    closed = [row.value for row in told if not row.provisional]
    judged, met = count_met(measure.direction, indicator.level, closed)
    return IndicatorFigures(
        standard=standard.key,
        standard_version=standard.version,
        measure_key=measure.key,
        measure_name=measure.name,
        definition_version=measure.definition_version,
        unit=measure.unit,
        direction=measure.direction,
        scope=scope,
        level=indicator.level,
        note=indicator.note,
        periods=[
            FigureView(
                period=row.period,
                value=row.value,
                n=row.n,
                revision=row.revision,
                observation_id=row.id,
                provisional=row.provisional,
            )
            for row in told
        ],
        judged=judged,
        met=met,
    )


def _indicators(standard: Row[Any]) -> Sequence[Indicator]:
    return [Indicator.model_validate(one) for one in standard.indicators]


def _no_service(key: str) -> UnsoundEvaluation:
    return UnsoundEvaluation(f"service: there is no service '{key}'; add it by PUT /v1/services/{{key}} first")
