"""The course of the callbacks, from the resolution to its undoing or its deadline."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import repository, rules
from services.satisfaction.callbacks.customers.rules import is_quiet, leave_quiet, read_word
from services.satisfaction.callbacks.worklist.repository import list_words
from services.satisfaction.settings import SatisfactionSettings
from shared import problems
from shared.database import Database
from shared.events.callbacks import CallbackCancelled, CallbackEscalated, CallbackOverdue, CallbackScheduled
from shared.events.envelope import Draft, Event, Fact, Origin
from shared.events.metrics import IncidentFact, IncidentReopened, IncidentResolved
from shared.ids import new_id
from shared.outbox import record, record_all

ACTOR = "service:satisfaction"
REOPENED = "the incident was reopened"
_INSTANT = timedelta(microseconds=1)

Resolution = TypeVar("Resolution", IncidentResolved, IncidentReopened)


class CallbackNotFound(problems.NotFound):
    pass


async def schedule_callbacks(
    session: AsyncSession, events: Sequence[Event[IncidentResolved]], thresholds: SatisfactionSettings
) -> None:
    """R59, R80: one callback for every resolution, due 24 h later, however often and in whatever order it is told.

    Where a reopen of this or of a later resolution was heard first, the callback is cancelled from the beginning.
    """
    resolved_ats = [event.data.resolved_at for event in events]
    await _add(session, events, resolved_ats, [None] * len(events), thresholds)


async def cancel_callbacks(
    session: AsyncSession, events: Sequence[Event[IncidentReopened]], thresholds: SatisfactionSettings
) -> None:
    """A reopen cancels the callback of the resolution that it undoes, and those of earlier ones that are still due.

    A reopen that is heard before its resolution leaves a cancelled callback, so that the resolution changes nothing
    when it comes; where such a reopen does not say when the incident was resolved, its own time stands in. What was
    completed or given up stays as it is. A reopen without a resolution (number 0) undoes none.
    """
    events = [event for event in events if event.data.resolution_number > 0]
    if not events:
        return
    reopened_ats = [event.data.reopened_at for event in events]
    resolved_ats = [event.data.resolved_at or event.data.reopened_at for event in events]
    await _add(session, events, resolved_ats, reopened_ats, thresholds)

    reopens: dict[UUID, dict[int, Event[IncidentReopened]]] = {}
    for event in events:
        reopens.setdefault(event.data.ticket_id, {}).setdefault(event.data.resolution_number, event)
    causes: dict[UUID, Event[IncidentReopened]] = {}
    undone: dict[UUID, datetime] = {}
    for row in await repository.lock_of_tickets(session, reopens):
        of_ticket = reopens[row.ticket_id]
        number = rules.find_cancelling(row.resolution_number, of_ticket)
        if number is None:
            continue
        if row.state == "due":
            causes[row.id] = of_ticket[number]
        if number == row.resolution_number and row.reopened_at is None:
            undone[row.id] = of_ticket[number].data.reopened_at
    if undone:
        await repository.mark_reopened(session, undone)
    if causes:
        rows = await repository.cancel(session, {id_: event.data.reopened_at for id_, event in causes.items()})
        await record_all(session, [_tell_cancelled(row, causes[row.id]) for row in rows])


async def _add(
    session: AsyncSession,
    events: Sequence[Event[Resolution]],
    resolved_ats: list[datetime],
    reopened_ats: Sequence[datetime | None],
    thresholds: SatisfactionSettings,
) -> None:
    """Add a callback for each of these and tell of those that are new: scheduled, or cancelled from the beginning."""
    history_after = timedelta(days=thresholds.history_after_days)
    ids = [new_id() for _ in events]
    facts: list[IncidentFact] = [event.data for event in events]
    due_ats = [rules.compute_due_at(resolved_at) for resolved_at in resolved_ats]
    history_sinces = [
        event.time if rules.is_history(due_at, event.time, history_after) else None
        for event, due_at in zip(events, due_ats, strict=True)
    ]
    columns: dict[str, list[Any]] = {
        "ids": ids,
        "ticket_ids": [fact.ticket_id for fact in facts],
        "sources": [fact.source for fact in facts],
        "external_ids": [fact.external_id for fact in facts],
        "resolution_numbers": [fact.resolution_number for fact in facts],
        "titles": [fact.title for fact in facts],
        "priorities": [fact.priority for fact in facts],
        "services": [fact.service for fact in facts],
        "customers": [fact.customer for fact in facts],
        "projects": [fact.project for fact in facts],
        "groups": [fact.group for fact in facts],
        "resolvers": [fact.resolver for fact in facts],
        "resolved_ats": resolved_ats,
        "due_ats": due_ats,
        "correlation_ids": [event.correlation_id for event in events],
        "reopened_ats": list(reopened_ats),
        "history_sinces": history_sinces,
    }
    added = {row.id: row for row in await repository.insert(session, columns)}
    drafts = []
    for id_, event, resolved_at, due_at, since in zip(ids, events, resolved_ats, due_ats, history_sinces, strict=True):
        if id_ in added:
            new = added[id_]
            told = _describe(id_, event.data, resolved_at, due_at, new.desk, new.segment)
            cancelled_at = new.cancelled_at
            fact = (
                CallbackScheduled(**told, history=since is not None)
                if cancelled_at is None
                else CallbackCancelled(**told, cancelled_at=cancelled_at, reason=REOPENED)
            )
            drafts.append(Draft(fact, str(id_), 1, event.origin(ACTOR)))
    await record_all(session, drafts)


async def notice_overdue(database: Database, now: datetime, most: int) -> int:
    """R80: tell of up to `most` callbacks whose 24 h are over, each once; returns how many."""
    async with database.transaction() as session:
        rows = await repository.notice_overdue(session, now, most)
        drafts = [
            Draft(
                CallbackOverdue(**describe(row), noticed_at=now),
                str(row.id),
                row.version,
                Origin(ACTOR, row.correlation_id),
            )
            for row in rows
        ]
        await record_all(session, drafts)
    return len(rows)


async def escalate_callbacks(database: Database, now: datetime, thresholds: SatisfactionSettings, most: int) -> int:
    """R80: tell up to `most` times who has to see to a callback before its deadline, and who after it; each level once,
    and of several that were reached meanwhile the highest only. Returns how many were told."""
    told = 0
    async with database.transaction() as session:
        words = await list_words(session)
        for level, (hours, role) in reversed(list(enumerate(thresholds.escalations, 1))):
            for edge, of in _find_edges(now, timedelta(hours=hours), words, thresholds):
                if told >= most:
                    break
                rows = await repository.escalate(session, now, level, edge, most - told, of)
                drafts = [
                    Draft(
                        CallbackEscalated(
                            **describe(row),
                            level=level,
                            told_to=role,
                            hours_from_deadline=hours,
                            overdue=rules.is_overdue(row.state, row.due_at, now),
                            escalated_at=now,
                        ),
                        str(row.id),
                        row.version,
                        Origin(ACTOR, row.correlation_id),
                    )
                    for row in rows
                ]
                await record_all(session, drafts)
                told += len(rows)
    return told


def _find_edges(
    now: datetime, from_deadline: timedelta, words: Sequence[str], thresholds: SatisfactionSettings
) -> Iterator[tuple[datetime, list[str] | None]]:
    """Up to which deadline a level is reached, and by whose customers.

    After the deadline for all the same. Before it, a deadline in quiet hours counts as the beginning of these: nobody
    can call later. So the edge moves to their end when it comes to their beginning.
    """
    edge = now - from_deadline
    if from_deadline >= timedelta():
        yield edge, None
        return
    for word in (None, *words):
        hours = read_word(word, thresholds.time_zone, thresholds.quiet_hours)
        until = leave_quiet(hours, edge) - _INSTANT if is_quiet(hours, edge) else edge
        yield until, [] if word is None else [word]


async def get_callback(session: AsyncSession, callback_id: UUID, now: datetime, claim_by: str) -> Row[Any]:
    """As `repository.see` shows it.

    Raises:
        CallbackNotFound
    """
    row = await repository.look(session, callback_id, now, claim_by)
    if row is None:
        raise CallbackNotFound(f"no callback {callback_id}")
    return row


async def lock_callback(session: AsyncSession, callback_id: UUID) -> Row[Any]:
    """Raises `CallbackNotFound`."""
    row = await repository.lock(session, callback_id)
    if row is None:
        raise CallbackNotFound(f"no callback {callback_id}")
    return row


async def tell(session: AsyncSession, callback: Row[Any], told: Sequence[Fact]) -> None:
    """Record these in order; the last one's sequence is the callback's version."""
    first = callback.version - len(told) + 1
    for sequence, fact in enumerate(told, first):
        await record(session, fact, subject=callback.id, sequence=sequence, correlation_id=callback.correlation_id)


def _tell_cancelled(row: Row[Any], cause: Event[IncidentReopened]) -> Draft:
    cancelled = CallbackCancelled(**describe(row), cancelled_at=row.cancelled_at, reason=REOPENED)
    return Draft(cancelled, str(row.id), row.version, cause.origin(ACTOR))


def describe(row: Row[Any]) -> dict[str, Any]:
    """What every event of this callback says."""
    return _describe(row.id, row, row.resolved_at, row.due_at, row.desk, row.segment)


def _describe(
    callback_id: UUID, ticket: Any, resolved_at: datetime, due_at: datetime, desk: str | None, segment: str | None
) -> dict[str, Any]:
    """`ticket` is a row of `callbacks` or a ticket's facts."""
    return {
        "callback_id": callback_id,
        "ticket_id": ticket.ticket_id,
        "source": ticket.source,
        "external_id": ticket.external_id,
        "resolution_number": ticket.resolution_number,
        "resolved_at": resolved_at,
        "due_at": due_at,
        "service": ticket.service,
        "customer": ticket.customer,
        "group": ticket.group,
        "resolver": ticket.resolver,
        "title": ticket.title,
        "project": ticket.project,
        "desk": desk,
        "segment": segment,
    }
