"""Use cases of costs: an amount is recorded once and then corrected; what stood before stays."""

from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.catalogue import repository as catalogue
from services.metrics.costs import repository
from services.metrics.costs.problems import CostNotFound, CurrencyDiffers, FutureMonth, UnknownService
from services.metrics.costs.rules import Benefit, sum_up
from services.metrics.costs.schemas import CostBody, Kind
from services.metrics.evaluation.repository import mark_dirty
from services.metrics.measures.periods import Frequency, local_day
from services.metrics.settings import settings
from shared import clock
from shared.http import check_version
from shared.ids import new_id

_MIDDLE_OF_MONTH = 15
"""A month's costs belong to it in whichever zone months begin."""


async def put_amount(
    session: AsyncSession, service: str, month: date, kind: Kind, body: CostBody, if_match: str | None, actor: str
) -> Row[Any]:
    """R138: record what a service cost or brought in, or correct it by a new revision.

    Raises:
        UnknownService, FutureMonth, CurrencyDiffers, PreconditionRequired, LostUpdate.
    """
    if await catalogue.get_entry(session, "service", service) is None:
        raise UnknownService(f"service: there is no service '{service}'; add it by PUT /v1/services/{{key}} first")
    now = clock.now()
    today = local_day(now, settings().zone)
    if month > today:
        raise FutureMonth(f"month: {month:%Y-%m} has not begun; right is {today:%Y-%m} or earlier")
    known = await repository.lock_amount(session, service, month, kind)
    if known is not None:
        check_version(if_match, known.revision)
    for other in await repository.list_amounts(session, service, month, month):
        if other.currency != body.currency and other.kind != kind:
            raise CurrencyDiffers(
                f"currency: {other.kind} of '{service}' in {month:%Y-%m} is recorded in {other.currency}; "
                f"record {kind} in {other.currency} too, or correct that first"
            )
    values = {"service": service, "month": month, "kind": kind, **body.model_dump()}
    revision = known.revision + 1 if known is not None else 1
    row = await repository.insert_amount(
        session, {"id": new_id(), **values, "revision": revision, "recorded_by": actor, "recorded_at": now}
    )
    await _tell_month(session, service, month)
    return row


async def _tell_month(session: AsyncSession, service: str, month: date) -> None:
    """Have the measures of cost benefit count the month as it stands now."""
    (together,) = sum_up(await repository.list_amounts(session, service, month, month), "monthly", month, month)
    fact = {
        "service": service,
        "month_at": datetime(month.year, month.month, _MIDDLE_OF_MONTH, tzinfo=UTC),
        "cost": together.cost,
        "income": together.income,
        "currency": together.currency,
        "complete": not together.incomplete,
    }
    await repository.put_fact(session, fact)
    await mark_dirty(session, {("spent", month): {f"service={service}"}})


async def list_revisions(session: AsyncSession, service: str, month: date, kind: Kind) -> list[Row[Any]]:
    """All that was ever recorded, newest first.

    Raises:
        CostNotFound.
    """
    revisions = list(await repository.list_revisions(session, service, month, kind))
    if not revisions:
        raise CostNotFound(f"no {kind} of '{service}' is recorded for {month:%Y-%m}")
    return revisions


async def cost_benefit(
    session: AsyncSession, service: str, first: date, last: date, frequency: Frequency
) -> list[Benefit]:
    """F16 of the periods from the one of `first` to the one of `last`, months within these two counted."""
    return sum_up(await repository.list_amounts(session, service, first, last), frequency, first, last)
