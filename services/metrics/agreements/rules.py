"""What may happen to an agreement, when and by whom, and what makes its clauses and penalties sound; pure."""

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import orjson

from services.metrics.clauses.terms import (
    CountTerms,
    FrequencyTerms,
    FulfilmentTerms,
    Penalty,
    Promise,
    Tier,
    TimeTerms,
)
from shared.auth import Role
from shared.problems import IllegalTransition

State = Literal["design", "negotiating", "signed", "in_force", "under_review", "renewed", "terminated", "expired"]
Action = Literal[
    "edit",
    "negotiate",
    "confirm",
    "sign",
    "start_review",
    "conclude_review",
    "request_renegotiation",
    "renew",
    "terminate",
]
Party = Literal["provider", "customer"]
Subject = Literal["content", "glossary", "exemptions", "execution"]
AnyTerms = TimeTerms | CountTerms | FrequencyTerms | FulfilmentTerms

LIVING: tuple[State, ...] = ("signed", "in_force", "under_review")
"""Signed and not ended: such agreements may not promise the same twice."""

_FROM: Mapping[Action, tuple[State, ...]] = {
    "edit": ("design", "negotiating"),
    "negotiate": ("design",),
    "confirm": ("negotiating", *LIVING, "expired"),
    "sign": ("negotiating",),
    "start_review": ("in_force",),
    "conclude_review": ("under_review",),
    "request_renegotiation": LIVING,
    "renew": (*LIVING, "expired"),
    "terminate": ("design", "negotiating", *LIVING),
}
"""R157, R158."""

_MANAGERS = (Role.PROJECT_MANAGER, Role.QUALITY_MANAGER, Role.DEPARTMENT_HEAD, Role.OPERATIONS_MANAGER)
_SIGNERS = (Role.DEPARTMENT_HEAD, Role.TOP_MANAGEMENT, Role.OPERATIONS_MANAGER)
MAY: Mapping[Action, tuple[Role, ...]] = {
    "edit": _MANAGERS,
    "negotiate": _MANAGERS,
    "confirm": (*_MANAGERS, Role.TOP_MANAGEMENT),
    "sign": _SIGNERS,
    "start_review": _MANAGERS,
    "conclude_review": _MANAGERS,
    "request_renegotiation": (*_MANAGERS, Role.SERVICE_DESK, Role.PROCESS_OWNER),
    "renew": _MANAGERS,
    "terminate": _SIGNERS,
}

_SIGNED_TOGETHER: tuple[tuple[Party, Subject], ...] = (
    ("provider", "content"),
    ("customer", "content"),
    ("provider", "glossary"),
    ("customer", "glossary"),
)
_ENDED_TOGETHER: tuple[tuple[Party, Subject], ...] = (("provider", "execution"), ("customer", "execution"))


def check_allowed(action: Action, state: str) -> None:
    """Raises `IllegalTransition`, naming what is allowed from this state."""
    if state not in _FROM[action]:
        raise IllegalTransition(action.replace("_", " "), state, list(list_allowed(state)))


def list_allowed(state: str) -> list[Action]:
    """What may be done from this state."""
    return [action for action, states in _FROM.items() if state in states]


def subjects_of(state: str) -> tuple[Subject, ...]:
    """What can be confirmed in this state: the content before signing, the execution after (R160)."""
    return ("content", "glossary", "exemptions") if state == "negotiating" else ("execution",)


