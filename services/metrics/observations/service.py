"""Use cases of values: tell what was computed or reported, and read it as a series."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.expectations import service as expectations
from services.metrics.expectations.rules import Expectation
from services.metrics.gaps import service as gaps
from services.metrics.measures import repository as measures
from services.metrics.measures.periods import is_over, next_period
from services.metrics.observations import repository
from services.metrics.observations.flags import Origin
from services.metrics.observations.rules import Computed
from services.metrics.settings import settings
from shared.events.envelope import Draft, current_origin
from shared.events.envelope import Origin as Story
from shared.events.metrics import ObservationRecorded
from shared.ids import new_id
from shared.outbox import record_all


class Note(NamedTuple):
    """What a person handed in with a value (R30)."""

    suggestion: str | None
    reported_by: str


class Standing(NamedTuple):
    """Where one measure stands: its newest closed value with what was expected of it."""

    measure: Row[Any]
    observation: Row[Any] | None
    expected: Expectation | None


async def tell(
    session: AsyncSession,
    measure: Row[Any],
    period: date,
    values: Sequence[Computed],
    now: datetime,
    *,
    origin: Origin = "computed",
    note: Note | None = None,
) -> list[Row[Any]]:
    """Keep what is new among these values of one period, tell of it, and judge it; returns what was new.

    While the period runs its value is provisional and follows the facts without a word. Once it is over, the value is
    an event, and every other value after it a new revision that is told again: a restatement, which never loses the
    old one.
    """
    if not values:
        return []
    end = next_period(measure.frequency, period)
    provisional = not is_over(end, now, settings().zone)
    last = await repository.latest_of(session, measure.key, period, [value.scope for value in values])
    rows: list[dict[str, Any]] = []
    missing: dict[Any, int] = {}
    for computed in values:
        before = last.get(computed.scope)
        if _is_told(before, computed, measure.definition_version, provisional):
            if before is not None and before.missing != computed.missing:
                missing[before.id] = computed.missing
            continue
        rows.append(_row(measure, period, computed, before, now, origin=origin, provisional=provisional))
    await repository.put(session, rows)
    await repository.set_missing(session, missing)
    told = await repository.latest_of(session, measure.key, period, [value.scope for value in values])
    if not provisional:
        await _record(session, measure, end, rows, last, note)
        await gaps.judge(session, measure, period, list(told.values()))
    return [told[row["scope"]] for row in rows]


def _is_told(before: Row[Any] | None, computed: Computed, version: int, provisional: bool) -> bool:
    if before is None:
        return computed.n == 0 and computed.value is None and computed.missing == 0
    told = (before.value, before.numerator, before.n, before.provisional, before.definition_version)
    return told == (computed.value, computed.numerator, computed.n, provisional, version)


def _row(
    measure: Row[Any],
    period: date,
    computed: Computed,
    before: Row[Any] | None,
    now: datetime,
    *,
    origin: Origin,
    provisional: bool,
) -> dict[str, Any]:
    """A provisional value is replaced by what follows; any other stays, and what follows is the next revision."""
    follows = before is not None and not before.provisional
    revision = 1 if before is None else before.revision + follows
    return {
        "id": before.id if before is not None and before.provisional else new_id(),
        "measure_key": measure.key,
        "scope": computed.scope,
        "period": period,
        "revision": revision,
        "definition_version": measure.definition_version,
        "value": computed.value,
        "n": computed.n,
        "numerator": computed.numerator,
        "missing": computed.missing,
        "origin": origin,
        "provisional": provisional,
        "recorded_at": now,
    }


async def _record(
    session: AsyncSession,
    measure: Row[Any],
    end: date,
    rows: Sequence[Mapping[str, Any]],
    last: Mapping[str, Row[Any]],
    note: Note | None,
) -> None:
    actor = current_origin.get()
    drafts = []
    for row in rows:
        before = last.get(row["scope"])
        told = ObservationRecorded(
            observation_id=row["id"],
            measure_key=measure.key,
            measure_version=measure.definition_version,
            scope=row["scope"],
            period=row["period"],
            period_end=end,
            value=row["value"],
            n=row["n"],
            numerator=row["numerator"],
            missing=row["missing"],
            origin=row["origin"],
            revision=row["revision"],
            previous_value=before.value if before is not None and row["revision"] > 1 else None,
            provisional=False,
            suggestion=note.suggestion if note else None,
            reported_by=note.reported_by if note else None,
        )
        subject = f"{measure.key}:{row['scope']}:{row['period']:%Y-%m}"
        drafts.append(
            Draft(told, subject, row["revision"], Story(actor.actor, subject, actor.causation_id, actor.traceparent))
        )
    await record_all(session, drafts)


async def list_standing(
    session: AsyncSession, scope: str, process: str | None = None, aspect: str | None = None
) -> list[Standing]:
    """Every measure with its newest closed value in this scope and what was expected then; those with a target
    first."""
    last = await repository.last_closed(session, scope)
    expected = await expectations.in_force_of_measures(session, scope, {key: row.period for key, row in last.items()})
    standing = [
        Standing(measure, last.get(measure.key), expected.get(measure.key))
        for measure in await measures.list_measures(session, process=process, aspect=aspect)
    ]
    return sorted(standing, key=lambda row: row.expected is None or row.expected.target is None)
