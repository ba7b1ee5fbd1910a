"""Gaps become records by themselves (R3, R11); repeats attach; a draft that nobody touched ends with its gap."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.gaps import repository, rules
from services.improvement.improvements import repository as records
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.priorities import prioritise
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import draft, summarise, touch
from services.improvement.settings import settings
from services.improvement.sources import repository as sources
from services.improvement.sources.rules import Told, Verdict, is_cooling, is_severe_enough, say_cooling, say_gate
from services.improvement.sources.service import Heard, make_row
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
    that was settled before it was heard of opens nothing. One below the gate or within the cool-down is suppressed, and
    looked at again when it recurs.
    """
    await repository.claim_new(session, (event.data.gap_id for event in events))
    waiting = await repository.lock_waiting(session, {event.data.gap_id for event in events})
    first: dict[UUID, _Heard] = {}
    for event in events:
        gap_id = event.data.gap_id
        if gap_id in waiting and (gap_id not in first or _is_below(first[gap_id]) > _is_below(event)):
            first[gap_id] = event
    taken = await _open_or_attach(session, list(first.values()))
    known = await repository.find(session, {event.data.gap_id for event in events})
    states = await records.list_states(session, {gap.improvement_id for gap in known.values() if gap.improvement_id})
    lines = []
    for event in events:
        gap_id, improvement_id = event.data.gap_id, known[event.data.gap_id].improvement_id
        if improvement_id is None:
            continue
        is_first = first.get(gap_id) is event
        if is_first and gap_id in taken.opened:
            lines.append(_line(event, improvement_id, "open", None, "draft", taken.opened[gap_id].problem))
        else:
            action, state = "gap_attached" if is_first else "gap_recurred", states[improvement_id]
            lines.append(_line(event, improvement_id, action, state, state, rules.describe_recurrence(event.data)))
    await records.append_history(session, lines)
    await sources.insert_sources(session, [_source(event, taken.verdicts[id_]) for id_, event in first.items()])
    drafts = [
        Draft(
            summarise(record, ImprovementOpened, problem=record.problem),
            str(record.id),
            record.sequence,
            first[gap_id].origin(_ACTOR),
        )
        for gap_id, record in taken.opened.items()
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


@dataclass(frozen=True, slots=True)
class _Taken:
    """By gap: the records that were opened, and what came of each."""

    opened: dict[UUID, Improvement]
    verdicts: dict[UUID, Verdict]


async def _open_or_attach(session: AsyncSession, events: Sequence[_Heard]) -> _Taken:
    """Link each gap to a record, where its measure and scope have one or may open one.

    Rows go in by measure and scope, so that concurrent batches wait for one another in one order.
    """
    by_key: dict[tuple[str, str], list[_Heard]] = {}
    for event in events:
        by_key.setdefault((event.data.measure_key, event.data.scope), []).append(event)
    refused = await _refuse(session, by_key)
    opened: dict[UUID, Improvement] = {}
    led_to: dict[tuple[str, str], UUID] = {}
    asking = {
        key: next(event for event in same if event.data.gap_id not in refused)
        for key, same in by_key.items()
        if any(event.data.gap_id not in refused for event in same)
    }
    while missing := sorted(asking.keys() - led_to.keys()):
        for record in await records.insert_unless_open(session, [_row(asking[key]) for key in missing]):
            led_to[record.measure_key or "", record.scope or ""] = record.id
            if record.gap_id is not None:
                opened[record.gap_id] = record
        if others := asking.keys() - led_to.keys():
            led_to |= await records.find_open(session, others)
    if others := by_key.keys() - led_to.keys():
        led_to |= await records.find_open(session, others)
    links = {event.data.gap_id: led_to[key] for key, same in by_key.items() for event in same if key in led_to}
    if links:
        await repository.link(session, links)
    verdicts = {
        event.data.gap_id: _judge(event.data.gap_id, opened, links, refused)
        for same in by_key.values()
        for event in same
    }
    return _Taken(opened, verdicts)


async def _refuse(session: AsyncSession, by_key: Mapping[tuple[str, str], Sequence[_Heard]]) -> dict[UUID, str]:
    """Why these gaps open nothing, by gap: below the gate, or within the cool-down of their measure and scope."""
    own = settings()
    gate, cool_down_days = own.gate_of("gap"), own.cool_down_of("gap")
    ended = await sources.last_ended(session, list(by_key)) if cool_down_days and by_key else {}
    refused = {}
    for key, same in by_key.items():
        number, ended_at = ended.get(key, (0, None))
        for event in same:
            if is_cooling(event.time, ended_at, cool_down_days):
                refused[event.data.gap_id] = say_cooling(format_number(number), ended_at, cool_down_days)
            elif not is_severe_enough(event.data.severity, gate):
                refused[event.data.gap_id] = say_gate("gap", event.data.severity, gate)
    return refused


def _is_below(event: _Heard) -> bool:
    return not is_severe_enough(event.data.severity, settings().gate_of("gap"))


def _judge(
    gap_id: UUID, opened: Mapping[UUID, Improvement], links: Mapping[UUID, UUID], refused: Mapping[UUID, str]
) -> Verdict:
    if gap_id in opened:
        return Verdict("opened", "its measure and scope had no open record", links[gap_id])
    if gap_id in links:
        return Verdict("attached", "its measure and scope have an open record", links[gap_id])
    return Verdict("suppressed", refused[gap_id])


def _source(event: _Heard, verdict: Verdict) -> dict[str, Any]:
    """The gap as a source, in the words of every other."""
    gap: GapFact = event.data
    place = rules.place_gap(gap)
    told = Told(
        kind="gap",
        reference=str(gap.gap_id),
        label=gap.measure_name,
        keys=(f"gap:{gap.gap_id}",),
        title=rules.title_gap(gap),
        problem=rules.describe_gap(gap),
        told_by=REQUESTER,
        told_at=event.time,
        severity=gap.severity,
        measure_key=gap.measure_key,
        scope=gap.scope,
        link=f"/metrics/measures/{gap.measure_key}",
        facts={"expected": gap.expected, "actual": gap.actual, "n": gap.n, "detection": gap.detection},
        service=place.get("service"),
        customer=place.get("customer"),
        project=place.get("project"),
    )
    return make_row(Heard.of(event, told), new_id(), verdict)


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
        "severity": gap.severity,
        "priority": prioritise(gap.severity, None, None).level,
        **{"service": None, "customer": None, "project": None, **rules.place_gap(gap)},
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
