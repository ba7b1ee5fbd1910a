"""Use cases between the change and the signature: watching, evidence, verdict, the new baseline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.effects import repository, rules
from services.improvement.effects.models import EffectSignature
from services.improvement.effects.schemas import Signature
from services.improvement.improvements import repository as records
from services.improvement.improvements import rules as states
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import (
    append,
    draft,
    lock_improvement,
    move,
    signed_verdict,
    summarise,
    touch,
)
from services.improvement.improvements.service import verification_plan as plan_of
from services.improvement.tasks import repository as tasks
from shared.auth import Principal
from shared.events.envelope import Draft, Event, Origin, current_origin
from shared.events.improvement import (
    BaselineResetRequested,
    ChangeAccepted,
    ChangeFact,
    ChangeFailed,
    ChangeImplemented,
    ChangeRaised,
    EffectRequested,
    ImprovementVerified,
)
from shared.events.metrics import BaselineSet, EffectAssessed
from shared.ids import new_id
from shared.outbox import record_all

_ACTOR = "service:improvement"


async def note_changes_raised(session: AsyncSession, events: Sequence[Event[ChangeRaised]]) -> None:
    """Change management has the request: approved records are being implemented from now on (R12)."""
    for event, record in await _lock_changed(session, events):
        course = rules.after_change_raised(rules.Course(record.state, record.held_from))
        note = f"{event.data.external_id} in {event.data.connection}"
        await _follow(session, record, event, "change_raised", course, note)


async def note_changes_accepted(session: AsyncSession, events: Sequence[Event[ChangeAccepted]]) -> None:
    """Change control said yes: a line of history."""
    for event, record in await _lock_changed(session, events):
        note = f"{event.data.external_id} in {event.data.connection}"
        await append(session, record, event.actor, event.time, "change_accepted", record.state, note)


async def note_changes_failed(session: AsyncSession, events: Sequence[Event[ChangeFailed]]) -> None:
    """The record stays where it is, and tells why: whether to raise again or to revise is a person's decision."""
    for event, record in await _lock_changed(session, events):
        await append(session, record, event.actor, event.time, "change_failed", record.state, event.data.reason)


async def note_changes_implemented(session: AsyncSession, events: Sequence[Event[ChangeImplemented]]) -> None:
    """R119, R129: from now on the effect is watched, and metrics is asked for it."""
    drafts: list[Draft] = []
    for event, record in await _lock_changed(session, events):
        course = rules.after_change_implemented(rules.Course(record.state, record.held_from))
        note = f"implemented at {event.data.implemented_at.isoformat()}"
        await _follow(session, record, event, "change_implemented", course, note)
        if course is not None:
            record.implemented_at = event.data.implemented_at
            drafts.append(_request_effect(record, event.origin(_ACTOR), event.time))
    await record_all(session, drafts)


