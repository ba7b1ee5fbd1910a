"""Gaps become records by themselves (R3, R11); repeats attach; a draft that nobody touched ends with its gap."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.gaps import repository, rules
from services.improvement.improvements import repository as records
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import draft, summarise, touch
from shared.events.envelope import Draft, Event
from shared.events.improvement import ImprovementOpened, ImprovementWithdrawn
from shared.events.metrics import GapClosed, GapDetected, GapDismissed, GapFact, GapRecurred
from shared.ids import new_id
from shared.outbox import record_all

REQUESTER = "service:metrics"
_ACTOR = "service:improvement"
_Heard = Event[GapDetected] | Event[GapRecurred]
_Settled = Event[GapDismissed] | Event[GapClosed]


async def take_gaps(session: AsyncSession, events: Sequence[_Heard]) -> None:
    """Open a record for every new gap whose measure and scope have none open; the others attach.

    A recurrence that overtakes its detection opens the record as well; the detection then is a line of history. A gap
    that was settled before it was heard of opens nothing.
    """
    new = await repository.claim_new(session, (event.data.gap_id for event in events))
    first = {event.data.gap_id: event for event in reversed(events) if event.data.gap_id in new}
    opened = await _open_or_attach(session, list(first.values()))
    known = await repository.find(session, {event.data.gap_id for event in events})
    states = await records.list_states(session, {gap.improvement_id for gap in known.values() if gap.improvement_id})
    lines = []
    for event in events:
        gap_id, improvement_id = event.data.gap_id, known[event.data.gap_id].improvement_id
        if improvement_id is None:
            continue
        is_first = first.get(gap_id) is event
        if is_first and gap_id in opened:
            lines.append(_line(event, improvement_id, "open", None, "draft", opened[gap_id].problem))
        else:
            action, state = "gap_attached" if is_first else "gap_recurred", states[improvement_id]
            lines.append(_line(event, improvement_id, action, state, state, rules.describe_recurrence(event.data)))
    await records.append_history(session, lines)
    drafts = [
        Draft(
            summarise(record, ImprovementOpened, problem=record.problem),
            str(record.id),
            record.sequence,
            first[gap_id].origin(_ACTOR),
        )
        for gap_id, record in opened.items()
    ]
    await record_all(session, drafts)


async def settle_gaps(session: AsyncSession, events: Sequence[_Settled]) -> None:
    """A gap is gone: an untouched draft without another gap is withdrawn, any other record notes it."""
    told = {event.data.gap_id: event for event in events}
    rows = await repository.settle(session, {id_: (event.time, event.data.reason) for id_, event in told.items()})
    led_to = {row.id: row.improvement_id for row in rows if row.improvement_id is not None}
    locked = await records.lock(session, led_to.values())
    still_open = await repository.count_open(session, list(locked))
    lines, drafts = [], []
    for gap_id, improvement_id in led_to.items():
        record, event = locked[improvement_id], told[gap_id]
        came_from, action = record.state, "gap_settled"
        is_edited = record.edited_at is not None
        if rules.is_withdrawn_by_itself(record.state, is_edited, still_open.get(record.id, 0)):
            record.state, action = "withdrawn", "withdraw"
            touch(record, event.time)
            fact = summarise(record, ImprovementWithdrawn, reason=event.data.reason)
            drafts.append(draft(record, fact, event.origin(_ACTOR)))
        lines.append(_line(event, record.id, action, came_from, record.state, event.data.reason))
    await records.append_history(session, lines)
    await record_all(session, drafts)


async def _open_or_attach(session: AsyncSession, events: Sequence[_Heard]) -> dict[UUID, Improvement]:
    """Link each gap to a record; returns the records that were opened, by gap.

    Rows go in by measure and scope, so that concurrent batches wait for one another in one order.
    """
    by_key: dict[tuple[str, str], list[_Heard]] = {}
    for event in events:
        by_key.setdefault((event.data.measure_key, event.data.scope), []).append(event)
    opened: dict[UUID, Improvement] = {}
    led_to: dict[tuple[str, str], UUID] = {}
    while missing := sorted(by_key.keys() - led_to.keys()):
        rows = [_row(by_key[key][0]) for key in missing]
        for record in await records.insert_unless_open(session, rows):
            led_to[record.measure_key or "", record.scope or ""] = record.id
            if record.gap_id is not None:
                opened[record.gap_id] = record
        if others := by_key.keys() - led_to.keys():
            led_to |= await records.find_open(session, others)
    if led_to:
        links = {event.data.gap_id: led_to[key] for key, same in by_key.items() for event in same}
        await repository.link(session, links)
    return opened


def _row(event: _Heard) -> dict[str, Any]:
    gap: GapFact = event.data
    return {
        "id": new_id(),
        "version": 1,
        "sequence": 1,
        "revision": 1,
        "state": "draft",
        "origin": "gap",
        "gap_id": gap.gap_id,
        "correlation_id": event.correlation_id,
        "requester": REQUESTER,
        "title": rules.title_gap(gap),
        "problem": rules.describe_gap(gap),
        "measure_key": gap.measure_key,
        "scope": gap.scope,
        "target": gap.expected,
        "verification_plan": rules.suggest_verification(gap).model_dump(mode="json"),
        "opened_at": event.time,
        "updated_at": event.time,
    }


def _line(
    event: Event[Any], improvement_id: UUID, action: str, came_from: str | None, state: str, note: str
) -> dict[str, Any]:
    return {
        "improvement_id": improvement_id,
        "at": event.time,
        "actor": event.actor,
        "action": action,
        "from_state": came_from,
        "to_state": state,
        "note": note,
    }
