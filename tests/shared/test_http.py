"""The edge: what a client sees is what was committed."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, Path, Query
from fastapi import Response as HttpResponse
from sqlalchemy import text

from services.fleet import make_gateway
from shared.app import Service
from shared.auth import Principal, Role, Staff, require
from shared.bus.local import LocalBus
from shared.database import Database
from shared.events.envelope import parse
from shared.fields import Body, Count, Moment, Name
from shared.fields import Text as LongText
from shared.http import IfMatch, Reading, Writing, check_version, etag, router
from shared.outbox import record
from shared.problems import LostUpdate, PreconditionRequired
from shared.settings import Settings
from tests.support.fleet import Fleet
from tests.support.spine import Said, define, make_room, noted, recorded

LIMIT = 2048
NOTES = "/metrics/v1/notes"
routes = router("notes")
_INSERT = text("INSERT INTO notes (handler, body) VALUES ('http', :words)")


class Note(Body):
    words: Name
    long: LongText | None = None
    count: Count | None = None
    moment: Moment | None = None


@routes.post("/notes", status_code=201)
async def add_note(session: Writing, note: Note, caller: Staff) -> dict[str, str]:
    """The session stands before the caller, as it may in any route."""
    await session.execute(_INSERT, {"words": note.words})
    await record(session, Said(words=note.words), subject=note.words, sequence=1)
    return {"words": note.words, "by": caller.subject}


@routes.post("/notes/open", status_code=201)
async def add_open_note(session: Writing, note: Note) -> dict[str, str]:
    await session.execute(_INSERT, {"words": note.words})
    return {"words": note.words}


@routes.put("/notes/{version}")
async def replace_note(
    version: int, session: Writing, response: HttpResponse, _caller: Staff, if_match: IfMatch = None
) -> dict[str, int]:
    check_version(if_match, version)
    await session.execute(_INSERT, {"words": "replaced"})
    response.headers["ETag"] = etag(version + 1)
    return {"version": version + 1}


@routes.get("/notes/{name}")
async def read_note(
    name: Annotated[str, Path(max_length=20)],
    session: Reading,
    _caller: Staff,
    q: Annotated[str, Query(max_length=9)] = "",
) -> dict[str, str]:
    found = (await session.execute(text("SELECT CAST(:name AS text) || :q"), {"name": name, "q": q})).scalar_one()
    return {"name": found}


@routes.get("/deceitful")
async def write_while_reading(session: Reading, _caller: Staff) -> None:
    await session.execute(_INSERT, {"words": "sneaked in"})


@routes.post("/quality", status_code=204)
async def only_quality(session: Writing, _caller: Annotated[Principal, Depends(require(Role.QUALITY_MANAGER))]) -> None:
    await session.execute(_INSERT, {"words": "quality"})


@pytest.fixture(scope="module")
async def edge(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fleet]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("data"),
        body_limit_bytes=LIMIT,
        pool_size=8,
        _env_file=None,  # type: ignore[call-arg]
    )
    bus = LocalBus()
    service = Service(define("metrics", routers=(routes,)), settings, module_database_url, bus)
    await service.prepare()
    await make_room(service.database)
    async with service.database.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE notes ADD UNIQUE (body) DEFERRABLE INITIALLY DEFERRED")
    transport = httpx.ASGITransport(app=make_gateway([service]), raise_app_exceptions=False)
    yield Fleet({"metrics": service}, transport, settings)
    await service.close()


@pytest.fixture
async def fleet(edge: Fleet) -> Fleet:
    """Emptied of what tests before wrote."""
    await make_room(database_of(edge))
    return edge


@pytest.fixture
async def client(fleet: Fleet) -> AsyncIterator[httpx.AsyncClient]:
    async with fleet.client(Role.ENGINEER) as opened:
        yield opened


def database_of(fleet: Fleet) -> Database:
    return fleet.services["metrics"].database


async def written(fleet: Fleet) -> list[str]:
    return await noted(database_of(fleet), "http")


class TestTransaction:
    async def test_is_committed_when_the_answer_comes(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        assert (await client.post(NOTES, json={"words": "a"})).status_code == 201
        assert await written(fleet) == ["a"]
        (event,) = await recorded(database_of(fleet))
        assert parse(event).actor == "engineer"

    async def test_whose_commit_fails_is_no_success(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        """A deferred constraint speaks at the commit only."""
        await client.post(NOTES, json={"words": "a"})
        answer = await client.post(NOTES, json={"words": "a"})
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert await written(fleet) == ["a"]
        assert len(await recorded(database_of(fleet))) == 1

    async def test_that_only_reads_cannot_write(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        assert (await client.get("/metrics/v1/deceitful")).status_code == 500
        assert await written(fleet) == []

    async def test_of_a_refused_request_writes_nothing(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        assert (await client.post("/metrics/v1/quality")).status_code == 403
        assert (await client.post(NOTES, json={"words": ""})).status_code == 422
        assert await written(fleet) == []


class TestIdempotencyKey:
    async def test_the_same_request_twice_has_one_effect(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "k1"}
        first = await client.post(NOTES, json={"words": "a"}, headers=headers)
        second = await client.post(NOTES, json={"words": "a"}, headers=headers)
        assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, first.json())
        assert "idempotency-replayed" not in first.headers
        assert second.headers["idempotency-replayed"] == "true"
        assert await written(fleet) == ["a"]

    async def test_with_another_body_is_refused(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "k1"}
        await client.post(NOTES, json={"words": "a"}, headers=headers)
        answer = await client.post(NOTES, json={"words": "b"}, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["type"] == "urn:ratchet:problem:key-reused"
        assert await written(fleet) == ["a"]

    async def test_of_many_at_once_one_has_effect_and_all_get_its_answer(
        self, fleet: Fleet, client: httpx.AsyncClient
    ) -> None:
        headers = {"Idempotency-Key": "k1"}
        answers = await asyncio.gather(*(client.post(NOTES, json={"words": "a"}, headers=headers) for _ in range(6)))
        assert {answer.status_code for answer in answers} == {201}
        assert {answer.text for answer in answers} == {answers[0].text}
        assert await written(fleet) == ["a"]

    async def test_is_the_callers_own(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        """Whatever order a route names its parameters in: nobody gets another's answer, least of all nobody."""
        headers = {"Idempotency-Key": "k1"}
        await client.post(NOTES, json={"words": "a"}, headers=headers)
        async with fleet.client() as nobody, fleet.client(Role.ENGINEER, subject="bert") as bert:
            assert (await nobody.post(NOTES, json={"words": "a"}, headers=headers)).status_code == 401
            answer = await bert.post(NOTES, json={"words": "b"}, headers=headers)
        assert (answer.status_code, answer.json()["by"]) == (201, "bert")
        assert await written(fleet) == ["a", "b"]

    async def test_of_a_failed_request_may_be_used_again(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        headers = {"Idempotency-Key": "k1"}
        await client.post(NOTES, json={"words": "a"})
        assert (await client.post(NOTES, json={"words": "a"}, headers=headers)).status_code == 500
        assert (await client.post(NOTES, json={"words": "b"}, headers=headers)).status_code == 201
        assert await written(fleet) == ["a", "b"]

    async def test_works_where_nobody_signs_in(self, fleet: Fleet) -> None:
        headers = {"Idempotency-Key": "k1", "Authorization": "Bearer a-secret-of-the-sender"}
        async with fleet.client() as nobody:
            for _ in range(2):
                answer = await nobody.post(f"{NOTES}/open", json={"words": "a"}, headers=headers)
                assert answer.status_code == 201
        assert await written(fleet) == ["a"]

    @pytest.mark.parametrize("key", ["", "k" * 201])
    async def test_that_is_malformed_is_refused(self, client: httpx.AsyncClient, key: str) -> None:
        answer = await client.post(NOTES, json={"words": "a"}, headers={"Idempotency-Key": key})
        assert answer.status_code == 422


class TestBodyLimit:
    async def test_is_kept_by_the_header(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        answer = await client.post(NOTES, json={"words": "a", "long": "x" * LIMIT})
        assert answer.status_code == 413
        assert answer.headers["content-type"] == "application/problem+json"
        assert str(LIMIT) in answer.json()["detail"]
        assert await written(fleet) == []

    async def test_is_kept_when_the_length_is_not_told(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        async def chunks() -> AsyncIterator[bytes]:
            yield b'{"words": "a", "long": "'
            for _ in range(LIMIT // 50):
                yield b"x" * 100
            yield b'"}'

        answer = await client.post(NOTES, content=chunks(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:ratchet:problem:body-too-large"
        assert await written(fleet) == []

    async def test_lets_pass_what_just_fits(self, client: httpx.AsyncClient) -> None:
        frame = len('{"words":"a","long":""}')
        content = '{"words":"a","long":"' + "x" * (LIMIT - frame) + '"}'
        headers = {"Content-Type": "application/json"}
        assert (await client.post(NOTES, content=content, headers=headers)).status_code == 201
        assert (await client.post(NOTES, content=content + " ", headers=headers)).status_code == 413


class TestMalformed:
    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"{",
            b"[]",
            b"null",
            b'{"words": 1}',
            b'{"words": "a", "more": 1}',
            b'{"words": "a\\u0000b"}',
            b'{"words": "\\ud800"}',
            b'{"\\ud800": 1, "words": "a"}',
            b'{"words": "a", "count": 1e400}',
            b'{"words": "a", "count": 99999999999999999999}',
            b'{"words": "a", "count": NaN}',
            b'{"words": "a", "moment": "1970-01-01T00:00:00Z"}',
            b'{"words": "a", "moment": "2026-01-01T00:00:00"}',
            b'{"words": "a", "moment": 1e300}',
            b'{"words": "\xff\xfe"}',
            b"[" * 1500,
        ],
    )
    async def test_says_where_and_what(self, fleet: Fleet, client: httpx.AsyncClient, content: bytes) -> None:
        answer = await client.post(NOTES, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["type"] == "urn:ratchet:problem:malformed"
        assert problem["status"] == 422
        assert problem["detail"]
        assert await written(fleet) == []

    @pytest.mark.parametrize("path", [f"{NOTES}/a%00b", f"{NOTES}/a?q=%00", f"{NOTES}/{'x' * 21}"])
    async def test_an_address_that_postgres_cannot_take(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path)
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_odd_but_sound_addresses_pass(self, client: httpx.AsyncClient) -> None:
        for path, name in (("%E4%B8%AD", "中"), ("%ED%A0%80", "\ufffd" * 3), ("a%25b", "a%b")):
            answer = await client.get(f"{NOTES}/{path}")
            assert (answer.status_code, answer.json()["name"]) == (200, name)

    async def test_an_unknown_path_and_method_are_problems_too(self, client: httpx.AsyncClient) -> None:
        for answer, status in (
            (await client.get("/metrics/v1/nowhere"), 404),
            (await client.delete(NOTES), 405),
        ):
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"


class TestCorrelationId:
    async def test_is_echoed_and_recorded(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        answer = await client.post(NOTES, json={"words": "a"}, headers={"X-Correlation-Id": "story:1"})
        assert answer.headers["x-correlation-id"] == "story:1"
        (event,) = await recorded(database_of(fleet))
        assert parse(event).correlation_id == "story:1"

    @pytest.mark.parametrize("given", ["", "a b", "x" * 101, "<script>"])
    async def test_that_is_not_plain_is_replaced(self, client: httpx.AsyncClient, given: str) -> None:
        answer = await client.get("/metrics/healthz", headers={"X-Correlation-Id": given})
        assert answer.headers["x-correlation-id"] not in ("", given)

    async def test_stands_on_refusals_too(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/metrics/v1/nowhere", headers={"X-Correlation-Id": "story"})
        assert answer.headers["x-correlation-id"] == "story"


class TestIfMatch:
    async def test_with_the_version_that_is_there_writes(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        answer = await client.put(f"{NOTES}/3", headers={"If-Match": '"3"'})
        assert (answer.status_code, answer.headers["etag"]) == (200, '"4"')
        assert await written(fleet) == ["replaced"]

    async def test_with_an_older_version_is_a_lost_update(self, fleet: Fleet, client: httpx.AsyncClient) -> None:
        answer = await client.put(f"{NOTES}/3", headers={"If-Match": '"2"'})
        assert answer.status_code == 412
        assert answer.json()["current"] == 3
        assert await written(fleet) == []

    async def test_without_is_asked_for(self, client: httpx.AsyncClient) -> None:
        answer = await client.put(f"{NOTES}/3")
        assert answer.status_code == 428
        assert '"3"' in answer.json()["detail"]


class TestCheckVersion:
    @pytest.mark.parametrize("given", ['"3"', 'W/"3"', "*"])
    def test_accepts_the_current_one(self, given: str) -> None:
        check_version(given, 3)

    @pytest.mark.parametrize("given", ['"2"', "3", '"33"', "", '"3', 'w/"3"'])
    def test_refuses_another(self, given: str) -> None:
        with pytest.raises(LostUpdate):
            check_version(given, 3)

    def test_refuses_none(self) -> None:
        with pytest.raises(PreconditionRequired):
            check_version(None, 3)
