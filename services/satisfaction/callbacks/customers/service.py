"""Use cases of what a call needs to know of a customer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers import repository, rules
from services.satisfaction.callbacks.customers.schemas import CustomerBody
from shared.events.catalogue import CustomerRegistered
from shared.events.envelope import Event
from shared.http import check_version
from shared.problems import NotFound


class CallbackCustomerNotFound(NotFound):
    pass


async def note_customers(session: AsyncSession, events: Sequence[Event[CustomerRegistered]]) -> None:
    """R204: the customer's segment, however late and in whatever order it is told."""
    newest: dict[str, CustomerRegistered] = {}
    for event in events:
        known = newest.get(event.data.key)
        if known is None or known.version < event.data.version:
            newest[event.data.key] = event.data
    rows = [
        {"customer": fact.key, "name": fact.name, "segment": fact.segment, "registered_version": fact.version}
        for _, fact in sorted(newest.items())
    ]
    if rows:
        await repository.note_registered(session, rows)


async def get_customer(session: AsyncSession, customer: str) -> Row[Any]:
    """Raises `CallbackCustomerNotFound`."""
    row = await repository.get(session, customer)
    if row is None:
        raise CallbackCustomerNotFound(f"nothing is known of a customer '{customer}'; PUT what a call has to know")
    return row


async def set_customer(
    session: AsyncSession, customer: str, body: CustomerBody, by: str, now: datetime, if_match: str | None
) -> Row[Any]:
    """Say how a customer is called, in place of what was said before.

    Raises:
        UnknownZone, LostUpdate
        PreconditionRequired: somebody has said something before.
    """
    rules.check_zone(body.zone)
    known = await repository.lock(session, customer)
    if known.version or if_match is not None:
        check_version(if_match, known.version)
    return await repository.write(
        session,
        customer,
        {
            "zone": body.zone,
            "quiet_hours": body.quiet_hours,
            "hours": rules.write_word(body.zone, body.quiet_hours),
            "desk": body.desk,
            "contact": body.contact,
            "updated_at": now,
            "updated_by": by,
            "version": known.version + 1,
        },
    )
