"""The page of a campaign's invitations: what became of each, which mails did not arrive, and a stop for who asks for
it by phone."""

from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.invitations import repository, service
from services.satisfaction.invitations.routes import Inviter
from services.satisfaction.invitations.schemas import InvitationView
from shared import clock
from shared.http import Reading, Writing
from shared.pages import N_, HTMLResponse, page_router, render, see_other
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import IllegalTransition

pages = page_router()

_ON_A_PAGE = 100
STATES = {
    "open": (N_("Not answered"), "neutral"),
    "answered": (N_("Answered"), "good"),
    "stopped": (N_("Does not want to be asked"), "warn"),
    "expired": (N_("Over"), "neutral"),
}
CHANNELS = {"email": N_("E-mail"), "link": N_("Link to hand out")}


@pages.get("/campaigns/{campaign_id}/invitations")
async def show_invitations(
    request: Request,
    campaign_id: UUID,
    session: Reading,
    _caller: Inviter,
    state: Annotated[str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """In the order of the population, all or of one state."""
    campaign = await service.require_campaign(session, campaign_id)
    after = decode_cursor(cursor, int)[0] if cursor else None
    wanted = state if state in STATES else None
    rows = await repository.list_page(session, campaign_id, wanted, after, _ON_A_PAGE + 1)
    shown = rows[:_ON_A_PAGE]
    more = None
    if len(rows) > _ON_A_PAGE:
        more = f"/campaigns/{campaign_id}/invitations?state={wanted or ''}&cursor={encode_cursor(shown[-1].member_id)}"
    return render(
        request,
        "invitations/list.html",
        campaign=campaign,
        number=format_number(campaign.number),
        items=[InvitationView.model_validate(row) for row in shown],
        states=STATES,
        channels=CHANNELS,
        state=wanted,
        next_path=more,
    )


@pages.post("/campaigns/{campaign_id}/invitations/{invitation_id}/stop")
async def take_stop(
    request: Request, campaign_id: UUID, invitation_id: UUID, session: Writing, _caller: Inviter
) -> Response:
    """No more reminders, and the link is dead. Who answered meanwhile has answered."""
    with suppress(IllegalTransition):  # it is over, which is what was wanted
        await service.withdraw(session, campaign_id, invitation_id, clock.now())
    return see_other(request, f"/campaigns/{campaign_id}/invitations")
