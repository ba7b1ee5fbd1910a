"""A survey of a million people: the population by COPY in several files, and the draw of 20,000 of them (R85).

The use cases themselves on a real Postgres, without HTTP. A tenth of the people were invited by another campaign within
the rest days, whom the draw has to find. Beside the draw stands the bare query that sorts all references by their hash.
"""

import asyncio
import time
from typing import Any

import asyncpg

from bench.claim import Claim, at_most, show
from bench.parts import Parts, started
from services.satisfaction.campaigns.schemas import NewCampaign
from services.satisfaction.campaigns.service import create_campaign
from services.satisfaction.database import spine
from services.satisfaction.populations.service import draw_sample, upload_population
from shared import clock
from shared.auth import Principal, Role
from shared.database import Database, create_engine
from shared.http import acting
from shared.provision import admit, connect
from shared.signals import Signals

PEOPLE = 1_000_000
FILES = 4
STRATA = 20
DRAWN = 20_000
_MANAGER = Principal("quality", "Quality", frozenset({Role.QUALITY_MANAGER}))
_INVITED_ELSEWHERE = """
WITH other AS (
    INSERT INTO satisfaction.survey_members (campaign_id, reference, stratum, contact_hash)
    SELECT $1, 'other ' || reference, stratum, contact_hash FROM satisfaction.survey_members
    WHERE campaign_id = $2 AND (id - 1) / 20 % 10 = 0 RETURNING id, contact_hash
)
INSERT INTO satisfaction.survey_invitations (id, campaign_id, member_id, contact_hash, token_hash, state, channel,
                                             invited_at)
SELECT gen_random_uuid(), $1, id, contact_hash, sha256(int8send(id)), 'open', 'email', now() - interval '3 days'
FROM other
"""
_RAW = """
SELECT reference FROM satisfaction.survey_members WHERE campaign_id = $1
ORDER BY CAST(md5('seed' || reference) AS uuid) LIMIT $2
"""


def measure() -> list[Claim]:
    with started() as parts:
        return asyncio.run(_measure(parts))


async def _measure(parts: Parts) -> list[Claim]:
    connection = await connect(parts.database_url)
    admission = await admit(parts.database_url, "satisfaction")
    database = Database(create_engine(parts.database_url, "satisfaction", admission.role, 4), spine, Signals())
    try:
        async with acting(_MANAGER.subject):
            return await _draw(database, connection)
    finally:
        await database.close()
        await connection.close()


async def _draw(database: Database, connection: asyncpg.Connection) -> list[Claim]:
    campaign, other = await _create(database), await _create(database)
    files = [_file(part) for part in range(FILES)]
    began = time.perf_counter()
    for file in files:
        async with database.transaction() as session:
            await upload_population(session, campaign, file, "text/csv", "append", False, clock.now())
    uploading = time.perf_counter() - began
    await connection.execute("VACUUM ANALYZE satisfaction.survey_members")
    began = time.perf_counter()
    await connection.fetch(_RAW, campaign, DRAWN)
    raw = time.perf_counter() - began
    first, sample = await _time_draw(database, campaign, "seed")
    _require(sample, 0)
    await connection.execute(_INVITED_ELSEWHERE, other, campaign, timeout=300)
    await connection.execute("VACUUM ANALYZE satisfaction.survey_members, satisfaction.survey_invitations")
    resting, sample = await _time_draw(database, campaign, "seed")
    _require(sample, PEOPLE // 10)
    again, _ = await _time_draw(database, campaign, "another seed")
    return [
        at_most(f"a sample of {DRAWN:,} drawn from {PEOPLE:,}, {STRATA} strata", first, "s", 5, raw),
        at_most("  a tenth was asked by another survey meanwhile", resting, "s", 5, raw),
        at_most("  drawn again with another seed", again, "s", 5, raw),
        Claim(f"  the population uploaded in {FILES} CSV files", uploading, "s"),
    ]


def _require(sample: dict[str, Any], resting: int) -> None:
    if (sample["drawn"], sample["resting"]) != (DRAWN, resting):
        raise AssertionError(f"drew {sample['drawn']} and left {sample['resting']} alone")


async def _create(database: Database) -> Any:
    body = NewCampaign(
        title="A million",
        kind="company",
        questionnaire_key="csat",
        margin=0.5,
        minimum_per_stratum=DRAWN // STRATA,
    )
    async with database.transaction() as session:
        return (await create_campaign(session, body, _MANAGER, clock.now())).id


async def _time_draw(database: Database, campaign: Any, seed: str) -> tuple[float, dict[str, Any]]:
    began = time.perf_counter()
    async with database.transaction() as session:
        row = await draw_sample(session, campaign, seed, _MANAGER.subject, clock.now(), None)
    return time.perf_counter() - began, row.sample


def _file(part: int) -> bytes:
    many = PEOPLE // FILES
    rows = (f"{i},person{i}@example.com,stratum {i % STRATA}\n" for i in range(part * many, (part + 1) * many))
    return ("reference,email,stratum\n" + "".join(rows)).encode()


if __name__ == "__main__":
    show(measure())
