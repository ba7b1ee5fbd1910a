"""Pages of meetings: the list, each meeting with item 0, minutes and actions, and the forms for what is done in it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.meetings import forms, items, repository, rules, service, words
from services.improvement.meetings.models import Meeting
from services.improvement.meetings.routes import Organiser, today
from services.improvement.meetings.schemas import (
    AttendeesBody,
    HoldBody,
    ImprovementBody,
    ItemBody,
    MeetingBody,
    MeetingEdit,
    MinutesBody,
    OutcomeBody,
    ReasonBody,
)
from services.improvement.meetings.views import describe, summarise
from shared import clock
from shared.auth import Principal, Staff
from shared.http import Reading, etag
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, given, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import Forbidden

pages = page_router()

_ON_A_PAGE = 50
_NOTHING_TYPED = dict.fromkeys(
    (
        *(
            "kind",
            "department",
            "title",
            "planned_at",
            "place",
            "chair",
            "attendees",
            "agenda",
            "detail",
            "owner",
            "due",
        ),
        *("state", "reason", "body", "held_at"),
    ),
    "",
)
Step = Literal["edit", "attendees", "minutes", "addenda", "items", "hold", "sign-off", "cancel"]
_Act = Callable[[AsyncSession], Awaitable[object]]


@pages.get("/meetings")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    kind: Annotated[rules.Kind | Literal[""], Query()] = "",
    state: Annotated[rules.State | Literal[""], Query()] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Meetings, the latest first, of one kind and state or of all."""
    before = decode_cursor(cursor, datetime, UUID) if cursor else None
    filters = {name: value for name, value in (("kind", kind), ("state", state)) if value}
    rows = await repository.list_newest(session, filters, before, _ON_A_PAGE + 1)
    shown = [summarise(row) for row in rows[:_ON_A_PAGE]]
    more = None
    if len(rows) > _ON_A_PAGE:
        more = {**filters, "cursor": encode_cursor(shown[-1].planned_at.isoformat(), str(shown[-1].id))}
    return render(
        request,
        "meetings/list.html",
        items=shown,
        undone=await repository.count_undone(session, [item.id for item in shown]),
        kind=kind,
        state=state,
        may_plan=_organises(caller),
        next_path=more and f"/meetings?{urlencode(more)}",
        query_of=lambda **wanted: urlencode({name: value for name, value in wanted.items() if value}),
        words=words,
    )


@pages.get("/meetings/new")
async def show_new(request: Request, _caller: Organiser) -> HTMLResponse:
    """The form of a new meeting."""
    return _show_new(request, {})


@pages.post("/meetings")
async def take_new(request: Request, caller: Organiser) -> Response:
    """A meeting is planned."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> Meeting:
        body = MeetingBody.model_validate(forms.read_meeting(typed))
        return await service.plan_meeting(session, body, caller.subject, clock.now())

    async def again(_: AsyncSession, refusal: Refused) -> HTMLResponse:
        return _show_new(request, typed, refusal)

    return await take_form(request, act, lambda meeting: f"/meetings/{meeting.id}", again)


@pages.get("/meetings/{meeting_id}")
async def show_meeting(request: Request, meeting_id: UUID, session: Reading, caller: Staff) -> HTMLResponse:
    """One meeting: item 0, agenda, plan, actions, minutes, and the forms for what may be done now."""
    return await _show(request, session, meeting_id, caller)


@pages.post("/meetings/{meeting_id}/items/{item_id}/outcome")
async def take_outcome(request: Request, meeting_id: UUID, item_id: UUID, caller: Staff) -> Response:
    """Whether an item was done."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = OutcomeBody.model_validate(given(typed, "state", "reason"))
        return await items.tell_outcome(session, meeting_id, item_id, body, caller, clock.now())

    return await _take(request, meeting_id, caller, str(item_id), typed, act)


@pages.post("/meetings/{meeting_id}/items/{item_id}/improvement")
async def take_improvement(request: Request, meeting_id: UUID, item_id: UUID, caller: Organiser) -> Response:
    """An action becomes an improvement."""

    async def act(session: AsyncSession) -> object:
        body = ImprovementBody()
        return await items.open_improvement(session, meeting_id, item_id, body, caller.subject, clock.now())

    return await _take(request, meeting_id, caller, str(item_id), {}, act)


