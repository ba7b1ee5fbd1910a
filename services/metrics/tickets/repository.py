"""Every SQL statement on tickets: whole batches by one statement each."""

from collections.abc import Collection, Sequence
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, TextClause, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.tickets.models import tickets
from services.metrics.tickets.rules import Ticket

_COLUMNS = Ticket._fields
_LIST = ", ".join(f'"{name}"' for name in _COLUMNS)
_ARRAYS = ", ".join(f":{name}" for name in _COLUMNS)


def _with_arrays(statement: str) -> TextClause:
    return text(statement).bindparams(
        *(bindparam(name, type_=ARRAY(tickets.c[name].type, dimensions=1)) for name in _COLUMNS)
    )


_SELECT = f"SELECT {', '.join(f't.{chr(34)}{name}{chr(34)}' for name in _COLUMNS)} FROM tickets t"
_LOCK = text(
    f"{_SELECT} JOIN unnest(:sources ::text[], :external_ids ::text[]) AS k (source, external_id)"
    " ON t.source = k.source AND t.external_id = k.external_id ORDER BY t.source, t.external_id FOR UPDATE OF t"
)
_INSERT = _with_arrays(
    f"INSERT INTO tickets ({_LIST}) SELECT * FROM unnest({_ARRAYS}) ON CONFLICT DO NOTHING RETURNING id"
)
_UPDATE = _with_arrays(
    "UPDATE tickets t SET "
    + ", ".join(f'"{name}" = n."{name}"' for name in _COLUMNS if name not in ("id", "source", "external_id"))
    + f" FROM unnest({_ARRAYS}) AS n ({_LIST}) WHERE t.id = n.id"
)


async def lock_tickets(session: AsyncSession, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], Ticket]:
    """The stored tickets among these `(source, external_id)`, held until the transaction ends."""
    rows = await session.execute(_LOCK, {"sources": [k[0] for k in keys], "external_ids": [k[1] for k in keys]})
    return {(row.source, row.external_id): Ticket(*row) for row in rows}


async def insert_tickets(session: AsyncSession, new: Sequence[Ticket]) -> set[UUID]:
    """The ids of those that were inserted: not the ones that somebody else was faster with."""
    if not new:
        return set()
    ordered = sorted(new, key=attrgetter("source", "external_id"))
    return set((await session.execute(_INSERT, _columns(ordered))).scalars())


async def update_tickets(session: AsyncSession, changed: Sequence[Ticket]) -> None:
    if changed:
        await session.execute(_UPDATE, _columns(changed))


async def get_ticket(session: AsyncSession, ticket_id: UUID) -> Row[Any] | None:
    return (await session.execute(select(tickets).where(tickets.c.id == ticket_id))).one_or_none()


async def list_tickets(
    session: AsyncSession, filters: dict[str, str], after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """Tickets in order of their ids, behind `after`."""
    query = select(tickets)
    for column, value in filters.items():
        query = query.where(tickets.c[column] == value)
    if after is not None:
        query = query.where(tickets.c.id > after)
    return (await session.execute(query.order_by(tickets.c.id).limit(limit))).all()


def _columns(rows: Sequence[Ticket]) -> dict[str, list[Any]]:
    """The rows as one array a column."""
    return {name: list(values) for name, values in zip(_COLUMNS, zip(*rows, strict=True), strict=True)}
