"""What may happen to a meeting, what it lacks, and what goes on to the next one; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from shared.auth import Role
from shared.problems import IllegalTransition, Problem

Kind = Literal["weekly", "monthly_quality_analysis", "improvement_review", "department", "workshop"]
"""R7, R55: weekly and department meetings. R50, R91: the monthly quality analysis. R16: the review of improvements.
R203: the weekly skill workshop."""

OF_A_DEPARTMENT = ("weekly", "department")
State = Literal["planned", "held", "closed", "cancelled"]
Action = Literal["edit", "attend", "minute", "add item", "hold", "sign off", "cancel", "add an addendum"]
Presence = Literal["expected", "present", "absent", "delegate"]
ItemKind = Literal["agenda", "plan", "action"]
ItemState = Literal["open", "done", "not_done", "dropped", "improvement"]
Told = Literal["done", "not_done", "dropped"]
UNDONE = ("open", "not_done")

ORGANISERS = (
    Role.OPERATIONS_MANAGER,
    Role.IMPROVEMENT_SUPERVISOR,
    Role.QUALITY_MANAGER,
    Role.DEPARTMENT_HEAD,
    Role.PROCESS_OWNER,
    Role.PROJECT_MANAGER,
)
_FROM: Mapping[Action, tuple[State, ...]] = {
    "edit": ("planned",),
    "attend": ("planned", "held"),
    "minute": ("planned", "held"),
    "add item": ("planned", "held"),
    "hold": ("planned",),
    "sign off": ("held",),
    "cancel": ("planned",),
    "add an addendum": ("closed",),
}


class NotTheChair(Problem):
    """The minutes are signed off by whoever chaired."""

    status = 403


class NotAskedFor(Problem):
    """A point of the agenda is talked about; it is neither done nor carried over."""

    status = 409


@dataclass(frozen=True, slots=True)
class Standing:
    """An item as a meeting sees it. `told` is what that meeting said of it, `carried` whether it came from an earlier
    one."""

    label: str
    title: str
    kind: str
    told: str | None
    carried: bool


def list_allowed(state: str) -> list[Action]:
    return [action for action, states in _FROM.items() if state in states]


def require_allowed(action: Action, state: str) -> None:
    """Raises `IllegalTransition`, naming what may be done now."""
    if state not in _FROM[action]:
        raise IllegalTransition(action, state, list(list_allowed(state)))


def list_missing_to_hold(has_minutes: bool, presences: Iterable[str]) -> list[str]:
    """R50, R92: no meeting was held of which nobody says what was said and who was there."""
    told = list(presences)
    missing = []
    if not has_minutes:
        missing.append("minutes (what was said and decided)")
    if not any(presence in ("present", "delegate") for presence in told):
        missing.append("attendees (at least one who was present or sent a delegate)")
    elif "expected" in told:
        missing.append("attendees (of everyone who was expected: present, absent, or the delegate)")
    return missing


def list_missing_to_close(kind: str, items: Iterable[Standing]) -> list[str]:
    """R92: the monthly meeting says of every item of the plan, and of each left over from the last one, whether it was
    done."""
    if kind != "monthly_quality_analysis":
        return []
    return [
        f"whether item {item.label} '{item.title}' was done, or the reason why not"
        for item in items
        if item.told is None and (item.carried or item.kind == "plan")
    ]


def require_chair(caller: str, chair: str) -> None:
    """Raises `NotTheChair`."""
    if caller != chair:
        raise NotTheChair(f"'{chair}' chairs this meeting and signs its minutes off; '{caller}' does not")


def require_task(kind: str) -> None:
    """Raises `NotAskedFor`."""
    if kind == "agenda":
        raise NotAskedFor("a point of the agenda is neither done nor not done; add an action for what follows from it")


def require_undone(action: str, state: str) -> None:
    """Raises `IllegalTransition`: what is done, dropped or an improvement is settled."""
    if state not in UNDONE:
        raise IllegalTransition(action, state, ["follow the improvement"] if state == "improvement" else [])
