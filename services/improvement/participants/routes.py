"""REST of participants."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.service import get_improvement
from services.improvement.participants import repository, rules, service
from services.improvement.participants.access import visible_improvement
from services.improvement.participants.models import Participant
from services.improvement.participants.schemas import (
    AgreementBody,
    AnswerBody,
    CauseView,
    ContributionBody,
    InvitationBody,
    ParticipantView,
    RemovalBody,
)
from shared import clock
from shared.auth import STAFF, Principal, Role, customer_of, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("participants")

Reader = Annotated[Principal, Depends(require(*STAFF, Role.CUSTOMER))]
Inviter = Annotated[Principal, Depends(require(*rules.INVITERS))]


async def _answer(session: AsyncSession, row: Participant, response: Response) -> ParticipantView:
    response.headers["ETag"] = etag(row.version)
    record = await get_improvement(session, row.improvement_id)
    return ParticipantView.of(row, record.root_cause)


@routes.get("/improvements/{improvement_id}/participants")
async def list_participants(
    improvement_id: UUID, session: Reading, caller: Reader, limit: Limit = 100, cursor: Cursor = None
) -> Page[ParticipantView]:
    """All who were invited, removed ones too, oldest first. A customer is shown its own people."""
    record = await visible_improvement(session, improvement_id, caller)
    after = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_after(session, improvement_id, customer_of(caller), after, limit + 1)
    shown = [ParticipantView.of(row, record.root_cause) for row in rows]
    return page(shown, limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/improvements/{improvement_id}/participants", status_code=201)
async def invite(
    improvement_id: UUID, body: InvitationBody, session: Writing, caller: Inviter, response: Response
) -> ParticipantView:
    """Invite a process owner, an engineer, the customer … to the analysis. 409 where the person takes part already."""
    row = await service.invite(session, improvement_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/improvements/{improvement_id}/participants/{row.id}"
    return await _answer(session, row, response)


@routes.get("/improvements/{improvement_id}/participants/{participant_id}")
async def get_participant(
    improvement_id: UUID, participant_id: UUID, session: Reading, caller: Reader, response: Response
) -> ParticipantView:
    """One of them."""
    await visible_improvement(session, improvement_id, caller)
    row = await service.find_participant(session, improvement_id, participant_id)
    customer = customer_of(caller)
    if customer is not None and row.customer != customer:
        raise service.ParticipantNotFound(f"improvement {improvement_id} has no participant {participant_id}")
    return await _answer(session, row, response)


@routes.post("/improvements/{improvement_id}/participants/{participant_id}/answer")
async def answer_invitation(
    improvement_id: UUID, participant_id: UUID, body: AnswerBody, session: Writing, caller: Reader, response: Response
) -> ParticipantView:
    """Join or decline; staff may record somebody's answer with the document that holds it."""
    row = await service.answer_invitation(session, improvement_id, participant_id, body, caller, clock.now())
    return await _answer(session, row, response)


@routes.put("/improvements/{improvement_id}/participants/{participant_id}/contribution")
async def put_contribution(
    improvement_id: UUID,
    participant_id: UUID,
    body: ContributionBody,
    session: Writing,
    caller: Reader,
    response: Response,
    if_match: IfMatch = None,
) -> ParticipantView:
    """What the participant has to say about the cause."""
    row = await service.contribute(
        session, improvement_id, participant_id, body.contribution, body.evidence, if_match, caller, clock.now()
    )
    return await _answer(session, row, response)


@routes.post("/improvements/{improvement_id}/participants/{participant_id}/cause-agreement")
async def agree_on_cause(
    improvement_id: UUID,
    participant_id: UUID,
    session: Writing,
    caller: Reader,
    response: Response,
    body: AgreementBody | None = None,
) -> ParticipantView:
    """The customer agrees on the root cause as the record names it now."""
    evidence = body.evidence if body else None
    row = await service.agree_on_cause(session, improvement_id, participant_id, evidence, caller, clock.now())
    return await _answer(session, row, response)


@routes.post("/improvements/{improvement_id}/participants/{participant_id}/removal")
async def remove(
    improvement_id: UUID,
    participant_id: UUID,
    body: RemovalBody,
    session: Writing,
    caller: Inviter,
    response: Response,
) -> ParticipantView:
    """Takes part no more; the row stays."""
    row = await service.remove(session, improvement_id, participant_id, body.reason, caller, clock.now())
    return await _answer(session, row, response)


@routes.get("/improvements/{improvement_id}/cause")
async def get_cause(improvement_id: UUID, session: Reading, caller: Reader) -> CauseView:
    """The root cause, and whether the customer agreed on it."""
    record = await visible_improvement(session, improvement_id, caller)
    rows = [row for row in await repository.list_of(session, improvement_id) if row.agreed_at is not None]
    customer = customer_of(caller)
    shown = [ParticipantView.of(row, record.root_cause) for row in rows if customer in (None, row.customer)]
    return CauseView(
        root_cause=record.root_cause,
        agreed=rules.is_agreed(record.root_cause, [row.agreed_cause for row in rows]),
        agreements=shown,
    )
