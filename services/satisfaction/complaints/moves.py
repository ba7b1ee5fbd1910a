"""Which step may be taken with a complaint now, and by whom. Values in, verdict out.

Use cases ask before they write, and pages ask before they show a form: what is refused here is refused by both, for the
same reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.satisfaction.complaints import rules
from services.satisfaction.complaints.disputes.rules import check_dispute_runs, check_no_dispute
from shared.problems import Forbidden, Missing


@dataclass(frozen=True, slots=True)
class Mover:
    """Who wants to take a step: a manager acts in the owner's place, the service centre makes the follow-up call."""

    subject: str
    is_manager: bool = False
    makes_calls: bool = False


@dataclass(frozen=True, slots=True)
class Situation:
    """What the verdict looks at."""

    state: str
    owner: str | None
    offered_to: str | None
    complained_about: str | None
    pass_ons: int
    acknowledged_at: datetime | None
    answered_by: str | None
    silent_until: datetime | None
    held: bool

    @classmethod
    def of(cls, complaint: Any) -> "Situation":
        """From whatever has these attributes: the row, or what is shown of it."""
        return cls(**{name: getattr(complaint, name) for name in cls.__slots__})


def check_step(
    step: str, complaint: Situation, by: Mover, now: datetime, most_pass_ons: int, missing: tuple[str, ...] = ()
) -> None:
    """Whether `by` may take this step now. `missing` is what closing still needs.

    Raises:
        IllegalTransition: it does not fit the state.
        ComplainedAbout, NotTheOwner, NotOffered, AlreadyOffered, PassedOnTooOften, AlreadyAcknowledged,
        AnsweredYourself, StillSilent, LegalHold, DisputeRuns, NoDispute, Missing, Forbidden
    """
    rules.check(step, complaint.state)
    if step not in _OPEN_TO_THE_ACCUSED:
        rules.check_not_about(by.subject, complaint.complained_about, step)
    if step in _OWNERS:
        rules.check_owner(by.subject, by.is_manager, complaint.owner, step)
    further = _FURTHER.get(step)
    if further is not None:
        further(complaint, by)
    if step == "pass on":
        rules.check_pass_ons(complaint.pass_ons, most_pass_ons, by.is_manager)
    if step == "close":
        if complaint.state == "answered":
            rules.check_silence(complaint.silent_until, now)
        if missing:
            raise Missing("close the complaint", list(missing))


_OWNERS = frozenset(
    {"pass on", "acknowledge", "plan", "analyse the cause", "answer", "report progress", "close"}
)  # fmt: skip
"""R198: the owner's, or a manager's in their place."""

_OPEN_TO_THE_ACCUSED = frozenset({"note", "add a position", "pass on", "decline", "escalate"})
"""Whom a complaint is about says their side, and hands it to others."""


def _check_edit(complaint: Situation, by: Mover) -> None:
    if complaint.held:
        raise rules.LegalHold("a dispute runs: the original data stay as they are until it is settled; add a note")


def _check_take_over(complaint: Situation, by: Mover) -> None:
    rules.check_taking_over(by.subject, by.is_manager, complaint.owner, complaint.offered_to)


def _check_decline(complaint: Situation, by: Mover) -> None:
    if complaint.offered_to is None or (by.subject != complaint.offered_to and not by.is_manager):
        raise rules.NotOffered("only a complaint that is offered to you can be declined")


def _check_not_offered(complaint: Situation, by: Mover) -> None:
    rules.check_not_offered(complaint.offered_to)


def _check_acknowledge(complaint: Situation, by: Mover) -> None:
    if complaint.acknowledged_at is not None:
        raise rules.AlreadyAcknowledged(
            f"whoever complained was told so at {complaint.acknowledged_at:%Y-%m-%d %H:%M} UTC; "
            "answer it, or add a note"
        )


def _check_follow_up(complaint: Situation, by: Mover) -> None:
    if not by.makes_calls:
        raise Forbidden("the service centre makes the follow-up call; ask somebody of it")
    if by.subject == complaint.answered_by:
        raise rules.AnsweredYourself("you answered this complaint: somebody else asks whether the answer was good")


def _check_settle(complaint: Situation, by: Mover) -> None:
    check_dispute_runs(complaint.held)
    rules.check_owner(by.subject, by.is_manager, complaint.owner, "settle the dispute")


_FURTHER: Mapping[str, Callable[[Situation, Mover], None]] = {
    "edit": _check_edit,
    "take over": _check_take_over,
    "decline": _check_decline,
    "pass on": _check_not_offered,
    "acknowledge": _check_acknowledge,
    "answer": _check_not_offered,
    "follow up": _check_follow_up,
    "open a dispute": lambda complaint, by: check_no_dispute(complaint.held),
    "add a position": lambda complaint, by: check_dispute_runs(complaint.held),
    "settle the dispute": _check_settle,
}
