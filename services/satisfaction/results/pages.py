"""Pages of assigned results: what is asked of whom, each with its answer, and assigning (R54, R70). They work without
JavaScript."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.analysis.schemas import CampaignAnalysis
from services.satisfaction.analysis.service import read_analysis
from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.campaigns.service import get_campaign
from services.satisfaction.questionnaires.schemas import wording_of
from services.satisfaction.questionnaires.words import name_group
from services.satisfaction.results import repository, rules, service
from services.satisfaction.results.routes import Assigner
from services.satisfaction.results.schemas import NewAnswer, NewResult, ResultEdit, ResultView
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared.auth import Principal, Role, Staff
from shared.http import Reading, etag
from shared.pages import N_, HTMLResponse, language_of, page_router, render, translate
from shared.pages.forms import Refused, given, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import NotFound, Problem

pages = page_router()

_ON_A_PAGE = 50
ASSIGNERS = frozenset({Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER})
STATES = {"open": N_("Not answered yet"), "answered": N_("Answered"), "": N_("All")}
ASPECTS = {
    "figure": N_("Figure"),
    "dimension": N_("Dimension"),
    "process": N_("Process"),
    "stratum": N_("Stratum"),
    "risk": N_("Sampling risk"),
}
FIELDS = {
    "what": N_("Result"),
    "key": N_("Result"),
    "aspect": N_("Result"),
    "department": N_("Department"),
    "person": N_("Person (empty: the whole department)"),
    "question": N_("What must they say?"),
    "due_on": N_("Answer by"),
    "answer": N_("What comes of it?"),
}
_PROBLEMS: dict[type[Problem], str] = {
    rules.DueInThePast: N_("That day is over; choose today or later."),
    rules.AlreadyAssigned: N_("This department was asked about this result already; change that one instead."),
    rules.AlreadyAnswered: N_("It was answered meanwhile; what was answered stays."),
    rules.NoSuchResult: N_("The analysis has no such result; choose one of the list."),
}
_NEW = ("department", "person", "question", "due_on")
State = Annotated[str, Query(max_length=20)]


@pages.get("/survey-results")
async def show_all(
    request: Request,
    session: Reading,
    caller: Staff,
    thresholds: Thresholds,
    state: State = "open",
    department: Annotated[str, Query(max_length=200)] = "",
    mine: Annotated[str, Query(max_length=5)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """R54: what departments and people must answer, of all campaigns; what is due next comes first."""
    equal = {"department": department.replace("\x00", "").strip()} if department.strip() else {}
    if mine:
        equal["person"] = caller.subject
    query = {"state": state, "department": department, **({"mine": "1"} if mine else {})}
    shown, next_path = await _list(session, equal, state, cursor, thresholds, "/survey-results", query)
    return render(
        request,
        "results/list.html",
        items=shown,
        campaigns=await _name(session, shown),
        state=state,
        states=STATES,
        department=department,
        mine=mine,
        aspects=ASPECTS,
        name_of=partial(_name_of, request),
        next_path=next_path,
    )


@pages.get("/campaigns/{campaign_id}/results")
async def show_campaign(
    request: Request,
    campaign_id: UUID,
    session: Reading,
    caller: Staff,
    thresholds: Thresholds,
    cursor: Cursor = None,
) -> HTMLResponse:
    """Of one campaign, with the form to assign another."""
    return await _show_campaign(request, session, campaign_id, caller, thresholds, cursor=cursor)


@pages.post("/campaigns/{campaign_id}/results")
async def take_new(request: Request, campaign_id: UUID, caller: Assigner, thresholds: Thresholds) -> Response:
    """The form of a new one."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> ResultView:
        aspect, _, key = typed.get("what", "").partition(":")
        body = NewResult.model_validate({"aspect": aspect, "key": key, **given(typed, *_NEW)})
        return await service.assign_result(session, campaign_id, body, caller.subject, thresholds)

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_campaign(request, session, campaign_id, caller, thresholds, typed, refusal)

    return await take_form(request, act, lambda _: f"/campaigns/{campaign_id}/results", again)


@pages.get("/campaigns/{campaign_id}/results/{result_id}")
async def show_one(
    request: Request, campaign_id: UUID, result_id: UUID, session: Reading, caller: Staff, thresholds: Thresholds
) -> HTMLResponse:
    """One, with its answer or the form of it."""
    return await _show_one(request, session, campaign_id, result_id, caller, thresholds)


