"""What every incident source must do."""

import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from services.metrics.tickets import rules
from shared.ids import new_id
from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.memory.source import MemorySource
from shared.ticketing.remote import LONGEST_RETRY_AFTER_SECONDS, find_unsound_url, retry_after
from shared.ticketing.senders import find_unsound_secret
from shared.ticketing.sources import Authentication, IncidentSource, NotProven, Position, Reading
from tests.shared.ticketing.desks import DESKS, MEMORY, OPENED, STORY, Board, Desk, after
from tests.shared.ticketing.listener import Answer, Listener, listening

SECRET = "whsec_" + base64.b64encode(b"a shared secret of 32 characters").decode()
BODY = b'{"any": "body"}'
SENDERS = [(desk, sender) for desk in DESKS for sender in desk.senders]
ODD: list[Any] = [None, "", "x", "\x00", -1, 10**20, 1.5, True, [], {}, [None], "9" * 300]
MAPPED = [desk for desk in DESKS if desk.name not in ("memory", "generic")]
POLLED = [desk for desk in DESKS if desk.answer is not None]


def by_name(value: Any) -> str:
    return value.name if isinstance(value, Desk) else str(value)


def read_all(source: IncidentSource, payloads: list[Any]) -> list[TicketFacts]:
    return [facts for payload in payloads for facts in source.read(payload).facts]


