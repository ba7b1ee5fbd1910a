"""What a reader of a value ought to know of it; pure."""

from typing import Literal

Origin = Literal["computed", "reported", "clause"]


def find_flags(n: int, missing: int, *, provisional: bool, revision: int) -> tuple[str, ...]:
    """What a reader of the value ought to know (R142): `no_data`, `incomplete` (data are missing for some),
    `mostly_missing` (for half and more), `provisional`, `restated`."""
    flags = []
    if n == 0:
        flags.append("no_data")
    if missing:
        flags.append("mostly_missing" if missing >= n else "incomplete")
    if provisional:
        flags.append("provisional")
    if revision > 1:
        flags.append("restated")
    return tuple(flags)
