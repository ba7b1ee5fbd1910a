"""REST of assigned results (R54, R70)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.satisfaction.results import service
from services.satisfaction.results.schemas import NewAnswer, NewResult, ResultEdit, ResultView
from services.satisfaction.settings import Thresholds
from shared.auth import Principal, Role, Staff, require
from shared.fields import Name
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("survey results")

Assigner = Annotated[Principal, Depends(require(Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER))]
Open = Annotated[bool | None, Query(alias="open", description="Only what is not answered, or only what is.")]


@routes.post("/campaigns/{campaign_id}/results", status_code=201)
async def assign_result(
    request: Request,
    campaign_id: UUID,
    body: NewResult,
    session: Writing,
    caller: Assigner,
    thresholds: Thresholds,
    response: Response,
) -> ResultView:
    """R70: ask a department or a person what they make of a result, by a day."""
    view = await service.assign_result(session, campaign_id, body, caller.subject, thresholds)
    response.headers["Location"] = f"{request.url.path}/{view.id}"
    return _answer(view, response)


@routes.get("/campaigns/{campaign_id}/results")
async def list_results(
    campaign_id: UUID,
    session: Reading,
    _caller: Staff,
    thresholds: Thresholds,
    limit: Limit = 50,
    cursor: Cursor = None,
    is_open: Open = None,
) -> Page[ResultView]:
    """The results of one campaign that were assigned; what is due next comes first."""
    equal = {"campaign_id": campaign_id}
    rows = await service.list_results(session, equal, is_open, _behind(cursor), limit + 1, thresholds)
    return page(rows, limit, _cursor_of)


@routes.get("/survey-results")
async def list_all_results(
    session: Reading,
    _caller: Staff,
    thresholds: Thresholds,
    limit: Limit = 50,
    cursor: Cursor = None,
    is_open: Open = None,
    department: Annotated[Name | None, Query()] = None,
    person: Annotated[Name | None, Query()] = None,
) -> Page[ResultView]:
    """R54: what a department or a person must answer, of all campaigns; what is due next comes first."""
    asked = {"department": department, "person": person}
    equal = {name: value for name, value in asked.items() if value is not None}
    rows = await service.list_results(session, equal, is_open, _behind(cursor), limit + 1, thresholds)
    return page(rows, limit, _cursor_of)


@routes.get("/campaigns/{campaign_id}/results/{result_id}")
async def get_result(
    campaign_id: UUID, result_id: UUID, session: Reading, _caller: Staff, thresholds: Thresholds, response: Response
) -> ResultView:
    """One of them."""
    return _answer(await service.get_result(session, campaign_id, result_id, thresholds), response)


@routes.patch("/campaigns/{campaign_id}/results/{result_id}")
async def edit_result(
    campaign_id: UUID,
    result_id: UUID,
    body: ResultEdit,
    session: Writing,
    _caller: Assigner,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> ResultView:
    """Another person, question or day, until it is answered."""
    view = await service.edit_result(session, campaign_id, result_id, body, if_match, thresholds)
    return _answer(view, response)


@routes.post("/campaigns/{campaign_id}/results/{result_id}/answer")
async def answer_result(
    campaign_id: UUID,
    result_id: UUID,
    body: NewAnswer,
    session: Writing,
    caller: Staff,
    thresholds: Thresholds,
    response: Response,
    if_match: IfMatch = None,
) -> ResultView:
    """R54: what comes of it, by whom it was asked of, once."""
    view = await service.answer_result(session, campaign_id, result_id, body, if_match, caller, thresholds)
    return _answer(view, response)


def _answer(view: ResultView, response: Response) -> ResultView:
    response.headers["ETag"] = etag(view.version)
    return view


def _behind(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    due_on, result_id = decode_cursor(cursor, date, UUID)
    return due_on, result_id


def _cursor_of(last: ResultView) -> str:
    return encode_cursor(last.due_on.isoformat(), str(last.id))
