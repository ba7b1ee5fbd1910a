"""Use cases of writing a record: its plan, and what a change of an approved plan leads to."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals.chains import begin_revision, end_chain, open_chain
from services.improvement.improvements import rules
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.priorities import prioritise
from services.improvement.improvements.schemas import Edit
from services.improvement.improvements.service import (
    EVERYWHERE,
    append,
    complete_plan,
    lock_improvement,
    move,
    readiness,
    refresh_due,
    save_record,
    tell,
    touch,
)
from services.improvement.tasks.planning import replace_tasks
from shared import problems
from shared.events.improvement import ImprovementRevised
from shared.http import check_version


async def edit_improvement(
    session: AsyncSession, improvement_id: UUID, body: Edit, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Change a record. What makes another plan of one that was submitted begins a new revision, which asks for
    approval again (R37).

    Raises:
        PreconditionRequired, LostUpdate, IllegalTransition, AlreadyOpen, Malformed
        Missing: the plan that is submitted would lack something.
    """
    record = await lock_improvement(session, improvement_id)
    check_version(if_match, record.version)
    rules.next_state("edit", record.state)
    before = {name: getattr(record, name) for name in body.model_fields_set if hasattr(record, name)}
    before |= {name: getattr(record, name) for name in rules.MATERIAL}
    _write(record, body)
    record.edited_at = now
    changed = {name for name, value in before.items() if getattr(record, name) != value}
    material = rules.list_material(before, {name: getattr(record, name) for name in rules.MATERIAL})
    await save_record(session, record)
    if "tasks" in body.model_fields_set and await replace_tasks(session, record, body.tasks, actor, now):
        changed.add("tasks")
        material.append("tasks")
    if record.state == "draft" or not material:
        touch(record, now)
        await refresh_due(session, record)
        told = f"changed: {', '.join(sorted(changed)) or 'nothing'}"
        await append(session, record, actor, now, "edit", record.state, told)
        return record
    await _ask_again(session, record, material, body.change_reason, actor, now)
    return record


def _write(record: Improvement, body: Edit) -> None:
    given = body.model_dump(exclude_unset=True, exclude={"verification_plan", "tasks", "change_reason"})
    if "planned_end" in given and given["planned_end"] != record.planned_end:
        record.planned_end_held = record.held_seconds
    for name, value in given.items():
        setattr(record, name, value)
    if record.measure_key and not record.scope:
        record.scope = EVERYWHERE
    if "verification_plan" in body.model_fields_set:
        record.verification_plan = complete_plan(body.verification_plan, record.measure_key, record.scope)
    if record.planned_start and record.planned_end and record.planned_end < record.planned_start:
        raise problems.Malformed("planned_end lies before planned_start")
    record.priority = prioritise(record.severity, record.impact, record.effort).level


async def _ask_again(
    session: AsyncSession, record: Improvement, material: list[str], reason: str | None, actor: str, now: datetime
) -> None:
    rules.require_ready("change the plan", readiness(record))
    await end_chain(session, record, "superseded")
    begin_revision(record)
    record.submitted_by, record.submitted_at = actor, now
    await open_chain(session, record, now)
    told = f"material change: {', '.join(material)}" + (f" ({reason})" if reason else "")
    await move(session, record, "change_plan", "submitted", actor, now, told)
    await tell(session, record, ImprovementRevised, reason=told)
