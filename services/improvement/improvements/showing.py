"""One record as a page, and what a form says that was refused. The forms of each noun are in its own `pages.py`."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fastapi import Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import rules as approval_rules
from services.improvement.effects import rules as effect_rules
from services.improvement.effects.inspections import INSPECTORS
from services.improvement.improvements import forms, rules, service, words
from services.improvement.measures import repository as measures
from services.improvement.participants import rules as participant_rules
from services.improvement.printed.charts import effect_chart
from services.improvement.printed.service import Sheet, gather_sheet
from services.improvement.settings import settings
from services.improvement.tasks import rules as task_rules
from services.improvement.tasks.schemas import TaskView
from shared import clock
from shared.auth import Principal, Role
from shared.database import Database
from shared.http import etag
from shared.pages import N_, HTMLResponse, language_of, render, see_other, translate
from shared.problems import IllegalTransition, LostUpdate, Missing, Problem

Refused = ValidationError | Problem
Act = Callable[[AsyncSession], Awaitable[object]]

_REFUSALS: dict[type[Problem], str] = {
    IllegalTransition: N_("The record has moved on: this cannot be done now."),
    LostUpdate: N_("Somebody else has changed the record meanwhile. It is shown as it is now; repeat your change."),
    Missing: N_("Something is missing:"),
    rules.ApproverIsRequester: N_("You asked for this approval yourself: somebody else has to decide."),
    approval_rules.StepDecided: N_("This step has been decided already."),
    approval_rules.DecidedBefore: N_("You decided an earlier step: somebody else has to decide this one."),
    approval_rules.UnfitDelegate: N_("That person asked for this approval or has decided already: name somebody else."),
    approval_rules.NotTheApprover: N_("This step waits for somebody else:"),
    task_rules.ApproverAskedForTask: N_("You asked for this task yourself: another approver has to decide."),
    effect_rules.VerifierIsImplementer: N_("You carried this out yourself: somebody else has to sign the effect."),
    effect_rules.ReasonNeeded: N_("The evidence says otherwise: give the reason for your verdict."),
    service.AlreadyOpen: N_("This measure and scope have an open improvement already: work on that one."),
}
RAISERS = (Role.OPERATIONS_MANAGER, Role.IMPROVEMENT_SUPERVISOR)
"""Who may have a change raised again."""

_CAN: dict[str, tuple[Role, ...]] = {
    "plan": task_rules.PLANNERS,
    "do": task_rules.DOERS,
    "decide": approval_rules.RANKS,
    "invite": participant_rules.INVITERS,
    "raise": RAISERS,
    "tell": (Role.OPERATIONS_MANAGER,),
    "inspect": INSPECTORS,
    "supervise": (Role.IMPROVEMENT_SUPERVISOR,),
}
_WITH_DETAIL = (approval_rules.NotTheApprover,)
"""What such a refusal says in detail is shown as well."""


class _Typed(dict[str, str]):
    """What was typed into a form; a field that it lacks is empty."""

    def __missing__(self, _name: str) -> str:
        return ""


async def read_form(request: Request) -> dict[str, str]:
    """What was typed, field by field; a field left empty is an empty string."""
    async with request.form(max_files=0, max_fields=100) as form:
        return {name: value for name, value in form.items() if isinstance(value, str)}


def given(typed: Mapping[str, str], *names: str) -> dict[str, str]:
    """Of these fields, those in which something was typed."""
    return {name: typed[name].strip() for name in names if typed.get(name, "").strip()}


async def take(
    request: Request, improvement_id: UUID, caller: Principal, form: str, typed: Mapping[str, str], act: Act
) -> Response:
    """Do it in a transaction of its own, so that a refusal rolls back all of it and can still be shown, with what was
    typed into the form of this name."""
    database: Database = request.app.state.database
    try:
        async with database.transaction() as session:
            await act(session)
    except (ValidationError, Problem) as refusal:
        if isinstance(refusal, service.ImprovementNotFound):
            raise
        async with database.reading() as session:
            return await show_record(request, session, improvement_id, caller, refusal, form, typed)
    section, parted, _ = form.partition("/")
    return see_other(request, f"/improvements/{improvement_id}" + (f"#{section}" if parted else ""))


async def show_record(
    request: Request,
    session: AsyncSession,
    improvement_id: UUID,
    caller: Principal,
    refusal: Refused | None = None,
    form: str = "",
    typed: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """The record's page; after a refusal with its words, and the refused form as it was typed."""
    sheet = await gather_sheet(session, improvement_id)
    record = sheet.record
    verdict = sheet.signature.verdict if sheet.signature else None
    allowed = rules.list_allowed(record.state, verdict)
    typed, now = typed or {}, clock.now()
    return render(
        request,
        "improvements/show.html",
        status_of(refusal),
        sheet=sheet,
        record=record,
        unit=sheet.unit,
        tasks=[TaskView.of(task, record, settings().time_zone, now) for task in sheet.tasks],
        chart=await _draw(request, sheet),
        measures=await measures.list_all(session),
        may=[action for action in allowed if not caller.roles.isdisjoint(rules.MAY[action])],
        can={name: not caller.roles.isdisjoint(roles) for name, roles in _CAN.items()},
        planning=task_rules.PLANNING,
        progress=task_rules.progress_percent((task.state, task.awaits_approval) for task in sheet.tasks),
        edited={**forms.show_edit(record), **(typed if form == "edit" else {})},
        typed_in=lambda name: _Typed(typed if name == form else {}),
        form_name=form,
        version=etag(record.version),
        now=now,
        complaint=refusal and put_in_words(request, refusal),
        words=words,
    )


def status_of(refusal: Refused | None) -> int:
    """The page's status."""
    if refusal is None:
        return 200
    return refusal.status if isinstance(refusal, Problem) else 422


def put_in_words(request: Request, refusal: Refused) -> str:
    """Why it was refused, in the reader's language as far as it is known beforehand."""
    if isinstance(refusal, ValidationError):
        named = dict.fromkeys(str(part) for error in refusal.errors() for part in error["loc"] if part in words.FIELDS)
        labels = ", ".join(translate(request, words.FIELDS[name]) for name in named)
        details = "; ".join(dict.fromkeys(error["msg"] for error in refusal.errors()))
        return f"{translate(request, N_('Please fill in or mend:'))} {labels or details} ({details})"
    known = next((kind for kind in _REFUSALS if isinstance(refusal, kind)), None)
    if known is None:
        return refusal.detail
    more = refusal.detail if known in _WITH_DETAIL else "; ".join(refusal.extra.get("missing", ()))
    return f"{translate(request, _REFUSALS[known])} {more}".strip()


async def _draw(request: Request, sheet: Sheet) -> object:
    if sheet.evidence is None:
        return None
    return await effect_chart(
        translate(request, words.EVIDENCE_CHART),
        sheet.evidence,
        sheet.record.implemented_at,
        unit=sheet.unit,
        language=language_of(request),
    )
