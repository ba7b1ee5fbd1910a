"""Raises change requests and asks for their outcome: claim, commit, call, record, commit; each connection in a lane of
its own, so that a slow system delays no other."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.changes import reporting, repository, service
from services.improvement.changes.models import Change
from services.improvement.connections import repository as connections
from services.improvement.connections.service import ConnectionUnusable, Opened, Ticketing
from services.improvement.settings import ImprovementSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job
from shared.lanes import run_in_lanes
from shared.ticketing.attempts import LEASE, Failure, attempt, describe_failure
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeSink, RaisedChange

PER_CONNECTION = 4
EVERY_SECONDS = 1.0
POLL_JOB = "improvement.changes.poll"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Claim:
    """`sink` is what to speak with, or why that cannot be."""

    change_id: UUID
    sink: ChangeSink | Failure
    request: ChangeRequest
    external_id: str
    attempt_id: int = 0


def make_jobs(ticketing: Ticketing, settings: ImprovementSettings) -> tuple[Job, ...]:
    """The jobs of this noun."""

    async def raise_due(database: Database) -> int:
        return await raise_changes(database, ticketing, settings)

    async def poll_due(database: Database) -> int:
        return await poll_outcomes(database, ticketing, settings)

    every = min(settings.change_poll_seconds, 30.0)
    return (Job(service.RAISE_JOB, EVERY_SECONDS, raise_due), Job(POLL_JOB, every, poll_due))


async def raise_changes(database: Database, ticketing: Ticketing, settings: ImprovementSettings) -> int:
    """Raise what is due, until nothing is; returns how many were tried."""

    async def claim(busy: Counter[str]) -> list[tuple[str, _Claim]]:
        now = clock.now()
        claims: list[tuple[str, _Claim]] = []
        async with database.transaction() as session:
            await repository.cancel_stale(session, now)
            for key in await repository.list_pending_connections(session, now):
                free = PER_CONNECTION - busy[key]
                if free <= 0:
                    continue
                sink = await _open(session, ticketing, key)
                for change in await repository.claim_pending(session, key, now, LEASE, free):
                    attempt_id = await repository.start_attempt(session, change.id, key, now)
                    claims.append((key, _claim_of(change, sink, attempt_id)))
        return claims

    async def work(claim: _Claim) -> None:
        await _raise(database, claim, settings)

    return await run_in_lanes(database, service.RAISE_JOB, EVERY_SECONDS, claim, work)


async def _open(session: AsyncSession, ticketing: Ticketing, key: str) -> ChangeSink | Failure:
    try:
        opened: Opened = ticketing.open(key, await connections.find(session, key))
    except ConnectionUnusable as error:
        return Failure(error.detail, is_lasting=True)
    return opened.sink


def _claim_of(change: Change, sink: ChangeSink | Failure, attempt_id: int = 0) -> _Claim:
    request = ChangeRequest.model_validate(change.body)
    return _Claim(change.id, sink, request, change.external_id or "", attempt_id)


async def _raise(database: Database, claim: _Claim, settings: ImprovementSettings) -> None:
    told = await _try(claim, _find_or_raise)
    now = clock.now()
    async with database.transaction() as session:
        if isinstance(told, Failure):
            failed = describe_failure(told)
            await repository.finish_attempt(session, claim.attempt_id, finished_at=now, **failed)
            schedule = settings.change_retry_seconds
            await service.note_not_raised(session, claim.change_id, told, schedule, random.random(), now)
        else:
            outcome, raised = told
            await repository.finish_attempt(session, claim.attempt_id, finished_at=now, outcome=outcome)
            poll = timedelta(seconds=settings.change_poll_seconds)
            await service.note_raised(session, claim.change_id, raised, poll, now)


async def _find_or_raise(sink: ChangeSink, claim: _Claim) -> tuple[str, RaisedChange]:
    """An attempt before may have created it although nobody heard so."""
    found = await sink.find(claim.request.correlation_id)
    if found is not None:
        return "found", found
    return "raised", await sink.raise_change(claim.request)


async def poll_outcomes(database: Database, ticketing: Ticketing, settings: ImprovementSettings) -> int:
    """Ask for the outcomes that are due, until none is; returns how many were asked for."""

    async def claim(busy: Counter[str]) -> list[tuple[str, _Claim]]:
        now = clock.now()
        claims: list[tuple[str, _Claim]] = []
        async with database.transaction() as session:
            for key in await repository.list_waiting_connections(session, now):
                free = PER_CONNECTION - busy[key]
                if free <= 0:
                    continue
                sink = await _open(session, ticketing, key)
                changes = await repository.claim_waiting(session, key, now, LEASE, free)
                claims += [(key, _claim_of(change, sink)) for change in changes]
        return claims

    async def work(claim: _Claim) -> None:
        await _poll(database, claim, settings)

    return await run_in_lanes(database, POLL_JOB, EVERY_SECONDS, claim, work)


async def _poll(database: Database, claim: _Claim, settings: ImprovementSettings) -> None:
    told = await _try(claim, _ask)
    now: datetime = clock.now()
    every = timedelta(seconds=settings.change_poll_seconds)
    async with database.transaction() as session:
        if isinstance(told, Failure):
            schedule = settings.change_retry_seconds
            luck = random.random()
            await reporting.note_unanswered(session, claim.change_id, told, every, schedule, luck, now)
        else:
            await reporting.settle_polled(session, claim.change_id, told[0], every, now)


async def _ask(sink: ChangeSink, claim: _Claim) -> tuple[ChangeOutcome | None]:
    return (await sink.outcome(claim.external_id),)


async def _try(claim: _Claim, call: Callable[[ChangeSink, _Claim], Awaitable[T]]) -> T | Failure:
    """What the system answered, or why it did not."""
    if isinstance(claim.sink, Failure):
        return claim.sink
    return await attempt(call(claim.sink, claim), change_id=str(claim.change_id))
