"""Who may change what was said, and for how long; pure."""

from datetime import datetime, timedelta
from typing import Literal

from shared.problems import Problem

Kind = Literal["comment", "progress", "decision"]


class NotTheAuthor(Problem):
    """What somebody said is changed by nobody else."""

    status = 403


class NoLongerEditable(Problem):
    """What was said stands; it can be retracted with a reason, and said anew."""

    status = 409


def require_editable(
    kind: str, author: str, caller: str, written_at: datetime, now: datetime, minutes: int, retracted: bool
) -> None:
    """R19: the author mends a slip within `minutes`; after that others may have answered, and it stands.

    A decision stands from the first moment: what was decided is put right by another decision.

    Raises:
        NotTheAuthor, NoLongerEditable
    """
    if caller != author:
        raise NotTheAuthor(f"'{author}' wrote this; answer with an entry of your own")
    if retracted:
        raise NoLongerEditable("this was retracted; write another entry")
    if kind == "decision":
        raise NoLongerEditable("a decision on the record stands; record another decision, or retract it with a reason")
    if now - written_at > timedelta(minutes=minutes):
        raise NoLongerEditable(
            f"an entry can be edited for {minutes} minutes; write another one, or retract this with a reason"
        )
