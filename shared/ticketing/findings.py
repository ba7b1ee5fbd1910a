"""What the test of a connection found."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was tried: whether it went, and what was seen, or what would be right."""

    what: str
    ok: bool
    detail: str
