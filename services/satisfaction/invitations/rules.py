"""When an invitation may be used, and what follows a mail: values in, verdict out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.mail import Outcome


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a campaign asks again: every so many days (0: never), at most so often (None: until it is answered,
    stopped or closed)."""

    every_days: int
    at_most: int | None
    closes_at: datetime | None


@dataclass(frozen=True, slots=True)
class Step:
    """Where an invitation stands after a mail was tried."""

    sent: int
    attempts: int
    next_mail_at: datetime | None
    last_error: str | None


def is_usable(invitation_state: str, campaign_state: str, closes_at: datetime | None, now: datetime) -> bool:
    """A link answers once, while its campaign runs."""
    is_running = campaign_state == "launched" and (closes_at is None or now < closes_at)
    return invitation_state == "open" and is_running


def find_reminder(sent: int, rhythm: Rhythm, now: datetime) -> datetime | None:
    """When to ask again after so many mails; None: never."""
    if rhythm.every_days <= 0 or (rhythm.at_most is not None and sent > rhythm.at_most):
        return None
    at = now + timedelta(days=rhythm.every_days)
    return at if rhythm.closes_at is None or at < rhythm.closes_at else None


def follow_mail(
    outcome: Outcome, sent: int, attempts: int, rhythm: Rhythm, now: datetime, retries: Sequence[timedelta]
) -> Step:
    """What comes next. A mail that the server refused for good is never tried again, nor is anybody reminded there. One
    that did not go out is tried again by the schedule. Of one whose end nobody knows it is assumed that it went out:
    nobody gets two mails for one step."""
    match outcome.result:
        case "sent":
            return Step(sent + 1, 0, find_reminder(sent + 1, rhythm, now), None)
        case "unknown":
            return Step(sent + 1, 0, find_reminder(sent + 1, rhythm, now), outcome.detail)
        case "refused":
            return Step(sent, attempts + 1, None, outcome.detail)
        case "failed" if attempts < len(retries):
            return Step(sent, attempts + 1, now + retries[attempts], outcome.detail)
        case "failed":
            return Step(sent, 0, find_reminder(sent, rhythm, now), outcome.detail)
