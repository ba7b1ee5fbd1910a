"""Pages of improvement records: the list, and each record with its story, its evidence and what can be done now."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import service as approval_service
from services.improvement.changes import repository as changes
from services.improvement.changes import service as change_service
from services.improvement.changes.routes import Raiser, Teller
from services.improvement.changes.schemas import OutcomeBody
from services.improvement.effects import rules as effect_rules
from services.improvement.effects import service as effects
from services.improvement.effects.schemas import Signature
from services.improvement.improvements import course, editing, forms, repository, rules, service, words
from services.improvement.improvements.routes import Author, show
from services.improvement.improvements.schemas import (
    Comment,
    Edit,
    ImprovementSummary,
    NewImprovement,
    Reason,
)
from services.improvement.measures import repository as measures
from shared import clock
from shared.auth import Principal, Staff
from shared.database import Database
from shared.http import Reading, etag
from shared.pages import N_, HTMLResponse, page_router, render, see_other, translate
from shared.pagination import Cursor, decode_cursor, encode_cursor
from shared.problems import Forbidden, IllegalTransition, LostUpdate, Missing, Problem
from shared.ticketing.changes import ChangeOutcome

pages = page_router()

ON_A_PAGE = 50
LINES_SHOWN = 500
_NOTHING_TYPED = dict.fromkeys(("state", "implemented_at", "verdict", "reason"), "")
_REFUSALS: dict[type[Problem], str] = {
    IllegalTransition: N_("The record has moved on: this cannot be done now."),
    LostUpdate: N_("Somebody else has changed the record meanwhile. It is shown as it is now; repeat your change."),
    Missing: N_("Something is missing:"),
    rules.ApproverIsRequester: N_("You asked for this approval yourself: somebody else has to decide."),
    effect_rules.VerifierIsImplementer: N_("You carried this out yourself: somebody else has to sign the effect."),
    effect_rules.ReasonNeeded: N_("The evidence says otherwise: give the reason for your verdict."),
    service.AlreadyOpen: N_("This measure and scope have an open improvement already: work on that one."),
}
_Act = Callable[[AsyncSession], Awaitable[object]]


@pages.get("/improvements")
async def show_list(
    request: Request,
    session: Reading,
    caller: Staff,
    state: Annotated[rules.State | Literal[""], Query()] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Records newest first, all or of one state, and how many are in each."""
    before = decode_cursor(cursor, UUID)[0] if cursor else None
    filters = {"state": state} if state else {}
    records = await repository.list_newest(session, filters, None, before, ON_A_PAGE + 1)
    shown = [ImprovementSummary.of(record) for record in records[:ON_A_PAGE]]
    more = {**filters, "cursor": encode_cursor(str(shown[-1].id))} if len(records) > ON_A_PAGE else None
    return render(
        request,
        "improvements/list.html",
        items=shown,
        counts=await repository.count_by_state(session),
        state=state,
        names={measure.key: measure.name for measure in await measures.list_all(session)},
        may_open=not caller.roles.isdisjoint(rules.MAY["edit"]),
        next_path=more and f"/improvements?{urlencode(more)}",
        words=words,
    )


@pages.get("/improvements/new")
async def show_new(request: Request, session: Reading, _caller: Author) -> HTMLResponse:
    """The form of a person's improvement."""
    return await _show_new(request, session, {})


@pages.post("/improvements")
async def take_new(request: Request, caller: Author) -> Response:
    """A person's improvement; the plan is written on its own page."""
    typed = await _read(request)
    database: Database = request.app.state.database
    try:
        body = NewImprovement.model_validate(forms.read_edit(typed))
        async with database.transaction() as session:
            record = await service.open_improvement(session, body, caller.subject, clock.now())
    except (ValidationError, Problem) as refusal:
        async with database.reading() as session:
            return await _show_new(request, session, typed, refusal)
    return see_other(request, f"/improvements/{record.id}")


