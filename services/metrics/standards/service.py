"""Use cases of quality standards: what good means for a service, by which measures."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.catalogue import repository as catalogue
from services.metrics.measures import repository as measures
from services.metrics.measures.formulas import FORMULAS
from services.metrics.measures.rules import ALL, find_unsound_value
from services.metrics.measures.service import keep_scope
from services.metrics.standards import repository
from services.metrics.standards.problems import StandardNotFound, UnsoundStandard
from services.metrics.standards.rules import check_standard
from services.metrics.standards.schemas import Indicator, StandardBody
from shared import clock, problems
from shared.http import check_version

_MOST_SERVICES = 500


async def find_standard(session: AsyncSession, key: str) -> Row[Any]:
    """Raises `StandardNotFound`."""
    row = await repository.get_standard(session, key)
    if row is None:
        raise StandardNotFound(f"there is no standard '{key}'; PUT /v1/standards/{{key}} adds one")
    return row


async def put_standard(
    session: AsyncSession, key: str, body: StandardBody, if_match: str | None, actor: str
) -> Row[Any]:
    """R153: write a standard, or give it a new version. Its measures are observed for its services from now on.

    Raises:
        UnsoundStandard, PreconditionRequired, LostUpdate.
    """
    check_standard(body)
    if body.service is not None and await catalogue.get_entry(session, "service", body.service) is None:
        raise UnsoundStandard(f"service: there is no service '{body.service}'; PUT /v1/services/{{key}} adds one")
    for number, indicator in enumerate(body.indicators):
        await _check_indicator(session, number, indicator)
    known = await repository.lock_standard(session, key)
    if known is not None:
        check_version(if_match, known.version)
    version = (known.version if known is not None else await repository.last_version(session, key)) + 1
    stamp = {"version": version, "edited_by": actor, "edited_at": clock.now()}
    content = body.model_dump(mode="json")
    values = {**content, "review_on": body.review_on, **stamp}
    if known is not None:
        await repository.update_standard(session, key, values)
    elif not await repository.insert_standard(session, {"key": key, **values}):
        raise problems.LostUpdate(f"somebody else added the standard '{key}' just now; read it and repeat your change")
    await repository.insert_version(session, {"key": key, "standard": content, **stamp})
    if body.service is not None:
        await ask_for_figures(session, body.indicators, [body.service])
    elif body.service_class is not None:
        of_class = await repository.list_services_of_class(session, body.service_class, _MOST_SERVICES)
        await ask_for_figures(session, body.indicators, of_class)
    return await find_standard(session, key)


async def delete_standard(session: AsyncSession, key: str, if_match: str | None) -> None:
    """It counts no more; its versions stay, and so do evaluations that went by it.

    Raises:
        StandardNotFound, PreconditionRequired, LostUpdate.
    """
    known = await repository.lock_standard(session, key)
    if known is None:
        raise StandardNotFound(f"there is no standard '{key}'")
    check_version(if_match, known.version)
    await repository.delete_standard(session, key)


async def ask_for_figures(session: AsyncSession, indicators: Sequence[Indicator], services: Sequence[str]) -> None:
    """Have each indicator's measure observed for these services, where it can tell services apart."""
    for indicator in indicators:
        measure = await measures.get_measure(session, indicator.measure_key)
        if measure is None:
            continue
        for service in services:
            scope = scope_of(measure, service)
            if scope != ALL:
                await keep_scope(session, measure.key, scope)


def scope_of(measure: Row[Any], service: str) -> str:
    """The part of the measure's facts that is about this service; all of it where the measure knows no services."""
    return f"service={service}" if "service" in FORMULAS[measure.formula].dimensions else ALL


async def _check_indicator(session: AsyncSession, number: int, indicator: Indicator) -> None:
    measure = await measures.get_measure(session, indicator.measure_key)
    if measure is None:
        raise UnsoundStandard(
            f"indicators.{number}: there is no measure '{indicator.measure_key}'; GET /v1/measures lists them"
        )
    unsound = None if indicator.level is None else find_unsound_value(measure.data_kind, indicator.level)
    if unsound is not None:
        raise UnsoundStandard(f"indicators.{number}: level of {indicator.measure_key}: {unsound}")
