"""Figures of complaints: by class, on time, passed on, reopened."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints import repository
from services.satisfaction.complaints.schemas import Figure, Figures
from shared.problems import Malformed

_MOST = 500


async def measure(session: AsyncSession, by: str, begin: datetime, end: datetime, now: datetime) -> Figures:
    """Of complaints received in [begin, end); of values of the dimension the 500 most frequent.

    Raises:
        Malformed: the period ends before it begins.
    """
    if end < begin:
        raise Malformed("to: the period ends before it begins; give from and to the other way round")
    total, *rest = await repository.count(session, by, begin, end, now, _MOST)
    return Figures(period_from=begin, period_to=end, by=by, total=_show(total), of=[_show(row) for row in rest])


def _show(row: Row[Any]) -> Figure:
    counted = {name: value for name, value in row._mapping.items() if name != "is_total"}
    return Figure(**counted, on_time_share=row.on_time / row.judged if row.judged else None)
