"""Every SQL statement of the callbacks' figures. Each is one pass over the resolutions of a period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Integer,
    Row,
    Select,
    bindparam,
    case,
    func,
    literal,
    null,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import rules
from services.satisfaction.callbacks.customers.models import callback_customers
from services.satisfaction.callbacks.models import callbacks
from shared.events.callbacks import Channel

Dimension = Literal["group", "customer", "service", "project", "desk", "segment", "handler", "mode", "month"]
"""By what figures are told apart: `desk` and `segment` are the customer's, `handler` is who resolved the incident,
`mode` the channel by which the customer answered, `month` the month of the resolution."""

MODES = get_args(Channel)

_c, _k = callbacks.c, callback_customers.c
_COLUMNS: dict[str, ColumnElement[Any]] = {
    "group": _c.group,
    "customer": _c.customer,
    "service": _c.service,
    "project": _c.project,
    "desk": func.coalesce(_c.desk, _k.desk),
    "segment": func.coalesce(_c.segment, _k.segment),
    "handler": _c.resolver,
    "mode": _c.channel,
}


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose resolutions are counted, `resolved_from` included and `resolved_before` not; None does not narrow."""

    resolved_from: datetime | None = None
    resolved_before: datetime | None = None
    service: str | None = None
    customer: str | None = None
    group: str | None = None
    project: str | None = None
    desk: str | None = None
    segment: str | None = None
    handler: str | None = None


async def count(
    session: AsyncSession,
    scope: Scope,
    now: datetime,
    by: Dimension | None,
    months: Sequence[datetime],
    after: Any,
    limit: int,
) -> Sequence[Row[Any]]:
    """F23's counts for each value of `by` behind `after`, in order, those without a value last; one row without `by`.

    Times are looked up by `due_at`, 24 h after the resolution: that is where the index is.
    """
    query = _grouped(
        [
            func.count().label("resolved"),
            _count_where(_c.state == "completed", _c.completed_at <= _c.due_at).label("completed_on_time"),
            _count_where(_c.state == "completed", _c.completed_at > _c.due_at).label("completed_late"),
            _count_where(_c.state == "completed", _c.channel == "link").label("completed_by_link"),
            _count_where(_c.state == "unreachable").label("unreachable"),
            _count_where(_c.state == "due").label("open"),
            _count_where(_c.state == "due", _c.due_at < now).label("overdue"),
            _count_where(_c.state == "cancelled").label("cancelled"),
        ],
        scope, by, months, after, limit,
    )  # fmt: skip
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def count_answers(
    session: AsyncSession, scope: Scope, by: Dimension | None, months: Sequence[datetime], after: Any, limit: int
) -> Sequence[Row[Any]]:
    """How many customers gave which answer, by mode and in all, for each value of `by` as in `count`."""
    answers = [
        *(
            _count_where(_c.score == score, _c.channel == mode).label(f"{mode}_{score}")
            for mode in MODES
            for score in range(1, 6)
        ),
        *(_count_where(_c.solved == solved).label(f"solved_{solved}") for solved in ("yes", "partly", "no")),
    ]
    query = _grouped(answers, scope, by, months, after, limit).where(_c.state == "completed")
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def count_conduct(
    session: AsyncSession, scope: Scope, by: Dimension | None, months: Sequence[datetime], values: Sequence[Any]
) -> Sequence[Row[Any]]:
    """Number and mean of the scores of each item of conduct, for each of these values of `by` (R185, R200)."""
    scores = case((func.jsonb_typeof(_c.conduct) == "object", _c.conduct))
    item = func.jsonb_each_text(scores).table_valued("key", "value").lateral("item")
    value = _value_of(by, months)
    query = (
        _narrow(select(value.label("bucket")), scope)
        .add_columns(
            item.c.key.label("item"), func.count().label("n"), func.avg(item.c.value.cast(Integer)).label("mean")
        )
        .join(item, literal(True))
        .where(_c.state == "completed")
        .group_by("bucket", item.c.key)
        .order_by(item.c.key)
    )
    if by is not None:
        known = [one for one in values if one is not None]
        query = query.where(value.in_(known) | value.is_(None) if None in values else value.in_(known))
    return (await session.execute(query)).all()


async def list_lines(
    session: AsyncSession, scope: Scope, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Row[Any]]:
    """The callbacks that are counted, behind `(due_at, id)`, with desk and segment as they are counted."""
    columns = (column for column in _c if column.name not in ("desk", "segment"))
    query = _narrow(select(*columns, _COLUMNS["desk"].label("desk"), _COLUMNS["segment"].label("segment")), scope)
    if after is not None:
        query = query.where(tuple_(_c.due_at, _c.id) > tuple_(*after))
    rows: Sequence[Row[Any]] = (await session.execute(query.order_by(_c.due_at, _c.id).limit(limit))).all()
    return rows


async def find_span(session: AsyncSession, scope: Scope) -> tuple[datetime, datetime] | None:
    """When the first and the last resolution of this period were; None without any."""
    query = _within(select(func.min(_c.due_at), func.max(_c.due_at)), scope)
    first, last = (await session.execute(query)).one()
    return None if first is None else (first - rules.WITHIN, last - rules.WITHIN)


def _grouped(
    counted: Sequence[ColumnElement[Any]],
    scope: Scope,
    by: Dimension | None,
    months: Sequence[datetime],
    after: Any,
    limit: int,
) -> Select[Any]:
    if by is None:
        return _narrow(select(null().label("bucket"), *counted), scope)
    value = _value_of(by, months)
    query = _narrow(select(value.label("bucket"), *counted), scope)
    query = query.group_by("bucket").order_by(text("bucket ASC NULLS LAST")).limit(limit)
    if after is not None:
        query = query.where((value > after) | value.is_(None))
    return query


def _value_of(by: Dimension | None, months: Sequence[datetime]) -> ColumnElement[Any]:
    if by is None:
        return null()
    if by == "month":
        edges = bindparam("months", list(months), type_=ARRAY(DateTime(timezone=True)))
        return func.width_bucket(_c.resolved_at, edges)
    return _COLUMNS[by]


def _narrow(query: Select[Any], scope: Scope) -> Select[Any]:
    query = query.select_from(callbacks).outerjoin(callback_customers, _k.customer == _c.customer)
    for name in ("service", "customer", "group", "project", "desk", "segment", "handler"):
        value = getattr(scope, name)
        if value is not None:
            query = query.where(_COLUMNS[name] == value)
    return _within(query, scope)


def _within(query: Select[Any], scope: Scope) -> Select[Any]:
    if scope.resolved_from is not None:
        query = query.where(_c.due_at >= rules.compute_due_at(scope.resolved_from))
    if scope.resolved_before is not None:
        query = query.where(_c.due_at < rules.compute_due_at(scope.resolved_before))
    return query


def _count_where(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(*conditions)
