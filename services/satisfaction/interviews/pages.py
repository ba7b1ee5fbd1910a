"""Pages of interviews: the list, a new one, and each. Works without JavaScript."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints.rules import TimeInFuture
from services.satisfaction.forms import given, zone_of
from services.satisfaction.interviews import repository, service
from services.satisfaction.interviews.schemas import InterviewBody
from shared import clock
from shared.auth import Staff
from shared.http import Reading
from shared.pages import N_, HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import Problem

pages = page_router()

_ON_A_PAGE = 50
_TOPICS = 5
_NEW = ("customer", "interviewee", "interviewer", "service", "project", "summary", "held_at")
FIELDS = {
    "customer": N_("Customer"),
    "interviewee": N_("Who was asked?"),
    "interviewer": N_("Who asked?"),
    "held_at": N_("When"),
    "service": N_("Service"),
    "project": N_("Project"),
    "topic": N_("Topic"),
    "note": N_("What was said"),
    "score": N_("Score, 1 to 5"),
    "notes": N_("Notes by topic"),
    "summary": N_("Summary"),
}
_PROBLEMS: dict[type[Problem], str] = {TimeInFuture: N_("This time lies in the future.")}


@pages.get("/interviews")
async def show_list(request: Request, session: Reading, _caller: Staff, cursor: Cursor = None) -> HTMLResponse:
    """The latest held first."""
    before = decode_cursor(cursor, datetime, UUID) if cursor else None
    rows = await repository.list_newest(session, {}, None, before, _ON_A_PAGE + 1)
    shown = [service.show(row) for row in rows[:_ON_A_PAGE]]
    more = None
    if len(rows) > _ON_A_PAGE:
        more = {"cursor": encode_cursor(shown[-1].held_at.isoformat(), str(shown[-1].id))}
    next_path = more and f"/interviews?{urlencode(more)}"
    return render(
        request, "interviews/list.html", items=shown, fields=FIELDS, next_path=next_path, zone=zone_of(request)
    )


@pages.get("/interviews/new")
async def show_new(request: Request, _caller: Staff) -> HTMLResponse:
    """The form of an interview."""
    return _show_new(request, {})


@pages.post("/interviews")
async def take_new(request: Request, caller: Staff) -> Response:
    """An interview is recorded."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> Row[Any]:
        body = InterviewBody.model_validate({**given(typed, *_NEW, zone=zone_of(request)), "notes": _read_notes(typed)})
        return await service.write(session, body, caller.subject, clock.now())

    async def again(_session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return _show_new(request, typed, refusal)

    return await take_form(request, act, lambda row: f"/interviews/{row.id}", again)


@pages.get("/interviews/{interview_id}")
async def show_interview(request: Request, interview_id: UUID, session: Reading, _caller: Staff) -> HTMLResponse:
    """One interview."""
    item = service.show(await service.get(session, interview_id))
    return render(request, "interviews/show.html", item=item, fields=FIELDS, zone=zone_of(request))


def _read_notes(typed: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rows in which a topic or a note was typed; a score as a number."""
    notes: list[dict[str, Any]] = []
    for place in range(_TOPICS):
        row = {name: typed.get(f"{name}.{place}", "").strip() for name in ("topic", "note", "score")}
        if row["topic"] or row["note"]:
            score = row["score"]
            read: dict[str, Any] = {"score": int(score) if score in tuple("12345") else score} if score else {}
            notes.append({"topic": row["topic"], "note": row["note"], **read})
    return notes


def _show_new(request: Request, typed: Mapping[str, str], refusal: Refused | None = None) -> HTMLResponse:
    return render(
        request,
        "interviews/new.html",
        status_of(refusal),
        zone=zone_of(request),
        typed=typed,
        topics=range(_TOPICS),
        fields=FIELDS,
        complaint=put_in_words(request, refusal, FIELDS, _PROBLEMS),
    )
