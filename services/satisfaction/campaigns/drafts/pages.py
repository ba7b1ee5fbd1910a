"""The pages on which a campaign is written and changed, and on which one sees what people will see."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import course, rules, service, words
from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.schemas import CampaignEdit, NewCampaign, view_of
from services.satisfaction.forms import given
from services.satisfaction.questionnaires.schemas import wording_of
from services.satisfaction.questionnaires.service import list_questionnaires
from services.satisfaction.responses.rules import HALVES, field_of
from shared import clock
from shared.auth import Staff
from shared.http import Reading, etag
from shared.pages import HTMLResponse, language_of, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of, take_form

pages = page_router()

_LINES = ("agreements", "strata")
"""Fields of several values, one on each line."""
_SCOPE = ("customer", "service", "project", "department", "occasion")
_FREE = (*_SCOPE, "closes_at", "opens_on", "reminders_at_most", *_LINES)
"""Fields that may be left empty, which says something."""
_COUNTED = ("margin", "confidence", "expected_response_rate", "minimum_per_stratum", "reminder_every_days", "rest_days")
_NEVER_EMPTY = ("title", "owner", "questionnaire_key", *_COUNTED)
_NEW = (*_NEVER_EMPTY, *_FREE, "kind", "level")
_OF_PAGE = {name: NewCampaign.model_fields[name].default for name in (*_COUNTED, "reminders_at_most")}


@pages.get("/campaigns/new")
async def show_new(
    request: Request, session: Reading, _caller: Conductor, questionnaire: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """The form of a new campaign."""
    typed = {name: str(value) for name, value in _OF_PAGE.items()}
    return await _show_form(request, session, {**typed, "questionnaire_key": questionnaire})


@pages.post("/campaigns")
async def take_new(request: Request, caller: Conductor) -> Response:
    """A draft."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> Row[Any]:
        values = {**given(typed, *_NEW), **_read_lines(typed), "anonymous": "anonymous" in typed}
        if not typed.get("reminders_at_most", "").strip() and "reminders_at_most" in typed:
            values["reminders_at_most"] = None
        return await service.create_campaign(session, NewCampaign.model_validate(values), caller, clock.now())

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_form(request, session, typed, refusal)

    return await take_form(request, act, lambda row: f"/campaigns/{row.id}", again)


@pages.get("/campaigns/{campaign_id}/edit")
async def show_edit(request: Request, campaign_id: UUID, session: Reading, _caller: Conductor) -> HTMLResponse:
    """The form with the campaign as it is."""
    row = await service.get_campaign(session, campaign_id)
    return await _show_form(request, session, _type(row), row=row)


@pages.post("/campaigns/{campaign_id}/edit")
async def take_edit(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """What changed. Of a launched campaign only what still may."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> None:
        changes = _read_edit(typed, (await service.get_campaign(session, campaign_id)).state)
        await service.edit_campaign(session, campaign_id, changes, caller, clock.now(), typed.get("version"))

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_form(request, session, typed, refusal, await service.get_campaign(session, campaign_id))

    return await take_form(request, act, lambda _: f"/campaigns/{campaign_id}?done=edit", again)


@pages.get("/campaigns/{campaign_id}/preview")
async def show_preview(request: Request, campaign_id: UUID, session: Reading, _caller: Staff) -> HTMLResponse:
    """The questions as people see them, also those that only some are asked; nothing is sent from here."""
    row = await service.get_campaign(session, campaign_id)
    content = await course.find_content(session, row)
    language = language_of(request)
    return render(
        request,
        "responses/survey.html",
        preview=view_of(row),
        content=content,
        items=content.items,
        halves=HALVES,
        field_of=field_of,
        say=lambda wording: wording_of(wording, language),
        typed={},
        wrong=[],
        more=[],
        saved=False,
        anonymous=row.anonymous,
        closes_at=row.closes_at,
        back=request.url.path,
    )


def _read_lines(typed: Mapping[str, str]) -> dict[str, list[str]]:
    """Of these fields, those in which something was typed."""
    lines = {name: [line.strip() for line in typed.get(name, "").splitlines() if line.strip()] for name in _LINES}
    return {name: found for name, found in lines.items() if found}


def _read_edit(typed: Mapping[str, str], state: str) -> CampaignEdit:
    """All that the form shows: what was emptied is empty from now on. Raises `ValidationError`."""
    shown = set(rules.LIVE_FIELDS) if state == "launched" else {*_NEVER_EMPTY, *_FREE, "anonymous"}
    filled: dict[str, Any] = {**given(typed, *shown), **_read_lines(typed)}
    values = {name: filled.get(name) for name in shown if name in typed}
    if "anonymous" in shown:
        values["anonymous"] = "anonymous" in typed
    return CampaignEdit.model_validate(values)


def _type(row: Row[Any]) -> dict[str, str]:
    """A campaign's fields as one would type them."""
    typed = {}
    for name in (*_NEVER_EMPTY, *_FREE, "kind", "level"):
        value = getattr(row, name)
        if isinstance(value, datetime):
            value = value.strftime("%Y-%m-%dT%H:%M")
        elif isinstance(value, list):
            value = "\n".join(value)
        typed[name] = "" if value is None else str(value)
    if row.anonymous:
        typed["anonymous"] = "true"
    return typed


async def _show_form(
    request: Request,
    session: AsyncSession,
    typed: Mapping[str, str],
    refusal: Refused | None = None,
    row: Row[Any] | None = None,
) -> HTMLResponse:
    return render(
        request,
        "campaigns/form.html",
        status_of(refusal),
        item=None if row is None else view_of(row),
        version=None if row is None else etag(row.version),
        is_live=row is not None and row.state == "launched",
        typed={name: typed.get(name, "") for name in (*_NEW, "anonymous")},
        words=words,
        options=partial(words.list_options, request),
        questionnaires=[one for one in await list_questionnaires(session) if one.state == "published"],
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
    )
