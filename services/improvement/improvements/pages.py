"""Pages of improvement records: the list, and each record with its story, its evidence and what can be done now."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import service as approval_service
from services.improvement.approvals.schemas import Decision, Refusal
from services.improvement.effects import service as effects
from services.improvement.effects.schemas import Signature
from services.improvement.improvements import course, editing, forms, repository, rules, service, words
from services.improvement.improvements.listing import Listing
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.routes import Author
from services.improvement.improvements.schemas import Closing, Edit, ImprovementSummary, NewImprovement, Reason
from services.improvement.improvements.showing import complain, show_record, take
from services.improvement.measures import repository as measures
from shared import clock
from shared.auth import Staff
from shared.http import Reading
from shared.pages import HTMLResponse, page_router, render
from shared.pages.forms import Refused, given, read_form, status_of, take_form
from shared.problems import Forbidden, Problem

pages = page_router()

ON_A_PAGE = 50
_Typed = Mapping[str, str]


@pages.get("/improvements")
async def show_list(request: Request, session: Reading, caller: Staff) -> HTMLResponse:
    """Records by what was chosen in the form of filters, and how many are in each state; what cannot be looked for is
    told, and all are shown."""
    chosen = {name: value.strip() for name, value in request.query_params.items() if value.strip()}
    refusal: Refused | None = None
    try:
        listing = Listing.model_validate(_as_lists(chosen))
        wanted = listing.wanted()
    except (ValidationError, Problem) as problem:
        listing, refusal = Listing(limit=ON_A_PAGE), problem
        wanted = listing.wanted()
    rows = await repository.list_page(session, wanted, clock.now())
    shown = [ImprovementSummary.of(row) for row in rows[: listing.limit]]
    more = {**chosen, "cursor": listing.cursor_of(shown[-1])} if len(rows) > listing.limit else None
    return render(
        request,
        "improvements/list.html",
        status_of(refusal),
        items=shown,
        counts=await repository.count_by_state(session),
        chosen={**dict.fromkeys(Listing.model_fields, ""), **chosen},
        is_filtered=bool(chosen.keys() - {"sort", "cursor"}),
        names={measure.key: measure.name for measure in await measures.list_all(session)},
        may_open=not caller.roles.isdisjoint(rules.MAY["edit"]),
        next_path=more and f"/improvements?{urlencode(more)}",
        complaint=complain(request, refusal),
        now=clock.now(),
        words=words,
    )


def _as_lists(chosen: _Typed) -> dict[str, Any]:
    several = {name: (chosen[name],) for name in ("state", "origin") if name in chosen}
    return {"limit": ON_A_PAGE, **chosen, **several}


@pages.get("/improvements/new")
async def show_new(request: Request, session: Reading, _caller: Author) -> HTMLResponse:
    """The form of a person's improvement."""
    return await _show_new(request, session, {})


@pages.post("/improvements")
async def take_new(request: Request, caller: Author) -> Response:
    """A person's improvement; the plan is written on its own page."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> Improvement:
        body = NewImprovement.model_validate(forms.read_edit(typed))
        return await service.open_improvement(session, body, caller.subject, clock.now())

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await _show_new(request, session, typed, refusal)

    return await take_form(request, act, lambda record: f"/improvements/{record.id}", again)


@pages.get("/improvements/{improvement_id}")
async def show_improvement(request: Request, improvement_id: UUID, session: Reading, caller: Staff) -> HTMLResponse:
    """One record: problem, plan, approvals, change, evidence, history, and the forms for what may be done now."""
    return await show_record(request, session, improvement_id, caller)


@pages.post("/improvements/{improvement_id}/edit")
async def take_edit(request: Request, improvement_id: UUID, caller: Author) -> Response:
    """The form of the plan."""
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        body = Edit.model_validate(forms.read_edit(typed))
        return await editing.edit_improvement(
            session, improvement_id, body, typed.get("version"), caller.subject, clock.now()
        )

    return await take(request, improvement_id, caller, "edit", typed, act)


@pages.post("/improvements/{improvement_id}/{action}")
async def take_action(request: Request, improvement_id: UUID, action: rules.Action, caller: Staff) -> Response:
    """The form of a transition; its version says which record its reader saw."""
    if action not in _JUDGED_BY_STEP and caller.roles.isdisjoint(rules.MAY[action]):
        needed = ", ".join(rules.MAY[action])
        raise Forbidden(f"'{caller.subject}' needs one of these roles: {needed}", needed=list(rules.MAY[action]))
    typed = await read_form(request)

    async def act(session: AsyncSession) -> object:
        return await _ACTS[action](session, improvement_id, typed.get("version"), caller, typed, clock.now())

    return await take(request, improvement_id, caller, action, typed, act)


_JUDGED_BY_STEP = ("approve", "reject")
"""Who may decide is told by the open step: a delegate needs no role of an approver's."""

_ACTS: dict[str, Callable[..., Awaitable[object]]] = {
    "submit": lambda session, id_, seen, caller, _, now: course.submit_improvement(
        session, id_, seen, caller.subject, now
    ),
    "approve": lambda session, id_, seen, caller, typed, now: approval_service.approve_improvement(
        session, id_, seen, caller, Decision.model_validate(given(typed, "comment", "step")), now
    ),
    "reject": lambda session, id_, seen, caller, typed, now: approval_service.reject_improvement(
        session, id_, seen, caller, Refusal.model_validate(_with_reason(typed, "step")), now
    ),
    "revise": lambda session, id_, seen, caller, typed, now: course.revise_improvement(
        session, id_, seen, caller.subject, _reason(typed), now
    ),
    "hold": lambda session, id_, seen, caller, typed, now: course.hold_improvement(
        session, id_, seen, caller.subject, _reason(typed), now
    ),
    "resume": lambda session, id_, seen, caller, _, now: course.resume_improvement(
        session, id_, seen, caller.subject, now
    ),
    "withdraw": lambda session, id_, seen, caller, typed, now: course.withdraw_improvement(
        session, id_, seen, caller.subject, _reason(typed), now
    ),
    "assess": lambda session, id_, seen, caller, _, now: effects.request_assessment(
        session, id_, seen, caller.subject, now
    ),
    "verify": lambda session, id_, seen, caller, typed, now: effects.verify_improvement(
        session, id_, seen, caller, Signature.model_validate(given(typed, "verdict", "reason")), now
    ),
    "close": lambda session, id_, seen, caller, typed, now: course.close_improvement(
        session, id_, seen, caller.subject, now, _closing(typed)
    ),
}


def _closing(typed: _Typed) -> Closing:
    following: dict[str, Any] = {"next_cycle": {}} if typed.get("next_cycle") else {}
    return Closing.model_validate({**given(typed, "closure_code", "comment"), **following})


def _with_reason(typed: _Typed, *names: str) -> dict[str, Any]:
    return {"reason": typed.get("reason", ""), **given(typed, *names)}


def _reason(typed: _Typed) -> str:
    return Reason.model_validate(_with_reason(typed)).reason


async def _show_new(
    request: Request, session: AsyncSession, typed: _Typed, refusal: Refused | None = None
) -> HTMLResponse:
    return render(
        request,
        "improvements/new.html",
        status_of(refusal),
        edited={**dict.fromkeys(forms.FIELDS, ""), **typed},
        measures=await measures.list_all(session),
        complaint=complain(request, refusal),
        words=words,
    )
