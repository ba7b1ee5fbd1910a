"""When to try again, and which outcome may follow which."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from shared.problems import IllegalTransition, Malformed
from shared.ticketing.changes import ChangeOutcome

State = Literal["pending", "raised", "accepted", "implemented", "failed", "cancelled"]
Told = Literal["accepted", "implemented", "failed"]

CLOCK_SKEW = timedelta(minutes=5)
_AFTER: dict[str, tuple[Told, ...]] = {
    "raised": ("accepted", "implemented", "failed"),
    "accepted": ("implemented", "failed"),
}


def refer_to(improvement_id: object, revision: int) -> str:
    """What the remote record carries, and is searched by before one is created: one revision, one change."""
    return f"{improvement_id}:{revision}"


def retry_delay(failures: int, schedule_seconds: Sequence[float], luck: float) -> timedelta | None:
    """How long to wait after this many failures; None when the schedule is over.

    `luck` (0 to 1) spreads the waits over up to a tenth more, so that many do not come back at once.
    """
    if failures > len(schedule_seconds):
        return None
    return timedelta(seconds=schedule_seconds[failures - 1] * (1 + 0.1 * luck))


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