@pages.get("/improvements/{improvement_id}")
async def show_improvement(request: Request, improvement_id: UUID, session: Reading, caller: Staff) -> HTMLResponse:
    """One record: problem, plan, approvals, change, evidence, history, and the forms for what may be done now."""
    return await _show(request, session, improvement_id, caller)


@pages.post("/improvements/{improvement_id}/edit")
async def take_edit(request: Request, improvement_id: UUID, caller: Author) -> Response:
    """The form of the plan."""
    typed = await _read(request)

    async def act(session: AsyncSession) -> object:
        body = Edit.model_validate(forms.read_edit(typed))
        return await editing.edit_improvement(
            session, improvement_id, body, typed.get("version"), caller.subject, clock.now()
        )

    return await _take(request, improvement_id, caller, typed, act)


@pages.post("/improvements/{improvement_id}/change/raise")
async def take_raise(request: Request, improvement_id: UUID, caller: Raiser) -> Response:
    """Try again to raise the change."""
    typed = await _read(request)

    async def act(session: AsyncSession) -> object:
        change_id = await _change_of(session, improvement_id)
        return await change_service.raise_again(session, change_id, clock.now())

    return await _take(request, improvement_id, caller, typed, act)


@pages.post("/improvements/{improvement_id}/change/outcome")
async def take_outcome(request: Request, improvement_id: UUID, caller: Teller) -> Response:
    """What became of the change, told by hand."""
    typed = await _read(request)

    async def act(session: AsyncSession) -> object:
        given = {name: typed[name].strip() for name in ("state", "reason") if typed.get(name, "").strip()}
        if typed.get("implemented_at"):
            given["implemented_at"] = f"{typed['implemented_at']}Z"
        body = OutcomeBody.model_validate(given)
        outcome = ChangeOutcome(body.state, body.implemented_at, body.reason)
        change_id = await _change_of(session, improvement_id)
        return await change_service.settle_change(session, change_id, outcome, clock.now())

    return await _take(request, improvement_id, caller, typed, act)


@pages.post("/improvements/{improvement_id}/{action}")
async def take_action(request: Request, improvement_id: UUID, action: rules.Action, caller: Staff) -> Response:
    """The form of a transition."""
    if caller.roles.isdisjoint(rules.MAY[action]):
        needed = ", ".join(rules.MAY[action])
        raise Forbidden(f"'{caller.subject}' needs one of these roles: {needed}", needed=list(rules.MAY[action]))
    typed = await _read(request)

    async def act(session: AsyncSession) -> object:
        return await _ACTS[action](session, improvement_id, caller, typed)

    return await _take(request, improvement_id, caller, typed, act)


async def _act_with_reason(
    use_case: Callable[..., Awaitable[object]],
    session: AsyncSession,
    improvement_id: UUID,
    actor: Principal | str,
    typed: Mapping[str, str],
) -> object:
    reason = Reason.model_validate({"reason": typed.get("reason", "")}).reason
    return await use_case(session, improvement_id, None, actor, reason, clock.now())


_ACTS: dict[str, Callable[[AsyncSession, UUID, Principal, Mapping[str, str]], Awaitable[object]]] = {
    "submit": lambda session, id_, caller, _: course.submit_improvement(
        session, id_, None, caller.subject, clock.now()
    ),
    "approve": lambda session, id_, caller, typed: approval_service.approve_improvement(
        session, id_, None, caller, _comment(typed), clock.now()
    ),
    "reject": lambda session, id_, caller, typed: _act_with_reason(
        approval_service.reject_improvement, session, id_, caller, typed
    ),
    "revise": lambda session, id_, caller, typed: _act_with_reason(
        course.revise_improvement, session, id_, caller.subject, typed
    ),
    "hold": lambda session, id_, caller, typed: _act_with_reason(
        course.hold_improvement, session, id_, caller.subject, typed
    ),
    "resume": lambda session, id_, caller, _: course.resume_improvement(
        session, id_, None, caller.subject, clock.now()
    ),
    "withdraw": lambda session, id_, caller, typed: _act_with_reason(
        course.withdraw_improvement, session, id_, caller.subject, typed
    ),
    "assess": lambda session, id_, caller, _: effects.request_assessment(
        session, id_, None, caller.subject, clock.now()
    ),
    "verify": lambda session, id_, caller, typed: effects.verify_improvement(
        session, id_, None, caller, _signature(typed), clock.now()
    ),
    "close": lambda session, id_, caller, _: course.close_improvement(session, id_, None, caller.subject, clock.now()),
}


