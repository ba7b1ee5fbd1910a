"""What is written into the incident, and what may be tried again."""

from typing import Literal

from shared.problems import IllegalTransition

State = Literal["due", "reopened", "already_open", "not_configured", "failed"]
RETRIABLE = ("failed", "not_configured")


def write_note(solved: str, comment: str | None, callback_id: object) -> str:
    """R81: what people at the ticketing system read."""
    answer = {"no": "is not solved", "partly": "is solved only in part"}.get(solved, "is not solved")
    said = f' They said: "{comment}"' if comment else ""
    return f"Reopened: in the callback the customer answered that this {answer}.{said} (callback {callback_id})"


def allow_retry(state: str) -> None:
    """Raises `IllegalTransition` for what is under way or done."""
    if state not in RETRIABLE:
        raise IllegalTransition("retry", state, [])
