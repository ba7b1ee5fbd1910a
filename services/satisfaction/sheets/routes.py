"""REST of answer sheets."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Request

from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.rules import require_conductor
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.populations import files
from services.satisfaction.sheets import service
from services.satisfaction.sheets.schemas import SheetsView
from shared import clock
from shared.http import Writing, router

routes = router("campaigns")

LARGER_BODY = r"/campaigns/[^/]+/sheets"
"""Files may be larger than other bodies."""
_FILE = {"schema": {"type": "string", "format": "binary"}}


@routes.post(
    "/campaigns/{campaign_id}/sheets",
    openapi_extra={"requestBody": {"required": True, "content": {files.CSV: _FILE, files.XLSX: _FILE}}},
)
async def take_sheets(
    campaign_id: UUID,
    session: Writing,
    caller: Conductor,
    request: Request,
    skip_flawed: bool = False,
    ignore_unknown: bool = False,
    content_type: Annotated[str, Header(max_length=200)] = files.CSV,
) -> SheetsView:
    """R83: answers that were gathered on paper or by another tool, while the campaign runs. The first row names the
    columns as responses.csv does: `reference` (or `respondent`) as in the population, perhaps `language`, and the
    items: `key`, of statements `key.expectation` and `key.perception` (or numbered: E1 and P1 on), of several choices
    `key.option`. An empty cell or NA is no answer. 422 names row, column and reason of what cannot be taken, and
    nothing is; with `skip_flawed` the other rows are. They are marked as sheets and count as the invitations'
    answers."""
    campaign = await get_campaign(session, campaign_id)
    require_conductor(campaign.level, caller.roles, caller.subject)
    return await service.take_sheets(
        session,
        campaign_id,
        await request.body(),
        content_type,
        skip_flawed=skip_flawed,
        ignore_unknown=ignore_unknown,
        actor=caller.subject,
        now=clock.now(),
    )