async def request_assessment(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, actor: str, now: datetime
) -> Improvement:
    """Ask metrics again; the answer to an earlier request counts no more. What was signed inconclusive is watched
    again, and is to be signed anew.

    Raises:
        IllegalTransition, LostUpdate
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = states.next_state("assess", record.state, signed=signed_verdict(record))
    record.signature = None
    await move(session, record, "assess", state, actor, now)
    await record_all(session, [_request_effect(record, current_origin.get(), now)])
    return record


async def keep_assessments(session: AsyncSession, events: Sequence[Event[EffectAssessed]]) -> None:
    """Keep every answer. The newest to the latest request is the record's evidence while it is being watched; whether
    a signed level still holds touches what was signed never."""
    locked = await records.lock(session, (event.data.improvement_id for event in events))
    rows = []
    for event in events:
        record, told = locked.get(event.data.improvement_id), event.data
        if record is None:
            continue
        counts = rules.is_evidence(
            told,
            rules.Course(record.state, record.held_from).phase,
            record.effect_request_id,
            assessment_of(record),
        )
        rows.append(_make_assessment(event, record.revision, counts))
        if not counts:
            continue
        record.assessment = told.model_dump(mode="json")
        touch(record, event.time)
        await append(
            session, record, event.actor, event.time, "assessed", record.state, f"{told.verdict}: {told.reason}"
        )
    await repository.insert_assessments(session, rows)


async def verify_improvement(
    session: AsyncSession, improvement_id: UUID, if_match: str | None, caller: Principal, body: Signature, now: datetime
) -> Improvement:
    """R24, R38: a person signs. Only a signed effective verdict asks metrics for a new baseline (R36).

    Raises:
        IllegalTransition, LostUpdate, VerifierIsImplementer, Missing, ReasonNeeded
    """
    record = await lock_improvement(session, improvement_id, if_match)
    state = states.next_state("verify", record.state)
    implementers = [record.owner, *await tasks.list_owners(session, record.id)]
    rules.require_other_verifier((caller.subject, caller.name), implementers)
    evidence = rules.judge_signature(body.verdict, body.reason, assessment_of(record), record.plan_hash)
    signature: dict[str, Any] = {
        "verdict": body.verdict,
        "computed_verdict": evidence.verdict,
        "signed_by": caller.subject,
        "signed_at": now,
        "reason": body.reason,
    }
    record.signature = {**signature, "signed_at": now.isoformat()}
    session.add(
        EffectSignature(
            id=new_id(),
            improvement_id=record.id,
            revision=record.revision,
            request_id=evidence.request_id,
            **signature,
        )
    )
    note = f"{body.verdict} (computed: {evidence.verdict})" + (f": {body.reason}" if body.reason else "")
    await move(session, record, "verify", state, caller.subject, now, note)
    origin = current_origin.get()
    drafts = [draft(record, summarise(record, ImprovementVerified, **signature), origin)]
    if body.verdict == "effective":
        drafts.append(draft(record, _ask_for_baseline(record, evidence, caller.subject), origin))
    await record_all(session, drafts)
    return record


async def note_baselines(session: AsyncSession, events: Sequence[Event[BaselineSet]]) -> None:
    """The ratchet has moved: note the baseline that an improvement of ours led to (R36)."""
    asked = [event for event in events if event.data.improvement_id is not None]
    locked = await records.lock(session, (e.data.improvement_id for e in asked if e.data.improvement_id is not None))
    for event in asked:
        record, told = locked.get(event.data.improvement_id or UUID(int=0)), event.data
        if record is None or (record.baseline_set_at is not None and record.baseline_set_at >= event.time):
            continue
        record.baseline_value, record.baseline_set_at = told.value, event.time
        touch(record, event.time)
        note = f"{told.value} from {told.effective_from.isoformat()} on, n = {told.n}"
        await append(session, record, event.actor, event.time, "baseline_set", record.state, note)


def assessment_of(record: Improvement) -> EffectAssessed | None:
    """The evidence that the record keeps."""
    return None if record.assessment is None else EffectAssessed.model_validate(record.assessment)


async def trace_effect(session: AsyncSession, record: Improvement) -> rules.Effect:
    """The effect of this turn of the loop, also against the level before the first one (R27, R36)."""
    cycles = []
    for row in await repository.list_cycles(session, record.id):
        told = None if row.assessment is None else EffectAssessed.model_validate(row.assessment)
        cycles.append(
            rules.Cycle(
                improvement_id=row.id,
                number=format_number(row.number),
                cycle=row.cycle,
                state=row.state,
                verdict=row.signature["verdict"] if row.signature else None,
                before=told.before if told else None,
                after=told.after if told else None,
            )
        )
    direction = plan_of(record).direction if record.verification_plan else None
    return rules.tell_effect(cycles, record.measure_key, record.scope, direction)


def _make_assessment(event: Event[EffectAssessed], revision: int, counts: bool) -> dict[str, Any]:
    told = event.data
    return {
        "id": new_id(),
        "improvement_id": told.improvement_id,
        "request_id": told.request_id,
        "revision": revision,
        "purpose": told.purpose,
        "plan_hash": told.plan_hash,
        "verdict": told.verdict,
        "reason": told.reason,
        "before_value": told.before.value,
        "after_value": told.after.value,
        "document": told.model_dump(mode="json"),
        "counts": counts,
        "assessed_at": told.assessed_at,
        "heard_at": event.time,
    }


async def _lock_changed(session: AsyncSession, events: Sequence[Event[Any]]) -> list[tuple[Event[Any], Improvement]]:
    """Each event with its record; changes of an earlier revision move nothing and are left out."""
    facts: list[ChangeFact] = [event.data for event in events]
    locked = await records.lock(session, (fact.improvement_id for fact in facts))
    pairs = [(event, locked.get(event.data.improvement_id)) for event in events]
    return [(event, record) for event, record in pairs if record and record.revision == event.data.revision]


async def _follow(
    session: AsyncSession,
    record: Improvement,
    event: Event[Any],
    action: str,
    course: rules.Course | None,
    note: str,
) -> None:
    if course is None:
        await append(session, record, event.actor, event.time, action, record.state, note)
        return
    record.held_from = course.held_from
    await move(session, record, action, course.state, event.actor, event.time, note)


def _request_effect(record: Improvement, origin: Origin, now: datetime) -> Draft:
    assert record.plan_hash is not None
    assert record.implemented_at is not None
    record.effect_request_id, record.effect_requested_at = new_id(), now
    request = EffectRequested(
        request_id=record.effect_request_id,
        improvement_id=record.id,
        plan=plan_of(record),
        plan_hash=record.plan_hash,
        target=record.target,
        implemented_at=record.implemented_at,
    )
    return draft(record, request, origin)


def _ask_for_baseline(record: Improvement, evidence: EffectAssessed, signer: str) -> BaselineResetRequested:
    plan = plan_of(record)
    assert evidence.after.value is not None
    return BaselineResetRequested(
        improvement_id=record.id,
        gap_id=record.gap_id,
        measure_key=plan.measure_key,
        scope=plan.scope,
        effective_from=evidence.after.period_from,
        value=evidence.after.value,
        n=evidence.after.n,
        reason=f"signed effective: {evidence.reason}",
        signed_by=signer,
    )
