"""The link by which a customer answers: a secret for one answer, and for a while. Values in, verdict out."""

from datetime import datetime


def is_usable(expires_at: datetime, used_at: datetime | None, withdrawn_at: datetime | None, now: datetime) -> bool:
    """A link answers once, until it expires or another one takes its place."""
    return used_at is None and withdrawn_at is None and now < expires_at
