"""What may be done with a suggestion. Values in, verdict out."""

from datetime import datetime

from shared.problems import IllegalTransition, Missing, Problem


class NamelessSuggestion(Problem):
    """An anonymous suggestion keeps no name."""

    status = 422


class NotAfterReceipt(Problem):
    status = 422


def format_number(number: int) -> str:
    return f"SUG-{number:06d}"


def check_names(anonymous: bool, *names: str | None) -> None:
    """Raises `NamelessSuggestion`."""
    if anonymous and any(names):
        raise NamelessSuggestion("an anonymous suggestion names no person, contact or customer; leave them out")


def check_open(action: str, state: str) -> None:
    """Raises `IllegalTransition`."""
    if state != "received":
        raise IllegalTransition(action, state, [])


def check_contact(has_contact: bool, contacted_at: datetime | None, received_at: datetime, now: datetime) -> None:
    """R195: whoever can be reached is told what comes of it.

    Raises:
        Missing, NotAfterReceipt
    """
    if contacted_at is None:
        if has_contact:
            raise Missing("answer the suggestion", ["contacted_at, when whoever made it was told"])
    elif not received_at <= contacted_at <= now:
        raise NotAfterReceipt("contacted_at: lies between the receipt and now")


def is_overdue(state: str, due_at: datetime, now: datetime) -> bool:
    return state == "received" and due_at < now
