"""What may happen to an improvement record, when, and by whom."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

from shared.auth import Role
from shared.events.improvement import VerificationPlan
from shared.events.metrics import Verdict
from shared.problems import IllegalTransition, Missing, Problem

State = Literal[
    "draft",
    "submitted",
    "approved",
    "implementing",
    "monitoring",
    "verified",
    "closed",
    "rejected",
    "on_hold",
    "withdrawn",
]
Action = Literal[
    "edit",
    "submit",
    "approve",
    "reject",
    "revise",
    "hold",
    "resume",
    "withdraw",
    "assess",
    "verify",
    "close",
]

_UNSIGNED: tuple[State, ...] = ("draft", "submitted", "approved", "implementing", "monitoring")
_FROM: Mapping[Action, tuple[State, ...]] = {
    "edit": ("draft", "submitted", "approved", "implementing"),
    "submit": ("draft",),
    "approve": ("submitted",),
    "reject": ("submitted",),
    "revise": ("submitted", "rejected", "approved", "implementing", "verified"),
    "hold": _UNSIGNED,
    "resume": ("on_hold",),
    "withdraw": (*_UNSIGNED, "on_hold"),
    "assess": ("monitoring", "verified"),
    "verify": ("monitoring",),
    "close": ("verified",),
}
_TO: Mapping[Action, State] = {
    "submit": "submitted",
    "approve": "approved",
    "reject": "rejected",
    "revise": "draft",
    "hold": "on_hold",
    "withdraw": "withdrawn",
    "assess": "monitoring",
    "verify": "verified",
    "close": "closed",
}
ENDED: tuple[State, ...] = ("rejected", "withdrawn", "closed")
"""States in which a record is open no more: another of its measure and scope may be."""

ACTIONS: tuple[Action, ...] = tuple(_FROM)

_AUTHORS = (
    Role.PROCESS_OWNER,
    Role.IMPROVEMENT_SUPERVISOR,
    Role.QUALITY_MANAGER,
    Role.PROJECT_MANAGER,
    Role.ENGINEER,
)
_APPROVERS = (Role.IMPROVEMENT_SUPERVISOR, Role.DEPARTMENT_HEAD, Role.TOP_MANAGEMENT)
_MANAGERS = (Role.IMPROVEMENT_SUPERVISOR, Role.OPERATIONS_MANAGER)
MAY: Mapping[Action, tuple[Role, ...]] = {
    "edit": _AUTHORS,
    "submit": _AUTHORS,
    "approve": _APPROVERS,
    "reject": _APPROVERS,
    "revise": _AUTHORS,
    "hold": _MANAGERS,
    "resume": _MANAGERS,
    "withdraw": _MANAGERS,
    "assess": (*_MANAGERS, Role.QUALITY_MANAGER, Role.PROCESS_OWNER),
    "verify": (Role.OPERATIONS_MANAGER,),
    "close": _MANAGERS,
}
"""R18: the supervisor authorises. R24: the operations manager fills in the verification."""


Closure = Literal["achieved", "partly_achieved", "not_achieved", "superseded"]
"""How a record ends (R39)."""

_CLOSURES: Mapping[Verdict, tuple[Closure, ...]] = {
    "effective": ("achieved", "partly_achieved", "superseded"),
    "inconclusive": ("not_achieved", "partly_achieved", "superseded"),
    "ineffective": ("not_achieved", "superseded"),
    "regressed": ("not_achieved", "superseded"),
}

MATERIAL = (
    "plan",
    "measure_key",
    "scope",
    "target",
    "verification_plan",
    "budget",
    "resources",
    "measure_type",
    "action_kind",
    "owner",
    "impact",
    "severity",
)
"""Severity is among them because the approval policy goes by it."""


class ClosureContradictsVerdict(Problem):
    """The closure code says something else than what was signed."""

    status = 409


class ApproverIsRequester(Problem):
    """Nobody approves what they asked for themselves."""

    status = 409


def list_allowed(state: str, signed: Verdict | None = None) -> list[Action]:
    """What may be done from this state. `signed` is the verdict under a verified record.

    A signed effective verdict is final: it is closed, never revised (R38, R39). Signed inconclusive, the evidence may
    be asked for again.
    """
    allowed = [action for action, states in _FROM.items() if state in states]
    if state == "verified" and signed == "effective":
        allowed.remove("revise")
    if state == "verified" and signed != "inconclusive":
        allowed.remove("assess")
    return allowed


def next_state(action: Action, state: str, held_from: str | None = None, signed: Verdict | None = None) -> str:
    """The state after this action; `held_from` is where a record on hold goes back to.

    Raises:
        IllegalTransition: names what is allowed from here.
    """
    allowed = list_allowed(state, signed)
    if action not in allowed:
        raise IllegalTransition(action, state, list(allowed))
    if action == "resume":
        assert held_from is not None
        return held_from
    return _TO.get(action, state)


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the guards ask of a record before it is submitted and before it is approved."""

    measure_key: str | None
    scope: str | None
    plan: str | None
    owner: str | None
    resources: str | None
    verification_plan: VerificationPlan | None


