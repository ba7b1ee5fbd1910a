"""The improvement record: opening it, finding it, and what every use case does to it. How people write it is in
`editing`, what becomes of it in `course`, who approves it in `approvals`, what it hears in `gaps` and `effects`."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import repository, rules
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.priorities import prioritise
from services.improvement.improvements.schemas import NewImprovement, PlanBody, format_number
from services.improvement.settings import settings
from services.improvement.tasks import repository as tasks
from services.improvement.tasks.planning import replace_tasks
from services.improvement.tasks.rules import LIVE, deadline_of
from shared import problems
from shared.events import improvement as events
from shared.events.envelope import Draft, Fact, Origin, current_origin
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record_all

EVERYWHERE = "all"


class ImprovementNotFound(problems.NotFound):
    pass


class AlreadyOpen(problems.Problem):
    """One measure and scope has one open improvement."""

    status = 409


class UnknownParent(problems.Problem):
    """The record whose next turn this should be does not exist."""

    status = 422


async def get_improvement(session: AsyncSession, improvement_id: UUID) -> Improvement:
    """Raises `ImprovementNotFound`."""
    record = await repository.find(session, improvement_id)
    if record is None:
        raise ImprovementNotFound(f"there is no improvement {improvement_id}")
    return record


async def lock_improvement(session: AsyncSession, improvement_id: UUID, if_match: str | None = None) -> Improvement:
    """The record, locked; where `if_match` is given it must name the present version.

    Raises:
        ImprovementNotFound, LostUpdate
    """
    record = (await repository.lock(session, [improvement_id])).get(improvement_id)
    if record is None:
        raise ImprovementNotFound(f"there is no improvement {improvement_id}")
    if if_match is not None:
        check_version(if_match, record.version)
    return record


async def open_improvement(session: AsyncSession, body: NewImprovement, actor: str, now: datetime) -> Improvement:
    """A person's record, in draft (R2, R11); the next turn of the loop where the body names a parent (R27).

    Raises:
        AlreadyOpen: the measure and scope have an open one; names it.
        UnknownParent
    """
    parent = None
    if body.parent_id is not None:
        parent = await repository.find(session, body.parent_id)
        if parent is None:
            raise UnknownParent(f"parent_id: there is no improvement {body.parent_id}")
    improvement_id = new_id()
    fields = body.model_dump(exclude={"verification_plan", "tasks"})
    scope = (body.scope or EVERYWHERE) if body.measure_key else body.scope
    record = Improvement(
        **{
            **fields,
            "id": improvement_id,
            "version": 1,
            "sequence": 0,
            "revision": 1,
            "state": "draft",
            "origin": "person",
            "correlation_id": parent.correlation_id if parent else str(improvement_id),
            "requester": actor,
            "cycle": parent.cycle + 1 if parent else 1,
            "priority": prioritise(body.severity, body.impact, body.effort).level,
            "scope": scope,
            "verification_plan": complete_plan(body.verification_plan, body.measure_key, scope),
            "opened_at": now,
            "edited_at": now,
            "updated_at": now,
        }
    )
    await save_record(session, record)
    await replace_tasks(session, record, body.tasks, actor, now)
    await append(session, record, actor, now, "open", None)
    await tell(session, record, events.ImprovementOpened, problem=record.problem)
    return record


async def open_record(
    session: AsyncSession,
    *,
    origin: str,
    title: str,
    problem: str,
    correlation_id: str,
    requester: str,
    now: datetime,
    measure_key: str | None = None,
    scope: str | None = None,
    target: float | None = None,
    severity: str | None = None,
    impact: str | None = None,
    department: str | None = None,
    service: str | None = None,
    customer: str | None = None,
    project: str | None = None,
    verification_plan: events.VerificationPlan | None = None,
    parent: Improvement | None = None,
    gap_id: UUID | None = None,
    owner: str | None = None,
    note: str | None = None,
) -> tuple[Improvement, bool]:
    """The open record of this measure and scope, locked, and False; or a new draft, told of in that story, and True.

    A record without a measure is always a new one. `parent` is the turn of the loop before (R27).
    """
    scope = (scope or EVERYWHERE) if measure_key else scope
    row = {
        "id": new_id(),
        "version": 1,
        "sequence": 0,
        "revision": 1,
        "state": "draft",
        "origin": origin,
        "gap_id": gap_id,
        "correlation_id": correlation_id,
        "requester": requester,
        "title": title[:200],
        "problem": problem[:20_000],
        "measure_key": measure_key,
        "scope": scope,
        "target": target,
        "severity": severity,
        "impact": impact,
        "priority": prioritise(severity, impact, None).level,
        "department": department,
        "service": service,
        "customer": customer,
        "project": project,
        "verification_plan": verification_plan.model_dump(mode="json") if verification_plan else None,
        "parent_id": parent.id if parent else None,
        "cycle": parent.cycle + 1 if parent else 1,
        "owner": owner,
        "opened_at": now,
        "updated_at": now,
    }
    while True:
        inserted = await repository.insert_unless_open(session, [row])
        if inserted:
            (record,) = inserted
            await append(session, record, requester, now, "open", None, note)
            await tell(session, record, events.ImprovementOpened, problem=record.problem)
            return record, True
        key = (measure_key or "", scope or "")
        found = (await repository.find_open(session, [key])).get(key)
        locked = {} if found is None else await repository.lock(session, [found])
        if found in locked and (record := locked[found]).state not in rules.ENDED:
            return record, False


async def open_next_cycle(
    session: AsyncSession,
    record: Improvement,
    origin: str,
    title: str,
    problem: str,
    requester: str,
    now: datetime,
    note: str,
    *,
    verification_plan: events.VerificationPlan | None = None,
    owner: str | None = None,
) -> tuple[Improvement, bool]:
    """R27: the matter of this record once more, as `open_record`: the one that is open already, or a new one whose
    parent it is."""
    return await open_record(
        session,
        origin=origin,
        title=title,
        problem=problem,
        correlation_id=record.correlation_id,
        requester=requester,
        now=now,
        measure_key=record.measure_key,
        scope=record.scope,
        target=record.target,
        severity=record.severity,
        impact=record.impact,
        department=record.department,
        service=record.service,
        customer=record.customer,
        project=record.project,
        verification_plan=verification_plan,
        parent=record,
        owner=owner,
        note=note,
    )


async def move(
    session: AsyncSession,
    record: Improvement,
    action: str,
    state: str,
    actor: str,
    now: datetime,
    note: str | None = None,
) -> None:
    """Bring the record into this state, with its line of history."""
    came_from = record.state
    record.state = state
    touch(record, now)
    await refresh_due(session, record)
    await append(session, record, actor, now, action, came_from, note)


async def refresh_due(session: AsyncSession, record: Improvement) -> None:
    """When the first thing that is still to be done is due: nothing is while the record is on hold or has ended."""
    if record.state not in LIVE:
        record.next_due_at = None
        return
    zone = settings().time_zone
    await session.flush()
    dues = [await tasks.find_next_deadline(session, record.id, zone)]
    if record.planned_end is not None and record.state in ("approved", "implementing"):
        held = timedelta(seconds=record.held_seconds - record.planned_end_held)
        dues.append(deadline_of(record.planned_end, zone, held))
    record.next_due_at = min((due for due in dues if due is not None), default=None)


async def append(
    session: AsyncSession,
    record: Improvement,
    actor: str,
    now: datetime,
    action: str,
    came_from: str | None,
    note: str | None = None,
) -> None:
    """One line of history."""
    line = {
        "improvement_id": record.id,
        "at": now,
        "actor": actor,
        "action": action,
        "from_state": came_from,
        "to_state": record.state,
        "note": note,
    }
    await repository.append_history(session, [line])


async def tell(
    session: AsyncSession, record: Improvement, contract: type[events.ImprovementFact], **extra: Any
) -> None:
    """Record an event of this record, in the record's own story."""
    await record_all(session, [draft(record, summarise(record, contract, **extra), current_origin.get())])


