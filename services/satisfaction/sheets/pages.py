"""The page on which answer sheets are handed in. Works without JavaScript."""

from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.rules import require_conductor
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.populations import files
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.sheets import rules, service
from services.satisfaction.sheets.schemas import SheetsView
from shared import clock
from shared.database import Database
from shared.http import Reading
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, status_of
from shared.problems import Malformed, NotFound, Problem

pages = page_router()

_FLAWS_SHOWN = 100
_PROBLEMS: dict[type[Problem], str] = {
    service.SheetsTellWho: N_(
        "This survey is anonymous, and a file says who answered what: hand out the links instead."
    ),
    service.NotAsking: N_("Answers are taken from the launch of a survey until its close."),
    service.UnsoundSheets: N_("Nothing was taken: mend these rows, or leave them out."),
    Malformed: N_("Choose a file."),
}


@pages.get("/campaigns/{campaign_id}/sheets")
async def show_form(request: Request, campaign_id: UUID, session: Reading, _caller: Conductor) -> HTMLResponse:
    """What the file has to look like, and the form."""
    return await _show(request, session, campaign_id)


@pages.post("/campaigns/{campaign_id}/sheets")
async def take_file(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The form with the file; the page tells what became of its rows."""
    database: Database = request.app.state.database
    taken: SheetsView | None = None
    refusal: Refused | None = None
    try:
        async with database.transaction() as session, request.form(max_files=1, max_fields=20) as form:
            campaign = await get_campaign(session, campaign_id)
            require_conductor(campaign.level, caller.roles, caller.subject)
            upload = form.get("file")
            if not isinstance(upload, UploadFile) or not upload.filename:
                raise Malformed("file: choose a file")
            taken = await service.take_sheets(
                session,
                campaign_id,
                await upload.read(),
                files.XLSX if upload.filename.lower().endswith(".xlsx") else files.CSV,
                skip_flawed=form.get("skip_flawed") is not None,
                ignore_unknown=form.get("ignore_unknown") is not None,
                actor=caller.subject,
                now=clock.now(),
            )
    except NotFound:
        raise
    except Problem as problem:
        refusal = problem
    async with database.reading() as session:
        return await _show(request, session, campaign_id, taken, refusal)


async def _show(
    request: Request,
    session: AsyncSession,
    campaign_id: UUID,
    taken: SheetsView | None = None,
    refusal: Refused | None = None,
) -> HTMLResponse:
    campaign = await get_campaign(session, campaign_id)
    extra = refusal.extra if isinstance(refusal, Problem) else {}
    flaws = extra.get("errors", []) if taken is None else [flaw.model_dump() for flaw in taken.errors]
    columns = [] if campaign.content is None else rules.list_columns(Content.model_validate(campaign.content))
    return render(
        request,
        "sheets/new.html",
        status_of(refusal),
        campaign=campaign,
        number=format_number(campaign.number),
        columns=["reference", "language", *columns],
        taken=taken,
        refused=extra.get("refused", 0) if taken is None else taken.refused,
        flaws=flaws[:_FLAWS_SHOWN],
        complaint=put_in_words(request, refusal, {}, _PROBLEMS),
    )
