"""Pages of survey campaigns: the list, and each with what can be done now. Works without JavaScript."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.datastructures import UploadFile

from services.satisfaction.analysis.schemas import FEWEST_ANSWERS
from services.satisfaction.campaigns import course, repository, rules, service, words
from services.satisfaction.campaigns.cadence import service as cadence
from services.satisfaction.campaigns.routes import Conductor
from services.satisfaction.campaigns.schemas import Draw, NewWaivers, State, summary_of, view_of
from services.satisfaction.forms import given
from services.satisfaction.populations import files
from services.satisfaction.populations import repository as populations
from services.satisfaction.populations import service as population_service
from services.satisfaction.populations.schemas import KnownCustomers
from services.satisfaction.settings import Thresholds
from services.satisfaction.tokens import LinkKey
from shared import clock
from shared.auth import Principal, Role, Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import Malformed, Problem

pages = page_router()

_ON_A_PAGE = 50
_FLAWS_SHOWN = 100
_CONDUCTORS = {Role.QUALITY_MANAGER, Role.SERVICE_DESK, Role.PROJECT_MANAGER}


@pages.get("/campaigns")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    thresholds: Thresholds,
    state: Annotated[State | str, Query(max_length=20)] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Newest first, all or of one state."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state} if state in words.STATES else {}
    rows = await repository.list_page(session, filters, before, _ON_A_PAGE + 1)
    shown = [summary_of(row) for row in rows[:_ON_A_PAGE]]
    more = {**filters, "cursor": encode_cursor(str(shown[-1].id))} if len(rows) > _ON_A_PAGE else None
    overdue_since = await cadence.find_overdue_since(session, thresholds.company_survey_every_days, clock.now())
    return render(
        request,
        "campaigns/list.html",
        overdue_since=overdue_since,
        items=shown,
        state=state,
        words=words,
        may_begin=not caller.roles.isdisjoint(_CONDUCTORS),
        next_path=more and f"/campaigns?{urlencode(more)}",
    )


@pages.get("/campaigns/{campaign_id}")
async def show_campaign(
    request: Request,
    campaign_id: UUID,
    session: Reading,
    caller: Staff,
    done: Annotated[str, Query(max_length=20)] = "",
) -> HTMLResponse:
    """One campaign: its population and sample, which clause is asked about, and what can be done now."""
    return await _show(request, session, campaign_id, caller, done=done)


@pages.post("/campaigns/{campaign_id}/population")
async def take_population(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The form with the file."""

    async def take(session: AsyncSession) -> None:
        await _require_conductor(session, campaign_id, caller)
        async with request.form(max_files=1, max_fields=20) as form:
            upload = form.get("file")
            if not isinstance(upload, UploadFile) or not upload.filename:
                raise Malformed("file: choose a file")
            mode = "replace" if form.get("mode") == "replace" else "append"
            skip = form.get("skip_flawed") is not None
            content = await upload.read()
            charset = "gb18030" if form.get("charset") == "gb18030" else "utf-8"
        kind = files.XLSX if files.is_workbook(content) else f"{files.CSV}; charset={charset}"
        await population_service.upload_population(session, campaign_id, content, kind, mode, skip, clock.now())  # type: ignore[arg-type]

    return await _take(request, campaign_id, caller, "population", take)


@pages.post("/campaigns/{campaign_id}/known-customers")
async def take_known_customers(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The customers of the catalogue, by segment."""

    async def take(session: AsyncSession) -> None:
        await _require_conductor(session, campaign_id, caller)
        await population_service.add_known_customers(session, campaign_id, KnownCustomers(), clock.now())

    return await _take(request, campaign_id, caller, "population", take)


@pages.post("/campaigns/{campaign_id}/draw")
async def take_draw(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The form of the draw."""
    typed = await read_form(request)

    async def take(session: AsyncSession) -> None:
        await _require_conductor(session, campaign_id, caller)
        seed = Draw.model_validate(given(typed, "seed")).seed
        await population_service.draw_sample(session, campaign_id, seed, caller.subject, clock.now(), None)

    return await _take(request, campaign_id, caller, "draw", take)


@pages.post("/campaigns/{campaign_id}/waivers")
async def take_waivers(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The form of a waiver: a clause on each line."""
    typed = await read_form(request)

    async def take(session: AsyncSession) -> None:
        clauses = typed.get("clauses", "").split()
        body = NewWaivers.model_validate({"clauses": clauses, "reason": typed.get("reason", "")})
        await service.waive_clauses(session, campaign_id, body, caller, clock.now(), None)

    return await _take(request, campaign_id, caller, "waivers", take)


@pages.post("/campaigns/{campaign_id}/launch")
async def take_launch(request: Request, campaign_id: UUID, caller: Conductor, key: LinkKey) -> Response:
    """The button that invites."""

    async def take(session: AsyncSession) -> None:
        await course.launch_campaign(session, campaign_id, caller, clock.now(), key, None)

    return await _take(request, campaign_id, caller, "launch", take)


@pages.post("/campaigns/{campaign_id}/close")
async def take_close(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The button that ends it."""

    async def take(session: AsyncSession) -> None:
        await course.close_campaign(session, campaign_id, caller, clock.now(), None)

    return await _take(request, campaign_id, caller, "close", take)


@pages.post("/campaigns/{campaign_id}/cancel")
async def take_cancel(request: Request, campaign_id: UUID, caller: Conductor) -> Response:
    """The button that gives a draft up."""

    async def take(session: AsyncSession) -> None:
        await course.cancel_campaign(session, campaign_id, caller, clock.now(), None)

    return await _take(request, campaign_id, caller, "cancel", take)


async def _take(
    request: Request, campaign_id: UUID, caller: Principal, done: str, take: Callable[[AsyncSession], Awaitable[None]]
) -> Response:
    """Do it, or say on the page why not."""

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, campaign_id, caller, refusal=refusal)

    return await take_form(request, take, lambda _: f"/campaigns/{campaign_id}?done={done}", again)


async def _require_conductor(session: AsyncSession, campaign_id: UUID, caller: Principal) -> None:
    campaign = await service.get_campaign(session, campaign_id)
    rules.require_conductor(campaign.level, caller.roles, caller.subject)


async def _show(
    request: Request,
    session: AsyncSession,
    campaign_id: UUID,
    caller: Principal,
    done: str = "",
    refusal: Refused | None = None,
) -> HTMLResponse:
    row: Row[Any] = await service.get_campaign(session, campaign_id)
    check = await course.check_launch(session, row, clock.now()) if row.state == "draft" else None
    strata = await populations.count_by_stratum(session, campaign_id)
    extra = refusal.extra if isinstance(refusal, Problem) else {}
    return render(
        request,
        "campaigns/one.html",
        status_of(refusal),
        item=view_of(row),
        words=words,
        fewest=FEWEST_ANSWERS,
        strata=strata,
        check=check,
        steps=rules.list_steps(bool(strata), row.sample is not None, check) if check else [],
        invitations=await repository.count_invitations(session, campaign_id),
        may_conduct=not caller.roles.isdisjoint(rules.CONDUCTORS[row.level]),
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS, words.DETAILED),
        named=extra.get("strata", []),
        flaws=extra.get("errors", [])[:_FLAWS_SHOWN],
        refused=extra.get("refused", 0),
        done=words.DONE.get(done),
    )
