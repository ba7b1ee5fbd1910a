"""REST of a campaign's analysis, its comments, and its answers as tables."""

from collections.abc import AsyncIterator
from tempfile import NamedTemporaryFile
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import Row

from services.satisfaction.analysis import exports, repository, service
from services.satisfaction.analysis.questions import MakeWorkbook, Ready
from services.satisfaction.analysis.schemas import CampaignAnalysis, Comment
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.questionnaires.schemas import Content, Group
from shared.auth import Principal, Staff, require
from shared.database import Database
from shared.http import Reading, Writing, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page
from shared.spreadsheets import write_rows
from shared.workers import Worker

routes = router("survey analysis")

Analyst = Annotated[Principal, Depends(require(*service.ANALYSTS))]
_BLOCK = 1000


def _binder(request: Request) -> Worker:
    binder: Worker = request.app.state.binder
    return binder


Binder = Annotated[Worker, Depends(_binder)]
"""The process that writes workbooks, in a route."""

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@routes.get("/campaigns/{campaign_id}/analysis")
async def get_analysis(campaign_id: UUID, session: Reading, _caller: Staff) -> CampaignAnalysis:
    """R85, R175: everything that came out, frozen at the close: coverage by stratum, sampling risk and what would lower
    it, CSAT, NPS, CES, SERVQUAL, the comparison with the campaign before, and how all that was computed."""
    return await service.get_analysis(session, campaign_id)


@routes.post("/campaigns/{campaign_id}/analyse", status_code=202)
async def analyse_again(
    request: Request, campaign_id: UUID, session: Writing, _caller: Analyst, response: Response
) -> None:
    """Analyse a closed campaign again, as the next revision. It takes a moment; the analysis tells its revision."""
    await service.ask_for_analysis(session, campaign_id)
    response.headers["Location"] = f"{request.url.path.removesuffix('/analyse')}/analysis"


@routes.get("/campaigns/{campaign_id}/comments")
async def list_comments(
    campaign_id: UUID,
    session: Reading,
    _caller: Staff,
    limit: Limit = 50,
    cursor: Cursor = None,
    stratum: Annotated[Group | None, Query()] = None,
) -> Page[Comment]:
    """What people wrote, a comment an item; in an anonymous campaign not of strata with fewer than five answers."""
    behind: UUID | None = decode_cursor(cursor, UUID)[0] if cursor else None
    return page(
        await service.list_comments(session, campaign_id, stratum, behind, limit + 1),
        limit,
        lambda last: encode_cursor(str(last.response_id)),
    )


@routes.get("/campaigns/{campaign_id}/responses.csv", response_class=StreamingResponse)
async def export_lines(request: Request, campaign_id: UUID, session: Reading, _caller: Analyst) -> StreamingResponse:
    """A closed campaign's answers, a row a respondent. What people wrote stays text in a spreadsheet."""
    campaign = await get_campaign(session, campaign_id)
    service.require_closed(campaign)
    withheld = sorted(await service.find_withheld(session, campaign))
    content = Content.model_validate(campaign.content)
    database: Database = request.app.state.database

    async def write() -> AsyncIterator[str]:
        yield "\ufeff" + write_rows([exports.list_columns(content, anonymous=campaign.anonymous)])
        last: UUID | None = None
        while True:
            async with database.reading() as reading:
                rows = await repository.list_rows(reading, campaign_id, last, _BLOCK, withheld)
            yield write_rows([exports.make_cells(content, row, anonymous=campaign.anonymous) for row in rows])
            if len(rows) < _BLOCK:
                return
            last = rows[-1].id

    return StreamingResponse(write(), media_type="text/csv; charset=utf-8", headers=_attached(campaign, "csv"))


@routes.get("/campaigns/{campaign_id}/responses.xlsx", response_class=Response)
async def export_workbook(campaign_id: UUID, session: Reading, _caller: Analyst, binder: Binder) -> Response:
    """The same as a workbook, of at most 20,000 answers."""
    campaign = await get_campaign(session, campaign_id)
    service.require_closed(campaign)
    most = exports.MOST_ROWS_OF_A_WORKBOOK
    withheld = sorted(await service.find_withheld(session, campaign))
    rows = await repository.list_rows(session, campaign_id, None, most + 1, withheld)
    if len(rows) > most:
        raise exports.TooManyForAWorkbook(f"more than {most} answers: take responses.csv, which has no limit")
    content = Content.model_validate(campaign.content)
    table: list[list[Any]] = [exports.list_columns(content, anonymous=campaign.anonymous)]
    table += [exports.make_cells(content, row, anonymous=campaign.anonymous) for row in rows]
    with NamedTemporaryFile(prefix="ratchet-export-") as lines, NamedTemporaryFile(prefix="ratchet-export-") as made:
        lines.write(b"".join(orjson.dumps(row) + b"\n" for row in table))
        lines.flush()
        await binder.ask(MakeWorkbook(rows_path=lines.name, path=made.name), Ready)
        book = made.read()
    return Response(book, media_type=_WORKBOOK, headers=_attached(campaign, "xlsx"))


def _attached(campaign: Row[Any], ending: str) -> dict[str, str]:
    name = f"SV-{campaign.number}-responses.{ending}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
