"""What every change sink must do (R12, R118, R119): one suite against a desk of each system, with every fault."""

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from pydantic import ValidationError

from shared import clock
from shared.ticketing.changes import ChangeOutcome, mark
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.sinks import SINKS
from tests.shared.ticketing.listener import Answer
from tests.shared.ticketing.sink_cases import CASES, GENERIC, Case
from tests.shared.ticketing.sink_desk import Desk, open_desk
from tests.shared.ticketing.test_changes import make_request

ODD = "a b&c=/?#'%_\\\"^:1"
"""An id with everything that means something in some query language."""


@pytest.fixture(params=CASES, ids=str)
async def desk(request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    async with open_desk(request.param) as opened:
        yield opened


def test_every_system_is_in_the_suite() -> None:
    assert {case.name for case in CASES} == set(SINKS)


class TestRaise:
    async def test_what_was_raised_is_found_again(self, desk: Desk) -> None:
        """R12: one record there for one revision here."""
        sink = desk.open()
        assert await sink.find("imp-1:1") is None
        raised = await sink.raise_change(make_request())
        assert await sink.find("imp-1:1") == raised
        assert await sink.find("imp-1:2") is None
        assert await sink.find("imp-1:11") is None
        assert (desk.count(), raised.external_id in desk.case.records(desk.fake)) == (1, True)

    async def test_each_request_is_a_record_of_its_own(self, desk: Desk) -> None:
        sink = desk.open()
        first, second = await sink.raise_change(make_request()), await sink.raise_change(make_request("imp-1:2"))
        assert first.external_id != second.external_id
        assert (await sink.find("imp-1:1"), await sink.find("imp-1:2")) == (first, second)

    async def test_an_odd_id_is_found_as_it_is(self, desk: Desk) -> None:
        sink = desk.open()
        raised = await sink.raise_change(make_request(ODD))
        assert await sink.find(ODD) == raised
        assert await sink.find("a b") is None

    async def test_the_record_tells_what_was_approved_and_carries_the_mark(self, desk: Desk) -> None:
        """R118: what it is about, and what it does to others, stands there; and our id, for people and a search."""
        request = make_request(
            "0198f2c4-7a31-7d10-b8a1-d70c5a1b2e3f:4",
            title="Evening shift for the service desk",
            problem="nobody answers\nafter six",
            plan="hire two people",
            impact="two more salaries",
        )
        raised = await desk.open().raise_change(request)
        stored = desk.case.text(desk.fake, raised.external_id)
        assert request.title in stored
        assert request.correlation_id in stored
        if desk.case is not GENERIC:
            assert mark(request.correlation_id) in stored
            for part in ("nobody answers", "after six", "hire two people", "two more salaries", "sven"):
                assert part in stored
            assert raised.url is not None
            assert raised.url.startswith(desk.url)

    async def test_a_long_plan_cuts_no_mark_off(self, desk: Desk) -> None:
        long = "<服务&>" * 4000
        request = make_request(problem=long, plan=long, root_cause=long, impact=long)
        raised = await desk.open().raise_change(request)
        stored = desk.case.records(desk.fake)[raised.external_id]
        texts = [value for value in [stored.get("description"), stored.get("content")] if isinstance(value, str)]
        longest = {"servicenow": 4000, "jira": 32_767, "itop": 65_535}.get(desk.case.name)
        for text in texts:
            assert longest is None or len(text.encode() if desk.case.name == "itop" else text) <= longest
        assert await desk.open().find("imp-1:1") == raised

    @pytest.mark.parametrize("title", ["x" * 5000, "line\nbreak", "<b>&amp;</b>", "服务" * 400], ids=lambda t: t[:9])
    async def test_whatever_the_title_the_record_is_found(self, desk: Desk, title: str) -> None:
        sink = desk.open()
        raised = await sink.raise_change(make_request(title=title))
        assert await sink.find("imp-1:1") == raised


class TestLostAnswer:
    """After a lost answer nobody knows whether the record is there: a search comes before each attempt, so that there
    is exactly one."""

    async def test_cut(self, desk: Desk) -> None:
        def cut() -> Answer:
            raise ConnectionResetError

        await self._lose(desk, cut, 5.0)

    async def test_too_late(self, desk: Desk) -> None:
        await self._lose(desk, lambda: Answer(201, {}, delay_seconds=30.0), 0.4)

    async def test_a_gateway_that_gave_up(self, desk: Desk) -> None:
        await self._lose(desk, lambda: Answer(504, b"<html>Gateway Timeout</html>"), 5.0)

    async def test_garbage(self, desk: Desk) -> None:
        await self._lose(desk, lambda: Answer(200, b"<html>logged out</html>"), 5.0)

    async def _lose(self, desk: Desk, losing: Callable[[], Answer], timeout_seconds: float) -> None:
        sink = desk.open(timeout_seconds=timeout_seconds)
        desk.losing = losing
        with pytest.raises(RemoteFailed) as failed:
            await sink.raise_change(make_request())
        assert not failed.value.is_lasting
        desk.losing = None
        found = await desk.open().find("imp-1:1")
        assert found is not None
        assert desk.count() == 1


FAULTS: list[tuple[str, Answer, str, bool, float | None]] = [
    ("401", Answer(401, b"who?"), "answered 401: .*who", True, None),
    ("403", Answer(403, b"not you"), "answered 403: .*right to.*not you", True, None),
    ("404", Answer(404, b""), "answered 404", True, None),
    ("409", Answer(409, b"twice"), "answered 409: .*conflicts.*twice", True, None),
    ("422", Answer(422, b"title is wrong"), "answered 422: .*title is wrong", True, None),
    ("429", Answer(429, b"slow", {"retry-after": "17"}), "answered 429: .*less often", False, 17.0),
    ("500", Answer(500, b"broken\x00"), "answered 500: .*broken", False, None),
    ("503", Answer(503, b"", {"retry-after": "soon"}), "answered 503", False, None),
    ("redirect", Answer(302, b"", {"location": "http://127.0.0.1:9/"}), "redirects are not followed", True, None),
    ("garbage", Answer(200, b"\x00\xff{"), "not JSON", False, None),
    ("html", Answer(200, b"<html>sign in</html>"), "not JSON", False, None),
]


class TestFaults:
    @pytest.mark.parametrize(("answer", "says", "lasting", "wait"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
    async def test_what_went_wrong_is_said(
        self, desk: Desk, answer: Answer, says: str, lasting: bool, wait: float | None
    ) -> None:
        """In words, with the system's own, and whether and when to come again."""
        desk.instead = answer
        sink = desk.open()
        for asking in (sink.raise_change(make_request()), sink.find("imp-1:1"), sink.outcome("1")):
            if asking.__name__ == "find" and answer.status == 404 and desk.case is GENERIC:
                assert await asking is None
                continue
            with pytest.raises(RemoteFailed) as failed:
                await asking
            told = str(failed.value)
            if asking.__name__ == "outcome" and answer.status == 404:
                assert failed.value.is_lasting
                continue
            assert re.search(says, told, re.DOTALL), told
            assert (failed.value.is_lasting, failed.value.retry_after_seconds) == (lasting, wait)
            assert "\x00" not in told
        assert desk.count() == 0

    async def test_a_date_to_come_again(self, desk: Desk) -> None:
        when = clock.now() + timedelta(seconds=120)
        desk.instead = Answer(429, b"", {"retry-after": format_datetime(when.astimezone(UTC), usegmt=True)})
        with pytest.raises(RemoteFailed) as failed:
            await desk.open().raise_change(make_request())
        assert failed.value.retry_after_seconds is not None
        assert 60 < failed.value.retry_after_seconds <= 120

    @pytest.mark.parametrize("body", [{}, [], None, 7, "text", {"id": None}, {"issue": {}}, {"result": {}}], ids=str)
    async def test_json_that_tells_no_record_is_no_success(self, desk: Desk, body: Any) -> None:
        desk.instead = Answer(200, body)
        with pytest.raises(RemoteFailed):
            await desk.open().raise_change(make_request())
        with pytest.raises(RemoteFailed):
            await desk.open().outcome("1")

    async def test_nobody_waits_for_ever(self, desk: Desk) -> None:
        desk.instead = Answer(200, {}, delay_seconds=60.0)
        sink = desk.open(timeout_seconds=0.05)
        for asking in (sink.raise_change(make_request()), sink.find("imp-1:1"), sink.outcome("1")):
            with pytest.raises(RemoteFailed, match=r"no answer within 0\.05 s"):
                await asking

    async def test_a_system_that_is_away_is_a_failure_in_words(self, desk: Desk) -> None:
        sink = desk.case.open("http://127.0.0.1:9")
        with pytest.raises(RemoteFailed, match="ConnectError") as failed:
            await sink.raise_change(make_request())
        assert not failed.value.is_lasting

    async def test_an_answer_without_end_is_given_up(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("shared.ticketing.remote.MOST_BYTES", 100_000)
        async with _flooding() as url:
            sink = desk.case.open(url)
            for asking in (sink.raise_change(make_request()), sink.find("imp-1:1")):
                with pytest.raises(RemoteFailed, match=r"longer than \d+ bytes"):
                    await asking

    async def test_a_wrong_secret_is_said(self, desk: Desk) -> None:
        wrong = {"secret": "whsec_" + b64encode(b"y" * 24).decode()} if desk.case is GENERIC else {}
        sink = desk.open(access_secret="wrong:one", **wrong)
        with pytest.raises(RemoteFailed, match=r"401|iTop refused .* code 1 \(.*is not known"):
            await sink.raise_change(make_request())
        assert desk.count() == 0

    async def test_wrong_options_are_told_in_the_systems_own_words(self, desk: Desk) -> None:
        for options, words in desk.case.wrong:
            with pytest.raises(RemoteFailed, match=re.escape(words)):
                await desk.open(options=options).raise_change(make_request())
        assert desk.count() == 0


@asynccontextmanager
async def _flooding() -> AsyncIterator[str]:
    """Sends for as long as somebody listens."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 X\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n[")
            while True:
                writer.write(b"0," * 8192)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


OUTCOMES = [(case, *outcome) for case in CASES for outcome in case.outcomes]


class TestOutcome:
    @pytest.mark.parametrize(
        ("case", "word", "state", "at", "reason"), OUTCOMES, ids=[f"{case}-{word}" for case, word, *_ in OUTCOMES]
    )
    async def test_each_state_means_what_it_says(
        self, case: Case, word: str, state: str | None, at: datetime | None, reason: str | None
    ) -> None:
        """R119: how far it is, when it was done by the system's own clock, and why not."""
        async with open_desk(case) as desk:
            sink = desk.open()
            raised = await sink.raise_change(make_request())
            desk.fake.set_status(raised.external_id, word)
            outcome = await sink.outcome(raised.external_id)
        assert outcome is not None
        assert outcome.state == state
        if state == "implemented":
            assert outcome.implemented_at == at
        if state == "failed":
            assert reason is not None
            assert reason in (outcome.reason or "")

    @pytest.mark.parametrize("case", [case for case in CASES if case.unknown_word], ids=str)
    async def test_a_word_that_nobody_mapped_is_no_outcome_and_can_be_mapped(self, case: Case) -> None:
        async with open_desk(case) as desk:
            sink = desk.open()
            raised = await sink.raise_change(make_request())
            desk.fake.set_status(raised.external_id, case.unknown_word)
            assert await sink.outcome(raised.external_id) is None
            mapped = await desk.open(states={case.unknown_word: "failed"}).outcome(raised.external_id)
        assert (mapped or ChangeOutcome("raised")).state == "failed"

    async def test_the_connections_own_words_come_first(self, desk: Desk) -> None:
        word, *_ = next(outcome for outcome in desk.case.outcomes if outcome[1] == "implemented")
        plain = word.partition(":")[0]
        sink = desk.open(states={f" {plain.upper()} " if desk.case is not GENERIC else plain: "accepted"})
        raised = await sink.raise_change(make_request())
        desk.fake.set_status(raised.external_id, word)
        assert (await sink.outcome(raised.external_id) or ChangeOutcome("failed")).state == "accepted"

    async def test_a_change_that_is_not_there_is_said(self, desk: Desk) -> None:
        for unknown in (desk.case.unknown_id, "a'b^c/../1"):
            with pytest.raises(RemoteFailed) as failed:
                await desk.open().outcome(unknown)
            assert failed.value.is_lasting


class TestCheck:
    async def test_says_that_all_is_well_and_changes_nothing(self, desk: Desk) -> None:
        findings = await desk.open().check()
        assert findings
        assert [finding for finding in findings if not finding.ok] == []
        assert desk.count() == 0

    async def test_names_what_is_wrong_with_the_options(self, desk: Desk) -> None:
        for options, words in desk.case.wrong_check:
            findings = await desk.open(options=options).check()
            told = [finding.detail for finding in findings if not finding.ok]
            assert any(words in detail for detail in told), told
        assert desk.count() == 0

    async def test_names_a_wrong_secret(self, desk: Desk) -> None:
        wrong = {"secret": "whsec_" + b64encode(b"y" * 24).decode()} if desk.case is GENERIC else {}
        findings = await desk.open(access_secret="wrong:one", **wrong).check()
        told = " ".join(finding.detail for finding in findings if not finding.ok)
        assert "401" in told or "Invalid login" in told

    @pytest.mark.parametrize("answer", [Answer(200, b"<html>"), Answer(302, b""), Answer(200, {}), Answer(500, b"")])
    async def test_never_raises_whatever_stands_there(self, desk: Desk, answer: Answer) -> None:
        desk.instead = answer
        findings = await desk.open().check()
        if desk.case is GENERIC and answer.body == {}:
            return  # an empty object is how it says that it has none
        assert any(not finding.ok for finding in findings)

    async def test_never_raises_where_nothing_is(self, desk: Desk) -> None:
        findings = await desk.case.open("http://127.0.0.1:9").check()
        assert any("ConnectError" in finding.detail for finding in findings if not finding.ok)


class TestOptions:
    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_an_option_that_nobody_reads_is_told(self, case: Case) -> None:
        with pytest.raises(ValidationError, match="colour"):
            case.open("http://desk.invalid", options={"colour": "red"})

    @pytest.mark.parametrize(
        ("name", "options", "words"),
        [
            ("jira", {}, "project: is missing; name the key"),
            ("jira", {"project": "the project"}, "must be a project's key, as OPS"),
            ("jira", {"project": "OPS", "api": "1"}, "'3' or '2'"),
            ("zammad", {"customer": "a@b.example"}, "group: is missing; name the group"),
            ("zammad", {"group": "Changes"}, "customer: is missing; name whom"),
            ("itop", {}, "organization: is missing; name whom"),
            ("itop", {"organization": "Demo", "change_class": "normal change"}, "as NormalChange"),
            ("servicenow", {"kind": "standard"}, "template: kind 'standard' needs the sys_id"),
            ("servicenow", {"template": "0" * 32}, "template: goes with kind 'standard' or 'model'"),
            ("servicenow", {"kind": "standard", "template": "RFC"}, "32 hexadecimal digits"),
            ("glpi", {"app_token": "two words"}, "application token"),
            ("glpi", {"entity": -1}, "greater than or equal to 0"),
            ("generic", {"url": "ftp://x.invalid"}, "begins with http"),
            (
                "request_tracker",
                {},
                'queue: is missing; name the queue that takes change requests, as {"queue": "Changes"}',
            ),
            ("request_tracker", {"queue": ""}, "queue: is missing"),
            ("request_tracker", {"queue": None}, "queue: is missing"),
            ("redmine", {}, 'project: is missing; name the project of change requests, as {"project": "changes"}'),
            (
                "redmine",
                {"project": "changes"},
                'tracker: is missing; name the tracker of change requests, as {"tracker',
            ),
        ],
    )
    def test_says_what_would_be_right(self, name: Any, options: dict[str, Any], words: str) -> None:
        with pytest.raises(ValidationError, match=re.escape(words)):
            SINKS[name].options.model_validate(options)

    @pytest.mark.parametrize("case", [c for c in CASES if c is not GENERIC], ids=str)
    async def test_without_an_address_it_says_so(self, case: Case) -> None:
        sink: Any = case.open("http://desk.invalid")
        object.__setattr__(sink._config, "access", None)
        with pytest.raises(RemoteFailed, match="base_url"):
            await sink.find("imp-1:1")
