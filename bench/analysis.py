"""A survey with 100,000 SERVQUAL answers (22 statements, expectation and perception) in twelve strata, analysed as the
job at the close does it: counted, read, computed in the worker, kept with its events. The worker is warm; how long it
takes with one that has to start first is told beside it.
"""

import asyncio
import json
import time
from datetime import UTC, datetime
from uuid import UUID

from bench.claim import Claim, at_least, at_most, show
from bench.parts import Parts, started
from services.satisfaction.analysis.jobs import analyse_next
from services.satisfaction.analysis.worker import make_worker
from services.satisfaction.database import spine
from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.rules import digest_of
from services.satisfaction.questionnaires.schemas import PairItem
from services.satisfaction.settings import SatisfactionSettings
from shared.database import Database, create_engine
from shared.http import acting
from shared.ids import new_id
from shared.provision import admit, connect
from shared.signals import Signals

RESPONSES = 100_000
STRATA = 12
_CAMPAIGN = """
INSERT INTO satisfaction.campaigns (id, version, sequence, state, title, kind, level, owner, questionnaire_key,
    questionnaire_version, content, digest, anonymous, margin, confidence, expected_response_rate, minimum_per_stratum,
    reminder_every_days, rest_days, created_at, created_by, updated_at, launched_at, closed_at, analysis_due_at)
VALUES ($1, 1, 2, 'closed', 'Yearly', 'company', 'company', 'bench', 'servqual_22', 1, $2::jsonb, $3, false, 0.05, 0.95,
    0.5, 10, 7, 30, $4, 'bench', $4, $4, $4, $4)
"""
_MEMBERS = """
INSERT INTO satisfaction.survey_members (campaign_id, reference, stratum, segment, customer, contact_hash, drawn)
SELECT $1, 'p' || i, 'stratum ' || i % $3, (ARRAY['gold','silver','bronze'])[1 + i % 3], 'customer ' || i % 200,
    sha256(i::text::bytea), true
FROM generate_series(1, $2::int) AS i
"""
_INVITATIONS = """
INSERT INTO satisfaction.survey_invitations (id, campaign_id, member_id, contact_hash, token_hash, state, channel,
    invited_at)
SELECT gen_random_uuid(), $1, id, contact_hash, sha256((id || 'token')::bytea), 'answered', 'link', $2
FROM satisfaction.survey_members WHERE campaign_id = $1
"""
_RESPONSES = """
INSERT INTO satisfaction.survey_responses (id, campaign_id, invitation_id, stratum, language, answers, submitted_at)
SELECT gen_random_uuid(), $1, i.id, m.stratum, 'en', (
    SELECT jsonb_object_agg(key, jsonb_build_object('expectation', 5 + ((m.id + n * 7) % 3)::int,
        'perception', 3 + ((m.id * 31 + n * 13) % 5)::int))
    FROM unnest($2::text[]) WITH ORDINALITY AS item (key, n)), $3
FROM satisfaction.survey_invitations i JOIN satisfaction.survey_members m ON m.id = i.member_id
WHERE i.campaign_id = $1
"""


def measure() -> list[Claim]:
    """The claim, and what it takes with a cold worker."""
    with started() as parts:
        return asyncio.run(_measure(parts))


async def _measure(parts: Parts) -> list[Claim]:
    campaign_id = new_id()
    await _fill(parts, campaign_id)
    admission = await admit(parts.database_url, spine.service)
    engine = create_engine(parts.database_url, spine.service, admission.role, 4)
    database = Database(engine, spine, Signals())
    worker, settings = make_worker(), SatisfactionSettings()
    try:
        seconds = []
        for _ in range(4):
            begun = time.perf_counter()
            async with acting("service:satisfaction"):
                assert await analyse_next(worker, settings, database) == 1
            seconds.append(time.perf_counter() - begun)
            await _make_due(parts, campaign_id)
    finally:
        await worker.close()
        await engine.dispose()
    many = f"{RESPONSES:,} survey responses"
    return [
        at_most(f"{many}: analysed and kept, worker warm, worst of {len(seconds) - 1}", max(seconds[1:]), "s", 3.0),
        at_least(f"{many}: analysed and kept, worker cold", seconds[0], "s", None),
    ]


async def _fill(parts: Parts, campaign_id: UUID) -> None:
    content = BUILT_IN["servqual_22"]
    keys = [item.key for item in content.items if isinstance(item, PairItem)]
    now = datetime(2026, 6, 1, tzinfo=UTC)
    connection = await connect(parts.database_url)
    try:
        told = json.dumps(content.model_dump(mode="json"))
        await connection.execute(_CAMPAIGN, campaign_id, told, digest_of(content), now)
        await connection.execute(_MEMBERS, campaign_id, RESPONSES, STRATA)
        await connection.execute(_INVITATIONS, campaign_id, now)
        await connection.execute(_RESPONSES, campaign_id, keys, now)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _make_due(parts: Parts, campaign_id: UUID) -> None:
    connection = await connect(parts.database_url)
    try:
        due = "UPDATE satisfaction.campaigns SET analysis_due_at = closed_at WHERE id = $1"
        await connection.execute(due, campaign_id)
    finally:
        await connection.close()


if __name__ == "__main__":
    show(measure())