def proof(sender: Authentication, secret: str, body: bytes) -> tuple[dict[str, str], dict[str, str]]:
    """The headers and the query by which that secret proves itself, written without the code that checks them."""
    match sender:
        case "bearer":
            return {"authorization": f"Bearer {secret}"}, {}
        case "basic":
            return {"authorization": "Basic " + base64.b64encode(secret.encode()).decode()}, {}
        case "hub_sha1":
            return {"x-hub-signature": "sha1=" + hmac.digest(secret.encode(), body, "sha1").hex()}, {}
        case "hub_sha256":
            return {"x-hub-signature": "sha256=" + hmac.digest(secret.encode(), body, "sha256").hex()}, {}
        case "url_secret":
            return {}, {"secret": secret}
        case "glpi_sha256":
            signature = hmac.digest(secret.encode(), body + b"1709542800", "sha256").hex()
            return {"x-glpi-signature": signature, "x-glpi-timestamp": "1709542800"}, {}
        case _:
            now = datetime.now(UTC)
            signature = Webhook(secret).sign("msg_1", now, body.decode())
            stamp = str(int(now.timestamp()))
            return {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": signature}, {}


@pytest.fixture(params=DESKS, ids=by_name)
def desk(request: pytest.FixtureRequest) -> Desk:
    desk: Desk = request.param
    return desk


class TestRead:
    def test_tells_each_state_in_order(self, desk: Desk) -> None:
        facts = read_all(desk.open(), desk.tell("7", STORY, desk.words))
        states = [item.state if item.state != "closed" else "resolved" for item in facts]
        assert states == [state for state, _ in STORY]
        assert [item.updated_at for item in facts] == [after(minutes) for _, minutes in STORY]

    def test_tells_one_ticket_of_its_own_source(self, desk: Desk) -> None:
        facts = read_all(desk.open(), desk.tell("7", STORY, desk.words))
        assert {(item.source, item.external_id, item.opened_at) for item in facts} == {("desk", "7", OPENED)}

    def test_a_reopen_between_makes_two_resolutions_and_a_repeat_none(self, desk: Desk) -> None:
        """R59, R80: each resolution is an event of its own, however often it is heard of."""
        facts = read_all(desk.open(), desk.tell("7", STORY, desk.words))
        ticket = rules.begin(new_id(), facts[0])
        happened = []
        for item in (*facts, *facts):
            ticket, changes = rules.apply(ticket, item)
            happened += [(change.happening, change.at) for change in changes]
        resolved = [at for happening, at in happened if happening == "resolved"]
        assert resolved == [after(60), after(120)]
        assert [at for happening, at in happened if happening == "reopened"] == [after(90)]
        assert (ticket.resolution_number, ticket.reopen_count) == (2, 1)

    def test_is_pure(self, desk: Desk) -> None:
        payloads = desk.tell("7", STORY, desk.words)
        source = desk.open()
        assert read_all(source, payloads) == read_all(source, payloads)

    @pytest.mark.parametrize(
        "payload", [None, 3, "text", [1], {}, {"ticket": 1}, {"issue": []}, {"result": 1}], ids=str
    )
    def test_what_is_no_payload_is_named(self, desk: Desk, payload: Any) -> None:
        with pytest.raises(Unmappable, match=r"\w{4}"):
            desk.open().read(payload)

    @pytest.mark.parametrize("desk", MAPPED, ids=by_name)
    def test_an_unknown_state_names_those_that_are_known(self, desk: Desk) -> None:
        payloads = desk.tell("7", [("new", 0)], {**desk.words, "new": "Pondering"})
        with pytest.raises(Unmappable, match=r"'pondering'.*states known:.*resolved|closed"):
            read_all(desk.open(), payloads)

    @pytest.mark.parametrize("desk", MAPPED, ids=by_name)
    def test_the_connections_own_words_come_first(self, desk: Desk) -> None:
        payloads = desk.tell("7", [("new", 0)], {**desk.words, "new": "Pondering"})
        assert read_all(desk.open(states={" PONDERING ": "pending"}), payloads)[-1].state == "pending"

    @pytest.mark.parametrize("desk", MAPPED, ids=by_name)
    def test_a_field_map_adds_what_the_mapper_cannot_know(self, desk: Desk) -> None:
        payloads = desk.tell("7", STORY, desk.words)
        source = desk.open(field_map={"service": desk.field_path, "priority": {"constant": "high"}})
        last = read_all(source, payloads)[-1]
        assert (last.service, last.priority) == ("ACME", "high")

    @settings(max_examples=60)
    @given(data=st.data())
    def test_whatever_stands_in_a_payload_it_is_read_or_named(self, data: st.DataObject) -> None:
        desk = data.draw(st.sampled_from(DESKS), "desk")
        (payload, *_) = desk.tell("7", STORY, desk.words)
        place = data.draw(st.sampled_from(list(places(payload))), "place")
        odd: Any = data.draw(st.sampled_from(ODD), "odd")
        with suppress(Unmappable):
            assert isinstance(desk.open().read(replaced(payload, place, odd)), Reading)


def places(value: Any, path: tuple[Any, ...] = ()) -> Any:
    yield path
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


def replaced(value: Any, place: tuple[Any, ...], odd: Any) -> Any:
    if not place:
        return odd
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(value[place[0]], place[1:], odd)
    return copy


class TestVerify:
    @pytest.mark.parametrize(("desk", "sender"), SENDERS, ids=by_name)
    def test_lets_in_who_has_the_secret_and_nobody_else(self, desk: Desk, sender: Authentication) -> None:
        secret = "desk:long-enough-secret" if sender == "basic" else SECRET
        other = "desk:another-secret-yet" if sender == "basic" else "whsec_" + base64.b64encode(b"x" * 32).decode()
        source = desk.open(authentication=sender, secret=secret)
        source.verify(*proof(sender, secret, BODY), BODY)
        for headers, query in ((*proof(sender, other, BODY),), ({}, {}), ({"authorization": "Basic !"}, {})):
            with pytest.raises(NotProven, match=r"secret|password"):
                source.verify(headers, query, BODY)

    @pytest.mark.parametrize("sender", ["hub_sha1", "hub_sha256", "standard_webhooks"])
    def test_a_signature_is_that_of_the_body(self, sender: Authentication) -> None:
        source = MEMORY.open(authentication=sender, secret=SECRET)
        with pytest.raises(NotProven):
            source.verify(*proof(sender, SECRET, BODY), BODY + b" ")

    def test_without_a_scheme_nobody_may_post(self, desk: Desk) -> None:
        with pytest.raises(NotProven, match="takes no webhooks"):
            desk.open(authentication="none", secret=None).verify({}, {}, BODY)

    def test_signs_as_the_rfc_says(self) -> None:
        """The test vector of RFC 2202 (SHA-1) and RFC 4231 (SHA-256), case 2."""
        body = b"what do ya want for nothing?"
        signatures: dict[Authentication, str] = {
            "hub_sha1": "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            "hub_sha256": "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        }
        for sender, signature in signatures.items():
            MEMORY.open(authentication=sender, secret="Jefe").verify({"x-hub-signature": signature}, {}, body)

    @pytest.mark.parametrize(
        ("sender", "secret", "word"),
        [("standard_webhooks", "whsec_not!base64", "base64"), ("basic", "nouser", "user:password")],
    )
    def test_a_secret_that_cannot_be_one_is_told(self, sender: Authentication, secret: str, word: str) -> None:
        assert word in (find_unsound_secret(sender, secret) or "")
        assert find_unsound_secret("bearer", secret) is None


class Polled:
    """A source that is polled, and what its system holds."""

    def __init__(self, desk: Desk, listener: Listener | None, board: Board, memory: MemorySource | None) -> None:
        self.desk = desk
        self.listener = listener
        self.board = board
        self._memory = memory

    def put(self, number: str, minutes: int) -> None:
        """A ticket that was last updated then."""
        self.board.tickets[number] = [("new", 0), ("in_progress", minutes)]
        if self._memory is not None:
            (_, payload) = MEMORY.tell(number, [("new", 0), ("in_progress", minutes)], MEMORY.words)
            self._memory._records = [r for r in self._memory._records if r[1]["external_id"] != number]
            self._memory.put(after(minutes), payload)

    @property
    def source(self) -> IncidentSource:
        if self._memory is not None:
            return self._memory
        assert self.listener is not None
        return self.desk.polling(self.listener.url)

    async def drain(self, position: Position) -> tuple[list[str], Position]:
        """The numbers found from there to the end, and where it ended."""
        found: list[str] = []
        for _ in range(50):
            page = await self.source.poll(position)
            found += [self.source.read(element).facts[-1].external_id for element in page.elements]
            position = page.position
            if page.is_last:
                return found, position
        raise AssertionError("the poll comes to no end")


@pytest.fixture(params=[MEMORY, *POLLED], ids=by_name)
async def polled(request: pytest.FixtureRequest) -> AsyncIterator[Polled]:
    desk: Desk = request.param
    board = Board()
    if desk.answer is None:
        source = desk.open()
        assert isinstance(source, MemorySource)
        yield Polled(desk, None, board, source)
        return
    async with listening(desk.answer(board)) as listener:
        yield Polled(desk, listener, board, None)


class TestPoll:
    async def test_finds_every_page_in_order_of_update(self, polled: Polled) -> None:
        for number, minutes in (("1", 50), ("2", 10), ("3", 30), ("4", 20), ("5", 40)):
            polled.put(number, minutes)
        found, position = await polled.drain(Position(OPENED))
        assert list(dict.fromkeys(found)) == ["2", "4", "3", "5", "1"]
        assert position == Position(after(50))

    async def test_goes_on_where_it_was_left(self, polled: Polled) -> None:
        for number in range(1, 6):
            polled.put(str(number), number * 10)
        page = await polled.source.poll(Position(OPENED))
        assert (len(page.elements), page.is_last) == (2, False)
        found, _ = await polled.drain(page.position)
        assert set(found) >= {"3", "4", "5"}
        assert "1" not in found

    async def test_nothing_new_stays_where_it_was(self, polled: Polled) -> None:
        polled.put("1", 10)
        assert await polled.drain(Position(after(10.5))) == ([], Position(after(10.5)))

    async def test_what_is_updated_in_the_very_second_is_found(self, polled: Polled) -> None:
        polled.put("1", 10)
        assert await polled.drain(Position(after(10))) == (["1"], Position(after(10)))

    async def test_more_than_a_page_in_one_second_is_no_end(self, polled: Polled) -> None:
        for number in range(1, 6):
            polled.put(str(number), 10)
        polled.put("6", 20)
        found, position = await polled.drain(Position(OPENED))
        assert set(found) == {"1", "2", "3", "4", "5", "6"}
        assert position == Position(after(20))

    async def test_a_ticket_that_moves_to_the_end_meanwhile_hides_no_other(self, polled: Polled) -> None:
        for number in range(1, 6):
            polled.put(str(number), number * 10)
        first = await polled.source.poll(Position(OPENED))
        polled.put("1", 60)
        found, _ = await polled.drain(first.position)
        assert {"3", "4", "5", "1"} <= set(found)


FAILURES = [
    (Answer(401), "answered 401: .*secret", None),
    (Answer(403), "answered 403: .*right to", None),
    (Answer(404), "answered 404: .*base_url", None),
    (Answer(429, headers={"retry-after": "17"}), "answered 429", 17.0),
    (Answer(503, b"maintenance\x00", {"retry-after": "soon"}), "answered 503: maintenance$", None),
    (Answer(302, headers={"location": "http://127.0.0.1:9/"}), "redirects are not followed", None),
    (Answer(200, b"<html>"), "not JSON", None),
    (Answer(200, {"else": 1}), "has no list", None),
    (Answer(200, [1]), "has no list", None),
    (Answer(200, b'"' + b"x" * 5000 + b'"'), "longer than 4000 bytes", None),
]


@pytest.mark.parametrize("desk", POLLED, ids=by_name)
class TestPollFailures:
    @pytest.mark.parametrize(("answer", "says", "wait"), FAILURES, ids=[says for _, says, _ in FAILURES])
    async def test_says_what_was_wrong(
        self, desk: Desk, answer: Answer, says: str, wait: float | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("shared.ticketing.remote.MOST_BYTES", 4000)
        async with listening(lambda _: answer) as listener:
            with pytest.raises(RemoteFailed, match=says) as failed:
                await desk.polling(listener.url).poll(Position(OPENED))
        assert failed.value.retry_after_seconds == wait
        assert len(listener.requests) <= 2

    async def test_nobody_waits_for_it_for_ever(self, desk: Desk) -> None:
        async with listening(lambda _: Answer(200, {}, delay_seconds=60.0)) as listener:
            with pytest.raises(RemoteFailed, match=r"no answer within 0\.2 s"):
                await desk.polling(listener.url, timeout_seconds=0.2).poll(Position(OPENED))

    async def test_a_system_that_is_away_is_a_failure_in_words(self, desk: Desk) -> None:
        with pytest.raises(RemoteFailed, match="ConnectError"):
            await desk.polling("http://127.0.0.1:9").poll(Position(OPENED))

    async def test_proves_itself_and_passes_the_filter_on(self, desk: Desk) -> None:
        board = Board({"1": [("new", 0)]})
        assert desk.answer is not None
        filters = {
            "itop": "org_id = 3",
            "servicenow": "category=vpn",
            "request_tracker": "Queue = 'Desk'",
            "redmine": "project_id=desk",
        }
        async with listening(desk.answer(board)) as listener:
            await desk.polling(listener.url + "/", filter=filters[desk.name]).poll(Position(OPENED))
        asked = listener.requests[1 if desk.name == "redmine" else 0]
        basic = "Basic " + base64.b64encode(b"robot:secret").decode()
        expected = {
            "itop": (basic, "SELECT Incident WHERE (org_id = 3) AND last_update >= "),
            "servicenow": (basic, "category=vpn^sys_updated_on>="),
            "request_tracker": ("token robot:secret", "(Queue = 'Desk') AND LastUpdated >= "),
            "redmine": ("robot:secret", "desk"),
        }[desk.name]
        told = asked.headers.get("authorization") or asked.headers.get("x-redmine-api-key")
        form = parse_qs(asked.body.decode())
        told_query = orjson.loads(form["json_data"][0])["key"] if form else asked.query.get("sysparm_query")
        query = told_query or asked.query.get("query") or asked.query["project_id"]
        assert (told, query.startswith(expected[1])) == (expected[0], True)


@pytest.mark.parametrize("desk", [desk for desk in DESKS if desk.answer is None and desk is not MEMORY], ids=by_name)
async def test_what_only_posts_is_not_polled(desk: Desk) -> None:
    with pytest.raises(RemoteFailed, match="not polled"):
        await desk.open().poll(Position(OPENED))


@pytest.mark.parametrize("desk", POLLED, ids=by_name)
async def test_without_an_address_nothing_is_polled(desk: Desk) -> None:
    with pytest.raises(RemoteFailed, match="base_url"):
        await desk.open().poll(Position(OPENED))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://desk.invalid",
        "desk.invalid/x",
        "http://",
        "https://u:p@desk.invalid",
        "https://d.invalid/?a=b",
        "http://[x",
    ],
)
def test_an_address_that_cannot_be_polled_is_told(url: str) -> None:
    assert find_unsound_url(url)
    assert find_unsound_url("https://desk.invalid:8443/base") is None


def test_how_long_to_wait_is_bounded() -> None:
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert retry_after({"retry-after": "Mon, 02 Mar 2026 09:01:30 GMT"}, now) == 90.0
    assert retry_after({"retry-after": "Mon, 02 Mar 2026 08:00:00 GMT"}, now) == 0.0
    assert retry_after({"retry-after": "99999999"}, now) == LONGEST_RETRY_AFTER_SECONDS
    assert retry_after({"retry-after": "when it suits"}, now) is None
    assert retry_after({}, now) is None
