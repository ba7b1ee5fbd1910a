"""One attempt at doing something in a ticketing system: what came of it, as it is kept, and how long to wait then."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any, NamedTuple, TypeVar

import structlog

from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed

CALL_SECONDS = 120.0
LEASE = timedelta(seconds=CALL_SECONDS + 60)
"""Longer than an attempt may last; after it, whoever died in it is taken for dead."""
LONGEST_RETRY_AFTER = timedelta(days=1)
_LONGEST_ERROR = 2000

T = TypeVar("T")
_log = structlog.get_logger(__name__)


class Failure(NamedTuple):
    """Why an attempt failed; `is_lasting`: trying again changes nothing before a person has mended something."""

    reason: str
    retry_after_seconds: float | None = None
    is_lasting: bool = False


async def attempt(call: Awaitable[T], **known: str) -> T | Failure:
    """What it answered, or why it did not, whatever it raises: the attempt is a row, and the next one comes. `known` is
    what the log says of one that crashed."""
    try:
        async with asyncio.timeout(CALL_SECONDS):
            return await call
    except RemoteFailed as error:
        return Failure(_cut(str(error)), error.retry_after_seconds, error.is_lasting)
    except Unmappable as error:
        return Failure(_cut(str(error)))
    except TimeoutError:
        return Failure(f"it was not done within {CALL_SECONDS:g} s")
    except Exception as error:
        _log.exception("ticketing_attempt_crashed", **known)
        return Failure(repr(error)[:500])


def describe_failure(failure: Failure) -> dict[str, Any]:
    """The columns of an attempt that failed."""
    asked = failure.retry_after_seconds
    return {
        "outcome": "failed",
        "error": failure.reason,
        "is_lasting": failure.is_lasting,
        "retry_after_seconds": None if asked is None else int(clamp_wait(asked).total_seconds()),
    }


def retry_delay(
    failures: int, schedule_seconds: Sequence[float], retry_after_seconds: float | None, luck: float
) -> timedelta | None:
    """How long to wait after this many failures; None when the schedule is over.

    What the system asks for (`Retry-After`) counts where it is longer, up to a day. `luck` (0 to 1) spreads the waits
    over up to a tenth more, so that many do not come back at once.
    """
    if failures > len(schedule_seconds):
        return None
    planned = timedelta(seconds=schedule_seconds[failures - 1] * (1 + 0.1 * luck))
    return max(planned, clamp_wait(retry_after_seconds))


def clamp_wait(retry_after_seconds: float | None) -> timedelta:
    """What a system asks for, at most a day."""
    return timedelta(seconds=min(retry_after_seconds or 0.0, LONGEST_RETRY_AFTER.total_seconds()))


def _cut(reason: str) -> str:
    """What a system said, as it can be kept."""
    return reason.replace("\x00", "")[:_LONGEST_ERROR]
