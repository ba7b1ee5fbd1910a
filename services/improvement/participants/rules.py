"""Who speaks for a participant, and who may see a record; pure."""

from collections.abc import Iterable
from typing import Literal

from shared.auth import Principal, Role, is_staff
from shared.problems import Forbidden, Problem

ParticipantRole = Literal["analyst", "process_owner", "engineer", "approver_informed", "observer", "customer"]
State = Literal["invited", "joined", "declined", "removed"]

INVITERS = (
    Role.PROCESS_OWNER,
    Role.IMPROVEMENT_SUPERVISOR,
    Role.OPERATIONS_MANAGER,
    Role.QUALITY_MANAGER,
    Role.PROJECT_MANAGER,
    Role.ENGINEER,
)
"""R33: whoever works on the record invites to its analysis."""

OVER = ("rejected", "withdrawn", "closed")
"""A record in such a state is not worked on any more."""


class EvidenceNeeded(Problem):
    """Somebody records what another person said, without naming the document."""

    status = 422


def speaks_for(caller: Principal, person: str, customer: str | None) -> bool:
    """Whether the caller is this participant: the person, or for a customer's person anybody of that customer."""
    if is_staff(caller):
        return customer is None and caller.subject == person
    return customer is not None and caller.customer == customer


def require_voice(caller: Principal, person: str, customer: str | None, evidence: str | None) -> None:
    """R173: a participant answers for themselves; staff may record the answer with the document that holds it.

    Raises:
        Forbidden: a customer's token speaks for somebody else.
        EvidenceNeeded: staff record somebody's answer and name no document.
    """
    if speaks_for(caller, person, customer):
        return
    if not is_staff(caller):
        raise Forbidden(f"'{caller.subject}' is a customer's token and speaks for the customer '{caller.customer}'")
    if evidence is None:
        raise EvidenceNeeded(
            f"evidence: '{person}' answers for themselves; to record the answer, name the document that holds it"
        )


def is_agreed(cause: str | None, agreed_causes: Iterable[str | None]) -> bool:
    """R173: the customer agreed on this very root cause, not on one that was changed afterwards."""
    return cause is not None and cause in agreed_causes
