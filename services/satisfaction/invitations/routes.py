"""REST of invitations: who was asked, the links to hand out, and a stop for who does not want to be asked."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from services.satisfaction.campaigns.rules import require_conductor
from services.satisfaction.invitations import repository, service
from services.satisfaction.invitations.schemas import InvitationState, InvitationView
from services.satisfaction.settings import Thresholds
from services.satisfaction.tokens import LinkKey
from shared import clock
from shared.auth import Principal, Role, require
from shared.database import Database
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.spreadsheets import write_rows

routes = router("campaigns")
_HEAD = ("reference", "name", "email", "language", "stratum", "url")
_BLOCK = 1000

Inviter = Annotated[
    Principal,
    Depends(require(Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER, Role.OPERATIONS_MANAGER)),
]
"""R47, R79: who runs surveys."""


@routes.get("/campaigns/{campaign_id}/invitations")
async def list_invitations(
    campaign_id: UUID,
    session: Reading,
    _caller: Inviter,
    state: Annotated[InvitationState | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[InvitationView]:
    """Who was invited and what became of it, in the order of the population."""
    await service.require_campaign(session, campaign_id)
    after = decode_cursor(cursor, int)[0] if cursor else None
    rows = await repository.list_page(session, campaign_id, state, after, limit + 1)
    shown = page(rows, limit, lambda row: encode_cursor(row.member_id))
    return Page(items=[InvitationView.model_validate(row) for row in shown.items], next_cursor=shown.next_cursor)


@routes.post("/campaigns/{campaign_id}/invitations/{invitation_id}/stop", status_code=204)
async def stop_invitation(campaign_id: UUID, invitation_id: UUID, session: Writing, _caller: Inviter) -> None:
    """Somebody asked not to be asked: no more reminders, and the link is dead."""
    await service.withdraw(session, campaign_id, invitation_id, clock.now())


@routes.get("/campaigns/{campaign_id}/links.csv", response_class=StreamingResponse)
async def export_links(
    campaign_id: UUID, request: Request, session: Reading, caller: Inviter, thresholds: Thresholds, key: LinkKey
) -> StreamingResponse:
    """The personal links of those who have not answered yet, to be handed out by other means than e-mail; of a company
    survey for the quality department only. Each answers for the person beside it: keep the file as you would keep their
    answers."""
    campaign = await service.require_campaign(session, campaign_id)
    if campaign.level == "company":
        require_conductor(campaign.level, caller.roles, caller.subject)
    database: Database = request.app.state.database
    base = thresholds.public_url or str(request.base_url)

    async def write() -> AsyncIterator[str]:
        yield "\ufeff"  # Excel in Chinese takes it for GBK else
        rows: list[tuple[str | None, ...]] = [_HEAD]
        async for row, url in service.read_links(database, campaign.id, key, base):
            rows.append((row.reference, row.name, row.email, row.language, row.stratum, url))
            if len(rows) == _BLOCK:
                yield write_rows(rows)
                rows.clear()
        yield write_rows(rows)

    attached = f'attachment; filename="SV-{campaign.number}-links.csv"'
    headers = {"Content-Disposition": attached, "Cache-Control": "no-store"}
    return StreamingResponse(write(), media_type="text/csv; charset=utf-8", headers=headers)
