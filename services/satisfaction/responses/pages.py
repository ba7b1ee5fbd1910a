"""The page of a survey: reached by a personal link, without signing in, on a phone, by keyboard, without JavaScript.

Every link that cannot be used answers alike, whether it was used, stopped, has expired, was cut short or was never
made; an address that tries many of them has to wait.
"""

from typing import Annotated, Any
from urllib.parse import parse_qs
from uuid import UUID

from fastapi import Form, Request
from fastapi.responses import Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction import public, tokens
from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.invitations import service as invitations
from services.satisfaction.questionnaires.schemas import Content, wording_of
from services.satisfaction.responses import rules, service
from services.satisfaction.responses.service import Contents, Submission
from shared import clock
from shared.database import Database
from shared.gathering import Gathering
from shared.http import Reading, Writing
from shared.pages import N_, HTMLResponse, language_of, page_router, render, see_other, translate
from shared.pages.languages import LANGUAGES
from shared.problems import Malformed, Problem

pages = page_router()

_MOST_FIELDS = 2000


def _contents_of(request: Request) -> Contents:
    contents: Contents = request.app.state.contents
    return contents


def _gathering_of(request: Request) -> Gathering[Submission, UUID]:
    """The application's own, from its first answer on."""
    state = request.app.state
    if not hasattr(state, "submissions"):
        sealer = service.answers_sealer(state.settings)
        state.submissions = Gathering(
            lambda batch: service.submit_together(state.database, state.contents, sealer, batch)
        )
    submissions: Gathering[Submission, UUID] = state.submissions
    return submissions


@pages.get("/survey-answered/{campaign_id}")
async def show_thanks(request: Request, campaign_id: UUID, session: Reading) -> HTMLResponse:
    """What somebody reads at the end; it depends on no link."""
    campaign = await campaigns.find(session, campaign_id)
    thanks = None
    if campaign is not None and campaign.content is not None:
        thanks = _contents_of(request).read(campaign.digest, campaign.content).thanks
    text = wording_of(thanks, language_of(request)) if thanks else translate(request, public.RECORDED)
    return public.end(request, public.THANKS, text, request.url.path, tone="good")


@pages.get("/survey-stopped")
async def show_stopped(request: Request) -> HTMLResponse:
    """What somebody reads who does not want to be asked; it depends on no link."""
    text = N_("There will be no more mails about this survey. You can close this page.")
    title = N_("You will not be asked again")
    return public.end(request, title, translate(request, text), request.url.path, tone="good")


@pages.get("/survey/{token}/stop")
async def ask_to_stop(request: Request, token: str, session: Reading) -> HTMLResponse:
    """Nothing is stopped by opening an address: mail scanners do that."""
    try:
        await _open(request, session, token)
    except Problem as refusal:
        return _refuse(request, refusal)
    return public.hide(render(request, "responses/stop.html", token=token, back=request.url.path))


@pages.post("/survey/{token}/stop")
async def take_stop(
    request: Request, token: str, session: Writing, for_ever: Annotated[str, Form(max_length=10)] = ""
) -> Response:
    """No more mails about this survey, nor about any other where that was ticked. The one click of RFC 8058 too."""
    now = clock.now()
    try:
        tokens.require_patience(request, now)
        invitation = await invitations.lock_invitation(session, token, now)
    except Problem as refusal:
        return _refuse(request, refusal)
    await invitations.stop(session, invitation, now, for_ever=for_ever == "yes")
    return see_other(request, "/survey-stopped")


@pages.get("/survey/{token:path}")
async def show_survey(request: Request, token: str, session: Reading) -> HTMLResponse:
    """The questions, with what was saved half-way."""
    try:
        invitation = await _open(request, session, token)
    except Problem as refusal:
        return _refuse(request, refusal)
    draft = service.open_draft(invitation, token)
    return _show(request, invitation, token, draft, saved=request.query_params.get("saved") == "yes")


@pages.post("/survey/{token:path}")
async def take_survey(request: Request, token: str) -> Response:
    """Answer for good: then the link is used up. Or save what there is so far, or go on in the other language."""
    try:
        tokens.require_patience(request, clock.now())
        form = await _read_form(request)
        action = form.get("action", [""])[-1]
        if action == "save" or action in LANGUAGES:
            return await _save(request, token, form, action)
        submission = Submission(tokens.hash_token(token), form, language_of(request))
        campaign_id = await _gathering_of(request).submit(submission)
    except (tokens.LinkUnusable, tokens.TooManyMisses) as refusal:
        return _refuse(request, refusal)
    except Problem as refusal:
        if isinstance(refusal, Malformed):
            raise
        return await _show_again(request, token, form, refusal)
    return see_other(request, f"/survey-answered/{campaign_id}")


async def _open(request: Request, session: AsyncSession, token: str) -> Row[Any]:
    """Raises `TooManyMisses`, `LinkUnusable`."""
    now = clock.now()
    tokens.require_patience(request, now)
    return await invitations.open_invitation(session, token, now)


async def _read_form(request: Request) -> dict[str, list[str]]:
    """Raises `Malformed`: more fields than any questionnaire has."""
    body = (await request.body()).decode("ascii", "replace")
    try:
        return parse_qs(body, max_num_fields=_MOST_FIELDS, encoding="utf-8", errors="replace")
    except ValueError as error:
        raise Malformed(f"the form has more than {_MOST_FIELDS} fields") from error


async def _save(request: Request, token: str, form: rules.Form, action: str) -> Response:
    """Raises `LinkUnusable`."""
    database: Database = request.app.state.database
    async with database.transaction() as session:
        invitation = await invitations.lock_invitation(session, token, clock.now())
        content = _content_of(request, invitation)
        fields = rules.pick_fields(content, form)
        await service.save_draft(session, invitation, token, fields)
    if action in LANGUAGES:
        return public.go_on_in(request, action, request.url.path)
    return see_other(request, f"/survey/{token}?saved=yes")


async def _show_again(request: Request, token: str, form: rules.Form, refusal: Problem) -> HTMLResponse:
    """What was typed, with what is wrong or what else is asked."""
    database: Database = request.app.state.database
    async with database.reading() as session:
        try:
            invitation = await invitations.open_invitation(session, token, clock.now())
        except tokens.LinkUnusable as gone:
            return _refuse(request, gone)
    fields = rules.pick_fields(_content_of(request, invitation), form)
    return _show(request, invitation, token, fields, refusal)


def _content_of(request: Request, invitation: Row[Any]) -> Content:
    return _contents_of(request).read(invitation.digest, invitation.content)


def _show(
    request: Request,
    invitation: Row[Any],
    token: str,
    fields: rules.Form,
    refusal: Problem | None = None,
    saved: bool = False,
) -> HTMLResponse:
    content = _content_of(request, invitation)
    language = language_of(request)
    more = refusal.extra["items"] if isinstance(refusal, rules.MoreToAsk) else []
    page = render(
        request,
        "responses/survey.html",
        422 if refusal else 200,
        preview=None,
        token=token,
        content=content,
        items=rules.list_shown(content, fields),
        halves=rules.HALVES,
        field_of=rules.field_of,
        say=lambda wording: wording_of(wording, language),
        typed=fields,
        wrong=rules.list_wrong(refusal) if refusal else [],
        more=more,
        saved=saved,
        anonymous=invitation.anonymous,
        closes_at=invitation.closes_at,
    )
    return public.hide(page)


def _refuse(request: Request, refusal: Problem) -> HTMLResponse:
    return public.refuse(request, refusal, request.url.path)
