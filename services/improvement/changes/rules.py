"""When to ask again, and which outcome may follow which."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.problems import IllegalTransition, Malformed
from shared.ticketing.attempts import clamp_wait
from shared.ticketing.changes import ChangeOutcome

State = Literal["pending", "raised", "accepted", "implemented", "failed", "cancelled", "superseded"]
"""`cancelled`: given up before it was raised; `superseded`: it was raised, and its plan counts no more."""
Told = Literal["accepted", "implemented", "failed"]
Effect = Literal["moved", "no_news", "unknown_word", "superseded", "refused"]
OVER = ("superseded", "cancelled")
"""States that no outcome moves."""

CLOCK_SKEW = timedelta(minutes=5)
_AFTER: dict[str, tuple[Told, ...]] = {
    "raised": ("accepted", "implemented", "failed"),
    "accepted": ("implemented", "failed"),
}


def refer_to(improvement_id: object, revision: int) -> str:
    """What the remote record carries, and is searched by before one is created: one revision, one change."""
    return f"{improvement_id}:{revision}"


def poll_delay(
    failures: int,
    every: timedelta,
    schedule_seconds: Sequence[float],
    retry_after_seconds: float | None,
    luck: float,
) -> timedelta:
    """When to ask for the outcome again after asking in vain so often: never given up, at most as rarely as the
    schedule's last wait, or as the system asks."""
    planned = schedule_seconds[min(failures, len(schedule_seconds)) - 1] if schedule_seconds else 0.0
    return max(every, timedelta(seconds=planned * (1 + 0.1 * luck)), clamp_wait(retry_after_seconds))


def find_superseded(state: str, revision: int, changed_revision: int) -> str | None:
    """R35: why a change of this revision counts no more, for people to end it there; None while it counts."""
    if changed_revision != revision:
        return f"revision {changed_revision} of the plan replaced this one: end the record there by hand"
    if state in ("rejected", "withdrawn"):
        return f"the improvement was {state}: end the record there by hand"
    return None


def allow_raise(state: str, external_id: str | None) -> None:
    """A change that could not be raised is raised again; one that change control has refused is revised instead.

    Raises:
        IllegalTransition
    """
    if state != "failed":
        raise IllegalTransition("raise", state, list(_AFTER.get(state, ())))
    if external_id is not None:
        raise IllegalTransition("raise", "failed after it was raised", ["revise the improvement"])


def judge_outcome(
    state: str, accepted_at: datetime | None, implemented_at: datetime | None, told: ChangeOutcome, now: datetime
) -> bool:
    """R119: whether this outcome is news. What was told before is not; `implemented_at` may lie long in the past.

    Raises:
        IllegalTransition: names what may follow.
        Malformed: it lies in the future.
    """
    if told.implemented_at is not None and told.implemented_at > now + CLOCK_SKEW:
        raise Malformed(f"implemented_at: {told.implemented_at.isoformat()} lies in the future")
    if told.state == "raised":
        return False
    is_same = told.state == state and told.implemented_at in (None, implemented_at)
    if is_same or (told.state == "accepted" and accepted_at is not None):
        return False
    allowed = _AFTER.get(state, ())
    if told.state not in allowed:
        raise IllegalTransition(f"note '{told.state}'", state, list(allowed))
    return True
