"""Use cases of whoever complained: accept the answer, reject it, be called (R51, R56)."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.ratings.service import rate
from services.satisfaction.complaints.schemas import Acceptance, FollowUpCall
from services.satisfaction.complaints.service import Work, describe, step
from shared.events.complaints import ComplaintAccepted, ComplaintRejected


async def accept(work: Work, row: Row[Any], body: Acceptance) -> Row[Any]:
    """The customer is content.

    Raises:
        SelfRating: staff note a score of themselves.
        IllegalTransition
    """
    rules.check("accept", row.state)
    await _rate(work, row, body.score, body.comment)
    return await step(
        work,
        row,
        "accepted",
        {"state": "accepted", "accepted_at": work.now},
        note=body.comment,
        detail={"score": body.score},
        public=True,
        tell=lambda new: ComplaintAccepted(
            **describe(new, work.settings),
            answered_by=row.answered_by,
            accepted_at=work.now,
            score=body.score,
            comment=body.comment,
        ),
    )


async def reject(work: Work, row: Row[Any], reason: str) -> Row[Any]:
    """The customer is not content: it is open again, and another answer is due in the class's time.

    Raises:
        IllegalTransition, NoWorkingTime
    """
    rules.check("reject", row.state)
    due_at = work.end_of(work.settings.complaint_limits[row.complaint_class]["answer"])
    await repository.add_deadlines(work.session, row.id, {"answer": due_at})
    values = {
        "state": "open",
        "due_at": due_at,
        "round": row.round + 1,
        "rejections": row.rejections + 1,
        "accepted_at": None,
        "followed_up_at": None,
        "silent_until": None,
        "closed_at": None,
        "closed_by": None,
        "closing": None,
        "retain_until": None,
    }
    return await step(
        work,
        row,
        "rejected",
        values,
        note=reason,
        detail={"round": row.round},
        public=True,
        tell=lambda new: ComplaintRejected(
            **describe(new, work.settings),
            answered_by=row.answered_by,
            rejected_at=work.now,
            reason=reason,
            rejections=new.rejections,
        ),
    )


async def follow_up(work: Work, row: Row[Any], call: FollowUpCall) -> Row[Any]:
    """R51: somebody else than whoever answered calls and asks; "no" rejects the answer.

    Raises:
        AnsweredYourself, SelfRating, IllegalTransition
    """
    rules.check("follow up", row.state)
    if work.actor == row.answered_by:
        raise rules.AnsweredYourself("you answered this complaint: somebody else asks whether the answer was good")
    detail = {"satisfied": call.satisfied, "score": call.score}
    called = await step(work, row, "followed_up", {"followed_up_at": work.now}, note=call.note, detail=detail)
    if call.satisfied == "no":
        await _rate(work, row, call.score, call.note)
        return await reject(work, called, call.note)
    if called.state == "answered":
        return await accept(work, called, Acceptance(score=call.score, comment=call.note))
    await _rate(work, row, call.score, call.note)
    return called


async def _rate(work: Work, row: Row[Any], score: int | None, comment: str | None) -> None:
    """R200: a score is of whoever answered, by the customer; nobody is named by an anonymous one."""
    if score is not None and row.answered_by is not None and row.customer is not None:
        await rate(work.session, row.answered_by, row.customer, score, comment, work.actor, work.now, row.id)
