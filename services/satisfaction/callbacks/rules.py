"""The callback after every resolution, as the regulation says it (R59, R80–R82, F23): values in, verdict out."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.problems import IllegalTransition, Missing, Problem

State = Literal["due", "completed", "unreachable", "cancelled"]
Outcome = Literal["no_answer", "busy", "wrong_number", "refused", "reached"]

WITHIN = timedelta(hours=24)
_ASIDE = re.compile(r"\([^)]*\)|<[^>]*>")
_WORD = re.compile(r"[^\W_]+")
_ACTIONS: dict[State, list[str]] = {
    "due": ["claim", "attempts", "complete", "unreachable", "link"],
    "completed": [],
    "unreachable": [],
    "cancelled": [],
}


class CallerIsResolver(Problem):
    """Nobody asks the customer about their own work."""

    status = 409


class TimeInFuture(Problem):
    """What has not happened yet cannot be recorded."""

    status = 409


class TimeBeforeResolution(Problem):
    """Nobody can be asked about a resolution before it."""

    status = 409


class NextAttemptNotLater(Problem):
    """The next attempt comes after this one."""

    status = 409


def compute_due_at(resolved_at: datetime) -> datetime:
    """R80: due 24 h after resolution, by the calendar and not by service hours."""
    return resolved_at + WITHIN


def is_overdue(state: str, due_at: datetime, now: datetime) -> bool:
    """R80: the 24 h are over and nobody has settled it."""
    return state == "due" and due_at < now


def is_history(due_at: datetime, heard_at: datetime, after: timedelta) -> bool:
    """R80: whether a resolution is heard of so long after its 24 hours (an import of old tickets) that nobody is asked
    to call. It counts like any other (F23)."""
    return heard_at - due_at >= after


def find_level(due_at: datetime, now: datetime, hours_from_deadline: Sequence[float]) -> int:
    """R80: the level of escalation that is reached, 0 before the first; a level at -4 is reached 4 h before."""
    return sum(now >= due_at + timedelta(hours=hours) for hours in hours_from_deadline)


def is_at_risk(
    state: str, call_by: datetime, due_at: datetime, now: datetime, hours_from_deadline: Sequence[float]
) -> bool:
    """R80: still due and in time, and the first level before the deadline is reached; what cannot be called at its
    deadline for quiet hours is at risk as long before they begin."""
    ahead = [hours for hours in hours_from_deadline if hours < 0]
    return state == "due" and due_at >= now and find_level(call_by, now, ahead) > 0


def is_on_time(completed_at: datetime, due_at: datetime) -> bool:
    """R80, F23: completed within 24 h, the last moment included."""
    return completed_at <= due_at


def is_disputed(solved: str) -> bool:
    """R81: the customer says that it is not solved; "partly" is not a dispute."""
    return solved == "no"


def is_dissatisfied(score: int, up_to_score: int) -> bool:
    """R82: a score at or below the threshold."""
    return score <= up_to_score


def is_failed(outcome: str) -> bool:
    """Whether an attempt with this outcome counts towards giving up."""
    return outcome != "reached"


def find_cancelling(resolution_number: int, reopened_numbers: Iterable[int]) -> int | None:
    """R59: which of a ticket's reopens ends this resolution's callback: the first that undoes it or a later one."""
    return min((number for number in reopened_numbers if number >= resolution_number), default=None)


def check_caller(known_as: Iterable[str], resolver: str | None) -> None:
    """R81: whoever resolved the incident does not ask whether it is resolved.

    Raises:
        CallerIsResolver: the ticket names as its resolver what the caller is known as.
    """
    if is_resolver(known_as, resolver):
        raise CallerIsResolver(f"'{resolver}' resolved this incident; somebody else has to ask the customer")


def is_resolver(known_as: Iterable[str], resolver: str | None) -> bool:
    """Whether one of these names is the ticket's resolver, as ticketing systems write people: `li.wei`, `Li Wei`,
    `Wei, Li`, `li.wei@example.com`, `EXAMPLE\\li.wei` and `Li Wei (network)` are one. Two people with one name are
    taken for one, too: then a third one calls."""
    if resolver is None:
        return False
    resolved_by = _list_forms(resolver)
    return any(not resolved_by.isdisjoint(_list_forms(name)) for name in known_as)


def check_open(action: str, state: str) -> None:
    """Only a callback that is due goes on.

    Raises:
        IllegalTransition: names the state and what is allowed from it.
    """
    allowed = list_allowed_actions(state)
    if not allowed:
        raise IllegalTransition(action, state, allowed)


def list_allowed_actions(state: str) -> list[str]:
    """What may be done in this state: the last segments of the routes that do it."""
    return next(actions for known, actions in _ACTIONS.items() if known == state)


def check_moment(field: str, moment: datetime, resolved_at: datetime, now: datetime) -> None:
    """A contact happened after the resolution that it is about, and not later than now.

    Raises:
        TimeInFuture, TimeBeforeResolution: name the field and both times.
    """
    if moment > now:
        raise TimeInFuture(f"{field}: {_tell(moment)} lies in the future; it is {_tell(now)} now")
    if moment < resolved_at:
        raise TimeBeforeResolution(f"{field}: {_tell(moment)} lies before the resolution at {_tell(resolved_at)}")


def check_next_attempt(next_attempt_at: datetime | None, attempted_at: datetime) -> None:
    """Raises `NextAttemptNotLater` where the time agreed with the customer does not follow the attempt."""
    if next_attempt_at is not None and next_attempt_at <= attempted_at:
        raise NextAttemptNotLater(
            f"next_attempt_at: {_tell(next_attempt_at)} must lie after the attempt at {_tell(attempted_at)}"
        )


def check_exhausted(failed_attempts: int, needed: int) -> None:
    """F23: the unreachable stay in the denominator, and nobody becomes one without honest attempts.

    Raises:
        Missing: says how many failed attempts are missing.
    """
    missing = needed - failed_attempts
    if missing > 0:
        attempts = "failed attempt" if missing == 1 else "failed attempts"
        raise Missing("give up", [f"{missing} more {attempts} ({failed_attempts} of {needed} recorded)"])


def _list_forms(name: str) -> frozenset[str]:
    """A person's name without case, width, punctuation, domain and asides: its words joined, and its words in order of
    the alphabet. Empty where nothing is left."""
    plain = _ASIDE.sub(" ", unicodedata.normalize("NFKC", name).casefold())
    words = _WORD.findall(plain.rpartition("\\")[2].partition("@")[0])
    return frozenset(("".join(words), " ".join(sorted(words)))) if words else frozenset()


def _tell(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
