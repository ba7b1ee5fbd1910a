"""Use cases of whoever handles a complaint: acknowledge, plan, analyse, answer, report progress, close."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.schemas import Closing, Progress, Supervision
from services.satisfaction.complaints.service import Work, keep_until, step
from shared.events.complaints import ComplaintAnswered, ComplaintClosed


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
    work.check(action, row)
    if action in ("acknowledge", "plan"):
        await repository.meet(work.session, row.id, [action], work.now)
    return await step(work, row, kind, {stamp: getattr(row, stamp) or work.now}, note=note, public=public)


async def answer(work: Work, row: Row[Any], words: str) -> Row[Any]:
    """R56, R193: then it is the customer's turn. An answer acknowledges, too; after that to a major complaint the
    follow-up call is due (R51).

    Raises:
        NotTheOwner, AlreadyOffered, IllegalTransition
    """
    work.check("answer", row)
    on_time = await repository.meet(work.session, row.id, ["answer"], work.now)
    await repository.meet(work.session, row.id, ["acknowledge"], work.now)
    values = {
        "state": "answered",
        "answered_at": work.now,
        "answered_by": work.actor,
        "acknowledged_at": row.acknowledged_at or work.now,
        "silent_until": work.end_of(work.settings.complaint_silence),
    }
    call_by = work.call_by(row, row.complaint_class)
    if call_by is not None:
        await repository.add_deadlines(work.session, row.id, {"follow_up": call_by})
    return await step(
        work,
        row,
        "answered",
        values,
        note=words,
        detail={"round": row.round, "on_time": on_time},
        public=True,
        tell=lambda new: ComplaintAnswered(
            **work.describe(new),
            answer=words,
            answered_by=work.actor,
            answered_at=work.now,
            on_time=on_time,
            round=row.round,
        ),
    )


async def supervise(work: Work, row: Row[Any], body: Supervision) -> Row[Any]:
    """R194: watched from above from now on. Raises `DueInPast`, `IllegalTransition`."""
    work.check("supervise", row)
    rules.check_future(body.progress_due_at, work.now)
    await repository.lift(work.session, row.id, ["progress"], work.now)
    await repository.add_deadlines(work.session, row.id, {"progress": body.progress_due_at})
    detail = {"supervised_by": body.supervised_by, "progress_due_at": body.progress_due_at.isoformat()}
    return await step(work, row, "supervised", {"supervised_by": body.supervised_by}, detail=detail)


async def report_progress(work: Work, row: Row[Any], body: Progress) -> Row[Any]:
    """R194. Raises `NotTheOwner`, `DueInPast`, `IllegalTransition`."""
    work.check("report progress", row)
    if body.next_due_at is not None:
        rules.check_future(body.next_due_at, work.now)
    await repository.meet(work.session, row.id, ["progress"], work.now)
    if body.next_due_at is not None:
        await repository.add_deadlines(work.session, row.id, {"progress": body.next_due_at})
    detail = {"next_due_at": body.next_due_at and body.next_due_at.isoformat()}
    return await step(work, row, "progress", {}, note=body.note, detail=detail)


async def note(work: Work, row: Row[Any], words: str) -> Row[Any]:
    """A line in the timeline (R56)."""
    work.check("note", row)
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
    work.check("close", row, await list_missing(work, row))
    await repository.meet(work.session, row.id, ["plan", "progress", "follow_up"], work.now)
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
            **work.describe(new),
            closing=closing,
            closed_by=work.actor,
            closed_at=work.now,
            on_time=on_time,
            pass_ons=row.pass_ons,
            rejections=row.rejections,
            note=body.note,
        ),
    )
