"""Every SQL statement of the satisfaction index."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, Select, Text, cast, func, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers.models import callback_customers
from services.satisfaction.callbacks.models import callbacks
from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.index.schemas import By

_b, _k, _c = callbacks.c, callback_customers.c, campaigns.c
_COLUMNS: dict[By, ColumnElement[Any]] = {
    "service": _b.service,
    "customer": _b.customer,
    "group": _b.group,
    "segment": func.coalesce(_b.segment, _k.segment),
}


async def list_callback_scores(
    session: AsyncSession, first: datetime, before: datetime, zone: str, by: By | None
) -> Sequence[Row[Any]]:
    """Mean score and number of answers by month of the answer, channel and value of `by`."""
    month = cast(func.date_trunc("month", func.timezone(zone, _b.completed_at)), Date).label("month")
    value = (cast(null(), Text) if by is None else _COLUMNS[by]).label("value")
    query = (
        select(month, _b.channel, value, func.avg(_b.score).label("mean"), func.count().label("n"))
        .outerjoin(callback_customers, _k.customer == _b.customer)
        .where(_b.state == "completed", _b.score.is_not(None), _b.completed_at >= first, _b.completed_at < before)
        .group_by(month, _b.channel, value)
        .order_by(month, _b.channel, value)
    )
    return (await session.execute(query)).all()


async def list_analysed(session: AsyncSession, first: datetime, before: datetime) -> Sequence[Row[Any]]:
    """Index and parts of the campaigns that were closed then, oldest first."""
    query: Select[Any] = (
        select(
            _c.number,
            _c.closed_at,
            _c.service,
            _c.customer,
            _c.analysis["figures"].label("figures"),
            _c.analysis["parts"].label("parts"),
        )
        .where(_c.analysis.is_not(None), _c.closed_at >= first, _c.closed_at < before)
        .order_by(_c.closed_at)
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows
