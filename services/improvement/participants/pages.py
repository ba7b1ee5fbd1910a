"""The forms of who takes part, on the record's page."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.showing import take
from services.improvement.participants import service
from services.improvement.participants.routes import Inviter
from services.improvement.participants.schemas import (
    AgreementBody,
    AnswerBody,
    ContributionBody,
    InvitationBody,
    RemovalBody,
)
from shared import clock
from shared.auth import Principal, Staff
from shared.pages import page_router
from shared.pages.forms import given, read_form

pages = page_router()

_ONE = "/improvements/{improvement_id}/participants/{participant_id}"


@pages.post("/improvements/{improvement_id}/participants/add")
async def take_invitation(request: Request, improvement_id: UUID, caller: Inviter) -> Response:
    """Somebody is asked to take part."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = InvitationBody.model_validate(given(typed, "person", "role", "customer", "note"))
        return await service.invite(session, improvement_id, body, caller.subject, clock.now())

    return await take(request, improvement_id, caller, "participants/add", typed, act)


@pages.post(_ONE + "/remove")
async def take_removal(request: Request, improvement_id: UUID, participant_id: UUID, caller: Inviter) -> Response:
    """Somebody takes part no more, and why."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        reason = RemovalBody.model_validate({"reason": typed.get("reason", "")}).reason
        return await service.remove(session, improvement_id, participant_id, reason, caller, clock.now())

    return await take(request, improvement_id, caller, f"participants/{participant_id}", typed, act)


@pages.post(_ONE + "/{step}")
async def take_step(
    request: Request,
    improvement_id: UUID,
    participant_id: UUID,
    step: Literal["answer", "contribute", "agree"],
    caller: Staff,
) -> Response:
    """An answer, a contribution, an agreement on the cause; of somebody else with the document that holds it."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        return await _STEPS[step](session, improvement_id, participant_id, typed, caller, clock.now())

    return await take(request, improvement_id, caller, f"participants/{participant_id}", typed, act)


async def _contribute(
    session: AsyncSession, id_: UUID, participant_id: UUID, typed: Mapping[str, str], caller: Principal, now: datetime
) -> object:
    body = ContributionBody.model_validate(given(typed, "contribution", "evidence"))
    return await service.contribute(
        session, id_, participant_id, body.contribution, body.evidence, typed.get("version"), caller, now
    )


_STEPS: dict[str, Callable[..., Awaitable[object]]] = {
    "answer": lambda session, id_, participant_id, typed, caller, now: service.answer_invitation(
        session,
        id_,
        participant_id,
        AnswerBody.model_validate(given(typed, "state", "reason", "evidence")),
        caller,
        now,
    ),
    "contribute": _contribute,
    "agree": lambda session, id_, participant_id, typed, caller, now: service.agree_on_cause(
        session, id_, participant_id, AgreementBody.model_validate(given(typed, "evidence")).evidence, caller, now
    ),
}
