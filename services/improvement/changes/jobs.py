"""Raises change requests and asks for their outcome: claim, commit, call, record, commit."""

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from services.improvement.changes import repository, service
from services.improvement.connections import repository as connections
from services.improvement.connections.service import Ticketing
from services.improvement.settings import ImprovementSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job
from shared.problems import Problem
from shared.ticketing.changes import ChangeRequest, ChangeSink, RaisedChange
from shared.ticketing.failures import RemoteFailed

_log = structlog.get_logger(__name__)

AT_ONCE = 4
LEASE = timedelta(seconds=60)
"""Longer than a search and a creation together may last; after it, whoever died in the call is taken for dead."""


@dataclass(frozen=True, slots=True)
class _Claim:
    change_id: UUID
    sink: ChangeSink
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
    return (Job(service.RAISE_JOB, 1.0, raise_due), Job("improvement.changes.poll", every, poll_due))


async def raise_changes(database: Database, ticketing: Ticketing, settings: ImprovementSettings) -> int:
    """Raise what is due, a few at once; returns how many were tried."""
    now = clock.now()
    async with database.transaction() as session:
        await repository.cancel_stale(session, now)
        claims = []
        for change in await repository.claim_pending(session, now, LEASE, AT_ONCE):
            attempt_id = await repository.start_attempt(session, change.id, now)
            sink = ticketing.open(await connections.find(session, change.connection))
            request = ChangeRequest.model_validate(change.body)
            claims.append(_Claim(change.id, sink, request, "", attempt_id))
    await asyncio.gather(*(_raise(database, claim, settings) for claim in claims))
    return len(claims)


async def _raise(database: Database, claim: _Claim, settings: ImprovementSettings) -> None:
    outcome, raised, error = await _try(claim)
    now = clock.now()
    async with database.transaction() as session:
        await repository.finish_attempt(session, claim.attempt_id, now, outcome, error)
        if raised is not None:
            poll = timedelta(seconds=settings.change_poll_seconds)
            await service.note_raised(session, claim.change_id, raised, poll, now)
        else:
            schedule = settings.change_retry_seconds
            await service.note_not_raised(session, claim.change_id, error or "", schedule, random.random(), now)


async def _try(claim: _Claim) -> tuple[str, RaisedChange | None, str | None]:
    """Outcome, the remote record, error. An attempt before may have created it although nobody heard so."""
    try:
        found = await claim.sink.find(claim.request.correlation_id)
        if found is not None:
            return "found", found, None
        return "raised", await claim.sink.raise_change(claim.request), None
    except RemoteFailed as error:
        return "failed", None, str(error)
    except Exception as error:  # whatever an adapter raises, the attempt is a row and the next one comes
        _log.exception("change_attempt_crashed", change_id=str(claim.change_id))
        return "failed", None, repr(error)[:500]


async def poll_outcomes(database: Database, ticketing: Ticketing, settings: ImprovementSettings) -> int:
    """Ask for the outcomes that are due; returns how many were asked for."""
    now = clock.now()
    every = timedelta(seconds=settings.change_poll_seconds)
    async with database.transaction() as session:
        claims = []
        for change in await repository.claim_raised(session, now, every, AT_ONCE):
            sink = ticketing.open(await connections.find(session, change.connection))
            request = ChangeRequest.model_validate(change.body)
            claims.append(_Claim(change.id, sink, request, change.external_id or ""))
    await asyncio.gather(*(_poll(database, claim) for claim in claims))
    return len(claims)


async def _poll(database: Database, claim: _Claim) -> None:
    try:
        outcome = await claim.sink.outcome(claim.external_id)
        if outcome is None:
            return
        async with database.transaction() as session:
            await service.settle_change(session, claim.change_id, outcome, clock.now())
    except (RemoteFailed, Problem) as error:  # an outcome that cannot be is the remote's mistake; it is asked again
        _log.warning("change_outcome_unknown", change_id=str(claim.change_id), error=str(error))