def list_missing(record: Readiness) -> list[str]:
    """R17, R25, R35: no approval without measure, plan, owner, resources and verification plan."""
    missing = []
    if not record.measure_key:
        missing.append("measure_key (the measure that shows the effect)")
    if not record.plan:
        missing.append("plan (what will be done)")
    if not record.owner:
        missing.append("owner (who carries it out)")
    if not record.resources:
        missing.append("resources (people, money, tools)")
    plan = record.verification_plan
    if plan is None:
        missing.append("verification_plan (how the effect will be judged)")
    elif record.measure_key and (plan.measure_key, plan.scope) != (record.measure_key, record.scope):
        missing.append(
            f"verification_plan for the record's own measure: it judges {plan.measure_key} of {plan.scope}, "
            f"the record is about {record.measure_key} of {record.scope}"
        )
    return missing


def require_ready(action: str, record: Readiness) -> None:
    """Raises `Missing`, naming each thing that `list_missing` finds."""
    missing = list_missing(record)
    if missing:
        raise Missing(action, missing)


def hash_plan(plan: VerificationPlan) -> str:
    """SHA-256 (hex) of the plan as canonical JSON: what is frozen at approval (R25)."""
    return hashlib.sha256(orjson.dumps(plan.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS)).hexdigest()


def require_submitted(action: str, state: str) -> None:
    """Raises `IllegalTransition` where there is no chain to decide."""
    if state != "submitted":
        raise IllegalTransition(action, state, list(list_allowed(state)))


def list_material(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """R37: the fields that make another plan of it, so that it must be approved again."""
    return sorted(name for name in MATERIAL if name in after and after[name] != before.get(name))


def judge_closure(verdict: Verdict | None, code: Closure | None, unfinished: Sequence[str]) -> Closure:
    """R39: the code under which a verified record closes; from the signed verdict, where none is given.

    Raises:
        Missing: no signature, or tasks that are neither done nor dropped.
        ClosureContradictsVerdict: achieved without a signed effective verdict, or not achieved in spite of one.
    """
    missing = [] if verdict else ["the signature under the effect"]
    missing += [f"task {task} to be done or dropped" for task in unfinished]
    if missing or verdict is None:
        raise Missing("close", missing)
    fitting = _CLOSURES[verdict]
    if code is not None and code not in fitting:
        raise ClosureContradictsVerdict(
            f"the signed verdict is '{verdict}': close as {' or '.join(fitting)}, not as '{code}'",
            fitting=list(fitting),
        )
    return code or fitting[0]


def require_other_approver(approver: str, requester: str, submitter: str | None) -> None:
    """R18: requester and submitter do not decide on their own record.

    Raises:
        ApproverIsRequester
    """
    if approver in (requester, submitter):
        raise ApproverIsRequester(f"'{approver}' asked for this approval; somebody else must decide")
