"""The only clock. Rules never read it: they take the time as a parameter."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
