"""Pages of lessons: the search, each lesson with who used it again, and the forms."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements.schemas import format_number as format_improvement
from services.improvement.lessons import repository, rules, service, words
from services.improvement.lessons.models import Lesson
from services.improvement.lessons.routes import Marker, Recorder
from services.improvement.lessons.schemas import LessonBody, LessonEdit, MarkBody, UseBody
from shared import clock
from shared.auth import Principal, Role, Staff
from shared.http import Reading, etag
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, given, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor

pages = page_router()

_ON_A_PAGE = 30
_SOURCES = 200
_TEXTS = ("title", "worked", "did_not_work", "context", "reuse", "service")
_NOTHING_TYPED = dict.fromkeys((*_TEXTS, "tags", "improvement_id", "improvement", "note"), "")
_NUMBER = re.compile(r"^\s*(?:IMP-)?0*(\d{1,15})\s*$", re.IGNORECASE | re.ASCII)
Asked = Annotated[str, Query(max_length=200)]
_Act = Callable[[AsyncSession], Awaitable[object]]


@pages.get("/lessons")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    text: Asked = "",
    tag: Asked = "",
    service_key: Annotated[str, Query(alias="service", max_length=200)] = "",
    reusable: Annotated[Literal["", "true"], Query()] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Lessons newest first, by text, tag, service and mark."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters: dict[str, Any] = {"service": service_key} if service_key else {}
    if reusable:
        filters["reusable"] = True
    rows = await repository.search(session, filters, tag.lower() or None, text.split()[:20], before, _ON_A_PAGE + 1)
    shown = [service.summarise(row) for row in rows[:_ON_A_PAGE]]
    asked = {"text": text, "tag": tag, "service": service_key, "reusable": reusable}
    given_ones = {name: value for name, value in asked.items() if value}
    more = {**given_ones, "cursor": encode_cursor(str(shown[-1].id))} if len(rows) > _ON_A_PAGE else None
    return render(
        request,
        "lessons/list.html",
        items=shown,
        asked=asked,
        tags=await repository.list_tags(session),
        may_record=not caller.roles.isdisjoint(rules.RECORDERS),
        next_path=more and f"/lessons?{urlencode(more)}",
        words=words,
    )


@pages.get("/lessons/new")
async def show_new(
    request: Request, session: Reading, _caller: Recorder, improvement: Annotated[UUID | None, Query()] = None
) -> HTMLResponse:
    """The form of a lesson, of the improvement that one came from."""
    return await _show_new(request, session, {"improvement_id": str(improvement)} if improvement else {})


@pages.post("/lessons")
async def take_new(request: Request, caller: Recorder) -> Response:
    """A lesson is recorded."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> Lesson:
        body = LessonBody.model_validate({**given(typed, "improvement_id", *_TEXTS), "tags": _read_tags(typed)})
        return await service.record_lesson(session, body, caller.subject, clock.now())

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_new(request, session, typed, refusal)

    return await take_form(request, act, lambda lesson: f"/lessons/{lesson.id}", again)


@pages.get("/lessons/{lesson_id}")
async def show_lesson(request: Request, lesson_id: UUID, session: Reading, caller: Staff) -> HTMLResponse:
    """One lesson, and who used it again."""
    return await _show(request, session, lesson_id, caller)


@pages.post("/lessons/{lesson_id}/edit")
async def take_edit(request: Request, lesson_id: UUID, caller: Recorder) -> Response:
    """Its words, mended."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        fields = {name: typed[name].strip() or None for name in _TEXTS if name in typed}
        body = LessonEdit.model_validate({**fields, "tags": _read_tags(typed)})
        return await service.edit_lesson(session, lesson_id, body, typed.get("version"), caller, clock.now())

    return await _take(request, lesson_id, caller, "edit", typed, act)


@pages.post("/lessons/{lesson_id}/marking")
async def take_mark(request: Request, lesson_id: UUID, caller: Marker) -> Response:
    """Reusable, or not any more."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = MarkBody.model_validate({"reusable": typed.get("reusable", ""), **given(typed, "note")})
        return await service.mark_lesson(session, lesson_id, body, typed.get("version"), caller.subject, clock.now())

    return await _take(request, lesson_id, caller, "marking", typed, act)


@pages.post("/lessons/{lesson_id}/uses")
async def take_use(request: Request, lesson_id: UUID, caller: Recorder) -> Response:
    """An improvement, by its number, uses it again."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        number = _NUMBER.match(typed.get("improvement", ""))
        improvement_id = await repository.find_by_number(session, int(number[1])) if number else None
        if improvement_id is None:
            raise service.UnknownImprovement("improvement: there is none of that number; it reads like IMP-000123")
        body = UseBody.model_validate({"improvement_id": improvement_id, **given(typed, "note")})
        return await service.use_lesson(session, lesson_id, body, caller.subject, clock.now())

    return await _take(request, lesson_id, caller, "uses", typed, act)


def _read_tags(typed: Mapping[str, str]) -> list[str]:
    """Tags stand between commas, of either script."""
    return [tag.strip() for tag in re.split("[,，、]", typed.get("tags", "")) if tag.strip()]


async def _take(
    request: Request, lesson_id: UUID, caller: Principal, form: str, typed: Mapping[str, str], act: _Act
) -> Response:
    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, lesson_id, caller, refusal, form, typed)

    return await take_form(request, act, lambda _: f"/lessons/{lesson_id}", again)


async def _show(
    request: Request,
    session: AsyncSession,
    lesson_id: UUID,
    caller: Principal,
    refusal: Refused | None = None,
    form: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    view = await service.show_lesson(session, lesson_id)
    shown = {name: getattr(view, name) or "" for name in _TEXTS} | {"tags": ", ".join(view.tags)}
    supervises = Role.IMPROVEMENT_SUPERVISOR in caller.roles
    records = not caller.roles.isdisjoint(rules.RECORDERS)
    return render(
        request,
        "lessons/show.html",
        status_of(refusal),
        item=view,
        may_edit=records and (supervises or caller.subject == view.recorded_by),
        may_mark=supervises,
        may_use=records,
        form=form,
        typed={**_NOTHING_TYPED, **shown, **(typed or {})},
        version=etag(view.version),
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
        words=words,
    )


async def _show_new(
    request: Request, session: AsyncSession, typed: Mapping[str, str], refusal: Refused | None = None
) -> HTMLResponse:
    sources = await repository.list_sources(session, _SOURCES)
    return render(
        request,
        "lessons/new.html",
        status_of(refusal),
        typed={**_NOTHING_TYPED, **typed},
        sources=[(str(row.id), f"{format_improvement(row.number)} {row.title}") for row in sources],
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
        words=words,
    )
