"""Use cases of lessons: record, mend, mark, use again (R176)."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import repository as improvements
from services.improvement.improvements.schemas import format_number as format_improvement
from services.improvement.improvements.service import signed_verdict
from services.improvement.lessons import repository, rules
from services.improvement.lessons.models import Lesson
from services.improvement.lessons.schemas import (
    LessonBody,
    LessonEdit,
    LessonSummary,
    LessonView,
    MarkBody,
    UseBody,
    UseView,
    format_number,
)
from shared.auth import Principal, Role
from shared.events.meetings import LessonRecorded
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record
from shared.problems import Forbidden, Malformed, NotFound, Problem


class LessonNotFound(NotFound):
    pass


class UnknownImprovement(Problem):
    """The body names a record that is not there."""

    status = 422


class AlreadyUsed(Problem):
    """An improvement uses a lesson once."""

    status = 409


async def record_lesson(session: AsyncSession, body: LessonBody, actor: str, now: datetime) -> Lesson:
    """What an improvement taught; told of in the improvement's story.

    Raises:
        UnknownImprovement, NothingLearned
    """
    source = await improvements.find(session, body.improvement_id)
    if source is None:
        raise UnknownImprovement(f"improvement_id: there is no improvement {body.improvement_id}")
    verdict = rules.require_signed(source.state, signed_verdict(source))
    tags = rules.normalise_tags(body.tags)
    lesson = Lesson(
        **body.model_dump(exclude={"tags", "service"}),
        id=new_id(),
        version=1,
        sequence=1,
        verdict=verdict,
        tags=tags,
        service=body.service or source.service,
        recorded_by=actor,
        recorded_at=now,
        updated_at=now,
        reusable=False,
    )
    session.add(lesson)
    await session.flush()
    fact = LessonRecorded(
        lesson_id=lesson.id,
        number=format_number(lesson.number),
        improvement_id=source.id,
        improvement_number=format_improvement(source.number),
        verdict=verdict,
        title=lesson.title,
        worked=lesson.worked,
        did_not_work=lesson.did_not_work,
        context=lesson.context,
        reuse=lesson.reuse,
        tags=tuple(tags),
        service=lesson.service,
        recorded_by=actor,
    )
    await record(session, fact, subject=lesson.id, sequence=lesson.sequence, correlation_id=source.correlation_id)
    return lesson


async def edit_lesson(
    session: AsyncSession, lesson_id: UUID, body: LessonEdit, if_match: str | None, caller: Principal, now: datetime
) -> Lesson:
    """Mend it, by who recorded it or the supervisor. One that was marked reusable is to be read and marked again.

    Raises:
        LessonNotFound, PreconditionRequired, LostUpdate, Forbidden
        Malformed: nothing worked and nothing did not: then it teaches nothing.
    """
    lesson = await _lock(session, lesson_id)
    check_version(if_match, lesson.version)
    if caller.subject != lesson.recorded_by and Role.IMPROVEMENT_SUPERVISOR not in caller.roles:
        raise Forbidden(f"'{lesson.recorded_by}' recorded this; they or an improvement supervisor change it")
    given = body.model_dump(exclude_unset=True)
    for name in ("title", "context", "reuse", "tags"):
        if name in given and given[name] is None:
            del given[name]
    if "tags" in given:
        given["tags"] = rules.normalise_tags(given["tags"])
    changed = [name for name, value in given.items() if getattr(lesson, name) != value]
    for name in changed:
        setattr(lesson, name, given[name])
    if lesson.worked is None and lesson.did_not_work is None:
        raise Malformed("worked, did_not_work: say at least one of them; that is the lesson")
    if not rules.keeps_mark(changed):
        lesson.reusable, lesson.marked_by, lesson.marked_at, lesson.mark_note = False, None, None, None
    _touch(lesson, now)
    return lesson


async def mark_lesson(
    session: AsyncSession, lesson_id: UUID, body: MarkBody, if_match: str | None, actor: str, now: datetime
) -> Lesson:
    """The supervisor says whether it may be used again as it stands, having read this version.

    Raises:
        LessonNotFound, PreconditionRequired, LostUpdate
    """
    lesson = await _lock(session, lesson_id)
    check_version(if_match, lesson.version)
    lesson.reusable, lesson.mark_note = body.reusable, body.note
    lesson.marked_by, lesson.marked_at = actor, now
    _touch(lesson, now)
    return lesson


async def use_lesson(session: AsyncSession, lesson_id: UUID, body: UseBody, actor: str, now: datetime) -> Lesson:
    """An improvement uses it again.

    Raises:
        LessonNotFound, UnknownImprovement, UsedByItself, AlreadyUsed
    """
    lesson = await _lock(session, lesson_id)
    if body.improvement_id == lesson.improvement_id:
        raise rules.UsedByItself("improvement_id: the lesson is of this very improvement; name another one")
    if await improvements.find(session, body.improvement_id) is None:
        raise UnknownImprovement(f"improvement_id: there is no improvement {body.improvement_id}")
    values = {**body.model_dump(), "lesson_id": lesson_id, "used_by": actor, "used_at": now}
    if not await repository.insert_use(session, values):
        raise AlreadyUsed(f"improvement {body.improvement_id} uses this lesson already")
    return lesson


async def show_lesson(session: AsyncSession, lesson_id: UUID) -> LessonView:
    """The whole lesson. Raises `LessonNotFound`."""
    row = await repository.find(session, lesson_id)
    if row is None:
        raise LessonNotFound(f"there is no lesson {lesson_id}")
    uses = [
        UseView(
            improvement_id=use.LessonUse.improvement_id,
            number=format_improvement(use.number),
            title=use.title,
            note=use.LessonUse.note,
            used_by=use.LessonUse.used_by,
            used_at=use.LessonUse.used_at,
        )
        for use in await repository.list_uses(session, lesson_id)
    ]
    own = {name: getattr(row.Lesson, name) for name in LessonView.model_fields if hasattr(row.Lesson, name)}
    summary = summarise(row).model_dump()
    return LessonView(**{**own, **summary, "improvement_title": row.improvement_title, "used_by": uses})


def summarise(row: Row[Any]) -> LessonSummary:
    """A row of the search as lists show it."""
    lesson: Lesson = row.Lesson
    own = {name: getattr(lesson, name) for name in LessonSummary.model_fields if hasattr(lesson, name)}
    return LessonSummary.model_validate(
        {
            **own,
            "number": format_number(lesson.number),
            "improvement_number": format_improvement(row.improvement_number),
            "uses": row.uses,
        }
    )


async def _lock(session: AsyncSession, lesson_id: UUID) -> Lesson:
    lesson = await repository.lock(session, lesson_id)
    if lesson is None:
        raise LessonNotFound(f"there is no lesson {lesson_id}")
    return lesson


def _touch(lesson: Lesson, now: datetime) -> None:
    lesson.version += 1
    lesson.updated_at = now
