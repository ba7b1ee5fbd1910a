"""Use cases of legal holds: note that a dispute runs, and that it is settled, whichever is heard of first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.holds import repository
from shared.events.complaints import ComplaintDisputed, ComplaintDisputeSettled
from shared.events.envelope import Event


async def hold(session: AsyncSession, events: Sequence[Event[ComplaintDisputed]]) -> None:
    """R196: what ticketing systems sent of these incidents stays until their dispute is settled."""
    rows = []
    for event in events:
        if _names_incident(event.data):
            opened = await repository.find_opened(session, event.data.ticket_id, event.data.external_id)
            rows.append(_note(event.data, "since", opened or event.data.received_at))
    if rows:
        await repository.put(session, rows, "since")


async def release(session: AsyncSession, events: Sequence[Event[ComplaintDisputeSettled]]) -> None:
    """They may be forgotten again when their time has come."""
    rows = [_note(event.data, "settled_at", event.data.settled_at) for event in events if _names_incident(event.data)]
    if rows:
        await repository.put(session, rows, "settled_at")


async def find_held(session: AsyncSession) -> datetime | None:
    """What came at this moment or later is part of a dispute that runs; None where none does."""
    return await repository.find_earliest(session)


def _names_incident(data: ComplaintDisputed | ComplaintDisputeSettled) -> bool:
    return data.ticket_id is not None or data.external_id is not None


def _note(data: ComplaintDisputed | ComplaintDisputeSettled, column: str, moment: datetime) -> dict[str, Any]:
    return {
        "complaint_id": data.complaint_id,
        "dispute_number": data.dispute_number,
        "complaint_number": data.number,
        column: moment,
    }
