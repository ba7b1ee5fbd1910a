"""Use cases of whoever complained: accept the answer, reject it, be called (R51, R56)."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.escalations import escalate_by_itself
from services.satisfaction.complaints.ratings.service import rate
from services.satisfaction.complaints.schemas import Acceptance, FollowUpCall
from services.satisfaction.complaints.service import PUBLIC, Work, step
from shared.events.complaints import ComplaintAccepted, ComplaintRejected


async def accept(work: Work, row: Row[Any], body: Acceptance) -> Row[Any]:
    """The customer is content.

    Raises:
        SelfRating: staff note a score of themselves.
        IllegalTransition
    """
    work.check("accept", row)
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
            **work.describe(new),
            answered_by=row.answered_by,
            accepted_at=work.now,
            score=body.score,
            comment=body.comment,
        ),
    )


async def reject(work: Work, row: Row[Any], reason: str) -> Row[Any]:
    """The customer is not content: it is open again, and another answer is due in the class's time. Rejected too often
    it goes up a class.

    Raises:
        IllegalTransition, NoWorkingTime
    """
    work.check("reject", row)
    due_at = work.end_of(work.settings.complaint_limits[row.complaint_class]["answer"])
    await repository.lift(work.session, row.id, ["follow_up"], work.now)
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
    rejected = await step(
        work,
        row,
        "rejected",
        values,
        note=reason,
        detail={"round": row.round},
        public=True,
        tell=lambda new: ComplaintRejected(
            **work.describe(new),
            answered_by=row.answered_by,
            rejected_at=work.now,
            reason=reason,
            rejections=new.rejections,
        ),
    )
    if rejected.rejections < work.settings.complaint_rejections:
        return rejected
    higher = rules.find_next_class(row.complaint_class)
    why = f"its answers were rejected {rejected.rejections} times"
    return await escalate_by_itself(work, rejected, "rejections", why, complaint_class=higher)


async def follow_up(work: Work, row: Row[Any], call: FollowUpCall) -> Row[Any]:
    """R51: somebody else than whoever answered calls and asks; "no" rejects the answer.

    Raises:
        AnsweredYourself, SelfRating, IllegalTransition
    """
    work.check("follow up", row)
    await repository.meet(work.session, row.id, ["follow_up"], work.now)
    detail = {"satisfied": call.satisfied, "score": call.score}
    called = await step(work, row, "followed_up", {"followed_up_at": work.now}, note=call.note, detail=detail)
    if call.satisfied == "no":
        await _rate(work, row, call.score, call.note)
        return await reject(work, called, call.note)
    if called.state == "answered":
        return await accept(work, called, Acceptance(score=call.score, comment=call.note))
    await _rate(work, row, call.score, call.note)
    return called


def may_rate(row: Row[Any], by: str) -> bool:
    """R200: whether a score is of somebody, by a customer: an anonymous complaint names none, and one that came without
    signing in may name any."""
    is_known = row.received_by != PUBLIC or by != PUBLIC
    return row.answered_by is not None and row.customer is not None and is_known


async def _rate(work: Work, row: Row[Any], score: int | None, comment: str | None) -> None:
    if score is not None and may_rate(row, work.actor):
        await rate(work.session, row.answered_by, row.customer, score, comment, work.actor, work.now, row.id)
