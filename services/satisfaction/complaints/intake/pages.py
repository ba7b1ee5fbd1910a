"""Pages on which staff write a complaint down while somebody is on the phone. Works without JavaScript."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks.customers.repository import list_customers
from services.satisfaction.complaints import rules, words
from services.satisfaction.complaints.complainants.service import write_url
from services.satisfaction.complaints.intake.service import receive
from services.satisfaction.complaints.schemas import NewComplaint
from services.satisfaction.complaints.service import Work
from services.satisfaction.forms import given
from services.satisfaction.public import hide
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import Staff
from shared.database import Database
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of
from shared.problems import Problem

pages = page_router()

_NAMES = ("complainant", "contact", "customer", "service", "department", "external_id", "complained_about")
_NEW = ("title", "description", "channel", "complaint_class", *_NAMES)
_NAMELESS = ("complainant", "contact", "customer")
_DEFAULTS = {"channel": "hotline", "complaint_class": "general"}
_MOST_PROPOSED = 500
_TITLE_LENGTH = 80


@pages.get("/complaints/new")
async def show_new(request: Request, session: Reading, _caller: Staff, thresholds: Thresholds) -> HTMLResponse:
    """The form of a complaint that somebody makes to us; the address may fill in fields, as `?customer=…`."""
    asked = {name: request.query_params[name][:200] for name in _NEW if name in request.query_params}
    return await _show(request, session, thresholds, asked)


@pages.post("/complaints")
async def take_new(request: Request, caller: Staff, thresholds: Thresholds) -> Response:
    """Whoever writes it down owns it. Without a title it is called by its first words."""
    typed = await read_form(request)
    database: Database = request.app.state.database
    try:
        body = NewComplaint.model_validate(_read(typed))
        async with database.transaction() as session:
            work = Work.of(session, caller, clock.now(), thresholds)
            row, token = await receive(work, body, caller.subject)
            number = rules.format_number(row.number)
    except (ValidationError, Problem) as refusal:
        async with database.reading() as session:
            return await _show(request, session, thresholds, typed, refusal)
    link = write_url(thresholds.public_url or str(request.base_url), token)
    return hide(
        render(
            request,
            "complaints/received.html",
            number=number,
            token=token,
            link=link,
            item=row,
            words=words,
            zone=thresholds.time_zone,
        )
    )


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    read: dict[str, Any] = {**_DEFAULTS, **given(typed, *_NEW)}
    if "title" not in read and "description" in read:
        read["title"] = rules.shorten(read["description"], _TITLE_LENGTH)
    read["anonymous"] = bool(typed.get("anonymous"))
    return read


async def _show(
    request: Request,
    session: AsyncSession,
    thresholds: SatisfactionSettings,
    typed: Mapping[str, str],
    refusal: Refused | None = None,
) -> HTMLResponse:
    known = await list_customers(session, None, _MOST_PROPOSED)
    return render(
        request,
        "complaints/new.html",
        status_of(refusal),
        zone=thresholds.time_zone,
        typed={**dict.fromkeys(_NEW, ""), **_DEFAULTS, **typed},
        names=_NAMES,
        due=_find_due(thresholds, clock.now()),
        customers=[(row.customer, row.name or "") for row in known],
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
        words=words,
    )


def _find_due(thresholds: SatisfactionSettings, now: datetime) -> dict[str, dict[str, datetime]]:
    """By class: what would be due until when, received now."""
    calendar = thresholds.calendar_at(now)
    return {
        name: rules.compute_deadlines(dict(thresholds.complaint_limits[name].items()), now, calendar)
        for name in rules.CLASSES
    }
