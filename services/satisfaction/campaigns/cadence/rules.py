"""R83: the company's customers are surveyed at least once a year. Values in, verdict out."""

from datetime import datetime, timedelta


def find_due(since: datetime, launched_at: datetime | None, every_days: int) -> datetime:
    """When the next one has to be launched: so long after the last, or after the installation began."""
    return max(since, launched_at or since) + timedelta(days=every_days)


def is_to_tell(due_at: datetime, told_at: datetime | None, now: datetime, every_days: int) -> bool:
    """Once when it is overdue, and again after as long; a launch begins anew."""
    if now < due_at:
        return False
    return told_at is None or told_at < due_at or now >= told_at + timedelta(days=every_days)
