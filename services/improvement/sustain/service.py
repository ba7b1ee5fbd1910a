"""Use cases of sustain checks (R27, R36, R39, R127): planned at closing, asked when due, and the next cycle opens where
the effect was lost."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.effects.service import assessment_of, trace_effect
from services.improvement.improvements import repository as records
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.rules import hash_plan
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import (
    append,
    draft,
    open_next_cycle,
    signed_verdict,
    tell,
    touch,
    verification_plan,
)
from services.improvement.measures import repository as measures
from services.improvement.settings import settings
from services.improvement.sources import repository as sources
from services.improvement.sources.rules import Told
from services.improvement.sources.rules import Verdict as Outcome
from services.improvement.sources.service import Heard, in_the_story_of, make_row
from services.improvement.sustain import repository, rules
from services.improvement.sustain.models import SustainCheck
from shared.database import wake_after_commit
from shared.events.envelope import Draft, Event, Origin
from shared.events.improvement import EffectRequested, ImprovementClosed, ImprovementRegressed
from shared.events.metrics import EffectAssessed
from shared.ids import new_id
from shared.outbox import record_all

JOB = "improvement.ask_sustained"
PORTION = 100
_ACTOR = "service:improvement"


async def plan_checks(session: AsyncSession, events: Sequence[Event[ImprovementClosed]]) -> None:
    """A signed effect is looked at again on the days in settings; closed again, it is planned once. The level that is
    watched from now on is the newest: earlier records of the same measure and scope ask no more."""
    locked = await records.lock(session, (event.data.improvement_id for event in events))
    rows = []
    for event in events:
        record = locked.get(event.data.improvement_id)
        if record is None or record.closed_at is None:
            continue
        if not rules.is_watched(signed_verdict(record), record.closure_code, assessment_of(record)):
            continue
        reason = f"{format_number(record.number)} has set a newer level of the same measure and scope"
        await repository.cancel_due_elsewhere(session, record, reason, event.time)
        for day in sorted(set(settings().sustain_days)):
            due_at = rules.due_at(record.closed_at, day)
            rows.append({"id": new_id(), "improvement_id": record.id, "day": day, "due_at": due_at, "state": "due"})
    await repository.insert_checks(session, rows)
    wake_after_commit(session, JOB)


async def ask_due(session: AsyncSession, now: datetime) -> int:
    """Ask metrics about every check that is due, of a portion of records; returns how many were asked. What fell due
    while nobody ran is asked as well, however late."""
    locked = await repository.lock_records_due(session, now, PORTION)
    checks = await repository.list_due(session, list(locked), now)
    drafts: list[Draft] = []
    for check in checks:
        record = locked[check.improvement_id]
        evidence = assessment_of(record)
        assert evidence is not None
        plan, since = rules.plan_check(verification_plan(record), evidence.after)
        check.state, check.asked_at, check.request_id = "asked", now, new_id()
        request = EffectRequested(
            request_id=check.request_id,
            improvement_id=record.id,
            plan=plan,
            plan_hash=hash_plan(plan),
            target=record.target,
            implemented_at=since,
            purpose="sustain",
        )
        drafts.append(draft(record, request, Origin(_ACTOR, record.correlation_id)))
    await record_all(session, drafts)
    return len(checks)


async def take_answers(session: AsyncSession, events: Sequence[Event[EffectAssessed]]) -> None:
    """Each answer decides the check that asked, once, in whatever order they come."""
    asked = await repository.list_asked(session, {event.data.request_id for event in events})
    if not asked:
        return
    locked = await records.lock(session, {check.improvement_id for check in asked.values()})
    asked = await repository.list_asked(session, list(asked))
    for event in events:
        check = asked.get(event.data.request_id)
        if check is None or check.state != "asked":
            continue
        record, told = locked[check.improvement_id], event.data
        check.state, check.decided_at = rules.judge_answer(told.verdict), event.time
        check.assessment, check.reason = told.model_dump(mode="json"), told.reason
        note = f"day {check.day}: {check.state}: {told.reason}"
        await append(session, record, event.actor, event.time, "sustain_checked", record.state, note)
        if check.state == "regressed":
            await _note_regression(session, record, check, event)
    await session.flush()


async def _note_regression(
    session: AsyncSession, record: Improvement, check: SustainCheck, event: Event[EffectAssessed]
) -> None:
    """R27: the next cycle, once a record: opened, or the one that is open on the same measure and scope."""
    check.successor_id = await repository.find_successor(session, record.id)
    if check.successor_id is not None:
        return
    told, signed = event.data, assessment_of(record)
    assert signed is not None
    assert signed.after.value is not None
    assert told.after.value is not None
    number = format_number(record.number)
    measure = None if record.measure_key is None else await measures.find(session, record.measure_key)
    effect = await trace_effect(session, record)
    problem = rules.describe_regression(number, check.day, measure.unit if measure else "", signed.after, told, effect)
    with in_the_story_of(event.origin(_ACTOR)):
        successor, is_new = await open_next_cycle(
            session,
            record,
            "regression",
            rules.title_regression(number, record.title),
            problem,
            _ACTOR,
            event.time,
            f"{number} regressed, day {check.day}",
            verification_plan=rules.plan_next_cycle(verification_plan(record), told.after),
            owner=record.owner,
        )
        if not is_new:
            await _link(session, successor, record, f"{number} regressed, day {check.day}: {told.reason}", event)
        check.successor_id = successor.id
        await _keep_source(session, record, check, event, problem, successor, is_new)
        reason = f"regressed on day {check.day}: {format_number(successor.number)} goes on"
        await repository.cancel_due_of(session, record.id, reason, event.time)
        await tell(
            session,
            record,
            ImprovementRegressed,
            check_id=check.id,
            day=check.day,
            cycle=record.cycle,
            original_value=effect.original.value if effect.original else None,
            signed_value=signed.after.value,
            now_value=told.after.value,
            n=told.after.n,
            period_from=told.after.period_from,
            period_to=told.after.period_to,
            reason=told.reason,
            successor_id=successor.id,
            successor_number=format_number(successor.number),
            attached=not is_new,
        )


async def _link(
    session: AsyncSession, successor: Improvement, record: Improvement, note: str, event: Event[EffectAssessed]
) -> None:
    """A record that was open already is the next cycle from now on, unless it follows another."""
    if successor.parent_id is None:
        successor.parent_id, successor.cycle = record.id, record.cycle + 1
        touch(successor, event.time)
    await append(session, successor, _ACTOR, event.time, "source_attached", successor.state, note)


async def _keep_source(
    session: AsyncSession,
    record: Improvement,
    check: SustainCheck,
    event: Event[EffectAssessed],
    problem: str,
    successor: Improvement,
    is_new: bool,
) -> None:
    told = Told(
        kind="regression",
        reference=str(check.id),
        label=format_number(record.number),
        keys=(f"regression:{check.id}",),
        title=rules.title_regression(format_number(record.number), record.title),
        problem=problem,
        told_by=_ACTOR,
        told_at=event.time,
        severity=record.severity,  # type: ignore[arg-type]
        department=record.department,
        service=record.service,
        customer=record.customer,
        project=record.project,
        measure_key=record.measure_key,
        scope=record.scope,
        link=f"/improvement/improvements/{record.id}",
        facts={"day": check.day, "cycle": record.cycle},
    )
    opened = Outcome("opened", "its measure and scope had no open record", successor.id)
    attached = Outcome("attached", "its measure and scope have an open record", successor.id)
    heard = Heard(told, record.correlation_id, event.origin(_ACTOR), event.id)
    await sources.insert_sources(session, [make_row(heard, new_id(), opened if is_new else attached)])
