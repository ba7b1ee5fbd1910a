"""REST of populations and samples."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Query, Request, Response

from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.rules import require_conductor
from services.satisfaction.campaigns.schemas import CampaignView, Draw, SamplePlan, view_of
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.populations import files, repository, service
from services.satisfaction.populations.schemas import KnownCustomers, MemberView, Mode, PopulationView, SamePeople
from shared import clock
from shared.auth import Staff
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("campaigns")

LARGER_BODY = r"/campaigns/[^/]+/population"
"""Files may be larger than other bodies."""
_FILE = {"schema": {"type": "string", "format": "binary"}}


@routes.get("/campaigns/{campaign_id}/population")
async def list_population(
    campaign_id: UUID,
    session: Reading,
    _caller: Conductor,
    stratum: Annotated[str | None, Query(min_length=1, max_length=100, pattern=r"^[^\x00]*$")] = None,
    drawn: bool | None = None,
    resting: bool | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[MemberView]:
    """Whom the campaign is about, in the order in which they came: who was drawn, and who is not asked because another
    campaign asked within the rest days, or because they want no surveys."""
    await get_campaign(session, campaign_id)
    after = decode_cursor(cursor, int)[0] if cursor else 0
    asked = {"stratum": stratum, "drawn": drawn, "resting": resting}
    equal = {name: value for name, value in asked.items() if value is not None}
    rows = await repository.list_members(session, campaign_id, equal, after, limit + 1)
    return page([MemberView.model_validate(row) for row in rows], limit, lambda one: encode_cursor(one.id))


@routes.post(
    "/campaigns/{campaign_id}/population",
    openapi_extra={"requestBody": {"required": True, "content": {files.CSV: _FILE, files.XLSX: _FILE}}},
)
async def upload_population(
    campaign_id: UUID,
    session: Writing,
    caller: Conductor,
    request: Request,
    mode: Annotated[Mode, Query()] = "append",
    skip_flawed: bool = False,
    content_type: Annotated[str, Header(max_length=200)] = files.CSV,
) -> PopulationView:
    """A file whose first row names the columns: reference (your own id of each person), and of name, email, language,
    stratum, customer, department and segment what there is. 422 names row, column and reason of what cannot be taken,
    and nothing is; with `skip_flawed` the other rows are. Large populations come in several files."""
    campaign = await get_campaign(session, campaign_id)
    require_conductor(campaign.level, caller.roles, caller.subject)
    content = await request.body()
    return await service.upload_population(session, campaign_id, content, content_type, mode, skip_flawed, clock.now())


@routes.post("/campaigns/{campaign_id}/population/known-customers")
async def add_known_customers(
    campaign_id: UUID, body: KnownCustomers, session: Writing, caller: Conductor
) -> PopulationView:
    """The customers of the catalogue, or those with a callback in a period. Their links are exported: no e-mail address
    of theirs is known here."""
    campaign = await get_campaign(session, campaign_id)
    require_conductor(campaign.level, caller.roles, caller.subject)
    return await service.add_known_customers(session, campaign_id, body, clock.now())


@routes.post("/campaigns/{campaign_id}/population/same-people")
async def copy_population(campaign_id: UUID, body: SamePeople, session: Writing, caller: Conductor) -> PopulationView:
    """The people of another campaign: those of last year, or those whom the last survey of a service was about."""
    campaign = await get_campaign(session, campaign_id)
    require_conductor(campaign.level, caller.roles, caller.subject)
    return await service.copy_population(session, campaign_id, body.campaign_id, body.customer, body.mode, clock.now())


@routes.get("/campaigns/{campaign_id}/sample")
async def get_sample(campaign_id: UUID, session: Reading, _caller: Staff) -> SamplePlan:
    """R85: the sample as it was drawn; before that the plan: answers and invitations that each stratum needs."""
    return await service.plan_sample(session, await get_campaign(session, campaign_id))


@routes.post("/campaigns/{campaign_id}/draw")
async def draw_sample(
    campaign_id: UUID,
    session: Writing,
    caller: Conductor,
    response: Response,
    body: Draw | None = None,
    if_match: IfMatch = None,
) -> CampaignView:
    """Draw whom to ask, at random of each stratum, by a seed that is recorded. 409 names a stratum of which nobody can
    be asked."""
    campaign = await get_campaign(session, campaign_id)
    require_conductor(campaign.level, caller.roles, caller.subject)
    seed = body.seed if body is not None else None
    row = await service.draw_sample(session, campaign_id, seed, caller.subject, clock.now(), if_match)
    response.headers["ETag"] = etag(row.version)
    return view_of(row)
