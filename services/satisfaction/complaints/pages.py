"""Pages of complaints for staff: what is due next, and each with what can be done now. Works without JavaScript."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.complaints import (
    escalations,
    figures,
    handling,
    ownership,
    reactions,
    repository,
    rules,
    service,
    words,
)
from services.satisfaction.complaints import schemas as bodies
from services.satisfaction.complaints.disputes import service as disputes
from services.satisfaction.complaints.intake import service as intake
from services.satisfaction.complaints.repository import Filters
from services.satisfaction.complaints.routes import DAYS, read_cursor, write_due_cursor
from services.satisfaction.complaints.service import Work
from services.satisfaction.complaints.views import describe_whole, summarise
from services.satisfaction.forms import given, zone_of
from services.satisfaction.settings import SatisfactionSettings, Thresholds
from shared import clock
from shared.auth import Principal, Staff
from shared.events.complaints import ComplaintClass
from shared.http import Reading, check_version, etag
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, put_in_words, read_form, status_of, take_form
from shared.pagination import Cursor
from shared.problems import IllegalTransition, NotFound, Problem

pages = page_router()

_ON_A_PAGE = 50
_PERIOD = timedelta(days=DAYS)
_Take = Callable[[Work, Row[Any], Mapping[str, str]], Awaitable[Row[Any]]]
Flag = Annotated[str, Query(max_length=5)]


@pages.get("/complaints")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    state: Annotated[rules.State | str, Query(max_length=20)] = "",
    complaint_class: Annotated[ComplaintClass | str, Query(max_length=20)] = "",
    department: Annotated[str, Query(max_length=200)] = "",
    mine: Flag = "",
    offered: Flag = "",
    unowned: Flag = "",
    overdue: Flag = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """What is due next comes first; and the figures of the last 30 days."""
    now = clock.now()
    query = {
        "state": state,
        "complaint_class": complaint_class,
        "department": department,
        "mine": mine,
        "offered": offered,
        "unowned": unowned,
        "overdue": overdue,
    }
    filters = Filters(
        now,
        state if state in words.STATES else None,
        complaint_class if complaint_class in words.CLASSES else None,
        owner=caller.subject if mine else None,
        offered_to=caller.subject if offered else None,
        unowned=True if unowned else None,
        overdue=True if overdue else None,
        department=department.strip().replace("\x00", "") or None,
    )
    rows = await repository.list_due(session, filters, read_cursor(cursor), _ON_A_PAGE + 1)
    shown = [summarise(row, now) for row in rows[:_ON_A_PAGE]]
    more = {**query, "cursor": write_due_cursor(shown[-1])} if len(rows) > _ON_A_PAGE else None
    return render(
        request,
        "complaints/list.html",
        zone=zone_of(request),
        items=shown,
        chosen=query,
        figures=(await figures.measure(session, "complaint_class", now - _PERIOD, now, now)).total,
        days=DAYS,
        next_path=more and f"/complaints?{urlencode(more)}",
        words=words,
        now=now,
    )


@pages.get("/complaints/{complaint_id}")
async def show_complaint(
    request: Request, complaint_id: UUID, session: Reading, caller: Staff, thresholds: Thresholds
) -> HTMLResponse:
    """One complaint with its deadlines and timeline, and the forms for what may be done now."""
    return await _show(request, session, complaint_id, caller, thresholds)


@pages.post("/complaints/{complaint_id}/{step}")
async def take_step(request: Request, complaint_id: UUID, step: str, caller: Staff, thresholds: Thresholds) -> Response:
    """The form of a step, in a transaction of its own: a refusal rolls back all of it and is shown."""
    if step not in _TAKE:
        raise NotFound(f"there is no step '{step[:50]}'; the complaint's page shows those that can be taken")
    typed = await read_form(request)

    async def act(session: AsyncSession) -> None:
        row = await service.lock(session, complaint_id)
        await _TAKE[step](Work.of(session, caller, clock.now(), thresholds), row, typed)

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show(request, session, complaint_id, caller, thresholds, refusal, step, typed)

    return await take_form(request, act, lambda _: f"/complaints/{complaint_id}", again)


def _note(typed: Mapping[str, str]) -> str:
    return bodies.Note.model_validate(given(typed, "note")).note


def _reason(typed: Mapping[str, str]) -> str:
    return bodies.Reason.model_validate(given(typed, "reason")).reason


async def _edit(work: Work, row: Row[Any], typed: Mapping[str, str]) -> Row[Any]:
    """What is left empty is taken away; the form knows which version it shows."""
    check_version(typed.get("version"), row.version)
    change = {name: typed.get(name, "").strip() or None for name in words.MENDED}
    return await intake.edit(work, row, bodies.ComplaintEdit.model_validate(change))


def _timed(work: Work, typed: Mapping[str, str], *names: str) -> dict[str, str]:
    return given(typed, *names, zone=work.settings.time_zone)


_TAKE: dict[str, _Take] = {
    "take-over": lambda work, row, typed: ownership.take_over(work, row),
    "decline": lambda work, row, typed: ownership.decline(work, row, _reason(typed)),
    "acknowledge": lambda work, row, typed: handling.acknowledge(work, row, _note(typed)),
    "plan": lambda work, row, typed: handling.plan(work, row, _note(typed)),
    "cause-analysis": lambda work, row, typed: handling.analyse_cause(work, row, _note(typed)),
    "answer": lambda work, row, typed: handling.answer(
        work, row, bodies.Answer.model_validate(given(typed, "answer")).answer
    ),
    "accept": lambda work, row, typed: reactions.accept(
        work, row, bodies.Acceptance.model_validate(words.with_score(typed, "comment"))
    ),
    "reject": lambda work, row, typed: reactions.reject(work, row, _reason(typed)),
    "follow-up": lambda work, row, typed: reactions.follow_up(
        work, row, bodies.FollowUpCall.model_validate(words.with_score(typed, "satisfied", "note"))
    ),
    "pass-on": lambda work, row, typed: ownership.pass_on(
        work, row, bodies.PassOn.model_validate(given(typed, "to", "reason"))
    ),
    "escalate": lambda work, row, typed: escalations.escalate(
        work, row, bodies.Escalation.model_validate(given(typed, "complaint_class", "to", "reason"))
    ),
    "supervise": lambda work, row, typed: handling.supervise(
        work,
        row,
        bodies.Supervision.model_validate(
            given(typed, "supervised_by", "progress_due_at", zone=work.settings.time_zone)
        ),
    ),
    "progress": lambda work, row, typed: handling.report_progress(
        work, row, bodies.Progress.model_validate(_timed(work, typed, "note", "next_due_at"))
    ),
    "notes": lambda work, row, typed: handling.note(work, row, _note(typed)),
    "edit": _edit,
    "dispute": lambda work, row, typed: disputes.open_dispute(
        work, row, bodies.NewDispute.model_validate(_timed(work, typed, "subject", "due_at"))
    ),
    "dispute-position": lambda work, row, typed: disputes.add_position(
        work, row, bodies.Position.model_validate(given(typed, "side", "position"))
    ),
    "dispute-settle": lambda work, row, typed: disputes.settle_dispute(
        work, row, bodies.Settlement.model_validate(given(typed, "outcome")).outcome
    ),
    "close": lambda work, row, typed: handling.close(work, row, bodies.Closing.model_validate(given(typed, "note"))),
}


async def _show(
    request: Request,
    session: AsyncSession,
    complaint_id: UUID,
    caller: Principal,
    thresholds: SatisfactionSettings,
    refusal: Refused | None = None,
    form: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    now = clock.now()
    row = await service.get(session, complaint_id)
    work = Work.of(session, caller, now, thresholds)
    view = await describe_whole(work, row)
    verdicts = {name: _judge(name, action, work, row, view) for name, (action, _, _) in words.STEPS.items()}
    steps = {name: words.STEPS[name] for name, verdict in verdicts.items() if verdict is None}
    return render(
        request,
        "complaints/show.html",
        status_of(refusal),
        zone=thresholds.time_zone,
        item=view,
        steps=steps,
        suggested=_suggest(view, steps),
        barred=[
            (words.STEPS[name][1], put_in_words(request, verdict, words.FIELDS, words.PROBLEMS))
            for name, verdict in verdicts.items()
            if isinstance(verdict, Problem)
        ],
        kept={name: getattr(row, name) or "" for name in words.MENDED},
        version=etag(row.version),
        form=form,
        typed=typed or {},
        higher=[name for name in rules.CLASSES if rules.is_higher(name, view.complaint_class)],
        complaint=put_in_words(request, refusal, words.FIELDS, words.PROBLEMS),
        words=words,
        now=now,
    )


def _suggest(view: bodies.ComplaintView, steps: Collection[str]) -> str | None:
    """The step that is due next, of those that this reader can take."""
    waiting = sorted(
        (one for one in view.deadlines if one.met_at is None and one.lifted_at is None), key=lambda one: one.due_at
    )
    due = [words.DUE_STEPS[one.kind] for one in waiting]
    return next((name for name in ("take-over", *due, "close") if name in steps), None)


def _judge(name: str, action: str, work: Work, row: Row[Any], view: bodies.ComplaintView) -> Problem | bool | None:
    """None where this form makes sense now, to this reader; a problem where it says why not; True where nobody asks."""
    if name == "decline" and row.offered_to != work.actor:
        return True
    if name == "take-over" and row.owner == work.actor:
        return True
    if name in ("dispute", "dispute-position", "dispute-settle") and (name == "dispute") == row.held:
        return True
    if name == "progress" and row.supervised_by is None:
        return True
    refusal = work.find_refusal(action, row, view.missing)
    return True if isinstance(refusal, IllegalTransition) else refusal
