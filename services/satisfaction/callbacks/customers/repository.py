"""Every SQL statement on what a call needs to know of a customer."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers.models import callback_customers

_k = callback_customers.c


async def list_customers(session: AsyncSession, after: str | None, limit: int) -> Sequence[Row[Any]]:
    query = select(callback_customers).order_by(_k.customer).limit(limit)
    if after is not None:
        query = query.where(_k.customer > after)
    return (await session.execute(query)).all()


async def get(session: AsyncSession, customer: str) -> Row[Any] | None:
    return (await session.execute(select(callback_customers).where(_k.customer == customer))).one_or_none()


async def lock(session: AsyncSession, customer: str) -> Row[Any]:
    """This customer, held until the transaction ends; known from now on."""
    await session.execute(insert(callback_customers).values(customer=customer).on_conflict_do_nothing())
    query = select(callback_customers).where(_k.customer == customer).with_for_update()
    row: Row[Any] = (await session.execute(query)).one()
    return row


async def write(session: AsyncSession, customer: str, values: dict[str, Any]) -> Row[Any]:
    """Set these; returns the customer as it is then."""
    statement = callback_customers.update().where(_k.customer == customer).values(values).returning(callback_customers)
    row: Row[Any] = (await session.execute(statement)).one()
    return row


async def note_registered(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    """What the catalogue says, each customer once; an older version changes nothing."""
    statement = insert(callback_customers).values(rows)
    new = statement.excluded
    names = ("name", "segment", "registered_version")
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["customer"],
            set_={name: new[name] for name in names},
            where=_k.registered_version < new.registered_version,
        )
    )
