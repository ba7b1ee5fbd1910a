"""Use cases of disputes: negotiated with positions, outcome and deadline (R170), under legal hold (R196)."""

from typing import Any

from sqlalchemy import Row

from services.satisfaction.complaints import repository as complaints
from services.satisfaction.complaints import rules
from services.satisfaction.complaints.disputes import repository
from services.satisfaction.complaints.schemas import NewDispute, Position
from services.satisfaction.complaints.service import Work, keep_until, step
from shared.ids import new_id
from shared.problems import Problem

_MOST_POSITIONS = 200


class DisputeRuns(Problem):
    """One dispute about a complaint at a time."""

    status = 409


class NoDispute(Problem):
    status = 409


class TooManyPositions(Problem):
    status = 409


async def open_dispute(work: Work, row: Row[Any], body: NewDispute) -> Row[Any]:
    """R170, R196: from now on the complaint's original data stay as they are.

    Raises:
        DisputeRuns, DueInPast
    """
    rules.check("open a dispute", row.state)
    if row.held:
        raise DisputeRuns("a dispute about this complaint runs; add a position to it, or settle it first")
    rules.check_future(body.due_at, work.now)
    values = {
        "id": new_id(),
        "subject": body.subject,
        "positions": [],
        "opened_at": work.now,
        "opened_by": work.actor,
        "due_at": body.due_at,
    }
    await repository.add(work.session, row.id, values)
    await complaints.add_deadlines(work.session, row.id, {"settlement": body.due_at})
    detail = {"due_at": body.due_at.isoformat()}
    return await step(work, row, "dispute_opened", {"held": True}, note=body.subject, detail=detail)


async def add_position(work: Work, row: Row[Any], body: Position) -> Row[Any]:
    """What one side holds. Raises `NoDispute`, `TooManyPositions`."""
    dispute = await _find_open(work, row)
    if len(dispute.positions) >= _MOST_POSITIONS:
        raise TooManyPositions(f"{_MOST_POSITIONS} positions are kept; settle the dispute")
    position = {"side": body.side, "position": body.position, "by": work.actor, "at": work.now.isoformat()}
    await repository.save(work.session, dispute.id, {"positions": [*dispute.positions, position]})
    return await step(work, row, "position", {}, note=body.position, detail={"side": body.side})


async def settle_dispute(work: Work, row: Row[Any], outcome: str) -> Row[Any]:
    """What was agreed; the retention of a closed complaint begins again. Raises `NoDispute`."""
    dispute = await _find_open(work, row)
    values = {"outcome": outcome, "settled_at": work.now, "settled_by": work.actor}
    await repository.save(work.session, dispute.id, values)
    await complaints.meet(work.session, row.id, ["settlement"], work.now)
    kept = {"held": False, "retain_until": keep_until(work) if row.state == "closed" else None}
    return await step(work, row, "dispute_settled", kept, note=outcome)


async def _find_open(work: Work, row: Row[Any]) -> Row[Any]:
    dispute = await repository.find_open(work.session, row.id)
    if dispute is None:
        raise NoDispute("no dispute about this complaint runs; open one first")
    return dispute