def _comment(typed: Mapping[str, str]) -> str | None:
    return Comment.model_validate({"comment": typed.get("comment", "").strip() or None}).comment


def _signature(typed: Mapping[str, str]) -> Signature:
    return Signature.model_validate(
        {"verdict": typed.get("verdict", ""), "reason": typed.get("reason", "").strip() or None}
    )


async def _take(
    request: Request, improvement_id: UUID, caller: Principal, typed: Mapping[str, str], act: _Act
) -> Response:
    """Do it in a transaction of its own, so that a refusal rolls back all of it and can still be shown."""
    database: Database = request.app.state.database
    try:
        async with database.transaction() as session:
            await act(session)
    except (ValidationError, Problem) as refusal:
        if isinstance(refusal, service.ImprovementNotFound):
            raise
        async with database.reading() as session:
            return await _show(request, session, improvement_id, caller, refusal, typed)
    return see_other(request, f"/improvements/{improvement_id}")


async def _change_of(session: AsyncSession, improvement_id: UUID) -> UUID:
    record = await service.get_improvement(session, improvement_id)
    change = await changes.find_of_revision(session, record.id, record.revision)
    if change is None:
        raise change_service.ChangeNotFound("this revision has no change yet")
    return change.id


async def _read(request: Request) -> dict[str, str]:
    async with request.form(max_files=0, max_fields=100) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


async def _show(
    request: Request,
    session: AsyncSession,
    improvement_id: UUID,
    caller: Principal,
    refusal: ValidationError | Problem | None = None,
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    record = await service.get_improvement(session, improvement_id)
    view = await show(session, record)
    measure = await measures.find(session, record.measure_key) if record.measure_key else None
    return render(
        request,
        "improvements/show.html",
        _status(refusal),
        item=view,
        measure=measure,
        unit=measure.unit if measure else "",
        measures=await measures.list_all(session),
        history=await repository.list_history(session, record.id, 0, LINES_SHOWN),
        may=[action for action in view.allowed if not caller.roles.isdisjoint(rules.MAY[action])],
        roles=caller.roles,
        typed={**_NOTHING_TYPED, **forms.show_edit(record, view.tasks), **(typed or {})},
        version=etag(record.version),
        complaint=refusal and _put_in_words(request, refusal),
        words=words,
    )


async def _show_new(
    request: Request,
    session: AsyncSession,
    typed: Mapping[str, str],
    refusal: ValidationError | Problem | None = None,
) -> HTMLResponse:
    return render(
        request,
        "improvements/new.html",
        _status(refusal),
        typed={**dict.fromkeys(("title", "problem", "measure_key", "scope"), ""), **typed},
        measures=await measures.list_all(session),
        complaint=refusal and _put_in_words(request, refusal),
        words=words,
    )


def _status(refusal: ValidationError | Problem | None) -> int:
    if refusal is None:
        return 200
    return refusal.status if isinstance(refusal, Problem) else 422


def _put_in_words(request: Request, refusal: ValidationError | Problem) -> str:
    if isinstance(refusal, ValidationError):
        named = dict.fromkeys(str(part) for error in refusal.errors() for part in error["loc"] if part in words.FIELDS)
        labels = ", ".join(translate(request, words.FIELDS[name]) for name in named)
        details = "; ".join(dict.fromkeys(error["msg"] for error in refusal.errors()))
        return f"{translate(request, N_('Please fill in or mend:'))} {labels or details} ({details})"
    known = next((text for kind, text in _REFUSALS.items() if isinstance(refusal, kind)), None)
    if known is None:
        return refusal.detail
    missing = "; ".join(refusal.extra.get("missing", ()))
    return f"{translate(request, known)} {missing}".strip()
