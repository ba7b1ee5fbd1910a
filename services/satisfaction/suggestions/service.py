"""Use cases of suggestions (R184, R195)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.rules import check_past
from services.satisfaction.settings import SatisfactionSettings
from services.satisfaction.suggestions import repository, rules
from services.satisfaction.suggestions.schemas import NewSuggestion, Reply, Suggestion, SuggestionEdit
from shared.database import Database
from shared.events.suggestions import SuggestionAnswered, SuggestionOverdue, SuggestionReceived
from shared.ids import new_id
from shared.outbox import record
from shared.problems import NotFound
from shared.working_days import find_end

_TOLD = (
    "title", "description", "channel", "anonymous", "suggested_by", "supervisor", "customer", "service", "project",
    "department", "received_by", "received_at", "due_at",
)  # fmt: skip


class SuggestionNotFound(NotFound):
    pass


async def receive(
    session: AsyncSession, new: NewSuggestion, by: str, now: datetime, settings: SatisfactionSettings
) -> Row[Any]:
    """R195: an answer is due within some working days.

    Raises:
        NamelessSuggestion, TimeInFuture, NoWorkingTime
    """
    rules.check_names(new.anonymous, new.suggested_by, new.contact, new.customer)
    received_at = new.received_at or now
    check_past(received_at, now)
    row = await repository.add(
        session,
        {
            **new.model_dump(),
            "id": new_id(),
            "version": 1,
            "sequence": 1,
            "state": "received",
            "received_by": by,
            "received_at": received_at,
            "due_at": find_end(settings.calendar_at(received_at), received_at, settings.suggestion_reply),
            "updated_at": now,
        },
    )
    await record(
        session, SuggestionReceived(**_describe(row, settings)), subject=row.id, sequence=1, correlation_id=row.id
    )
    return row


async def get(session: AsyncSession, suggestion_id: UUID, lock: bool = False) -> Row[Any]:
    """Raises `SuggestionNotFound`."""
    row = await repository.find(session, suggestion_id, lock)
    if row is None:
        raise SuggestionNotFound(f"no suggestion {suggestion_id}")
    return row


async def edit(session: AsyncSession, row: Row[Any], change: SuggestionEdit, now: datetime) -> Row[Any]:
    """Raises `IllegalTransition`."""
    rules.check_open("edit", row.state)
    return await _save(session, row, change.model_dump(exclude_unset=True), now)


async def answer(
    session: AsyncSession, row: Row[Any], reply: Reply, by: str, now: datetime, settings: SatisfactionSettings
) -> Row[Any]:
    """R184, R195: adopted or declined, and why; whoever can be reached was told.

    Raises:
        Missing, NotAfterReceipt, IllegalTransition
    """
    rules.check_open("answer", row.state)
    reachable = row.contact is not None or row.suggested_by is not None or row.customer is not None
    rules.check_contact(reachable, reply.contacted_at, row.received_at, now)
    values = {
        **reply.model_dump(),
        "state": "answered",
        "answered_at": now,
        "answered_by": by,
        "sequence": row.sequence + 1,
    }
    new = await _save(session, row, values, now)
    fact = SuggestionAnswered(
        **_describe(new, settings),
        outcome=reply.outcome,
        reason=reply.reason,
        reward=reply.reward,
        answered_by=by,
        answered_at=now,
        on_time=now <= row.due_at,
    )
    await record(session, fact, subject=row.id, sequence=new.sequence, correlation_id=row.id)
    return new


async def notice_overdue(database: Database, now: datetime, settings: SatisfactionSettings, most: int) -> int:
    """R184, R195: tell of up to `most` suggestions that nobody answered in time, each once; returns how many."""
    async with database.transaction() as session:
        late = await repository.lock_overdue(session, now, most)
        for row in late:
            new = await _save(session, row, {"noticed_at": now, "sequence": row.sequence + 1}, now)
            fact = SuggestionOverdue(**_describe(new, settings), owner=new.owner, noticed_at=now)
            await record(session, fact, subject=row.id, sequence=new.sequence, correlation_id=row.id)
    return len(late)


async def _save(session: AsyncSession, row: Row[Any], values: Mapping[str, Any], now: datetime) -> Row[Any]:
    return await repository.save(session, row.id, {**values, "version": row.version + 1, "updated_at": now})


def show(row: Row[Any], now: datetime) -> Suggestion:
    """As REST and pages show it."""
    own = {name: getattr(row, name) for name in Suggestion.model_fields if name not in ("number", "overdue")}
    overdue = rules.is_overdue(row.state, row.due_at, now)
    return Suggestion(**own, number=rules.format_number(row.number), overdue=overdue)


def _describe(row: Row[Any], settings: SatisfactionSettings) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _TOLD}
    url = f"{settings.public_url.rstrip('/')}/satisfaction/suggestions/{row.id}" if settings.public_url else None
    return {**told, "suggestion_id": row.id, "number": rules.format_number(row.number), "url": url}
