"""REST of lessons."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.lessons import repository, rules, service
from services.improvement.lessons.schemas import LessonBody, LessonEdit, LessonSummary, LessonView, MarkBody, UseBody
from shared import clock
from shared.auth import Principal, Staff, require
from shared.http import IfMatch, Reading, Writing, etag, router
from shared.pagination import Cursor, Limit, Page, decode_cursor, encode_cursor, page

routes = router("lessons")

Recorder = Annotated[Principal, Depends(require(*rules.RECORDERS))]
Marker = Annotated[Principal, Depends(require(*rules.MARKERS))]
Filter = Annotated[str | None, Query(min_length=1, max_length=200)]


async def _answer(session: AsyncSession, lesson_id: UUID, response: Response) -> LessonView:
    await session.flush()
    view = await service.show_lesson(session, lesson_id)
    response.headers["ETag"] = etag(view.version)
    return view


@routes.get("/lessons")
async def search_lessons(
    session: Reading,
    _caller: Staff,
    text: Annotated[str | None, Query(min_length=1, max_length=200, description="Every word must occur.")] = None,
    tag: Filter = None,
    service_key: Annotated[str | None, Query(alias="service", min_length=1, max_length=200)] = None,
    reusable: Annotated[bool | None, Query()] = None,
    improvement_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Page[LessonSummary]:
    """Newest first, by text, tag, service, and whether a supervisor marked them reusable."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"service": service_key, "reusable": reusable, "improvement_id": improvement_id}
    given = {column: value for column, value in filters.items() if value is not None}
    rows = await repository.search(
        session, given, tag and tag.lower(), text.split()[:20] if text else (), before, limit + 1
    )
    return page([service.summarise(row) for row in rows], limit, lambda item: encode_cursor(str(item.id)))


@routes.post("/lessons", status_code=201)
async def record_lesson(body: LessonBody, session: Writing, caller: Recorder, response: Response) -> LessonView:
    """Record what a verified or closed improvement taught."""
    lesson = await service.record_lesson(session, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/lessons/{lesson.id}"
    return await _answer(session, lesson.id, response)


@routes.get("/lessons/{lesson_id}")
async def get_lesson(lesson_id: UUID, session: Reading, _caller: Staff, response: Response) -> LessonView:
    """The whole lesson, and who used it again."""
    return await _answer(session, lesson_id, response)


@routes.patch("/lessons/{lesson_id}")
async def edit_lesson(
    lesson_id: UUID, body: LessonEdit, session: Writing, caller: Recorder, response: Response, if_match: IfMatch = None
) -> LessonView:
    """Mend it; other words are to be marked reusable again."""
    await service.edit_lesson(session, lesson_id, body, if_match, caller, clock.now())
    return await _answer(session, lesson_id, response)


@routes.post("/lessons/{lesson_id}/marking")
async def mark_lesson(
    lesson_id: UUID, body: MarkBody, session: Writing, caller: Marker, response: Response, if_match: IfMatch = None
) -> LessonView:
    """The supervisor marks the version that they read reusable, or not any more."""
    await service.mark_lesson(session, lesson_id, body, if_match, caller.subject, clock.now())
    return await _answer(session, lesson_id, response)


@routes.post("/lessons/{lesson_id}/uses", status_code=201)
async def use_lesson(
    lesson_id: UUID, body: UseBody, session: Writing, caller: Recorder, response: Response
) -> LessonView:
    """An improvement uses it again; 409 where it does already."""
    await service.use_lesson(session, lesson_id, body, caller.subject, clock.now())
    response.headers["Location"] = f"/improvement/v1/lessons/{lesson_id}"
    return await _answer(session, lesson_id, response)
