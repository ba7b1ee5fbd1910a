"""Answers to a survey, one form a link, over HTTP into one real process, as customers send them: named and anonymous.
Beside them stands what the database alone takes of the same rows, each by a commit of its own. Then the process is
killed under load, and what it had answered for is counted.
"""

import asyncio
import time
from uuid import UUID

import asyncpg
import orjson

from bench.claim import Claim, at_least, at_most, show
from bench.parts import Parts, started
from bench.wire import post_all, request
from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.rules import digest_of
from services.satisfaction.tokens import derive_key, derive_token, hash_token
from shared.ids import new_id
from shared.provision import connect
from shared.settings import Settings
from tests.support.processes import Processes, running_processes

_LINKS = 6000
_WARM = 300
_CONNECTIONS = 32
_RAW = 1500
_CONTENT = BUILT_IN["servqual_22"]
_FORM = "&".join(
    ["action=send", "a.comment=The+desk+is+quick%2C+and+friendly."]
    + [f"a.s{n:02d}.{half}={n % 7 + 1}" for n in range(1, 23) for half in ("expectation", "perception")]
).encode()
_CLAIM = "answers/s to a survey of 22 pairs, each by its own link"
_HEADERS = {"Content-Type": "application/x-www-form-urlencoded"}
_CAMPAIGN = """
INSERT INTO satisfaction.campaigns (id, version, sequence, state, title, kind, level, owner, questionnaire_key, content,
    digest, anonymous, margin, confidence, expected_response_rate, minimum_per_stratum, reminder_every_days, rest_days,
    created_at, created_by, updated_at)
VALUES ($1, 1, 1, 'launched', 'bench', 'ad_hoc', 'project', 'bench', 'servqual_22', $2, $3, $4, 0.05, 0.95, 0.3, 1, 0,
    0, now(), 'bench', now())
"""
_MEMBERS = """
INSERT INTO satisfaction.survey_members (campaign_id, reference, stratum, contact_hash, drawn)
SELECT $1, 'p' || i, 'stratum ' || i % 8, sha256(('p' || i)::bytea), true FROM generate_series(1, $2::int) AS i
RETURNING id
"""
_INVITE = """
INSERT INTO satisfaction.survey_invitations (id, campaign_id, member_id, contact_hash, token_hash, state, channel,
    invited_at)
SELECT given.id, $1, given.member, '\\x00', given.hash, 'open', 'link', now()
FROM unnest($2::uuid[], $3::bigint[], $4::bytea[]) AS given (id, member, hash)
"""
_ONE = """
WITH answered AS (
    UPDATE satisfaction.survey_invitations SET state = 'answered' WHERE id = $1 RETURNING campaign_id, id
)
INSERT INTO satisfaction.survey_responses (id, campaign_id, invitation_id, stratum, language, answers)
SELECT gen_random_uuid(), campaign_id, id, 'stratum', 'en', $2::jsonb FROM answered
"""


def measure() -> list[Claim]:
    with started() as parts:
        return asyncio.run(_measure(parts))


async def _measure(parts: Parts) -> list[Claim]:
    settings = parts.settings()
    connection = await connect(parts.database_url)
    try:
        raw = await _raw(settings, connection, parts.database_url)
        async with running_processes(
            ["satisfaction"], settings, parts.database_url, parts.amqp_url, "ratchet", parts.folder
        ) as processes:
            named = await _answer(settings, connection, processes, anonymous=False)
            anonymous = await _answer(settings, connection, processes, anonymous=True)
            told, kept = await kill_under_load(settings, connection, processes, _LINKS)
        return [
            Claim(_CLAIM, named, "/s", 500, raw, named / raw, named >= 500),
            at_least("  anonymous ones", anonymous, "/s", 500),
            at_most(f"  lost of {len(told):,} confirmed before the process was killed", len(told - kept), "answers", 1),
        ]
    finally:
        await connection.close()


async def launch(settings: Settings, connection: asyncpg.Connection, count: int, *, anonymous: bool) -> list[UUID]:
    """A campaign with so many open invitations."""
    campaign = new_id()
    content = orjson.dumps(_CONTENT.model_dump(mode="json")).decode()
    await connection.execute(_CAMPAIGN, campaign, content, digest_of(_CONTENT), anonymous)
    members = [row["id"] for row in await connection.fetch(_MEMBERS, campaign, count)]
    ids = [new_id() for _ in members]
    key = derive_key(settings)
    hashes = [hash_token(derive_token(key, each)) for each in ids]
    await connection.execute(_INVITE, campaign, ids, members, hashes)
    await connection.execute("ANALYZE satisfaction.survey_invitations, satisfaction.survey_members")
    return ids


def _forms(settings: Settings, processes: Processes, ids: list[UUID]) -> tuple[str, list[bytes]]:
    """Where they go, and each invitation's form."""
    key = derive_key(settings)
    base = f"http://127.0.0.1:{processes.ports['satisfaction']}/satisfaction/survey"
    return base, [request(f"{base}/{derive_token(key, each)}", _FORM, _HEADERS) for each in ids]


async def _answer(
    settings: Settings, connection: asyncpg.Connection, processes: Processes, *, anonymous: bool
) -> float:
    ids = await launch(settings, connection, _WARM + _LINKS, anonymous=anonymous)
    base, forms = _forms(settings, processes, ids)
    await post_all(base, forms[:_WARM], _CONNECTIONS, status=303)
    began = time.perf_counter()
    await post_all(base, forms[_WARM:], _CONNECTIONS, status=303)
    return _LINKS / (time.perf_counter() - began)


async def kill_under_load(
    settings: Settings, connection: asyncpg.Connection, processes: Processes, links: int
) -> tuple[set[UUID], set[UUID]]:
    """Kill the process when a quarter of these links is answered. Returns the invitations whose answers it had
    confirmed, and those whose answers are there."""
    ids = await launch(settings, connection, links, anonymous=False)
    base, forms = _forms(settings, processes, ids)
    confirmed: set[UUID] = set()

    async def answer_each(mine: list[tuple[UUID, bytes]]) -> None:
        for each, form in mine:
            await post_all(base, [form], 1, status=303)
            confirmed.add(each)

    pairs = list(zip(ids, forms, strict=True))
    tasks = [asyncio.create_task(answer_each(pairs[n::_CONNECTIONS])) for n in range(_CONNECTIONS)]
    while len(confirmed) < links // 4 and not all(task.done() for task in tasks):  # noqa: ASYNC110 - tasks count
        await asyncio.sleep(0.005)
    processes.kill("satisfaction")
    await asyncio.gather(*tasks, return_exceptions=True)
    rows = await connection.fetch("SELECT invitation_id FROM satisfaction.survey_responses")
    return confirmed, {row["invitation_id"] for row in rows} & set(ids)


async def _raw(settings: Settings, connection: asyncpg.Connection, database_url: str) -> float:
    """Answers/s that the database takes of eight connections, each answer by a commit of its own."""
    ids = await launch(settings, connection, _RAW, anonymous=False)
    answers = {f"s{n:02d}": {"expectation": n % 7 + 1, "perception": n % 7 + 1} for n in range(1, 23)}
    body = orjson.dumps(answers).decode()

    async def take(mine: list[UUID]) -> None:
        own = await connect(database_url)
        for each in mine:
            await own.execute(_ONE, each, body)
        await own.close()

    began = time.perf_counter()
    await asyncio.gather(*(take(ids[n::8]) for n in range(8)))
    return _RAW / (time.perf_counter() - began)


if __name__ == "__main__":
    show(measure())
