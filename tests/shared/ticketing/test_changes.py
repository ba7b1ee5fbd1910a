"""What every change sink must do, and what the generic one must do besides."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from shared.ticketing.change_mapping import fill
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, ChangeSink, RaisedChange, SinkConfig
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.generic.changes import GenericChangeSink
from shared.ticketing.generic.options import GenericOptions
from shared.ticketing.generic.signing import MOST_BYTES
from shared.ticketing.memory.client import MemoryChangeSink

SECRET = "whsec_" + "c2VjcmV0" * 6
LONG_AGO = datetime(2016, 4, 1, tzinfo=UTC)
Answer = tuple[int, bytes]


def make_request(correlation_id: str = "imp-1:1", **changes: Any) -> ChangeRequest:
    fields = {
        "correlation_id": correlation_id,
        "number": "IMP-000001",
        "title": 'Evening "shift" ${plan}',
        "problem": "nobody there",
        "plan": "hire",
        "approved_by": "sven",
        "planned_start": date(2016, 4, 1),
    }
    return ChangeRequest(**{**fields, **changes})


class Desk:
    """A ticketing system that really listens: it keeps changes, finds them, and fails as it is told."""

    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.states: dict[str, dict[str, Any]] = {}
        self.instead: Callable[[str, str], Answer | None] = lambda _method, _path: None
        self.delay_seconds = 0.0
        self.url = ""

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.requests.append((method, path, headers, body))
        refused = self.instead(method, path)
        if method == "POST" and (refused is None or refused[0] == 504):
            number = f"CHG{len(self.changes) + 1}"
            self.changes.append({"id": number, "url": f"{self.url}/show/{number}", **json.loads(body)})
        if refused is not None:
            return refused
        if method == "POST":
            return 201, json.dumps(self.changes[-1]).encode()
        if path.startswith("/changes?ref="):
            wanted = unquote(path.removeprefix("/changes?ref="))
            return 200, json.dumps([c for c in self.changes if c["correlation_id"] == wanted]).encode()
        state = self.states.get(path.removeprefix("/changes/"))
        return (200, json.dumps(state).encode()) if state else (404, b"{}")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, path, _ = first.split(" ")
            status, content = self.answer(method, path, headers, body)
            await asyncio.sleep(self.delay_seconds)
            head = f"HTTP/1.1 {status} X\r\ncontent-length: {len(content)}\r\nlocation: {self.url}/\r\n"
            writer.write(f"{head}connection: close\r\n\r\n".encode() + content)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def listening() -> AsyncIterator[Desk]:
    desk = Desk()
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0)
    desk.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield desk
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with listening() as opened:
        yield opened


def make_sink(desk: Desk, **changes: Any) -> GenericChangeSink:
    options = {
        "url": f"{desk.url}/changes",
        "headers": {"X-Desk": "one"},
        "find_url": f"{desk.url}/changes?ref=${{correlation_id}}",
        "outcome_url": f"{desk.url}/changes/${{external_id}}",
    }
    config = SinkConfig(None, GenericOptions.model_validate({**options, **changes}), {"Done": "implemented"})
    return GenericChangeSink(replace(config, secret=SECRET), timeout_seconds=0.5)


@pytest.fixture(params=["memory", "generic"])
async def system(request: pytest.FixtureRequest) -> AsyncIterator[tuple[ChangeSink, Callable[[str], None]]]:
    """A sink, and how to let a change in its system be implemented long ago."""
    if request.param == "memory":
        memory = MemoryChangeSink()
        yield memory, lambda id_: memory.settle(id_, ChangeOutcome("implemented", LONG_AGO))
        return
    async with listening() as desk:

        def implement(external_id: str) -> None:
            desk.states[external_id] = {"state": "Done", "implemented_at": "2016-04-01T02:00:00+02:00"}

        yield make_sink(desk), implement


class TestEverySink:
    async def test_finds_nothing_before_and_the_same_after(self, system: Any) -> None:
        sink, _ = system
        assert await sink.find("imp-1:1") is None
        raised = await sink.raise_change(make_request())
        assert await sink.find("imp-1:1") == raised
        assert await sink.find("imp-1:2") is None

    async def test_each_request_is_a_record_of_its_own(self, system: Any) -> None:
        sink, _ = system
        first, second = await sink.raise_change(make_request()), await sink.raise_change(make_request("imp-1:2"))
        assert first.external_id != second.external_id
        assert await sink.find("imp-1:1") == first

    async def test_an_odd_correlation_id_is_found_as_it_is(self, system: Any) -> None:
        sink, _ = system
        raised = await sink.raise_change(make_request("a b&c=/?#:1"))
        assert await sink.find("a b&c=/?#:1") == raised

    async def test_tells_the_outcome(self, system: Any) -> None:
        sink, implement = system
        raised = await sink.raise_change(make_request())
        implement(raised.external_id)
        assert await sink.outcome(raised.external_id) == ChangeOutcome("implemented", LONG_AGO)


class TestGenericSink:
    async def test_signs_what_it_sends(self, desk: Desk) -> None:
        await make_sink(desk).raise_change(make_request())
        ((_, _, headers, body),) = desk.requests
        Webhook(SECRET).verify(body, headers)
        assert headers["webhook-id"] == headers["idempotency-key"] == "imp-1:1"
        assert (headers["x-desk"], headers["content-type"]) == ("one", "application/json")
        assert json.loads(body) == make_request().model_dump(mode="json")

    async def test_a_question_does_not_look_like_the_request(self, desk: Desk) -> None:
        await make_sink(desk).find("imp-1:1")
        ((_, _, headers, body),) = desk.requests
        Webhook(SECRET).verify(body, headers, json_parse=False)
        assert headers["webhook-id"] != "imp-1:1"
        assert "idempotency-key" not in headers

    async def test_an_answer_that_comes_too_late_is_found_afterwards(self, desk: Desk) -> None:
        desk.delay_seconds = 2.0
        sink = make_sink(desk)
        with pytest.raises(RemoteFailed, match=r"no answer within 0\.5 s"):
            await sink.raise_change(make_request())
        desk.delay_seconds = 0.0
        assert await sink.find("imp-1:1") == RaisedChange("CHG1", f"{desk.url}/show/CHG1")
        assert len(desk.changes) == 1

    @pytest.mark.parametrize(
        ("status", "content", "says"),
        [
            (503, b"maintenance\x00", "answered 503: maintenance"),
            (302, b"", "answered 302"),
            (404, b"no such address", "answered 404"),
            (200, b"<html>", "not JSON"),
            (200, b"{}", "no id at /id"),
            (200, b'{"id": null}', "no id at /id"),
            (200, b"", "no id at /id"),
            (200, b'"' + b"x" * MOST_BYTES + b'"', "longer than"),
        ],
    )
    async def test_says_what_was_wrong_with_the_answer(
        self, desk: Desk, status: int, content: bytes, says: str
    ) -> None:
        desk.instead = lambda _method, _path: (status, content)
        with pytest.raises(RemoteFailed, match=says):
            await make_sink(desk).raise_change(make_request())
        assert len(desk.requests) == 1

    async def test_a_system_that_is_away_is_a_failure_in_words(self, desk: Desk) -> None:
        sink = make_sink(desk, url="http://127.0.0.1:9/", find_url="http://127.0.0.1:9/")
        for asking in (sink.raise_change(make_request()), sink.find("imp-1:1")):
            with pytest.raises(RemoteFailed, match="ConnectError"):
                await asking

    @pytest.mark.parametrize("url", ["http://desk:bad/", "http://desk:99999/", "http://desk:0/", "http:///x", "desk/x"])
    def test_an_address_that_is_none_is_no_option(self, url: str) -> None:
        with pytest.raises(ValidationError, match=r"http:// or https://|at least 8"):
            GenericOptions.model_validate({"url": url})

    async def test_reads_where_the_pointers_point(self, desk: Desk) -> None:
        desk.instead = lambda _method, _path: (200, b'{"result": [{"sys/id": 7, "link": "https://d/7"}]}')
        sink = make_sink(desk, id_pointer="/result/0/sys~1id", url_pointer="/result/0/link")
        assert await sink.raise_change(make_request()) == RaisedChange("7", "https://d/7")

    async def test_without_a_search_it_finds_nothing(self, desk: Desk) -> None:
        sink = make_sink(desk, find_url=None, outcome_url=None)
        assert await sink.find("imp-1:1") is None
        assert await sink.outcome("CHG1") is None
        assert desk.requests == []

    @pytest.mark.parametrize(
        "state",
        [{"state": "Done", "implemented_at": "yesterday"}, {"state": "Done", "implemented_at": "2016-04-01"}, {}],
    )
    async def test_an_outcome_that_cannot_be_read_is_told(self, desk: Desk, state: dict[str, str]) -> None:
        desk.states["CHG1"] = state
        with pytest.raises(RemoteFailed):
            await make_sink(desk).outcome("CHG1")

    async def test_a_word_that_nobody_mapped_is_no_outcome(self, desk: Desk) -> None:
        desk.states["CHG1"] = {"state": "Pondering"}
        assert await make_sink(desk).outcome("CHG1") is None


class TestFill:
    def test_fills_strings_wherever_they_are(self) -> None:
        body = {"summary": "${number}: ${title}", "n": 1, "list": [{"ref": "$correlation_id"}, None], "cost": "$5 ${x}"}
        assert fill(body, make_request()) == {
            "summary": 'IMP-000001: Evening "shift" ${plan}',
            "n": 1,
            "list": [{"ref": "imp-1:1"}, None],
            "cost": "$5 ${x}",
        }

    def test_what_is_not_known_is_empty(self) -> None:
        assert fill({"cause": "${root_cause}"}, make_request()) == {"cause": ""}

    @given(st.text(max_size=50))
    def test_hostile_text_stays_within_its_string(self, title: str) -> None:
        filled = fill({"summary": "${title}", "safe": True}, make_request(title=title))
        assert filled == {"summary": title, "safe": True}
