"""When a negotiation is late, and when its outcome can be told; pure."""

from collections.abc import Collection
from datetime import date
from typing import Literal, get_args

from services.metrics.agreements.rules import Party

State = Literal["open", "agreed", "not_agreed"]


def is_overdue(state: str, deadline: date, today: date) -> bool:
    """R170: still open after the last day that was given to it."""
    return state == "open" and deadline < today


def find_missing_to_agree(heard: Collection[str]) -> list[str]:
    """R170: parties agree when both were heard."""
    return [f"the position of the {party}" for party in get_args(Party) if party not in heard]