@pages.post("/meetings/{meeting_id}/{step}")
async def take_step(request: Request, meeting_id: UUID, step: Step, caller: Staff) -> Response:
    """The form of a step. The minutes are signed off by the chair, all else is done by organisers."""
    if step != "sign-off" and not _organises(caller):
        needed = sorted(rules.ORGANISERS)
        raise Forbidden(f"'{caller.subject}' needs one of these roles: {', '.join(needed)}", needed=needed)
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        return await _STEPS[step](session, meeting_id, typed, caller.subject, clock.now())

    return await _take(request, meeting_id, caller, step, typed, act)


_Take = Callable[[AsyncSession, UUID, Mapping[str, str], str, datetime], Awaitable[object]]
_STEPS: dict[Step, _Take] = {
    "edit": lambda session, id_, typed, _, now: service.edit_meeting(
        session,
        id_,
        MeetingEdit.model_validate(
            {**given(typed, "title", "place", "chair"), **forms.read_moment(typed, "planned_at")}
        ),
        typed.get("version"),
        now,
    ),
    "attendees": lambda session, id_, typed, _, now: service.put_attendees(
        session, id_, AttendeesBody.model_validate(forms.read_attendees(typed)), typed.get("version"), now
    ),
    "minutes": lambda session, id_, typed, actor, now: service.write_minutes(
        session, id_, _minutes(typed), typed.get("version"), actor, now
    ),
    "addenda": lambda session, id_, typed, actor, now: service.add_addendum(session, id_, _minutes(typed), actor, now),
    "items": lambda session, id_, typed, actor, now: service.add_item(
        session, id_, ItemBody.model_validate(given(typed, "kind", "title", "detail", "owner", "due")), actor, now
    ),
    "hold": lambda session, id_, typed, _, now: service.hold_meeting(
        session, id_, HoldBody.model_validate(forms.read_moment(typed, "held_at")), now
    ),
    "sign-off": lambda session, id_, typed, actor, now: service.sign_off(
        session, id_, typed.get("version"), actor, today(), now
    ),
    "cancel": lambda session, id_, typed, _, now: service.cancel_meeting(
        session, id_, ReasonBody.model_validate({"reason": typed.get("reason", "")}).reason, now
    ),
}


def _minutes(typed: Mapping[str, str]) -> str:
    return MinutesBody.model_validate({"body": typed.get("body", "")}).body


def _organises(caller: Principal) -> bool:
    return not caller.roles.isdisjoint(rules.ORGANISERS)


async def _take(
    request: Request, meeting_id: UUID, caller: Principal, form: str, typed: Mapping[str, str], act: _Act
) -> Response:
    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, meeting_id, caller, refusal, form, typed)

    return await take_form(request, act, lambda _: f"/meetings/{meeting_id}", again)


async def _show(
    request: Request,
    session: AsyncSession,
    meeting_id: UUID,
    caller: Principal,
    refusal: Refused | None = None,
    form: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    meeting = await service.get_meeting(session, meeting_id)
    view = await describe(session, meeting, today())
    return render(
        request,
        "meetings/show.html",
        status_of(refusal),
        item=view,
        numbers=await repository.list_improvement_numbers(
            session, [one.improvement_id for one in [*view.carried, *view.items] if one.improvement_id]
        ),
        may=list(view.allowed) if _organises(caller) else [],
        organises=_organises(caller),
        me=caller.subject,
        form=form,
        typed={**_NOTHING_TYPED, **(typed or {})},
        version=etag(meeting.version),
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
        words=words,
    )


def _show_new(request: Request, typed: Mapping[str, str], refusal: Refused | None = None) -> HTMLResponse:
    return render(
        request,
        "meetings/new.html",
        status_of(refusal),
        typed={**_NOTHING_TYPED, "kind": "monthly_quality_analysis", **typed},
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
        words=words,
    )