@pages.post("/campaigns/{campaign_id}/results/{result_id}/answer")
async def take_answer(
    request: Request, campaign_id: UUID, result_id: UUID, caller: Staff, thresholds: Thresholds
) -> Response:
    """The form of the answer."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> ResultView:
        body = NewAnswer.model_validate(given(typed, "answer"))
        return await service.answer_result(session, campaign_id, result_id, body, None, caller, thresholds)

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_one(request, session, campaign_id, result_id, caller, thresholds, typed, refusal)

    return await take_form(request, act, lambda _: f"/campaigns/{campaign_id}/results/{result_id}", again)


@pages.post("/campaigns/{campaign_id}/results/{result_id}")
async def take_edit(
    request: Request, campaign_id: UUID, result_id: UUID, caller: Assigner, thresholds: Thresholds
) -> Response:
    """The form that asks somebody else, something else or for another day."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> ResultView:
        told = given(typed, "question", "due_on")
        body = ResultEdit.model_validate({**told, "person": typed.get("person", "").strip() or None})
        return await service.edit_result(session, campaign_id, result_id, body, typed.get("version"), thresholds)

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_one(request, session, campaign_id, result_id, caller, thresholds, typed, refusal)

    return await take_form(request, act, lambda _: f"/campaigns/{campaign_id}/results/{result_id}", again)


async def _list(
    session: AsyncSession,
    equal: dict[str, Any],
    state: str,
    cursor: str | None,
    thresholds: SatisfactionSettings,
    path: str,
    query: Mapping[str, str],
) -> tuple[Sequence[ResultView], str | None]:
    after = None
    if cursor:
        due_on, last_id = decode_cursor(cursor, date, UUID)
        after = due_on, last_id
    is_open = {"open": True, "answered": False}.get(state)
    found = await service.list_results(session, equal, is_open, after, _ON_A_PAGE + 1, thresholds)
    shown = found[:_ON_A_PAGE]
    if len(found) <= _ON_A_PAGE:
        return shown, None
    last = encode_cursor(shown[-1].due_on.isoformat(), str(shown[-1].id))
    return shown, f"{path}?{urlencode({**query, 'cursor': last})}"


async def _name(session: AsyncSession, shown: Sequence[ResultView]) -> dict[UUID, str]:
    named = await repository.name_campaigns(session, {one.campaign_id for one in shown})
    return {campaign_id: f"{format_number(row.number)}: {row.title}" for campaign_id, row in named.items()}


async def _show_campaign(
    request: Request,
    session: AsyncSession,
    campaign_id: UUID,
    caller: Principal,
    thresholds: SatisfactionSettings,
    typed: Mapping[str, str] | None = None,
    refusal: Refused | None = None,
    cursor: str | None = None,
) -> HTMLResponse:
    if isinstance(refusal, NotFound):
        raise refusal
    campaign = await get_campaign(session, campaign_id)
    analysis = read_analysis(campaign)
    path = f"/campaigns/{campaign_id}/results"
    shown, next_path = await _list(session, {"campaign_id": campaign_id}, "", cursor, thresholds, path, {})
    return render(
        request,
        "results/campaign.html",
        status_of(refusal),
        campaign=campaign,
        number=format_number(campaign.number),
        items=shown,
        next_path=next_path,
        options=_list_options(request, analysis),
        may_assign=bool(caller.roles & ASSIGNERS),
        typed={name: (typed or {}).get(name, "") for name in ("what", *_NEW)},
        fields=FIELDS,
        aspects=ASPECTS,
        name_of=partial(_name_of, request),
        complaint=put_in_words(request, refusal, FIELDS, _PROBLEMS),
    )


async def _show_one(
    request: Request,
    session: AsyncSession,
    campaign_id: UUID,
    result_id: UUID,
    caller: Principal,
    thresholds: SatisfactionSettings,
    typed: Mapping[str, str] | None = None,
    refusal: Refused | None = None,
) -> HTMLResponse:
    if isinstance(refusal, NotFound):
        raise refusal
    item = await service.get_result(session, campaign_id, result_id, thresholds)
    campaign = await get_campaign(session, campaign_id)
    is_quality = Role.QUALITY_MANAGER in caller.roles
    return render(
        request,
        "results/show.html",
        status_of(refusal),
        item=item,
        version=etag(item.version),
        campaign=campaign,
        number=format_number(campaign.number),
        may_answer=rules.may_answer(caller.subject, caller.departments, is_quality, item.person, item.department),
        may_assign=bool(caller.roles & ASSIGNERS),
        typed={name: (typed or {}).get(name, "") for name in ("answer", "person", "question", "due_on", "version")},
        fields=FIELDS,
        aspects=ASPECTS,
        name_of=partial(_name_of, request),
        complaint=put_in_words(request, refusal, FIELDS, _PROBLEMS),
    )


def _list_options(request: Request, analysis: CampaignAnalysis) -> list[tuple[str, str]]:
    """Everything that can be assigned, as `aspect:key` and in words."""
    language = language_of(request)
    names = {("figure", figure.key): wording_of(figure.name, language) for figure in analysis.figures}
    options = []
    for aspect, label in ASPECTS.items():
        told = translate(request, label)
        for key in rules.list_keys(analysis, aspect):
            name = names[aspect, key] if (aspect, key) in names else _name_of(request, aspect, key)
            options.append((f"{aspect}:{key}", told if aspect == "risk" else f"{told}: {name}"))
    return options


def _name_of(request: Request, aspect: str, key: str) -> str:
    """What a result is called; of figures and strata their key."""
    return name_group(request, key) if aspect in ("dimension", "process") else key
