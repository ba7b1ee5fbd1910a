"""What is sent, signed how, and when it is tried again (R207)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from standardwebhooks import Webhook

State = Literal["pending", "delivering", "succeeded", "failed", "exhausted", "cancelled"]
GONE = 410
_DIGITS = re.compile(r"[0-9]{1,300}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt got: a status, or an error that says why there was none. `excerpt` is the beginning of the
    answer's body."""

    at: datetime
    latency_ms: int
    status: int | None = None
    error: str | None = None
    excerpt: str = ""
    retry_after: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def summary(self) -> str:
        """The status, and what was wrong beside it."""
        return ": ".join(str(part) for part in (self.status, self.error) if part is not None)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The wait after each failure, in seconds; each is longer or shorter by up to the share `jitter`."""

    delays_seconds: Sequence[float]
    jitter: float
    retry_after_limit_seconds: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery after an attempt; `next_attempt_at` is set when it waits again."""

    state: State
    next_attempt_at: datetime | None = None


def judge_answer(answer: Answer, failures: int, schedule: Schedule, now: datetime, chance: float) -> Verdict:
    """R207: 2xx is success, 410 the end; else the schedule, and not before `Retry-After`, clamped.

    `failures` were before this attempt; `chance` from 0 to 1 picks the jitter.
    """
    if answer.succeeded:
        return Verdict("succeeded")
    if answer.status == GONE:
        return Verdict("failed")
    if failures >= len(schedule.delays_seconds):
        return Verdict("exhausted")
    wait = schedule.delays_seconds[failures] * (1 + schedule.jitter * (2 * chance - 1))
    asked = read_retry_after(answer.retry_after, now)
    if asked is not None:
        wait = max(wait, min(asked, schedule.retry_after_limit_seconds))
    return Verdict("pending", now + timedelta(seconds=wait))


def read_retry_after(value: str | None, now: datetime) -> float | None:
    """Seconds from now: the header holds seconds or an HTTP date (RFC 9110); None when it holds neither."""
    if value is None:
        return None
    if _DIGITS.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return max((at - now).total_seconds(), 0.0)


def thin_body(body: bytes) -> bytes:
    """The envelope without its data, the same bytes each time."""
    document = orjson.loads(body)
    document.pop("data", None)
    return orjson.dumps(document)


def signs(old_secret: Mapping[str, Any], now: datetime) -> bool:
    """R207: whether the grace of this old secret lasts."""
    return datetime.fromisoformat(old_secret["valid_until"]) > now


def sign(secrets: Iterable[str], event_id: UUID, at: datetime, body: bytes) -> str:
    """The `webhook-signature` header: one Standard Webhooks signature per secret.

    The library takes a time for UTC whatever its zone says: it is given UTC.
    """
    content = body.decode()
    return " ".join(Webhook(secret).sign(str(event_id), at.astimezone(UTC), content) for secret in secrets)
