"""Use cases of participants: invite, answer, contribute, agree on the cause, remove (R33, R173)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.models import Improvement
from services.improvement.improvements.service import get_improvement
from services.improvement.participants import repository, rules
from services.improvement.participants.access import require_open, visible_improvement
from services.improvement.participants.models import Participant
from services.improvement.participants.schemas import AnswerBody, InvitationBody
from shared.auth import Principal, customer_of
from shared.http import check_version
from shared.ids import new_id
from shared.problems import IllegalTransition, Missing, NotFound, Problem


class ParticipantNotFound(NotFound):
    pass


class AlreadyInvited(Problem):
    """A person takes part in a record once."""

    status = 409


async def find_participant(session: AsyncSession, improvement_id: UUID, participant_id: UUID) -> Participant:
    """Raises `ParticipantNotFound`."""
    row = await repository.find(session, improvement_id, participant_id)
    if row is None:
        raise ParticipantNotFound(f"improvement {improvement_id} has no participant {participant_id}")
    return row


async def invite(
    session: AsyncSession, improvement_id: UUID, body: InvitationBody, actor: str, now: datetime
) -> Participant:
    """Ask somebody to take part in the analysis (R33).

    Raises:
        ImprovementNotFound, RecordIsOver, AlreadyInvited
    """
    require_open(await get_improvement(session, improvement_id), "invite")
    row = Participant(
        id=new_id(),
        improvement_id=improvement_id,
        version=1,
        state="invited",
        invited_by=actor,
        invited_at=now,
        **body.model_dump(),
    )
    if not await repository.insert(session, row):
        raise AlreadyInvited(f"person: '{body.person}' takes part in this improvement already")
    return row


async def answer_invitation(
    session: AsyncSession,
    improvement_id: UUID,
    participant_id: UUID,
    body: AnswerBody,
    caller: Principal,
    now: datetime,
) -> Participant:
    """Joined or declined.

    Raises:
        ImprovementNotFound, ParticipantNotFound, Forbidden, EvidenceNeeded
        IllegalTransition: it was answered before.
    """
    _, row = await _lock(session, improvement_id, participant_id, caller)
    rules.require_voice(caller, row.person, row.customer, body.evidence)
    if row.state != "invited":
        raise IllegalTransition("answer", row.state, _allowed(row.state))
    row.state, row.decline_reason, row.evidence = body.state, body.reason, body.evidence
    row.answered_by, row.answered_at = caller.subject, now
    row.version += 1
    return row


async def contribute(
    session: AsyncSession,
    improvement_id: UUID,
    participant_id: UUID,
    contribution: str,
    evidence: str | None,
    if_match: str | None,
    caller: Principal,
    now: datetime,
) -> Participant:
    """What the participant has to say about the cause (R33).

    Raises:
        ImprovementNotFound, ParticipantNotFound, Forbidden, EvidenceNeeded, RecordIsOver,
        PreconditionRequired, LostUpdate
        IllegalTransition: not a participant who joined.
    """
    record, row = await _lock(session, improvement_id, participant_id, caller)
    check_version(if_match, row.version)
    require_open(record, "contribute")
    rules.require_voice(caller, row.person, row.customer, evidence)
    if row.state != "joined":
        raise IllegalTransition("contribute", row.state, _allowed(row.state))
    row.contribution, row.contributed_at = contribution, now
    row.evidence = evidence or row.evidence
    row.version += 1
    return row


async def agree_on_cause(
    session: AsyncSession,
    improvement_id: UUID,
    participant_id: UUID,
    evidence: str | None,
    caller: Principal,
    now: datetime,
) -> Participant:
    """R173: the customer agrees on the root cause as the record names it now.

    Raises:
        ImprovementNotFound, ParticipantNotFound, Forbidden, EvidenceNeeded, RecordIsOver
        IllegalTransition: not a participant of the customer's who joined.
        Missing: the record names no cause yet.
    """
    record, row = await _lock(session, improvement_id, participant_id, caller)
    require_open(record, "agree on the cause")
    rules.require_voice(caller, row.person, row.customer, evidence)
    if row.state != "joined" or row.customer is None:
        wanted = "a participant of the customer's" if row.customer is None else "answer the invitation"
        raise IllegalTransition("agree on the cause", row.state, [wanted])
    if record.root_cause is None:
        raise Missing("agree on the cause", ["root_cause (what the analysis found)"])
    row.agreed_cause, row.agreed_by, row.agreed_at = record.root_cause, caller.subject, now
    row.agreed_evidence = evidence
    row.version += 1
    return row


async def remove(
    session: AsyncSession, improvement_id: UUID, participant_id: UUID, reason: str, caller: Principal, now: datetime
) -> Participant:
    """Takes part no more; the row stays.

    Raises:
        ImprovementNotFound, ParticipantNotFound, IllegalTransition
    """
    _, row = await _lock(session, improvement_id, participant_id, caller)
    if row.state == "removed":
        raise IllegalTransition("remove", row.state, [])
    row.state, row.removal_reason = "removed", reason
    row.removed_by, row.removed_at = caller.subject, now
    row.version += 1
    return row


async def _lock(
    session: AsyncSession, improvement_id: UUID, participant_id: UUID, caller: Principal
) -> tuple[Improvement, Participant]:
    record = await visible_improvement(session, improvement_id, caller)
    row = await repository.lock(session, improvement_id, participant_id)
    customer = customer_of(caller)
    if row is None or (customer is not None and row.customer != customer):
        raise ParticipantNotFound(f"improvement {improvement_id} has no participant {participant_id}")
    return record, row


def _allowed(state: str) -> list[str]:
    return {"invited": ["answer the invitation", "remove"], "joined": ["contribute", "remove"]}.get(
        state, ["invite again"]
    )
