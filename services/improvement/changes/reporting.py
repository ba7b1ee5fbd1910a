"""Use cases of what becomes of a change: told by its system, asked for, or said by hand; all of it is kept (R119,
R120)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import repository, rules, service
from services.improvement.changes.models import Change
from services.improvement.changes.service import ChangeNotFound, lock_change, tell
from shared import problems
from shared.events.envelope import current_origin
from shared.events.improvement import ChangeAccepted, ChangeFailed, ChangeImplemented
from shared.ticketing.attempts import Failure
from shared.ticketing.changes import ChangeOutcome, RaisedChange, ToldOutcome

MOST_PAYLOAD = 64 * 1024


class Told(NamedTuple):
    """An outcome and where it comes from; `way` is webhook, poll or hand."""

    way: str
    word: str
    outcome: ChangeOutcome | None
    payload: str | None = None


async def settle_change(session: AsyncSession, change_id: UUID, outcome: ChangeOutcome, now: datetime) -> Change:
    """What a person or a machine says became of it; said again it has no second effect.

    Raises:
        ChangeNotFound, IllegalTransition, Malformed
    """
    change = await lock_change(session, change_id)
    told = Told("hand", outcome.state, outcome)
    if await _settle(session, change, outcome, now):
        await _keep(session, change, told, "moved", None, now)
    return change


async def settle_polled(
    session: AsyncSession, change_id: UUID, outcome: ChangeOutcome | None, poll: timedelta, now: datetime
) -> None:
    """What the system answered; None where it cannot say."""
    change = await lock_change(session, change_id)
    if change.state not in repository.WAITING:
        return
    change.attempts, change.next_attempt_at, change.last_error = 0, now + poll, None
    if outcome is None:
        return
    told = Told("poll", outcome.state, outcome)
    try:
        is_news = await _settle(session, change, outcome, now)
    except problems.Problem as error:
        change.last_error = f"the system says '{outcome.state}', which cannot be: {error.detail}"
        await _keep_once(session, change, told, "refused", error.detail, now)
        return
    if is_news:
        await _keep(session, change, told, "moved", None, now)


async def note_unanswered(
    session: AsyncSession,
    change_id: UUID,
    failure: Failure,
    poll: timedelta,
    schedule_seconds: Sequence[float],
    luck: float,
    now: datetime,
) -> None:
    """Nobody said what became of it: visible at the change, and asked again, more and more rarely."""
    change = await lock_change(session, change_id)
    if change.state not in repository.WAITING:
        return
    change.attempts += 1
    change.last_error = f"its outcome could not be asked for: {failure.reason}"
    change.next_attempt_at = now + rules.poll_delay(
        change.attempts, poll, schedule_seconds, failure.retry_after_seconds, luck
    )
    change.updated_at = now


async def settle_inbound(
    session: AsyncSession, connection: str, told: ToldOutcome, payload: str, *, poll: timedelta, now: datetime
) -> Change:
    """What a ticketing system told, in our format, of a change of its own connection. What counts no more is kept and
    moves nothing.

    Raises:
        ChangeNotFound, IllegalTransition, Malformed
    """
    change = await _find(session, connection, told)
    if change is None:
        column, value = ("reference", told.correlation_id) if told.correlation_id else ("external id", told.external_id)
        raise ChangeNotFound(f"connection '{connection}' has no change with the {column} '{value}'")
    report = Told("webhook", told.word, told.outcome, payload)
    if change.state in rules.OVER:
        await _keep_once(session, change, report, "superseded", None, now)
        return change
    await _note_there(session, change, told, poll, now)
    if told.outcome is not None and await _settle(session, change, told.outcome, now):
        await _keep(session, change, report, "moved", None, now)
    else:
        await _keep_once(session, change, report, "no_news", None, now)
    return change


async def hear_system(
    session: AsyncSession, connection: str, told: ToldOutcome, payload: str, *, poll: timedelta, now: datetime
) -> tuple[Change | None, str | None]:
    """A system's own webhook: it posts all sorts of records, its answer cannot be mended by whoever sends it, and our
    own writing comes back by it. Answers the change, and why nothing followed from it; None: something did."""
    change = await _find(session, connection, told)
    if change is None:
        return None, "the record is no change of this connection"
    if change.external_id is not None and told.external_id not in (None, change.external_id):
        return None, f"the record carries the mark of {change.external_id}, but is another one"
    report = Told("webhook", told.word, told.outcome, payload)
    if change.state in rules.OVER:
        await _keep_once(session, change, report, "superseded", None, now)
        return change, "the change counts no more: its plan was revised or given up"
    await _note_there(session, change, told, poll, now)
    if told.outcome is None:
        await _keep_once(session, change, report, "unknown_word", None, now)
        return change, f"'{told.word}' means nothing to this connection; add it to its states if it should"
    is_same = told.outcome.state == change.state  # a later edit of the record tells a later time
    try:
        is_news = not is_same and await _settle(session, change, told.outcome, now)
    except problems.Problem as error:
        await _keep_once(session, change, report, "refused", error.detail, now)
        return change, error.detail
    if not is_news:
        await _keep_once(session, change, report, "no_news", None, now)
        return change, "it was known"
    await _keep(session, change, report, "moved", None, now)
    return change, None


async def _find(session: AsyncSession, connection: str, told: ToldOutcome) -> Change | None:
    """By our correlation id, else by the system's own id; locked."""
    if told.correlation_id:
        change = await repository.lock_by(session, connection, "reference", told.correlation_id)
        if change is not None or not told.external_id:
            return change
    if told.external_id:
        return await repository.lock_by(session, connection, "external_id", told.external_id)
    return None


