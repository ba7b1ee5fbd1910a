"""REST of survey campaigns."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy import Row

from services.satisfaction.campaigns import course, repository, service
from services.satisfaction.campaigns.schemas import (
    CampaignEdit,
    CampaignSummary,
    CampaignView,
    Kind,
    LaunchCheck,
    Level,
    NewCampaign,
    NewWaivers,
    State,
    summary_of,
    view_of,
)
from services.satisfaction.tokens import LinkKey
from shared import clock
from shared.auth import Principal, Role, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("campaigns")

Conductor = Annotated[Principal, Depends(require(Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER))]
"""R47, R79: who asks; which of them, the campaign's level says."""
Filter = Annotated[str | None, Query(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]


@routes.get("/campaigns")
async def list_campaigns(
    session: Reading,
    _caller: Staff,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[Kind | None, Query()] = None,
    level: Annotated[Level | None, Query()] = None,
    customer: Filter = None,
    project: Filter = None,
    service_name: Annotated[str | None, Query(alias="service", min_length=1, max_length=200)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[CampaignSummary]:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    asked = {
        "state": state,
        "kind": kind,
        "level": level,
        "customer": customer,
        "project": project,
        "service": service_name,
    }
    equal = {name: value for name, value in asked.items() if value is not None}
    rows = await repository.list_page(session, equal, before, limit + 1)
    return page([summary_of(row) for row in rows], limit, lambda one: encode_cursor(str(one.id)))


@routes.post("/campaigns", status_code=201)
async def create_campaign(body: NewCampaign, session: Writing, caller: Conductor, response: Response) -> CampaignView:
    """A draft. Then its population, the draw, and the launch."""
    row = await service.create_campaign(session, body, caller, clock.now())
    response.headers["Location"] = f"/satisfaction/v1/campaigns/{row.id}"
    return _answer(row, response)


@routes.get("/campaigns/{campaign_id}")
async def get_campaign(campaign_id: UUID, session: Reading, _caller: Staff, response: Response) -> CampaignView:
    """The whole campaign with its sample."""
    return _answer(await service.get_campaign(session, campaign_id), response)


@routes.patch("/campaigns/{campaign_id}")
async def edit_campaign(
    campaign_id: UUID,
    body: CampaignEdit,
    session: Writing,
    caller: Conductor,
    response: Response,
    if_match: IfMatch = None,
) -> CampaignView:
    """Change a draft; of a launched one, its title, owner, closing time and reminders. What the draw depends on makes
    another draw necessary."""
    return _answer(await service.edit_campaign(session, campaign_id, body, caller, clock.now(), if_match), response)


@routes.post("/campaigns/{campaign_id}/waivers")
async def waive_clauses(
    campaign_id: UUID,
    body: NewWaivers,
    session: Writing,
    caller: Conductor,
    response: Response,
    if_match: IfMatch = None,
) -> CampaignView:
    """R84: launch without a question about these clauses, and say why."""
    return _answer(await service.waive_clauses(session, campaign_id, body, caller, clock.now(), if_match), response)


@routes.get("/campaigns/{campaign_id}/check")
async def check_campaign(campaign_id: UUID, session: Reading, _caller: Staff) -> LaunchCheck:
    """R84: what still keeps it from being launched, and which items ask about which clause of the agreements."""
    return await course.get_check(session, campaign_id, clock.now())


@routes.post("/campaigns/{campaign_id}/launch")
async def launch_campaign(
    campaign_id: UUID,
    session: Writing,
    caller: Conductor,
    response: Response,
    key: LinkKey,
    if_match: IfMatch = None,
) -> CampaignView:
    """Freeze what is asked and invite everybody who was drawn. 409 names what is missing, and clauses that no question
    asks about."""
    return _answer(await course.launch_campaign(session, campaign_id, caller, clock.now(), key, if_match), response)


@routes.post("/campaigns/{campaign_id}/close")
async def close_campaign(
    campaign_id: UUID, session: Writing, caller: Conductor, response: Response, if_match: IfMatch = None
) -> CampaignView:
    """Before its time: nobody answers any more, and what was answered is analysed."""
    return _answer(await course.close_campaign(session, campaign_id, caller, clock.now(), if_match), response)


@routes.post("/campaigns/{campaign_id}/cancel")
async def cancel_campaign(
    campaign_id: UUID, session: Writing, caller: Conductor, response: Response, if_match: IfMatch = None
) -> CampaignView:
    """Give up a draft; its population is deleted."""
    return _answer(await course.cancel_campaign(session, campaign_id, caller, clock.now(), if_match), response)


def _answer(row: Row[Any], response: Response) -> CampaignView:
    response.headers["ETag"] = etag(row.version)
    return view_of(row)
