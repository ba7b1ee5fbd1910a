"""Reopens what is due: claim, commit, call, record, commit; each source in a lane of its own."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections import repository as connections
from services.metrics.connections.service import SecretUnreadable, Sources
from services.metrics.reopens import repository, rules, service
from services.metrics.reopens.service import REOPEN_JOB
from services.metrics.settings import MetricsSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job
from shared.lanes import run_in_lanes
from shared.ticketing.attempts import LEASE, Failure, attempt
from shared.ticketing.changes import IncidentReopener

PER_SOURCE = 2
EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Claim:
    """`reopener` is what to speak with, or why that cannot be."""

    reopen_id: UUID
    attempt_id: int
    external_id: str
    note: str
    reopener: IncidentReopener | Failure


def make_jobs(sources: Sources, settings: MetricsSettings) -> tuple[Job, ...]:
    """The jobs of this noun."""

    async def reopen(database: Database) -> int:
        return await reopen_due(database, sources, settings)

    return (Job(REOPEN_JOB, EVERY_SECONDS, reopen),)


async def reopen_due(database: Database, sources: Sources, settings: MetricsSettings) -> int:
    """Reopen what is due, until nothing is; returns how many were tried."""

    async def claim(busy: Counter[str]) -> list[tuple[str, _Claim]]:
        now = clock.now()
        async with database.transaction() as session:
            await repository.settle_overtaken(session, now)
            claims: list[tuple[str, _Claim]] = []
            for source in await repository.list_due_sources(session, now):
                if busy[source] < PER_SOURCE:
                    claims += await _claim_of(session, sources, source, PER_SOURCE - busy[source], now)
        return claims

    async def work(claim: _Claim) -> None:
        await _reopen(database, claim, settings)

    return await run_in_lanes(database, REOPEN_JOB, EVERY_SECONDS, claim, work)


async def _claim_of(
    session: AsyncSession, sources: Sources, source: str, free: int, now: datetime
) -> list[tuple[str, _Claim]]:
    connection = await connections.get_connection(session, source)
    missing = _find_missing(source, connection)
    if missing is not None or connection is None:
        await repository.settle_source(session, source, now, "not_configured", missing or "")
        return []
    reopener = _open(sources, connection)
    claims = []
    for row in await repository.claim_due(session, source, now, LEASE, free):
        attempt_id = await repository.start_attempt(session, row.id, now)
        note = rules.write_note(row.solved, row.comment, row.callback_id)
        claims.append((source, _Claim(row.id, attempt_id, row.external_id, note, reopener)))
    return claims


def _find_missing(source: str, connection: Row[Any] | None) -> str | None:
    """Why incidents of this source cannot be reopened from here, with what would be right; or None."""
    if connection is None:
        return (
            f"there is no connection {source!r} that could reopen it: PUT /metrics/v1/connections/{source} with "
            "'reopening', then retry; or reopen it there by hand"
        )
    if connection.reopening is None:
        return (
            f"connection {source!r} says nothing of reopening: PUT /metrics/v1/connections/{source} with "
            "'reopening' ({} takes the poll's access), then retry; or reopen it there by hand"
        )
    return None


def _open(sources: Sources, connection: Row[Any]) -> IncidentReopener | Failure:
    try:
        return sources.open_reopener(connection)
    except SecretUnreadable as error:
        return Failure(error.detail, is_lasting=True)
    except ValueError as error:
        return Failure(f"reopening.options: {error}", is_lasting=True)


async def _reopen(database: Database, claim: _Claim, settings: MetricsSettings) -> None:
    told = await _try(claim)
    now = clock.now()
    async with database.transaction() as session:
        if isinstance(told, Failure):
            schedule = settings.reopen_retry_seconds
            ids = (claim.reopen_id, claim.attempt_id)
            await service.note_failure(session, *ids, told, schedule, random.random(), now)
        else:
            await service.note_done(session, claim.reopen_id, claim.attempt_id, was_closed=told, now=now)


async def _try(claim: _Claim) -> bool | Failure:
    """Whether it was closed before, or why it is not known to be open."""
    if isinstance(claim.reopener, Failure):
        return claim.reopener
    return await attempt(claim.reopener.reopen(claim.external_id, claim.note), reopen_id=str(claim.reopen_id))
