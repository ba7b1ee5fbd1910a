"""Use cases of writing a record."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import rules
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import Edit
from services.improvement.improvements.service import (
    EVERYWHERE,
    append,
    complete_plan,
    lock_improvement,
    save_record,
    touch,
)
from services.improvement.tasks.planning import replace_tasks
from shared import problems
from shared.http import check_version


async def edit_improvement(
    session: AsyncSession, improvement_id: UUID, body: Edit, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Change a draft.

    Raises:
        PreconditionRequired, LostUpdate, IllegalTransition, AlreadyOpen, Malformed
    """
    record = await lock_improvement(session, improvement_id)
    check_version(if_match, record.version)
    rules.next_state("edit", record.state)
    changed = body.model_dump(exclude_unset=True, exclude={"verification_plan", "tasks"})
    for name, value in changed.items():
        setattr(record, name, value)
    if record.measure_key and not record.scope:
        record.scope = EVERYWHERE
    if "verification_plan" in body.model_fields_set:
        record.verification_plan = complete_plan(body.verification_plan, record.measure_key, record.scope)
        changed["verification_plan"] = True
    if record.planned_start and record.planned_end and record.planned_end < record.planned_start:
        raise problems.Malformed("planned_end lies before planned_start")
    record.edited_at = now
    touch(record, now)
    await save_record(session, record)
    if "tasks" in body.model_fields_set:
        changed["tasks"] = await replace_tasks(session, record.id, body.tasks, actor, now)
    await append(session, record, actor, now, "edit", record.state, f"changed: {', '.join(sorted(changed))}")
    return record
