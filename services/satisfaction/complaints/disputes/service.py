"""Use cases of disputes: negotiated with positions, outcome and deadline (R170), under legal hold (R196)."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository as complaints
from services.satisfaction.complaints.disputes import repository, rules
from services.satisfaction.complaints.rules import check_future
from services.satisfaction.complaints.schemas import NewDispute, Position
from services.satisfaction.complaints.service import Work, keep_until, step
from shared.events.complaints import ComplaintDisputed, ComplaintDisputeSettled
from shared.ids import new_id


async def open_dispute(work: Work, row: Row[Any], body: NewDispute) -> Row[Any]:
    """R170, R196: from now on the complaint's original data stay as they are.

    Raises:
        DisputeRuns, DueInPast, ComplainedAbout
    """
    work.check("open a dispute", row)
    check_future(body.due_at, work.now)
    values = {
        "id": new_id(),
        "subject": body.subject,
        "positions": [],
        "opened_at": work.now,
        "opened_by": work.actor,
        "due_at": body.due_at,
    }
    number = await repository.add(work.session, row.id, values)
    await complaints.add_deadlines(work.session, row.id, {"settlement": body.due_at})
    return await step(
        work,
        row,
        "dispute_opened",
        {"held": True},
        note=body.subject,
        detail={"due_at": body.due_at.isoformat()},
        tell=lambda new: ComplaintDisputed(
            **work.describe(new),
            dispute_number=number,
            dispute_subject=body.subject,
            settle_by=body.due_at,
            opened_by=work.actor,
            opened_at=work.now,
        ),
    )


async def add_position(work: Work, row: Row[Any], body: Position) -> Row[Any]:
    """What one side holds. Raises `NoDispute`, `TooManyPositions`."""
    work.check("add a position", row)
    dispute = await repository.get_open(work.session, row.id)
    rules.check_positions(len(dispute.positions))
    position = {"side": body.side, "position": body.position, "by": work.actor, "at": work.now.isoformat()}
    await repository.save(work.session, dispute.id, {"positions": [*dispute.positions, position]})
    return await step(work, row, "position", {}, note=body.position, detail={"side": body.side})


async def settle_dispute(work: Work, row: Row[Any], outcome: str) -> Row[Any]:
    """What was agreed; the retention of a closed complaint begins again.

    Raises:
        NoDispute, NotTheOwner, ComplainedAbout
    """
    work.check("settle the dispute", row)
    dispute = await repository.get_open(work.session, row.id)
    values = {"outcome": outcome, "settled_at": work.now, "settled_by": work.actor}
    await repository.save(work.session, dispute.id, values)
    on_time = await complaints.meet(work.session, row.id, ["settlement"], work.now)
    kept = {"held": False, "retain_until": keep_until(work) if row.state == "closed" else None}
    return await step(
        work,
        row,
        "dispute_settled",
        kept,
        note=outcome,
        tell=lambda new: ComplaintDisputeSettled(
            **work.describe(new),
            dispute_number=dispute.number,
            dispute_subject=dispute.subject,
            outcome=outcome,
            positions=len(dispute.positions),
            settled_by=work.actor,
            settled_at=work.now,
            on_time=on_time,
        ),
    )
