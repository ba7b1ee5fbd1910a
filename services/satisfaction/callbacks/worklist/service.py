"""Use cases of the worklist: claim, release, take the next; and who holds whom when a call is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.callbacks import repository as callbacks
from services.satisfaction.callbacks import rules as callback_rules
from services.satisfaction.callbacks.callers.service import list_names
from services.satisfaction.callbacks.customers.rules import find_callable_from, is_quiet, read_word
from services.satisfaction.callbacks.worklist import repository, rules
from services.satisfaction.callbacks.worklist.repository import After, Looking, Quiet
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Principal

_CANDIDATES = 200
_RESTING = 50
"""Whether they rest is asked of the first so many only: it costs a look at each of their customers' callbacks."""
VIEWS = {
    "callable": repository.list_callable,
    "quiet": repository.list_quiet,
    "agreed": repository.list_agreed,
    "held": repository.list_held,
    "history": repository.list_history,
}


@dataclass(frozen=True, slots=True)
class Worklist:
    """What the desk sees first. `own` is what the caller holds; the others are behind one another."""

    own: Sequence[Row[Any]]
    callable: Sequence[Row[Any]]
    held: Sequence[Row[Any]]
    agreed: Sequence[Row[Any]]
    quiet: Sequence[Row[Any]]


async def look(session: AsyncSession, caller: Principal, now: datetime, thresholds: SatisfactionSettings) -> Looking:
    """Who looks, and who is in quiet hours now."""
    default = _is_quiet_now(None, now, thresholds)
    words = await repository.list_words(session)
    others = [word for word in words if _is_quiet_now(word, now, thresholds) is not default]
    return Looking(now, caller.subject, thresholds.claim_by, Quiet(default, others))


async def list_worklist(session: AsyncSession, looking: Looking, after: After, limit: int, beside: int) -> Worklist:
    """The callable ones behind `after`, and on the first page up to `beside` of each of the others."""
    callable_ = await repository.list_callable(session, looking, after, limit)
    if after is not None:
        return Worklist([], callable_, [], [], [])
    held = await repository.list_held(session, looking, None, beside)
    return Worklist(
        await repository.list_own(session, looking, beside) if held else [],
        callable_,
        held,
        await repository.list_agreed(session, looking, None, beside),
        await repository.list_quiet(session, looking, None, beside),
    )


async def find_resting(
    session: AsyncSession, callbacks: Sequence[Row[Any]], now: datetime, thresholds: SatisfactionSettings
) -> set[UUID]:
    """Which of these wait until the others are called: somebody has just tried to reach the customer, or the customer
    asked for a later time, be it about another incident."""
    since = now - timedelta(minutes=thresholds.retry_minutes)
    resting = {row.id for row in callbacks if row.last_attempt_at is not None and row.last_attempt_at > since}
    customers = {row.customer for row in callbacks if row.customer is not None}
    if thresholds.claim_by == "customer" and customers:
        theirs = set(await repository.list_resting(session, customers, now, since))
        resting |= {row.id for row in callbacks if row.customer in theirs}
    return resting


async def claim_callback(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    now: datetime,
    thresholds: SatisfactionSettings,
    despite_quiet_hours: bool = False,
) -> None:
    """Hold this callback's customer for a while, or longer where the caller holds it already.

    Raises:
        CallerIsResolver, IllegalTransition, HeldByAnother
        InQuietHours: and it was not said that the call has to be made all the same.
    """
    callback_rules.check_caller(await list_names(session, caller), callback.resolver)
    callback_rules.check_open("claim", callback.state)
    seen = await callbacks.look(session, callback.id, now, thresholds.claim_by)
    assert seen is not None
    hours = read_word(seen.hours, thresholds.time_zone, thresholds.quiet_hours)
    due_now = callback.next_attempt_at if callback.next_attempt_at and callback.next_attempt_at <= now else None
    callable_from = find_callable_from(hours, now, due_now)
    rules.check_hour(callable_from if callable_from > now else None, despite_quiet_hours)
    rules.check_free(seen.holder, seen.holder_name, seen.held_until, caller.subject)
    if not await _hold(session, callback, caller, now, thresholds):
        await check_free(session, callback, caller, now, thresholds)
        raise rules.HeldByAnother("somebody else was calling this customer a moment ago; try again")


async def claim_next(
    session: AsyncSession, caller: Principal, now: datetime, thresholds: SatisfactionSettings
) -> Row[Any]:
    """Hold the customer whom to call next: of the callable callbacks that the caller did not resolve the first, and
    those that rest only when there is no other.

    Raises:
        NobodyToCall
    """
    looking = await look(session, caller, now, thresholds)
    known_as = await list_names(session, caller)
    candidates = await repository.list_callable(session, looking, None, _CANDIDATES)
    resting = await find_resting(session, candidates[:_RESTING], now, thresholds)
    for callback in sorted(candidates, key=lambda row: row.id in resting):
        if callback_rules.is_resolver(known_as, callback.resolver):
            continue
        locked = await callbacks.lock(session, callback.id)
        if locked is not None and locked.state == "due" and await _hold(session, locked, caller, now, thresholds):
            return locked
    raise rules.NobodyToCall("nobody is to be called now: all who wait are held, agreed for later or in quiet hours")


async def release_callback(
    session: AsyncSession,
    callback: Row[Any],
    caller: Principal,
    now: datetime,
    thresholds: SatisfactionSettings,
    anybodys: bool,
) -> None:
    """Let go of this callback's customer; with `anybodys` also where somebody else holds it.

    Raises:
        HeldByAnother, NothingHeld
    """
    if await repository.release(session, callback.id, thresholds.claim_by, None if anybodys else caller.subject, now):
        return
    await check_free(session, callback, caller, now, thresholds)
    raise rules.NothingHeld("nobody holds this customer; there is nothing to give back")


async def check_free(
    session: AsyncSession, callback: Row[Any], caller: Principal, now: datetime, thresholds: SatisfactionSettings
) -> None:
    """Raises `HeldByAnother` where somebody else is calling this customer."""
    seen = await callbacks.look(session, callback.id, now, thresholds.claim_by)
    if seen is not None:
        rules.check_free(seen.holder, seen.holder_name, seen.held_until, caller.subject)


async def end_call(
    session: AsyncSession, callback: Row[Any], caller: Principal, now: datetime, thresholds: SatisfactionSettings
) -> None:
    """The caller is done with this customer."""
    await repository.release(session, callback.id, thresholds.claim_by, caller.subject, now)


async def end_or_go_on(
    session: AsyncSession, callback: Row[Any], caller: Principal, now: datetime, thresholds: SatisfactionSettings
) -> None:
    """The caller is done with this callback, and with the customer unless there is more to ask in the same call."""
    if thresholds.claim_by == "incident" or not await repository.has_more(session, callback, now):
        await end_call(session, callback, caller, now, thresholds)


async def _hold(
    session: AsyncSession, callback: Row[Any], caller: Principal, now: datetime, thresholds: SatisfactionSettings
) -> bool:
    until = now + timedelta(minutes=thresholds.claim_minutes)
    return await repository.claim(session, callback.id, thresholds.claim_by, caller.subject, caller.name, now, until)


def _is_quiet_now(word: str | None, now: datetime, thresholds: SatisfactionSettings) -> bool:
    return is_quiet(read_word(word, thresholds.time_zone, thresholds.quiet_hours), now)