async def _note_there(session: AsyncSession, change: Change, told: ToldOutcome, poll: timedelta, now: datetime) -> None:
    """A system that tells of a change has it, though the answer to our call may be lost or still be on its way."""
    is_unheard = change.external_id is None and change.state in ("pending", "failed")
    if not is_unheard or not told.external_id or not told.correlation_id:
        return
    change.state = "pending"
    await service.note_raised(session, change.id, RaisedChange(told.external_id), poll, now)


async def _settle(session: AsyncSession, change: Change, outcome: ChangeOutcome, now: datetime) -> bool:
    """Whether it was news. Raises `IllegalTransition`, `Malformed`."""
    if not rules.judge_outcome(change.state, change.accepted_at, change.implemented_at, outcome, now):
        return False
    change.state = outcome.state
    change.last_error = None
    match outcome.state:
        case "accepted":
            change.accepted_at = now
            await tell(session, change, ChangeAccepted, now, external_id=change.external_id)
        case "implemented":
            change.implemented_at, change.next_attempt_at = outcome.implemented_at or now, None
            told = {"external_id": change.external_id, "implemented_at": change.implemented_at}
            await tell(session, change, ChangeImplemented, now, **told)
        case "failed":
            reason = outcome.reason or "the ticketing system says that it failed"
            change.last_error, change.next_attempt_at = reason, None
            await tell(session, change, ChangeFailed, now, external_id=change.external_id, reason=reason)
    return True


async def _keep(
    session: AsyncSession, change: Change, told: Told, effect: rules.Effect, detail: str | None, now: datetime
) -> None:
    """R120: a line of the archive."""
    await repository.append_report(session, _line(change, told, effect, detail, now))


async def _keep_once(
    session: AsyncSession, change: Change, told: Told, effect: rules.Effect, detail: str | None, now: datetime
) -> None:
    """The same, where the last line does not say it already: systems post the same again and again."""
    line = _line(change, told, effect, detail, now)
    last = await repository.find_last_report(session, change.id)
    names = ("word", "state", "implemented_at", "reason")
    if last is None or any(getattr(last, name) != line[name] for name in names):
        await repository.append_report(session, line)


def _line(change: Change, told: Told, effect: rules.Effect, detail: str | None, now: datetime) -> dict[str, Any]:
    outcome = told.outcome
    return {
        "change_id": change.id,
        "told_at": now,
        "way": told.way,
        "teller": current_origin.get().actor,
        "word": told.word,
        "state": outcome.state if outcome else None,
        "implemented_at": outcome.implemented_at if outcome else None,
        "reason": outcome.reason if outcome else None,
        "effect": effect,
        "detail": detail,
        "payload": told.payload,
    }
