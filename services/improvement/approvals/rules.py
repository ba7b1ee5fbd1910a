"""Who must approve an improvement, in which order, and who may decide a step (R18, R34, R43, R66)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from services.improvement.improvements.priorities import IMPACTS, SEVERITIES
from services.improvement.improvements.rules import require_other_approver
from shared.auth import Principal, Role
from shared.calendars import Calendar, add_working_time, working_time_between
from shared.problems import Forbidden, Problem

RANKS = (Role.IMPROVEMENT_SUPERVISOR, Role.DEPARTMENT_HEAD, Role.TOP_MANAGEMENT)
"""Each may decide what those before it may."""

_DAY = timedelta(days=1)


class NotTheApprover(Forbidden):
    """The open step belongs to another role, or to a department head of another department (R34)."""


class StepDecided(Problem):
    """What the caller came to decide is decided; the chain has gone on."""

    status = 409


class DecidedBefore(Problem):
    """Nobody decides two steps of one chain."""

    status = 409


class UnfitDelegate(Problem):
    """A step is handed only to somebody who could decide it in good faith."""

    status = 409


@dataclass(frozen=True, slots=True)
class Rule:
    """`role` must approve where one of the conditions holds; always, where there is none."""

    role: str
    budget_at_least: Decimal | None = None
    impact_at_least: str | None = None
    severity_at_least: str | None = None

    @property
    def is_always(self) -> bool:
        return self.budget_at_least is None and self.impact_at_least is None and self.severity_at_least is None


DEFAULT = (
    Rule(Role.IMPROVEMENT_SUPERVISOR),
    Rule(Role.DEPARTMENT_HEAD, budget_at_least=Decimal(50_000), impact_at_least="high"),
    Rule(Role.TOP_MANAGEMENT, budget_at_least=Decimal(500_000), impact_at_least="very_high"),
)
"""R18: the supervisor authorises; R34: the department head too what is dear or weighty; R43: top management."""


@dataclass(frozen=True, slots=True)
class Weight:
    """What the policy looks at; what is unknown meets no condition."""

    budget: Decimal | None
    impact: str | None
    severity: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a chain, as far as the rules look at it."""

    step: int
    role: str
    state: str
    decided_by: str | None = None
    delegate: str | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """The record that is decided on: who asked, whose it is, and its chain."""

    requester: str
    submitter: str | None
    department: str | None
    chain: Sequence[Step]


def compute_chain(rules: Iterable[Rule], weight: Weight) -> list[str]:
    """The roles that must approve, in the policy's order, each once."""
    return list(dict.fromkeys(rule.role for rule in rules if applies(rule, weight)))


def applies(rule: Rule, weight: Weight) -> bool:
    """Whether the rule asks for its role."""
    return (
        rule.is_always
        or (rule.budget_at_least is not None and weight.budget is not None and weight.budget >= rule.budget_at_least)
        or _reaches(IMPACTS, weight.impact, rule.impact_at_least)
        or _reaches(SEVERITIES, weight.severity, rule.severity_at_least)
    )


def require_decider(caller: Principal, matter: Matter) -> tuple[Step, str]:
    """The open step and the role in which the caller decides it.

    Raises:
        NotTheApprover: neither of the step's role or above, nor its delegate; or of another department.
        StepDecided: the caller's step is decided already.
        ApproverIsRequester: the caller asked for the approval (R18).
        DecidedBefore: the caller decided an earlier step of this chain.
    """
    step = next(step for step in matter.chain if step.state == "open")
    require_other_approver(caller.subject, matter.requester, matter.submitter)
    earlier = next((known for known in matter.chain if known.decided_by == caller.subject), None)
    if earlier is not None:
        raise DecidedBefore(
            f"'{caller.subject}' decided step {earlier.step} of this chain; step {step.step} ({step.role}) needs "
            "somebody else"
        )
    if step.delegate == caller.subject:
        return step, step.role
    role = _role_for(caller, step.role, matter.department)
    if role is not None:
        return step, role
    if _holds(caller, step.role):
        raise NotTheApprover(
            f"the record is of department '{matter.department}' and '{caller.subject}' heads "
            f"{', '.join(caller.departments)}; its own head decides, or top management",
            needed=[role.value for role in RANKS[_rank(step.role) :]],
        )
    done = next((known for known in matter.chain if known.decided_by and _holds(caller, known.role)), None)
    if done is not None:
        raise StepDecided(
            f"step {done.step} ({done.role}) was decided by '{done.decided_by}'; step {step.step} waits for "
            f"{_or_above(step.role)}",
            step=step.step,
            role=step.role,
        )
    raise NotTheApprover(
        f"step {step.step} waits for {_or_above(step.role)}"
        + (f", or for '{step.delegate}' to whom it was handed" if step.delegate else ""),
        needed=[role.value for role in RANKS[_rank(step.role) :]],
    )


def require_business(caller: Principal, chain: Sequence[Step]) -> None:
    """Whoever holds none of the roles has to do only with a step that was handed over.

    Raises:
        NotTheApprover
    """
    if caller.roles.isdisjoint(RANKS) and all(step.delegate != caller.subject for step in chain):
        needed = [role.value for role in RANKS]
        raise NotTheApprover(
            f"'{caller.subject}' needs one of these roles: {', '.join(needed)}; or the step handed over", needed=needed
        )


def require_fit_delegate(delegate: str, caller: Principal, matter: Matter) -> None:
    """Raises `UnfitDelegate`, saying why and who would do."""
    if delegate == caller.subject:
        raise UnfitDelegate(f"'{delegate}' decides already; name somebody else, or approve")
    deciders = [step.decided_by for step in matter.chain if step.decided_by]
    if delegate in (matter.requester, matter.submitter, *deciders):
        raise UnfitDelegate(
            f"'{delegate}' asked for this approval or decided an earlier step; name somebody who did neither"
        )


def expiry_of(calendar: Calendar, given: datetime, valid_days: int) -> datetime:
    """When an approval that was given then ends: so many working days of 24 hours later."""
    return add_working_time(calendar, given, valid_days * _DAY)


def shift_expiry(calendar: Calendar, expires: datetime, held: datetime, resumed: datetime) -> datetime:
    """The working time that was left when the record was put on hold is left when it goes on."""
    return add_working_time(calendar, resumed, working_time_between(calendar, held, expires))


def _role_for(caller: Principal, needed: str, department: str | None) -> str | None:
    """R34: a department head decides for the own department, where record and token name departments."""
    for role in RANKS[_rank(needed) :]:
        is_foreign = department is not None and caller.departments and department not in caller.departments
        if role in caller.roles and not (role == Role.DEPARTMENT_HEAD and is_foreign):
            return role.value
    return None


def _holds(caller: Principal, needed: str) -> bool:
    return not caller.roles.isdisjoint(RANKS[_rank(needed) :])


def _or_above(role: str) -> str:
    return " or ".join(RANKS[_rank(role) :])


def _rank(role: str) -> int:
    return RANKS.index(Role(role))


def _reaches(scale: Sequence[str], value: str | None, least: str | None) -> bool:
    return value is not None and least is not None and scale.index(value) >= scale.index(least)
