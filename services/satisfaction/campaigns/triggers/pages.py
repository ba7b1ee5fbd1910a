"""The pages of surveys that open by themselves (R121)."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns import repository as campaigns
from services.satisfaction.campaigns import words
from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.rules import CONDUCTORS
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.triggers import repository, service
from services.satisfaction.campaigns.triggers.schemas import NewTrigger, Terms, view_of
from services.satisfaction.questionnaires.service import list_questionnaires
from shared import clock
from shared.auth import Principal, Staff
from shared.http import Reading, etag
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, given, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()

_ON_A_PAGE = 50
_FOLLOWED = 50
_CAMPAIGNS = 100
FOLLOWS = {"change": N_("A change that is carried out"), "project": N_("A project that is completed")}
PEOPLE = {"customers": N_("The customers of the service or project"), "campaign": N_("The people of another survey")}
FIELDS = {
    **words.FIELDS,
    "follows": N_("After"),
    "connection": N_("Connection of change management"),
    "wait_days": N_("Days until people are asked"),
    "answer_days": N_("Days to answer"),
    "people": N_("Who is asked"),
    "people_of": N_("People of the survey"),
    "launches": N_("Launch it by itself"),
    "waiver": N_("Why clauses without a question need none"),
    "paused": N_("Paused"),
    "": N_("What is followed, level and people fit each other"),
}
_TYPED = (
    "title", "follows", "service", "customer", "connection", "level", "owner", "questionnaire_key", "margin",
    "expected_response_rate", "wait_days", "answer_days", "reminder_every_days", "reminders_at_most", "rest_days",
    "people", "people_of", "waiver",
)  # fmt: skip
_TICKED = ("anonymous", "launches", "paused")


@pages.get("/survey-triggers")
async def show_list(request: Request, session: Reading, caller: Staff, cursor: Cursor = None) -> HTMLResponse:
    """Newest first."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    rows = await repository.list_page(session, before, _ON_A_PAGE + 1)
    shown = [view_of(row) for row in rows[:_ON_A_PAGE]]
    more = f"/survey-triggers?cursor={encode_cursor(str(shown[-1].id))}" if len(rows) > _ON_A_PAGE else None
    return render(
        request,
        "campaigns/triggers.html",
        items=shown,
        follows=FOLLOWS,
        may_write=_may_write(caller),
        next_path=more,
    )


@pages.get("/survey-triggers/new")
async def show_new(request: Request, session: Reading, _caller: Conductor) -> HTMLResponse:
    """The form."""
    shown = {name: field for name, field in NewTrigger.model_fields.items() if name in _TYPED}
    typed = {name: str(field.default) for name, field in shown.items() if not field.is_required() and field.default}
    return await _show_form(request, session, {**typed, "launches": "true"})


@pages.post("/survey-triggers")
async def take_new(request: Request, caller: Conductor) -> Response:
    """From now on."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> Row[Any]:
        return await service.create_trigger(session, _read(typed), caller, clock.now())

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_form(request, session, typed, refusal)

    return await take_form(request, act, lambda row: f"/survey-triggers/{row.id}", again)


@pages.get("/survey-triggers/{trigger_id}")
async def show_trigger(
    request: Request, trigger_id: UUID, session: Reading, caller: Staff, done: Annotated[str, Query(max_length=20)] = ""
) -> HTMLResponse:
    """One, with what it followed and the form to change it."""
    row = await service.get_trigger(session, trigger_id)
    return await _show_form(request, session, _type(row), row=row, may_write=_may_write(caller), done=bool(done))


@pages.post("/survey-triggers/{trigger_id}")
async def take_change(request: Request, trigger_id: UUID, caller: Conductor) -> Response:
    """Changed for what comes, or paused."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> None:
        await service.put_trigger(session, trigger_id, _read(typed), caller, clock.now(), typed.get("version"))

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_form(request, session, typed, refusal, await service.get_trigger(session, trigger_id))

    return await take_form(request, act, lambda _: f"/survey-triggers/{trigger_id}?done=yes", again)


def _may_write(caller: Principal) -> bool:
    return not caller.roles.isdisjoint({role for roles in CONDUCTORS.values() for role in roles})


def _read(typed: Mapping[str, str]) -> NewTrigger:
    """Raises `ValidationError`."""
    values: dict[str, Any] = {**given(typed, *_TYPED), **{name: name in typed for name in _TICKED}}
    if "reminders_at_most" in typed:
        values.setdefault("reminders_at_most", None)
    return NewTrigger.model_validate(values)


def _type(row: Row[Any]) -> dict[str, str]:
    """A trigger's fields as one would type them."""
    terms = Terms.model_validate(row.terms)
    known = {name: getattr(terms if name in Terms.model_fields else row, name) for name in (*_TYPED, *_TICKED)}
    return {name: str(value) for name, value in known.items() if value not in (None, False)}


async def _show_form(
    request: Request,
    session: AsyncSession,
    typed: Mapping[str, str],
    refusal: Refused | None = None,
    row: Row[Any] | None = None,
    may_write: bool = True,
    done: bool = False,
) -> HTMLResponse:
    others = await campaigns.list_page(session, {}, None, _CAMPAIGNS)
    return render(
        request,
        "campaigns/trigger.html",
        status_of(refusal),
        item=None if row is None else view_of(row),
        version=None if row is None else etag(row.version),
        followed=[] if row is None else await repository.list_followed(session, row.id, _FOLLOWED),
        typed={name: typed.get(name, "") for name in (*_TYPED, *_TICKED)},
        words=words,
        options=partial(words.list_options, request),
        fields=FIELDS,
        follows=FOLLOWS,
        people=PEOPLE,
        others=[(str(one.id), f"{format_number(one.number)} {one.title}") for one in others],
        format_number=format_number,
        questionnaires=[one for one in await list_questionnaires(session) if one.state == "published"],
        may_write=may_write,
        done=done,
        complaint=put_in_words(request, refusal, FIELDS, words.PROBLEMS),
    )
