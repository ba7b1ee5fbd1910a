"""When a task may be done, when it is overdue, and how far a plan has come (R20, R22, R35, R128)."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.improvement.improvements.rules import list_allowed
from shared.auth import Role
from shared.problems import IllegalTransition, Missing, Problem

TaskAction = Literal["edit", "start", "complete", "drop", "approve"]

LIVE = ("approved", "implementing", "monitoring", "verified")
"""The states of a record in which its tasks can be overdue: the plan is approved and time runs."""

PLANNING = ("draft", "submitted", "approved", "implementing", "monitoring")
"""The states of a record in which tasks are added."""

_BEGUN = ("implementing", "monitoring", "verified")
_FROM: dict[TaskAction, tuple[str, ...]] = {
    "edit": ("planned", "in_progress"),
    "start": ("planned",),
    "complete": ("planned", "in_progress"),
    "drop": ("planned", "in_progress"),
    "approve": ("planned",),
}

PLANNERS = (
    Role.PROCESS_OWNER,
    Role.IMPROVEMENT_SUPERVISOR,
    Role.QUALITY_MANAGER,
    Role.PROJECT_MANAGER,
    Role.ENGINEER,
)
DOERS = (*PLANNERS, Role.SERVICE_DESK, Role.DEPARTMENT_HEAD, Role.OPERATIONS_MANAGER)
"""R22: the first line carries the plan out."""


class TaskIsApproved(Problem):
    """What was approved stays as it was approved."""

    status = 409


class TaskNeedsNoApproval(Problem):
    """The task is part of an approved plan, or has been approved already."""

    status = 409


class ApproverAskedForTask(Problem):
    """Nobody approves the task that they asked for."""

    status = 409


def require_record(action: str, state: str, states: Iterable[str]) -> None:
    """Raises `IllegalTransition` where the record is in none of these states."""
    if state not in states:
        raise IllegalTransition(f"{action} a task", state, list(list_allowed(state)))


def require_task(action: TaskAction, number: int, state: str) -> None:
    """Raises `IllegalTransition`, naming what may be done with the task."""
    if state not in _FROM[action]:
        raise IllegalTransition(f"{action} task {number}", state, [name for name, of in _FROM.items() if state in of])


def require_begun(action: TaskAction, record_state: str, waits_for: str | None, awaits_approval: bool) -> None:
    """R35: only what is approved, and is with change management, is carried out. `waits_for` is the open step's role.

    Raises:
        Missing: names the approval or the change that is not there yet.
        IllegalTransition: the record is on hold or has ended.
    """
    missing = []
    if record_state == "draft":
        missing.append("the submission of the plan, and its approval")
    if record_state == "submitted":
        missing.append(f"the approval of the plan by {waits_for or 'those whom the policy names'}")
    if record_state == "approved":
        missing.append("the change request in the ticketing system (R35)")
    if awaits_approval:
        missing.append("the approval of this task, which was added after the plan was approved")
    if missing:
        raise Missing(f"{action} the task", missing)
    require_record(action, record_state, _BEGUN)


def require_unfrozen(record_state: str, awaits_approval: bool, changed: Iterable[str]) -> None:
    """What was approved is not turned into something else: whom it is with and when it is due may move.

    Raises:
        TaskIsApproved
    """
    frozen = sorted({"title", "description", "phase"} & set(changed))
    if record_state != "draft" and not awaits_approval and frozen:
        raise TaskIsApproved(
            f"{', '.join(frozen)} of an approved task stay; drop it with a reason and ask for another one"
        )


def require_approver(actor: str, requested_by: str, awaits_approval: bool) -> None:
    """Raises `TaskNeedsNoApproval`, `ApproverAskedForTask`."""
    if not awaits_approval:
        raise TaskNeedsNoApproval("the task waits for no approval")
    if actor == requested_by:
        raise ApproverAskedForTask(f"'{actor}' asked for this task; another approver must decide")


def deadline_of(due: date, zone: str, held: timedelta) -> datetime:
    """The end of the day in the zone, and as much later as the record was on hold since the date was set."""
    return datetime.combine(due + timedelta(days=1), time(0), ZoneInfo(zone)).astimezone(UTC) + held


def is_overdue(state: str, awaits_approval: bool, record_state: str, deadline: datetime | None, now: datetime) -> bool:
    """R20: what is done, dropped or not approved yet is not overdue, nor is anything while the record is on hold."""
    return (
        deadline is not None
        and deadline <= now
        and state in ("planned", "in_progress")
        and not awaits_approval
        and record_state in LIVE
    )


def progress_percent(tasks: Iterable[tuple[str, bool]]) -> int | None:
    """How much of the approved plan is done, rounded down; None without tasks. Each is its state and whether it still
    awaits approval: that and what was dropped does not count."""
    counted = [state for state, awaits_approval in tasks if state != "dropped" and not awaits_approval]
    return None if not counted else 100 * counted.count("done") // len(counted)
