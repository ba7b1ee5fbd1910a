"""Use cases of whoever handles a complaint: own it, pass it on, escalate, acknowledge, plan, answer, report, close."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.schemas import Closing, Escalation, PassOn, Progress, Supervision
from services.satisfaction.complaints.service import Work, describe, keep_until, step
from shared.database import Database
from shared.events.complaints import (
    ComplaintAnswered,
    ComplaintClosed,
    ComplaintEscalated,
    ComplaintOverdue,
    ComplaintPassedOn,
)
from shared.problems import Missing

ACTOR = "service:satisfaction"
_NO_OFFER = {"offered_to": None, "offered_by": None, "offer_ends_at": None}


async def pass_on(work: Work, row: Row[Any], offer: PassOn) -> Row[Any]:
    """R193, R198: the owner stays the owner until the other accepts.

    Raises:
        NotTheOwner, AlreadyOffered, NotOffered, PassedOnTooOften, IllegalTransition
    """
    rules.check("pass on", row.state)
    rules.check_owner(work.actor, work.is_manager, row.owner, "pass it on")
    most = work.settings.complaint_pass_ons
    rules.check_pass_on(offer.to, row.owner, row.offered_to, row.pass_ons, most, work.is_manager)
    values = {
        "offered_to": offer.to,
        "offered_by": work.actor,
        "offer_ends_at": work.end_of(work.settings.complaint_takeover),
        "pass_ons": row.pass_ons + 1,
    }
    return await _tell_pass_on(work, row, "offered", offer.to, values, offer.reason)


async def take_over(work: Work, row: Row[Any]) -> Row[Any]:
    """R198: from now on the caller answers for it.

    Raises:
        NotOffered, IllegalTransition
    """
    rules.check("take over", row.state)
    if work.actor == row.owner:
        raise rules.NotOffered("you own it already")
    rules.check_taking_over(work.actor, work.is_manager, row.owner, row.offered_to)
    values = {"owner": work.actor, **_NO_OFFER}
    if row.offered_to is None:
        return await step(work, row, "taken_over", values, detail={"from": row.owner})
    return await _tell_pass_on(work, row, "accepted", work.actor, values, None)


async def decline(work: Work, row: Row[Any], reason: str) -> Row[Any]:
    """Whoever it is offered to does not take it: it stays with its owner.

    Raises:
        NotOffered, IllegalTransition
    """
    rules.check("decline", row.state)
    if row.offered_to is None or (work.actor != row.offered_to and not work.is_manager):
        raise rules.NotOffered("only a complaint that is offered to you can be declined")
    return await _tell_pass_on(work, row, "declined", row.offered_to, _NO_OFFER, reason)


async def _tell_pass_on(
    work: Work, row: Row[Any], outcome: Any, to: str, values: dict[str, Any], reason: str | None
) -> Row[Any]:
    kind: rules.Entry = "taken_over" if outcome == "accepted" else outcome
    return await step(
        work,
        row,
        kind,
        values,
        note=reason,
        detail={"to": to, "owner": row.owner},
        tell=lambda new: ComplaintPassedOn(
            **describe(new, work.settings),
            outcome=outcome,
            passed_to=to,
            told_by=work.actor,
            told_at=work.now,
            pass_ons=new.pass_ons,
            reason=reason,
        ),
    )


async def escalate(work: Work, row: Row[Any], body: Escalation) -> Row[Any]:
    """R60: to a higher class, whose deadlines begin now, to somebody who is offered it, or both.

    Raises:
        NotHigher, AlreadyOffered, NotOffered, NoWorkingTime, IllegalTransition
    """
    rules.check("escalate", row.state)
    rules.check_escalation(body.complaint_class, body.to, row.complaint_class)
    values: dict[str, Any] = {"escalations": row.escalations + 1}
    if body.to is not None:
        rules.check("pass on", row.state)
        rules.check_pass_on(body.to, row.owner, row.offered_to, 0, 1, manager=True)
        ends = work.end_of(work.settings.complaint_takeover)
        values |= {"offered_to": body.to, "offered_by": work.actor, "offer_ends_at": ends}
    if body.complaint_class is not None:
        values["complaint_class"] = body.complaint_class
        due = work.deadlines_of(body.complaint_class, work.now)
        if row.state != "open":
            due.pop("answer")
        if row.acknowledged_at is not None:
            due.pop("acknowledge", None)
        if row.planned_at is not None:
            due.pop("plan", None)
        await repository.lift(work.session, row.id, list(due), work.now)
        await repository.add_deadlines(work.session, row.id, due)
        values["due_at"] = due.get("answer", row.due_at)
    return await step(
        work,
        row,
        "escalated",
        values,
        note=body.reason,
        detail={"from": row.complaint_class, "to_class": body.complaint_class, "to": body.to},
        tell=lambda new: ComplaintEscalated(
            **describe(new, work.settings),
            previous_class=row.complaint_class,
            escalated_by=work.actor,
            escalated_to=body.to,
            escalated_at=work.now,
            reason=body.reason,
        ),
    )


async def acknowledge(work: Work, row: Row[Any], note: str) -> Row[Any]:
    """R51: tell the customer that it is in hand. Raises `NotTheOwner`, `IllegalTransition`."""
    return await _write(work, row, "acknowledge", "acknowledged", "acknowledged_at", note, public=True)


async def plan(work: Work, row: Row[Any], note: str) -> Row[Any]:
    """R51: what will be done about it. Raises `NotTheOwner`, `IllegalTransition`."""
    return await _write(work, row, "plan", "planned", "planned_at", note)


async def analyse_cause(work: Work, row: Row[Any], note: str) -> Row[Any]:
    """R51: why it came to this. Raises `NotTheOwner`, `IllegalTransition`."""
    return await _write(work, row, "analyse the cause", "cause_analysed", "analysed_at", note)


async def _write(
    work: Work, row: Row[Any], action: str, kind: rules.Entry, stamp: str, note: str, public: bool = False
) -> Row[Any]:
    rules.check(action, row.state)
    rules.check_owner(work.actor, work.is_manager, row.owner, action)
    if action in ("acknowledge", "plan"):
        await repository.meet(work.session, row.id, [action], work.now)
    return await step(work, row, kind, {stamp: getattr(row, stamp) or work.now}, note=note, public=public)


async def answer(work: Work, row: Row[Any], words: str) -> Row[Any]:
    """R56, R193: then it is the customer's turn. An answer acknowledges, too.

    Raises:
        NotTheOwner, AlreadyOffered, IllegalTransition
    """
    rules.check("answer", row.state)
    rules.check_owner(work.actor, work.is_manager, row.owner, "answer")
    if row.offered_to is not None:
        raise rules.AlreadyOffered(f"it is offered to '{row.offered_to}'; whoever owns it after that answers")
    on_time = await repository.meet(work.session, row.id, ["answer"], work.now)
    await repository.meet(work.session, row.id, ["acknowledge"], work.now)
    values = {
        "state": "answered",
        "answered_at": work.now,
        "answered_by": work.actor,
        "acknowledged_at": row.acknowledged_at or work.now,
        "silent_until": work.end_of(work.settings.complaint_silence),
    }
    return await step(
        work,
        row,
        "answered",
        values,
        note=words,
        detail={"round": row.round, "on_time": on_time},
        public=True,
        tell=lambda new: ComplaintAnswered(
            **describe(new, work.settings),
            answer=words,
            answered_by=work.actor,
            answered_at=work.now,
            on_time=on_time,
            round=row.round,
        ),
    )


async def supervise(work: Work, row: Row[Any], body: Supervision) -> Row[Any]:
    """R194: watched from above from now on. Raises `DueInPast`, `IllegalTransition`."""
    rules.check("supervise", row.state)
    rules.check_future(body.progress_due_at, work.now)
    await repository.lift(work.session, row.id, ["progress"], work.now)
    await repository.add_deadlines(work.session, row.id, {"progress": body.progress_due_at})
    detail = {"supervised_by": body.supervised_by, "progress_due_at": body.progress_due_at.isoformat()}
    return await step(work, row, "supervised", {"supervised_by": body.supervised_by}, detail=detail)


async def report_progress(work: Work, row: Row[Any], body: Progress) -> Row[Any]:
    """R194. Raises `NotTheOwner`, `DueInPast`, `IllegalTransition`."""
    rules.check("report progress", row.state)
    rules.check_owner(work.actor, work.is_manager, row.owner, "report progress")
    if body.next_due_at is not None:
        rules.check_future(body.next_due_at, work.now)
    await repository.meet(work.session, row.id, ["progress"], work.now)
    if body.next_due_at is not None:
        await repository.add_deadlines(work.session, row.id, {"progress": body.next_due_at})
    detail = {"next_due_at": body.next_due_at and body.next_due_at.isoformat()}
    return await step(work, row, "progress", {}, note=body.note, detail=detail)


async def note(work: Work, row: Row[Any], words: str) -> Row[Any]:
    """A line in the timeline (R56)."""
    return await step(work, row, "noted", {}, note=words)


async def list_missing(work: Work, row: Row[Any]) -> list[str]:
    """What closing still needs."""
    reported = await repository.has_entry_since_supervision(work.session, row.id) if row.supervised_by else False
    return rules.list_missing_to_close(
        rules.Standing(
            complaint_class=row.complaint_class,
            anonymous=row.anonymous,
            supervised=row.supervised_by is not None,
            progress_reported=reported,
            acknowledged=row.acknowledged_at is not None,
            planned=row.planned_at is not None,
            analysed=row.analysed_at is not None,
            followed_up=row.followed_up_at is not None,
            disputed=row.held,
        )
    )


async def close(work: Work, row: Row[Any], body: Closing) -> Row[Any]:
    """R51: nothing is left to do; the customer has accepted the answer, or has said nothing to it for long.

    Raises:
        NotTheOwner, Missing, StillSilent, IllegalTransition
    """
    rules.check("close", row.state)
    rules.check_owner(work.actor, work.is_manager, row.owner, "close")
    if row.state == "answered":
        rules.check_silence(row.silent_until, work.now)
    missing = await list_missing(work, row)
    if missing:
        raise Missing("close the complaint", missing)
    await repository.meet(work.session, row.id, ["plan", "progress"], work.now)
    on_time = not await repository.was_missed(work.session, row.id, work.now)
    closing: Any = "accepted" if row.state == "accepted" else "no_reaction"
    values = {
        "state": "closed",
        "closed_at": work.now,
        "closed_by": work.actor,
        "closing": closing,
        "retain_until": keep_until(work),
    }
    return await step(
        work,
        row,
        "closed",
        values,
        note=body.note,
        detail={"closing": closing, "on_time": on_time},
        public=True,
        tell=lambda new: ComplaintClosed(
            **describe(new, work.settings),
            closing=closing,
            closed_by=work.actor,
            closed_at=work.now,
            on_time=on_time,
            pass_ons=row.pass_ons,
            rejections=row.rejections,
            note=body.note,
        ),
    )


async def return_offers(database: Database, now: datetime, settings: Any, most: int) -> int:
    """R193, R198: what nobody accepted in time comes back to its owner; returns how many."""
    async with database.transaction() as session:
        rows = await repository.lock_ended_offers(session, now, most)
        work = Work(session, ACTOR, now, settings)
        for row in rows:
            await _tell_pass_on(work, row, "returned", row.offered_to, _NO_OFFER, None)
    return len(rows)


async def notice_overdue(database: Database, now: datetime, settings: Any, most: int) -> int:
    """R193, R199: tell of up to `most` deadlines that have passed, each once; returns how many."""
    async with database.transaction() as session:
        late = await repository.lock_overdue(session, now, most)
        marked = await repository.mark_noticed(session, [deadline.id for deadline in late], now) if late else set()
        work = Work(session, ACTOR, now, settings)
        for deadline in late:
            if deadline.id not in marked:
                continue
            row = await repository.find(session, deadline.complaint_id)
            assert row is not None, "its lock is held"
            await _tell_overdue(work, row, deadline)
    return len(late)


async def _tell_overdue(work: Work, row: Row[Any], deadline: Row[Any]) -> None:
    await step(
        work,
        row,
        "overdue",
        {},
        detail={"deadline": deadline.kind, "due_at": deadline.due_at.isoformat()},
        tell=lambda new: ComplaintOverdue(
            **describe(new, work.settings),
            deadline=deadline.kind,
            deadline_at=deadline.due_at,
            noticed_at=work.now,
        ),
    )


async def delete_expired(database: Database, now: datetime, most: int) -> int:
    """R196: what its retention is over for goes; returns how many."""
    async with database.transaction() as session:
        return await repository.delete_expired(session, now, most)
