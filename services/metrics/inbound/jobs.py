"""Reads payloads again in bounded portions, and forgets what is old."""

from datetime import timedelta

from services.metrics.connections.service import Sources
from services.metrics.holds.service import find_held
from services.metrics.inbound import repository, rules, service
from services.metrics.settings import MetricsSettings
from shared import clock
from shared.database import Database
from shared.jobs import Job

PORTION = 50
_FORGET_AT_ONCE = 2000
_SLACK = timedelta(hours=1)
"""An id is made a little before or after its payload is received, and a ticketing system's clock is not ours."""


def make_jobs(sources: Sources, settings: MetricsSettings) -> tuple[Job, ...]:
    """The jobs of this noun."""

    async def replay(database: Database) -> int:
        return await replay_payloads(database, sources)

    async def forget(database: Database) -> int:
        return await forget_old(database, timedelta(days=settings.payload_retention_days))

    return (Job(service.REPLAY_JOB, 30.0, replay), Job("metrics.forget_payloads", 3600.0, forget))


async def replay_payloads(database: Database, sources: Sources) -> int:
    """One portion of the oldest replay, with its effects in one transaction; 0 when none waits."""
    async with database.transaction() as session:
        return await service.advance_replay(session, sources, PORTION)


async def forget_old(database: Database, retention: timedelta) -> int:
    """Delete payloads and settled quarantine older than this; what waits in quarantine stays, and so does everything
    from the first incident on about which a dispute runs (R196): a payload does not say which incidents it tells of."""
    before = clock.now() - retention
    async with database.transaction() as session:
        held = await find_held(session)
        before = before if held is None else min(before, held - _SLACK)
        payloads = await repository.forget_payloads(
            session, before, rules.first_id_at(before + _SLACK), _FORGET_AT_ONCE
        )
        return payloads + await repository.forget_settled(session, before, _FORGET_AT_ONCE)
