"""Who may call whom: one agent holds a customer at a time. Values in, verdict out."""

from datetime import datetime

from shared.problems import Problem


class HeldByAnother(Problem):
    """Somebody else is calling this customer."""

    status = 409


class NothingHeld(Problem):
    """Only a claim that holds can be given back."""

    status = 409


class InQuietHours(Problem):
    """Nobody calls at this hour."""

    status = 409


class NobodyToCall(Problem):
    """No callback can be called now."""

    status = 404


def check_free(holder: str | None, holder_name: str | None, expires_at: datetime | None, caller: str) -> None:
    """Nobody records a call to a customer whom somebody else is calling; None is nobody.

    Raises:
        HeldByAnother: names who holds the customer, and until when.
    """
    if holder is not None and holder != caller and expires_at is not None:
        raise HeldByAnother(
            f"{holder_name} holds this customer until {_tell(expires_at)}; call somebody else, or ask for a release",
            holder=holder,
            expires_at=expires_at,
        )


def check_hour(quiet_until: datetime | None, despite_quiet_hours: bool) -> None:
    """Raises `InQuietHours` where the customer is quiet and nobody said that it has to be all the same."""
    if quiet_until is not None and not despite_quiet_hours:
        raise InQuietHours(
            f"the customer's quiet hours end at {_tell(quiet_until)}; call then, or send despite_quiet_hours",
            quiet_until=quiet_until,
        )


def _tell(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
