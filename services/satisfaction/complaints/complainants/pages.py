"""The public opinion box: complain without signing in, with a name or without, and follow the complaint by a secret
(R182, R193): by its link, or typed into a form.

A secret that is wrong answers always alike; an address that tries many of them, or hands in many complaints, has to
wait.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from pydantic import ValidationError

from services.satisfaction.complaints import reactions, rules, words
from services.satisfaction.complaints.complainants.service import PATH, open_by_secret, write_path, write_url
from services.satisfaction.complaints.intake.service import receive
from services.satisfaction.complaints.schemas import Acceptance, NewComplaint, Reason
from services.satisfaction.complaints.service import PUBLIC, Work
from services.satisfaction.complaints.views import describe_own
from services.satisfaction.forms import given
from services.satisfaction.public import hide
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from services.satisfaction.tokens import Misses, find_address
from shared import clock
from shared.database import Database
from shared.http import acting
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of
from shared.problems import Problem

pages = page_router()

_NEW = ("title", "description", "complainant", "contact", "customer", "service", "external_id")
_NAMES = ("complainant", "contact", "customer")
_PROBLEMS: dict[type[Problem], str] = {
    **words.PROBLEMS,
    rules.ComplaintUnknown: N_("There is no complaint with this secret. Please write it as it was given to you."),
    rules.TooManyComplaints: N_("Too much came from your network. Please try again in a minute."),
}


@pages.get("/complain")
async def show_form(request: Request, thresholds: Thresholds) -> HTMLResponse:
    """The form, open to everybody."""
    return _show_form(request, thresholds.complaint_line, {})


@pages.post("/complain")
async def take_complaint(request: Request, thresholds: Thresholds) -> Response:
    """Number and secret are shown once. Whoever is signed in stays unknown here, too."""
    typed = await read_form(request)
    now = clock.now()
    database: Database = request.app.state.database
    try:
        _limit(request, "complaint_filings")
        request.app.state.complaint_filings.note(find_address(request), now)
        anonymous = bool(typed.get("anonymous"))
        names = [name for name in _NEW if not anonymous or name not in _NAMES]
        body = NewComplaint.model_validate({**given(typed, *names), "channel": "opinion_box", "anonymous": anonymous})
        async with acting(PUBLIC), database.transaction() as session:
            row, token = await receive(Work(session, PUBLIC, now, thresholds), body, None)
    except (ValidationError, Problem) as refusal:
        return _show_form(request, thresholds.complaint_line, typed, refusal)
    number = rules.format_number(row.number)
    link = write_url(thresholds.public_url or str(request.base_url), token)
    return hide(render(request, "complaints/thanks.html", number=number, token=token, link=link, back=PATH))


@pages.get("/complaint-answer")
async def open_link(request: Request, thresholds: Thresholds, token: str = "") -> Response:
    """The complaint of this link; without one, where the secret is typed in."""
    if not token:
        return _ask(request, {})
    return await _show_answer(request, thresholds, {"token": token}, "")


@pages.post("/complaint-answer")
async def show_answer(request: Request, thresholds: Thresholds) -> Response:
    """The complaint with what was answered; `action` accepts or rejects the answer."""
    typed = await read_form(request)
    return await _show_answer(request, thresholds, typed, typed.get("action", ""))


async def _show_answer(
    request: Request, thresholds: SatisfactionSettings, typed: Mapping[str, str], action: str
) -> Response:
    now = clock.now()
    database: Database = request.app.state.database
    token = typed.get("token", "")
    refusal: Refused | None = None
    try:
        _limit(request, "complaint_misses")
        async with acting(PUBLIC), database.transaction() as session:
            work = Work(session, PUBLIC, now, thresholds)
            row = await open_by_secret(work, token, typed.get("number", ""))
            try:
                async with session.begin_nested():
                    row = await _react(work, row, action, typed)
            except (ValidationError, Problem) as unsound:
                refusal = unsound
            (view,) = await describe_own(session, [row])
    except Problem as unknown:
        if isinstance(unknown, rules.ComplaintUnknown):
            request.app.state.complaint_misses.note(find_address(request), now)
        return _ask(request, typed, unknown)
    return hide(
        render(
            request,
            "complaints/answer.html",
            status_of(refusal),
            zone=thresholds.time_zone,
            item=view,
            token=token,
            may_rate=reactions.may_rate(row, PUBLIC),
            typed=typed if refusal else {},
            complaint=put_in_words(request, refusal, words.FIELDS, _PROBLEMS),
            words=words,
            now=now,
            back=write_path(token),
        )
    )


async def _react(work: Work, row: Any, action: str, typed: Mapping[str, str]) -> Any:
    if action == "accept":
        return await reactions.accept(work, row, Acceptance.model_validate(words.with_score(typed, "comment")))
    if action == "reject":
        return await reactions.reject(work, row, Reason.model_validate({"reason": typed.get("comment", "")}).reason)
    return row


def _ask(request: Request, typed: Mapping[str, str], refusal: Refused | None = None) -> HTMLResponse:
    told = put_in_words(request, refusal, words.FIELDS, _PROBLEMS)
    return hide(render(request, "complaints/secret.html", status_of(refusal), complaint=told, back=PATH))


def _show_form(
    request: Request, line: str | None, typed: Mapping[str, str], refusal: Refused | None = None
) -> HTMLResponse:
    return hide(
        render(
            request,
            "complaints/complain.html",
            status_of(refusal),
            line=line,
            typed={**dict.fromkeys(_NEW, ""), **typed},
            complaint=put_in_words(request, refusal, words.FIELDS, _PROBLEMS),
            words=words,
            back="/satisfaction/complain",
        )
    )


def _limit(request: Request, port: str) -> None:
    """Raises `TooManyComplaints`."""
    misses: Misses = getattr(request.app.state, port)
    if misses.find_wait(find_address(request), clock.now()) is not None:
        raise rules.TooManyComplaints("too much came from this address; try again in a minute")
