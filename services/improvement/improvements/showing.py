"""One record as a page, and what a form says that was refused. The forms of each noun are in its own `pages.py`."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import rules as approval_rules
from services.improvement.effects.inspections import INSPECTORS
from services.improvement.improvements import forms, rules, words
from services.improvement.measures import repository as measures
from services.improvement.participants import rules as participant_rules
from services.improvement.printed.charts import effect_chart
from services.improvement.printed.service import Sheet, gather_sheet
from services.improvement.settings import settings
from services.improvement.tasks import rules as task_rules
from services.improvement.tasks.schemas import TaskView
from shared import clock
from shared.auth import Principal, Role
from shared.http import etag
from shared.pages import HTMLResponse, language_of, render, translate
from shared.pages.forms import Refused, put_in_words, status_of, take_form

Act = Callable[[AsyncSession], Awaitable[object]]

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


class _Typed(dict[str, str]):
    """What was typed into a form; a field that it lacks is empty."""

    def __missing__(self, _name: str) -> str:
        return ""


async def take(
    request: Request, improvement_id: UUID, caller: Principal, form: str, typed: Mapping[str, str], act: Act
) -> Response:
    """Do it, and go back to its section of the record; a refusal is shown with what was typed into the form of this
    name."""

    async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
        return await show_record(request, session, improvement_id, caller, refusal, form, typed)

    section, parted, _ = form.partition("/")
    path = f"/improvements/{improvement_id}" + (f"#{section}" if parted else "")
    return await take_form(request, act, lambda _: path, again)


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
        complaint=complain(request, refusal),
        words=words,
    )


def complain(request: Request, refusal: Refused | None) -> str | None:
    """Why it was refused, in the reader's language; None where it was not."""
    return put_in_words(request, refusal, words.FIELDS, words.PROBLEMS, words.DETAILED)


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
