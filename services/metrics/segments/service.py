"""Use cases of customer groups."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.measures.service import check_scope
from services.metrics.observations.repository import history
from services.metrics.observations.rules import Computed
from services.metrics.segments import repository
from services.metrics.segments.rules import Point, tell_segments_apart
from shared.problems import Problem

_MOST_CUSTOMERS = 2000


class TooManyCustomers(Problem):
    """More customers than can be put together at once."""

    status = 422


async def list_segments(session: AsyncSession) -> Sequence[Row[Any]]:
    """R204: the groups that customers are served in."""
    return await repository.count_by_segment(session)


async def tell_apart(
    session: AsyncSession, measure: Row[Any], segment: str | None, first: date, end: date
) -> list[Point]:
    """R204: the closed periods from `first` up to and without `end`, by group, from the values of the customers' own
    scopes; of one group where it is named.

    Raises:
        UnsoundScope: the measure cannot be told apart by customer.
        TooManyCustomers.
    """
    check_scope(measure, "customer=anybody")
    segments = await repository.segments_of_customers(session, segment, _MOST_CUSTOMERS + 1)
    if len(segments) > _MOST_CUSTOMERS:
        raise TooManyCustomers(f"more than {_MOST_CUSTOMERS} customers are in a group; name one by segment=")
    scopes = {f"customer={customer}": customer for customer in segments}
    told = await history(session, measure.key, list(scopes), first, end)
    values = [
        (scopes[scope], row.period, Computed(scope, row.value, row.numerator, row.n, row.missing))
        for scope, rows in told.items()
        for row in rows
    ]
    return tell_segments_apart(measure.data_kind, measure.parameters.get("statistic", "mean"), segments, values)
