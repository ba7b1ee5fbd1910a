"""Use cases of escalations (R60): by a person, and by itself when a complaint does not go as it should."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository, rules
from services.satisfaction.complaints.schemas import Escalation
from services.satisfaction.complaints.service import ITSELF, Work, step
from shared.auth import Role
from shared.events.complaints import ComplaintClass, ComplaintEscalated


async def escalate(work: Work, row: Row[Any], body: Escalation) -> Row[Any]:
    """R60: to a higher class, whose deadlines begin now, to somebody who is offered it, or both. Whoever owned it
    before is not above it: that would be a pass-on that nobody counts.

    Raises:
        NotHigher, AlreadyOffered, NotOffered, ComplainedAbout, NoWorkingTime, IllegalTransition
    """
    work.check("escalate", row)
    rules.check_escalation(body.complaint_class, body.to, row.complaint_class)
    values: dict[str, Any] = {"escalations": row.escalations + 1}
    if body.to is not None:
        rules.check("pass on", row.state)
        rules.check_not_offered(row.offered_to)
        rules.check_receiver(body.to, work.actor, row.owner, row.complained_about)
        rules.check_not_back(body.to, await repository.list_owners(work.session, row.id))
        ends = work.end_of(work.settings.complaint_takeover)
        values |= {"offered_to": body.to, "offered_by": work.actor, "offer_ends_at": ends}
    if body.complaint_class is not None:
        values |= await _raise_class(work, row, body.complaint_class)
    return await step(
        work,
        row,
        "escalated",
        values,
        note=body.reason,
        detail={"from": row.complaint_class, "to_class": body.complaint_class, "to": body.to},
        tell=lambda new: ComplaintEscalated(
            **work.describe(new),
            previous_class=row.complaint_class,
            escalated_by=work.actor,
            escalated_to=body.to,
            escalated_at=work.now,
            reason=body.reason,
        ),
    )


async def escalate_by_itself(
    work: Work,
    row: Row[Any],
    cause: rules.Cause,
    reason: str,
    told_to: Role | None = None,
    complaint_class: ComplaintClass | None = None,
    level: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> Row[Any]:
    """Tell those who have to see to it, without anybody asking: the role of the first level where none is named.

    Raises:
        NoWorkingTime
    """
    role = told_to or rules.find_first_told(work.settings.complaint_escalations)
    values: dict[str, Any] = {"escalations": row.escalations + 1}
    if complaint_class is not None:
        values |= await _raise_class(work, row, complaint_class)
    return await step(
        replace(work, actor=ITSELF),
        row,
        "escalated",
        values,
        detail={
            "cause": cause,
            "told_to": role,
            "from": row.complaint_class,
            "to_class": complaint_class,
            **(detail or {}),
        },
        tell=lambda new: ComplaintEscalated(
            **work.describe(new),
            previous_class=row.complaint_class,
            escalated_by=ITSELF,
            escalated_at=work.now,
            reason=reason,
            told_to=role,
            cause=cause,
            level=level,
        ),
    )


async def _raise_class(work: Work, row: Row[Any], complaint_class: ComplaintClass) -> dict[str, Any]:
    """The deadlines of the new class begin now, but for what is done already."""
    due = work.deadlines_of(complaint_class, work.now)
    if row.state != "open":
        due.pop("answer")
    if row.acknowledged_at is not None:
        due.pop("acknowledge", None)
    if row.planned_at is not None:
        due.pop("plan", None)
    call_by = work.call_by(row, complaint_class)
    if row.state == "answered" and call_by is not None:
        due["follow_up"] = call_by
    await repository.lift(work.session, row.id, list(due), work.now)
    await repository.add_deadlines(work.session, row.id, due)
    return {"complaint_class": complaint_class, "due_at": due.get("answer", row.due_at)}
