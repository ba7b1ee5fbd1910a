"""Use cases of sources: what is told opens a record, attaches to the one that is open, or is kept as suppressed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.improvements import repository as records
from services.improvement.improvements import rules as states
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import format_number
from services.improvement.improvements.service import append, open_record
from services.improvement.settings import settings
from services.improvement.sources import repository, rules
from services.improvement.sources.models import Source
from services.improvement.sources.reading import tell_opinion
from services.improvement.sources.rules import Standing, Told, Verdict
from services.improvement.sources.schemas import Opinion
from shared import clock, problems
from shared.auth import Principal
from shared.events.envelope import Event, Origin, current_origin
from shared.events.notifier import ReportOpinionMarked
from shared.ids import new_id

_ACTOR = "service:improvement"


class SourceNotFound(problems.NotFound):
    pass


@dataclass(frozen=True, slots=True)
class Heard:
    """A source, the story that it stands in and the event that told it, if one did."""

    told: Told
    correlation_id: str
    origin: Origin
    event_id: UUID | None = None

    @classmethod
    def of(cls, event: Event[Any], told: Told) -> "Heard":
        return cls(told, event.correlation_id, event.origin(_ACTOR), event.id)


async def take(session: AsyncSession, heard: Sequence[Heard]) -> list[UUID]:
    """Bring each to its outcome, exactly one record a matter however many come at once; returns the sources' ids.

    What is below the gate or within the cool-down is kept as suppressed.
    """
    ordered = sorted(heard, key=lambda one: (one.told.measure_key or "", one.told.scope or "", one.told.told_at))
    known = await _Known.read(session, [one.told for one in ordered])
    ids = {id(one): new_id() for one in heard}
    rows: list[dict[str, Any]] = []
    for one in ordered:
        if one.told.kind == "dissatisfaction":
            verdict = await _take_score(session, known, one, rows)
        else:
            verdict = await _take_one(session, known, one)
        rows.append(make_row(one, ids[id(one)], verdict))
    await repository.insert_sources(session, rows)
    await known.write(session)
    return [ids[id(one)] for one in heard]


async def mark_opinion(session: AsyncSession, body: Opinion, caller: Principal, now: datetime) -> Source:
    """R14: the supervisor marks an opinion on a report; it opens an improvement, unless the report's matter has one."""
    opinion_id = new_id()
    fact = ReportOpinionMarked(
        opinion_id=opinion_id,
        report_id=body.report_id or opinion_id,
        report_title=body.report,
        opens_improvement=True,
        marked_by=caller.subject,
        marked_at=now,
        url=body.link,
        **body.model_dump(exclude={"report", "report_id", "link"}),
    )
    (source_id,) = await take(session, [Heard(tell_opinion(fact), str(opinion_id), current_origin.get())])
    return await get_source(session, source_id)


async def get_source(session: AsyncSession, source_id: UUID) -> Source:
    """Raises `SourceNotFound`."""
    source = await repository.find(session, source_id)
    if source is None:
        raise SourceNotFound(f"there is no source {source_id}")
    return source


def make_row(one: Heard, source_id: UUID, verdict: Verdict) -> dict[str, Any]:
    """The row that is kept of a telling."""
    told = one.told
    return {
        "id": source_id,
        "kind": told.kind,
        "reference": told.reference,
        "label": told.label[:200],
        "matter": told.keys[0],
        "event_id": one.event_id,
        "correlation_id": one.correlation_id,
        "title": told.title,
        "problem": told.problem,
        "severity": told.severity,
        "department": told.department,
        "service": told.service,
        "customer": told.customer,
        "project": told.project,
        "measure_key": told.measure_key,
        "scope": told.scope,
        "link": told.link,
        "facts": dict(told.facts),
        "told_by": told.told_by,
        "told_at": told.told_at,
        "heard_at": clock.now(),
        "outcome": verdict.outcome,
        "reason": verdict.reason,
        "improvement_id": verdict.improvement_id,
    }


