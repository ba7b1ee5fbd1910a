"""What is written into the incident, when to try again, and what may be tried again."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

from shared.problems import IllegalTransition

State = Literal["due", "reopened", "already_open", "not_configured", "failed"]
RETRIABLE = ("failed", "not_configured")
LONGEST_RETRY_AFTER = timedelta(days=1)


def write_note(solved: str, comment: str | None, callback_id: object) -> str:
    """R81: what people at the ticketing system read."""
    answer = {"no": "is not solved", "partly": "is solved only in part"}.get(solved, "is not solved")
    said = f' They said: "{comment}"' if comment else ""
    return f"Reopened: in the callback the customer answered that this {answer}.{said} (callback {callback_id})"


def retry_delay(
    failures: int, schedule_seconds: Sequence[float], retry_after_seconds: float | None, luck: float
) -> timedelta | None:
    """How long to wait after this many failures; None when the schedule is over. What the system asks for counts where
    it is longer, up to a day. `luck` (0 to 1) spreads the waits over up to a tenth more."""
    if failures > len(schedule_seconds):
        return None
    planned = timedelta(seconds=schedule_seconds[failures - 1] * (1 + 0.1 * luck))
    return max(planned, min(timedelta(seconds=retry_after_seconds or 0), LONGEST_RETRY_AFTER))


def allow_retry(state: str) -> None:
    """Raises `IllegalTransition` for what is under way or done."""
    if state not in RETRIABLE:
        raise IllegalTransition("retry", state, [])
