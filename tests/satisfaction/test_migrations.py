"""What stood in satisfaction before a schema changed is there after it."""

from pathlib import Path

from alembic import command
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

import services.satisfaction.main
from shared.database import async_url
from shared.migrations import config

FOLDER = Path(services.satisfaction.main.__file__).parent / "migrations"
_CAMPAIGN = """
INSERT INTO satisfaction.campaigns (id, version, sequence, state, title, kind, level, owner, questionnaire_key,
    anonymous, margin, confidence, expected_response_rate, minimum_per_stratum, reminder_every_days, rest_days,
    created_at, created_by, updated_at)
VALUES ('0199f0a0-0000-7000-8000-000000000001', 1, 1, 'launched', 'Yearly', 'company', 'company', 'qi', 'csat', true,
    0.05, 0.95, 0.5, 10, 7, 30, now(), 'qi', now())
"""
_UNMIXED = """
INSERT INTO satisfaction.survey_responses_unmixed (campaign_id, stratum, language, answers)
SELECT '0199f0a0-0000-7000-8000-000000000001', 'north', 'zh-CN', jsonb_build_object('csat', score)
FROM unnest(ARRAY[1, 4, 5]) AS score
"""
_ANSWERED = """
SELECT (answers ->> 'csat')::int, stratum, language, invitation_id, submitted_at
FROM satisfaction.survey_responses ORDER BY 1
"""


def bring_to(connection: Connection, revision: str) -> None:
    """Upwards to `head` or from nothing to another, downwards where it says `-`."""
    made = config(FOLDER, "satisfaction", connection)
    (command.downgrade if revision.startswith("-") else command.upgrade)(made, revision)


class TestSatisfactionInPractice:
    async def test_anonymous_answers_that_wait_are_kept_and_tell_no_language(self, database_url: str) -> None:
        engine = create_async_engine(async_url(database_url))
        async with engine.begin() as connection:
            await connection.execute(text("DROP SCHEMA IF EXISTS satisfaction CASCADE"))
            await connection.execute(text("CREATE SCHEMA satisfaction"))
            await connection.run_sync(bring_to, "0002")
            await connection.execute(text(_CAMPAIGN))
            await connection.execute(text(_UNMIXED))
        async with engine.begin() as connection:
            await connection.run_sync(bring_to, "head")
            answered = [tuple(row) for row in await connection.execute(text(_ANSWERED))]
            waiting = (
                await connection.execute(text("SELECT count(*) FROM satisfaction.survey_responses_unmixed"))
            ).one()
        assert answered == [(score, "north", "und", None, None) for score in (1, 4, 5)]
        assert waiting == (0,)
        async with engine.begin() as connection:
            await connection.run_sync(bring_to, "-1")
            assert len(list(await connection.execute(text(_ANSWERED)))) == 3
        await engine.dispose()
