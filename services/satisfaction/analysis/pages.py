"""The page of a campaign's analysis. Works without JavaScript."""

from uuid import UUID

from fastapi import Request

from services.satisfaction.analysis import service
from services.satisfaction.questionnaires.schemas import wording_of
from shared.auth import Staff
from shared.http import Reading
from shared.pages import N_, HTMLResponse, language_of, page_router, render

pages = page_router()

LEVELS = {"low": N_("low"), "raised": N_("raised"), "high": N_("high")}
ASPECTS = {"dimension": N_("Dimension"), "process": N_("Process")}


@pages.get("/campaigns/{campaign_id}/analysis")
async def show_analysis(request: Request, campaign_id: UUID, session: Reading, _caller: Staff) -> HTMLResponse:
    """R85: the sampling risk first, then what was said by how many."""
    analysis = await service.get_analysis(session, campaign_id)
    language = language_of(request)
    names = {figure.key: wording_of(figure.name, language) for figure in analysis.figures}
    return render(request, "analysis/show.html", analysis=analysis, names=names, levels=LEVELS, aspects=ASPECTS)
