"""Polls what is due, and notices who has fallen silent."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row

from services.metrics.connections import repository, rules, service
from services.metrics.connections.service import POLL_JOB, Opened, Sources
from services.metrics.inbound import service as inbound
from services.metrics.settings import MetricsSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job
from shared.problems import Problem
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.sources import PollPage

_log = structlog.get_logger(__name__)

AT_ONCE = 4
PAGE_SECONDS = 120.0
LEASE = timedelta(seconds=PAGE_SECONDS + 60)
"""Longer than one page may take; after it, whoever died in the poll is taken for dead."""


def make_jobs(sources: Sources, settings: MetricsSettings) -> tuple[Job, ...]:
    """The jobs of this noun."""

    async def poll(database: Database) -> int:
        return await poll_due(database, sources, settings)

    return (Job(POLL_JOB, 5.0, poll), Job("metrics.tell_silences", 60.0, tell_silences))


async def tell_silences(database: Database) -> int:
    async with database.transaction() as session:
        await service.tell_silences(session)
    return 0


async def poll_due(database: Database, sources: Sources, settings: MetricsSettings) -> int:
    """Take one page of each connection that is due, a few at once; returns how many were claimed.

    Claim, commit, poll, then one transaction that takes the page and keeps the position behind it: a crash in between
    polls the page again, which changes nothing.
    """
    async with database.transaction() as session:
        claimed = await repository.claim_due(session, clock.now(), LEASE, AT_ONCE)
    await asyncio.gather(*(_poll(database, sources, settings, row) for row in claimed))
    return len(claimed)


async def _poll(database: Database, sources: Sources, settings: MetricsSettings, row: Row[Any]) -> None:
    try:
        opened = sources.open_row(row)
        position = rules.begin_at(row.polled_until, row.round_since, row.round_page)
        async with asyncio.timeout(PAGE_SECONDS):
            page = await opened.source.poll(position)
        await _take_page(database, row, opened, page)
    except RemoteFailed as error:
        await _note_failure(database, settings, row, str(error), error.retry_after_seconds)
    except Problem as error:
        await _note_failure(database, settings, row, error.detail, None)
    except TimeoutError:
        await _note_failure(database, settings, row, f"the page was not read within {PAGE_SECONDS:g} s", None)
    except Exception as error:  # whatever an answer does to an adapter, the connection says so and is tried again
        _log.exception("poll_crashed", connection=row.key)
        await _note_failure(database, settings, row, repr(error)[:500], None)


async def _take_page(database: Database, row: Row[Any], opened: Opened, page: PollPage) -> None:
    async with database.transaction() as session:
        if not await repository.hold_lease(session, row.key, row.leased_until, row.revision):
            return
        await inbound.take_page(session, opened, page.elements)
        values = service.values_after_page(row, page.position, is_last=page.is_last, now=clock.now())
        await repository.set_poll_state(session, row.key, **values)


async def _note_failure(
    database: Database, settings: MetricsSettings, row: Row[Any], reason: str, retry_after_seconds: float | None
) -> None:
    schedule = settings.poll_retry_seconds
    async with database.transaction() as session:
        if await repository.hold_lease(session, row.key, row.leased_until, row.revision):
            values = service.values_after_failure(row, reason, retry_after_seconds, schedule, random.random())
            await repository.set_poll_state(session, row.key, **values)