class _Known:
    """What the matters and measures of one batch stand at, held until the transaction ends."""

    def __init__(self) -> None:
        self._standing: dict[str, Standing] = {}
        self._of_measure: dict[tuple[str, str], UUID] = {}
        self._records: dict[UUID, Improvement] = {}
        self._led_to: dict[str, tuple[UUID, datetime]] = {}

    @classmethod
    async def read(cls, session: AsyncSession, told: Sequence[Told]) -> "_Known":
        known = cls()
        rows = await repository.hold_matters(session, [key for one in told for key in _all_keys(one)])
        measures = {(one.measure_key, one.scope) for one in told if one.measure_key and one.scope}
        known._of_measure = await records.find_open(session, measures) if measures else {}
        wanted = {row.improvement_id for row in rows.values() if row.improvement_id} | set(known._of_measure.values())
        known._records = await records.lock(session, wanted)
        for key, row in rows.items():
            if row.improvement_id is not None:
                known._standing[key] = _standing_of(known._records[row.improvement_id], row.told_at)
        for measure, improvement_id in list(known._of_measure.items()):
            if known._records[improvement_id].state in states.ENDED:
                del known._of_measure[measure]
        return known

    def judge(self, told: Told) -> Verdict:
        own = settings()
        same = [self._standing[key] for key in told.keys if key in self._standing]
        about = self._standing.get(told.subject) if told.subject else None
        of_measure = self._of_measure.get((told.measure_key, told.scope)) if told.measure_key and told.scope else None
        return rules.judge(told, same, about, of_measure, own.gate_of(told.kind), own.cool_down_of(told.kind))

    def record(self, improvement_id: UUID) -> Improvement:
        return self._records[improvement_id]

    def note(self, told: Told, record: Improvement) -> None:
        """From now on this record has the source's matters."""
        self._records[record.id] = record
        for key in _all_keys(told):
            told_at = max(told.told_at, self._led_to[key][1]) if key in self._led_to else told.told_at
            self._led_to[key] = (record.id, told_at)
            self._standing[key] = _standing_of(record, told_at)
        if told.measure_key and told.scope:
            self._of_measure[told.measure_key, told.scope] = record.id

    async def write(self, session: AsyncSession) -> None:
        await repository.point_matters(session, self._led_to)


async def _take_one(session: AsyncSession, known: _Known, one: Heard) -> Verdict:
    verdict = known.judge(one.told)
    if verdict.outcome == "opened":
        return await _open(session, known, one, one.told.title, one.told.problem)
    if verdict.improvement_id is not None:
        await _attach(session, known, one, known.record(verdict.improvement_id))
    return verdict


async def _take_score(session: AsyncSession, known: _Known, one: Heard, earlier: list[dict[str, Any]]) -> Verdict:
    """R54, R82: one bad score is counted; enough of them within the window open a record that names them all."""
    own, told = settings(), one.told
    if told.facts["score"] > own.dissatisfaction_score:
        return Verdict("suppressed", f"a score of {told.facts['score']} is no dissatisfaction here")
    verdict = known.judge(told)
    if verdict.outcome != "opened":
        return await _take_one(session, known, one)
    await repository.insert_sources(session, earlier)
    earlier.clear()
    counted = [
        source for source in await repository.list_counted(session, told.keys[0]) if source.reference != told.reference
    ]
    times = [*(source.told_at for source in counted), told.told_at]
    cluster = rules.find_cluster(times, own.dissatisfaction_count, own.dissatisfaction_window_days)
    if not cluster:
        window = f"{own.dissatisfaction_count} within {own.dissatisfaction_window_days} days open a record"
        return Verdict("counted", f"{len(times)} counted so far; {window}")
    others = [counted[position] for position in cluster if position < len(counted)]
    scores = [told.facts["score"], *(source.facts["score"] for source in others)]
    problem = rules.say_cluster(scores, [times[position] for position in cluster], own.dissatisfaction_window_days)
    lines = [*(source.problem for source in others), told.problem]
    opened = await _open(session, known, one, told.title, "\n\n".join([problem, *lines]))
    if opened.improvement_id is not None:
        reason = "one of the scores that opened the record together"
        await repository.attach_counted(session, [source.id for source in others], opened.improvement_id, reason)
    return opened


async def _open(session: AsyncSession, known: _Known, one: Heard, title: str, problem: str) -> Verdict:
    told = one.told
    with in_the_story_of(one.origin):
        record, is_new = await open_record(
            session,
            origin=told.kind,
            title=title,
            problem=problem,
            correlation_id=one.correlation_id,
            requester=told.told_by,
            now=clock.now(),
            measure_key=told.measure_key,
            scope=told.scope,
            severity=told.severity,
            department=told.department,
            service=told.service,
            customer=told.customer,
            project=told.project,
            owner=told.owner,
            note=f"{told.kind} {told.label}",
        )
    if is_new:
        known.note(told, record)
        return Verdict("opened", "nothing open had this matter", record.id)
    await _attach(session, known, one, record)
    return Verdict("attached", "its measure and scope have an open record", record.id)


async def _attach(session: AsyncSession, known: _Known, one: Heard, record: Improvement) -> None:
    told = one.told
    severity = f" ({told.severity})" if told.severity else ""
    note = f"{told.kind} {told.label}{severity}: {told.title}"
    await append(session, record, told.told_by, told.told_at, "source_attached", record.state, note)
    known.note(told, record)


def _all_keys(told: Told) -> tuple[str, ...]:
    return (*told.keys, told.subject) if told.subject else told.keys


def _standing_of(record: Improvement, told_at: datetime) -> Standing:
    ended_at = (record.closed_at or record.updated_at) if record.state in states.ENDED else None
    return Standing(record.id, format_number(record.number), ended_at, told_at)


@contextmanager
def in_the_story_of(origin: Origin) -> Iterator[None]:
    """What is recorded within is caused by this."""
    token = current_origin.set(origin)
    try:
        yield
    finally:
        current_origin.reset(token)