def digest_of(content: Mapping[str, Any]) -> str:
    """The sha256 of this content in one order of keys; what parties confirm by name."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def find_missing_to_sign(counted: Collection[tuple[str, str]], clauses: int, has_exemptions: bool) -> list[str]:
    """What signing still needs: a clause, and the present content and glossary confirmed by both parties (R71, R111,
    R171); where there are exemptions, the customer's acknowledgement of them (R192).

    `counted` are the `(party, subject)` that are confirmed for the present content.
    """
    missing = [] if clauses else ["a clause: an agreement promises something"]
    wanted = [*_SIGNED_TOGETHER, *([("customer", "exemptions")] if has_exemptions else [])]
    return missing + _describe(pair for pair in wanted if pair not in counted)


def find_missing_to_end(counted: Collection[tuple[str, str]], has_open_settlements: bool) -> list[str]:
    """What ending still needs: both parties confirm that it was executed (R160), and the fees are settled (R159)."""
    missing = _describe(pair for pair in _ENDED_TOGETHER if pair not in counted)
    return missing + (["the settlement of every period: one is still open"] if has_open_settlements else [])


def _describe(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [
        "the customer's acknowledgement of the exemptions"
        if subject == "exemptions"
        else f"the {party}'s confirmation of the {subject}"
        for party, subject in pairs
    ]


def is_expiring(effective_to: date, notice_days: int, today: date) -> bool:
    """R114: whether its notice period has begun and it has not ended."""
    return 0 <= (effective_to - today).days <= notice_days


def slug_of(number: str) -> str:
    """An agreement's number as a part of its measures' keys."""
    return number.lower().removeprefix("sla-")


def find_unsound_clause(
    terms: AnyTerms, services: Collection[str], effective_from: date, effective_to: date
) -> str | None:
    """Why this promise cannot be held against anything, with what would be right; None when it is sound."""
    for service in getattr(terms, "services", ()):
        if service not in services:
            return f"services: {service!r} is none of the agreement's ({', '.join(services)})"
    match terms:
        case TimeTerms(attainment=0.0):
            return "attainment: 0 promises nothing; write 95 % as 0.95"
        case TimeTerms(longest_minutes=int(longest), within_minutes=int(within)) if longest > within:
            return f"longest_minutes ({longest}) is more than within_minutes ({within}) allows in a whole period"
        case CountTerms(at_least=0.0):
            return "at_least: 0 promises nothing; give the least number that keeps the promise"
        case FrequencyTerms() if terms.tolerance_minutes >= terms.every_minutes:
            return (
                f"tolerance_minutes ({terms.tolerance_minutes}) must be less than every_minutes "
                f"({terms.every_minutes}), else an interval can be missed unseen"
            )
        case FulfilmentTerms(due_on=date() as due) if not effective_from <= due <= effective_to:
            return f"due_on: {due} does not lie between {effective_from} and {effective_to}, while the agreement counts"
    return None


def find_unsound_penalty(promise: Promise, penalty: Penalty, fee: Decimal) -> str | None:
    """R169: why these tiers are unsound, with what would be right; None when they are sound.

    From the promise to the worst value they follow each other without overlap or hole, lie where the promise is
    missed, cost at least as much the worse the value is, and the worst one is open. `fee` is the period's.
    """
    for tier in penalty.tiers:
        if not all(bound is None or math.isfinite(bound) for bound in (tier.low, tier.high)):
            return f"{_bounds(tier)}: a bound is a number, or left out where there is none"
        if tier.percent_of_fee is not None and not fee:
            return (
                f"{_bounds(tier)}: a percentage of no fee is nothing; give the agreement a fee, or the tier an amount"
            )
        kept = _find_on_kept_side(promise, tier)
        if kept is not None:
            return kept
    tiers = sorted(penalty.tiers, key=lambda tier: -math.inf if tier.low is None else tier.low)
    return _find_unsound_step(tiers) or _find_unsound_course(promise, tiers, fee)


def _find_on_kept_side(promise: Promise, tier: Tier) -> str | None:
    if promise.direction == "higher_is_better":
        if tier.high is None or tier.high > promise.target:
            hint = "; write 95 % as 0.95" if promise.unit == "ratio" and (tier.high or tier.low or 0) > 1 else ""
            return (
                f"{_bounds(tier)}: values from {promise.target} up keep the promise and cost nothing; "
                f"high must be at most {promise.target}{hint}"
            )
    elif tier.low is None or tier.low <= promise.target:
        return (
            f"{_bounds(tier)}: values up to and with {promise.target} keep the promise and cost nothing; "
            f"low must be more than {promise.target}"
        )
    return None


def _find_unsound_step(tiers: list[Tier]) -> str | None:
    for lower, upper in pairwise(tiers):
        if lower.high is None or upper.low is None or upper.low < lower.high:
            return f"{_bounds(lower)} and {_bounds(upper)} overlap; one must end where the next begins"
        if upper.low > lower.high:
            return (
                f"between {_bounds(lower)} and {_bounds(upper)} is a hole: what does {lower.high} cost? "
                f"Let the second begin at {lower.high}"
            )
    return None


def _find_unsound_course(promise: Promise, tiers: list[Tier], fee: Decimal) -> str | None:
    higher = promise.direction == "higher_is_better"
    from_best = tiers[::-1] if higher else tiers
    for better, worse in pairwise(from_best):
        if cost_of(worse, fee) < cost_of(better, fee):
            return (
                f"{_bounds(worse)} costs {cost_of(worse, fee)} and the better {_bounds(better)} costs "
                f"{cost_of(better, fee)}; a worse value must cost at least as much"
            )
    worst = from_best[-1]
    if higher and worst.low is not None and worst.low > 0:
        return f"{_bounds(worst)}: a value below {worst.low} is worse and would cost nothing; leave its low out"
    if not higher and worst.high is not None:
        return f"{_bounds(worst)}: a value from {worst.high} up is worse and would cost nothing; leave its high out"
    return None


def cost_of(tier: Tier, fee: Decimal) -> Decimal:
    """What this tier costs of such a fee, before any cap."""
    if tier.amount is not None:
        return Decimal(str(tier.amount))
    return fee * Decimal(str(tier.percent_of_fee)) / 100


def _bounds(tier: Tier) -> str:
    low = "−∞" if tier.low is None else tier.low
    return f"tier {low} … {'∞' if tier.high is None else tier.high}"


class Signatory(NamedTuple):
    """Who stands behind a confirmation: the token's subject, and the name of who confirms."""

    confirmed_by: str
    signatory: str


def find_other_side(party: str, person: Signatory, earlier: Iterable[tuple[str, Signatory]]) -> Signatory | None:
    """An earlier confirmation for the other party by the same person, by token or by name; None when there is none."""
    for side, other in earlier:
        same_name = other.signatory.casefold() == person.signatory.casefold()
        if side != party and (other.confirmed_by == person.confirmed_by or same_name):
            return other
    return None