def draft(record: Improvement, data: Fact, origin: Origin) -> Draft:
    """The record's next event; what it says stands in the record's own story, whatever led to it."""
    record.sequence += 1
    return Draft(data, str(record.id), record.sequence, replace(origin, correlation_id=record.correlation_id))


def summarise(record: Improvement, contract: type[events.ImprovementFact], **extra: Any) -> events.ImprovementFact:
    """The summary that every event of the record carries, and what this one says besides."""
    return contract(
        improvement_id=record.id,
        number=format_number(record.number),
        title=record.title,
        state=record.state,
        revision=record.revision,
        origin=record.origin,
        gap_id=record.gap_id,
        measure_key=record.measure_key,
        scope=record.scope,
        owner=record.owner,
        requester=record.requester,
        **extra,
    )


def touch(record: Improvement, now: datetime) -> None:
    """Another version of the record."""
    record.version += 1
    record.updated_at = now


def verification_plan(record: Improvement) -> events.VerificationPlan:
    """The plan of a record that has one."""
    return events.VerificationPlan.model_validate(record.verification_plan)


def signed_verdict(record: Improvement) -> Any:
    return record.signature["verdict"] if record.signature else None


def readiness(record: Improvement) -> rules.Readiness:
    """What the guards look at."""
    plan = None if record.verification_plan is None else verification_plan(record)
    return rules.Readiness(record.measure_key, record.scope, record.plan, record.owner, record.resources, plan)


def complete_plan(body: PlanBody | None, measure_key: str | None, scope: str | None) -> dict[str, Any] | None:
    """The verification plan as the record keeps it; None while there is no measure to judge."""
    plan = None if body is None else body.complete(measure_key, scope)
    return None if plan is None else plan.model_dump(mode="json")


async def save_record(session: AsyncSession, record: Improvement) -> None:
    """Write the record now. Raises `AlreadyOpen` where its measure and scope have another open one."""
    key = (record.measure_key or "", record.scope or "")
    with session.no_autoflush:
        other = (await repository.find_open(session, [key])).get(key, record.id)
    if other != record.id:
        raise AlreadyOpen(
            f"{key[0]} of {key[1]} has an open improvement already: work on that one", improvement_id=other
        )
    if not await repository.save(session, record):
        raise AlreadyOpen(f"{key[0]} of {key[1]} has had an improvement opened at this moment: work on that one")
