from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import httpx
import pytest
from sqlalchemy import text
from standardwebhooks import Webhook

from services.notifier import main
from services.notifier.settings import NotifierSettings
from services.notifier.targets import Address
from shared.app import Service
from shared.auth import Role
from shared.bus.local import LocalBus
from shared.events.registry import CONTRACTS
from shared.ids import new_id
from tests.notifier.receiver import Received, Receiver, answer
from tests.notifier.steps import Notifier, a_gap_closed, notifying
from tests.support.fleet import Fleet
from tests.support.waiting import eventually

URL = "https://hooks.example.com/ratchet"
ENDPOINTS = "/notifier/v1/endpoints"


class TestCreate:
    async def test_answers_the_secret_once(self, notifier: Notifier) -> None:
        answer = await notifier.client.post(ENDPOINTS, json={"url": URL, "description": "The data lake"})
        created = answer.json()
        assert (answer.status_code, answer.headers["etag"]) == (201, '"1"')
        assert Webhook(created["secret"])
        assert created["secret"].startswith("whsec_")
        assert (created["event_types"], created["thin"], created["state"]) == (["*"], False, "enabled")
        shown = await notifier.endpoint(created["id"])
        assert shown == {key: value for key, value in created.items() if key != "secret"}

    async def test_keeps_no_secret_in_clear(self, notifier: Notifier) -> None:
        headers = {"Idempotency-Key": "once"}
        first = (await notifier.client.post(ENDPOINTS, json={"url": URL}, headers=headers)).json()
        again = (await notifier.client.post(ENDPOINTS, json={"url": URL}, headers=headers)).json()
        assert again == first
        async with notifier.fleet.services["notifier"].database.engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT secret FROM endpoints UNION ALL SELECT convert_from(body, 'UTF8') FROM idempotency_keys")
            )
            kept = [row.secret for row in rows]
        assert len(kept) == 2
        assert not any(first["secret"].removeprefix("whsec_")[:12] in value for value in kept)

    @pytest.mark.parametrize("pattern", ["*", "ratchet.*", "ratchet.gap.*", "ratchet.gap.detected.v1"])
    async def test_takes_types_and_patterns(self, notifier: Notifier, pattern: str) -> None:
        assert (await notifier.subscribe(URL, event_types=[pattern]))["event_types"] == [pattern]

    async def test_names_the_types_that_were_perhaps_meant(self, notifier: Notifier) -> None:
        answer = await notifier.client.post(ENDPOINTS, json={"url": URL, "event_types": ["ratchet.gap.detect.v1"]})
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "urn:ratchet:problem:unknown-event-type")
        assert "ratchet.gap.detected.v1" in problem["detail"]
        assert "ratchet.gap.detected.v1" in problem["unknown"]["ratchet.gap.detect.v1"]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"url": None},
            {"url": "ftp://example.com"},
            {"url": "https://user:word@example.com/"},
            {"url": "https://example.com/\x00"},
            {"url": "https://" + "a" * 2100},
            {"url": URL, "event_types": []},
            {"url": URL, "event_types": "ratchet.gap.*"},
            {"url": URL, "event_types": ["ratchet.*.detected.v1"]},
            {"url": URL, "event_types": ["*"] * 101},
            {"url": URL, "filter": {}},
            {"url": URL, "filter": {"a b": 1}},
            {"url": URL, "filter": {"a..b": 1}},
            {"url": URL, "filter": {"a": {"b": 1}}},
            {"url": URL, "filter": {"a": []}},
            {"url": URL, "filter": {"a": "\x00"}},
            {"url": URL, "filter": {"a": 10**400}},
            {"url": URL, "filter": {f"a{number}": 1 for number in range(21)}},
            {"url": URL, "description": "\x00"},
            {"url": URL, "secret": "whsec_mine"},
            [],
        ],
    )
    async def test_a_malformed_body_is_refused(self, notifier: Notifier, body: object) -> None:
        answer = await notifier.client.post(ENDPOINTS, json=body)
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize(
        "raw",
        [
            b'{"url": "https://e.com/\\ud800"}',
            b'{"url": "https://\\ud800.com/"}',
            b'{"url": "https://e.com/", "filter": {"a": "\\ud800"}}',
            b'{"url": "https://e.com/", "filter": {"\\ud800": 1}}',
            b'{"url": "https://e.com/", "filter": {"a": 1e999}}',
            b'{"url": "https://e.com/", "filter": {"a": NaN}}',
            b'{"url": "https://e.com/", "event_types": ["\\ud800"]}',
            b'{"\\ud800": 1}',
            b"\xff",
            b"{",
        ],
    )
    async def test_what_is_no_text_is_refused(self, notifier: Notifier, raw: bytes) -> None:
        answer = await notifier.client.post(ENDPOINTS, content=raw, headers={"content-type": "application/json"})
        assert answer.status_code == 422, answer.text

    @pytest.mark.parametrize("value", [True, 1, 1.5, "x", None, [True, 1, "x", None]])
    async def test_a_filter_comes_back_as_it_was(self, notifier: Notifier, value: object) -> None:
        created = await notifier.subscribe(URL, filter={"impact.tickets_total": value})
        kept = (await notifier.endpoint(created["id"]))["filter"]["impact.tickets_total"]
        assert kept == value
        assert type(kept) is type(value)


class TestPrivateTargets:
    """In production nothing leads inside unless that is set."""

    @pytest.fixture
    async def guarded(self, quick: NotifierSettings, database_url: str) -> AsyncIterator[httpx.AsyncClient]:
        async def resolve(host: str, _port: int) -> list[Address]:
            if host == "inside.example.com":
                return [ip_address("10.1.2.3")]
            raise OSError("no such host")

        settings = quick.model_copy(update={"dangerous_allow_private_targets": False})
        service = Service(main.define(settings, resolve), settings, database_url, LocalBus())
        await service.prepare()
        fleet = Fleet({"notifier": service}, httpx.ASGITransport(service.app), settings)
        async with fleet.client(Role.OPERATIONS_MANAGER) as client:
            yield client
        await service.close()

    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1:8080/",
            "http://[::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://169.254.169.254/latest/",
            "https://inside.example.com/hook",
        ],
    )
    async def test_are_refused_naming_the_setting(self, guarded: httpx.AsyncClient, url: str) -> None:
        answer = await guarded.post("/v1/endpoints", json={"url": url})
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (422, "urn:ratchet:problem:private-target")
        assert problem["setting"] == "RATCHET_NOTIFIER_DANGEROUS_ALLOW_PRIVATE_TARGETS"

    async def test_are_refused_when_the_url_is_changed(self, guarded: httpx.AsyncClient) -> None:
        created = (await guarded.post("/v1/endpoints", json={"url": URL})).json()
        answer = await guarded.patch(
            f"/v1/endpoints/{created['id']}", json={"url": "http://10.0.0.1/"}, headers={"If-Match": '"1"'}
        )
        assert answer.json()["type"] == "urn:ratchet:problem:private-target"

    async def test_a_caller_without_the_role_makes_nobody_resolve(self, guarded: httpx.AsyncClient) -> None:
        answer = await guarded.post(
            "/v1/endpoints", json={"url": "https://inside.example.com/"}, headers={"Authorization": "Bearer x"}
        )
        assert answer.status_code == 401


class TestChange:
    async def test_changes_what_is_given(self, notifier: Notifier) -> None:
        created = await notifier.subscribe(URL, description="a", filter={"scope": "all"})
        answer = await notifier.client.patch(
            f"{ENDPOINTS}/{created['id']}",
            json={"event_types": ["ratchet.gap.*"], "filter": None},
            headers={"If-Match": '"1"'},
        )
        assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
        changed = await notifier.endpoint(created["id"])
        assert (changed["event_types"], changed["filter"], changed["description"]) == (["ratchet.gap.*"], None, "a")
        assert changed == answer.json()

    async def test_needs_the_version_that_was_read(self, notifier: Notifier) -> None:
        created = await notifier.subscribe(URL)
        path = f"{ENDPOINTS}/{created['id']}"
        assert (await notifier.client.patch(path, json={"thin": True})).status_code == 428
        assert (await notifier.client.patch(path, json={}, headers={"If-Match": '"9"'})).status_code == 412

    @pytest.mark.parametrize("body", [{"url": None}, {"thin": None}, {"event_types": None}, {"state": "enabled"}])
    async def test_what_is_needed_cannot_be_cleared(self, notifier: Notifier, body: dict) -> None:
        created = await notifier.subscribe(URL)
        answer = await notifier.client.patch(f"{ENDPOINTS}/{created['id']}", json=body, headers={"If-Match": '"1"'})
        assert answer.status_code == 422

    async def test_an_unknown_type_is_refused(self, notifier: Notifier) -> None:
        created = await notifier.subscribe(URL)
        answer = await notifier.client.patch(
            f"{ENDPOINTS}/{created['id']}", json={"event_types": ["ratchet.x.*"]}, headers={"If-Match": '"1"'}
        )
        assert answer.json()["type"] == "urn:ratchet:problem:unknown-event-type"


class TestList:
    async def test_pages_newest_first(self, notifier: Notifier) -> None:
        ids = [(await notifier.subscribe(URL))["id"] for _ in range(5)]
        seen: list[str] = []
        cursor = ""
        while cursor is not None:
            page = await notifier.get(f"/endpoints?limit=2&cursor={cursor}" if cursor else "/endpoints?limit=2")
            seen += [endpoint["id"] for endpoint in page["items"]]
            cursor = page["next_cursor"]
        assert seen == ids[::-1]


class TestDelete:
    async def test_cancels_what_waits_and_keeps_the_history(self, notifier: Notifier, receiver: Receiver) -> None:
        receiver.answers = [answer(), answer(500, retry_after="3600")]
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed())
        await notifier.in_state("succeeded", endpoint["id"])
        await notifier.tell(a_gap_closed())
        await notifier.in_state("pending", endpoint["id"])
        assert (await notifier.client.delete(f"{ENDPOINTS}/{endpoint['id']}")).status_code == 204
        assert (await notifier.client.get(f"{ENDPOINTS}/{endpoint['id']}")).status_code == 404
        states = [delivery["state"] for delivery in await notifier.deliveries(endpoint_id=endpoint["id"])]
        assert states == ["cancelled", "succeeded"]
        assert (await notifier.get("/endpoints"))["items"] == []


class TestDisable:
    async def test_what_waits_goes_out_when_enabled_again(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        receiver.answers = [answer(500, retry_after="1"), answer()]
        await notifier.tell(a_gap_closed())

        async def tried() -> bool:
            (delivery,) = await notifier.deliveries(endpoint_id=endpoint["id"])
            return delivery["attempts"] == 1

        await eventually(lambda: notifier.in_state("pending", endpoint["id"]))
        await eventually(tried)
        disabled = await notifier.post(f"/endpoints/{endpoint['id']}/disable", 200)
        assert (disabled["state"], disabled["disabled_reason"]) == ("disabled", "by administrator")
        assert (await notifier.post(f"/endpoints/{endpoint['id']}/disable", 200))["version"] == disabled["version"]
        for refused in ("test", "replay"):
            problem = await notifier.post(
                f"/endpoints/{endpoint['id']}/{refused}",
                409,
                **({"since": "2026-01-01T00:00:00Z"} if refused == "replay" else {}),
            )
            assert problem["state"] == "disabled"
        enabled = await notifier.post(f"/endpoints/{endpoint['id']}/enable", 200)
        assert (enabled["state"], enabled["failing_since"], enabled["disabled_reason"]) == ("enabled", None, None)
        await notifier.in_state("succeeded", endpoint["id"])


class TestTest:
    async def test_sends_a_marked_example(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url(), event_types=["ratchet.callback.*"])
        queued = await notifier.post(f"/endpoints/{endpoint['id']}/test", 202)
        assert (queued["test"], queued["event_type"]) == (True, "ratchet.callback.scheduled.v1")
        await notifier.in_state("succeeded", endpoint["id"])
        (request,) = receiver.received
        event = Webhook(endpoint["secret"]).verify(request.body, request.headers)
        assert request.headers["webhook-test"] == "true"
        CONTRACTS[event["type"]].model_validate(event["data"])

    async def test_goes_to_this_endpoint_alone_and_is_never_replayed(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.subscribe(other_receiver.url())
        since = datetime.now(UTC).isoformat()
        for _ in range(2):
            await notifier.post(f"/endpoints/{endpoint['id']}/test", 202, event_type="ratchet.gap.closed.v1")
        await notifier.in_state("succeeded", endpoint["id"], 2)
        assert len({request.headers["webhook-id"] for request in receiver.received}) == 2
        assert await notifier.post(f"/endpoints/{endpoint['id']}/replay", 202, since=since) == {"queued": 0}
        assert other_receiver.received == []

    async def test_an_unknown_type_names_near_ones(self, notifier: Notifier) -> None:
        endpoint = await notifier.subscribe(URL)
        problem = await notifier.post(f"/endpoints/{endpoint['id']}/test", 422, event_type="ratchet.gap.*")
        assert "ratchet.gap" in problem["detail"]


class TestReplay:
    async def test_sends_again_what_the_endpoint_hears(
        self, notifier: Notifier, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        await notifier.subscribe(receiver.url())
        since = datetime.now(UTC)
        await notifier.tell(a_gap_closed(scope="one"), a_gap_closed(scope="two"))
        await eventually(notifier.fleet.is_idle)
        late = await notifier.subscribe(other_receiver.url(), filter={"scope": "two"})
        path = f"/endpoints/{late['id']}/replay"
        before = (since - timedelta(hours=1)).isoformat()
        assert await notifier.post(path, 202, since=before, until=since.isoformat()) == {"queued": 0}
        assert await notifier.post(path, 202, since=since.isoformat()) == {"queued": 1}
        await notifier.in_state("succeeded", late["id"])
        assert [request.event["data"]["scope"] for request in other_receiver.received] == ["two"]
        assert await notifier.post(path, 202, since=since.isoformat()) == {"queued": 1}

        async def twice() -> bool:
            return len(other_receiver.received) == 2

        await eventually(twice)

    async def test_pages_through_more_than_a_portion(self, notifier: Notifier, receiver: Receiver) -> None:
        first = await notifier.subscribe(URL)
        await notifier.post(f"/endpoints/{first['id']}/disable", 200)
        since = datetime.now(UTC).isoformat()
        await notifier.tell(*(a_gap_closed() for _ in range(1203)))
        await eventually(notifier.fleet.is_idle)
        late = await notifier.subscribe(receiver.url())
        assert await notifier.post(f"/endpoints/{late['id']}/replay", 202, since=since) == {"queued": 1203}


class TestStatistics:
    async def test_counts_attempts_and_what_waits(self, notifier: Notifier, receiver: Receiver) -> None:
        endpoint = await notifier.subscribe(receiver.url())
        empty = await notifier.get(f"/endpoints/{endpoint['id']}/statistics")
        assert (empty["succeeded"], empty["p50_latency_ms"], empty["last_answer"]) == (0, None, None)
        receiver.answers = [answer(500), answer(), answer(503, retry_after="3600")]
        await notifier.tell(a_gap_closed())
        await notifier.in_state("succeeded", endpoint["id"])
        await notifier.tell(a_gap_closed())

        async def waits() -> dict:
            figures = await notifier.get(f"/endpoints/{endpoint['id']}/statistics")
            assert (figures["succeeded"], figures["failed"], figures["pending"]) == (1, 2, 1)
            return figures

        figures = await eventually(waits)
        assert figures["last_answer"] == "503"
        assert 0 <= figures["p50_latency_ms"] <= figures["p95_latency_ms"]


class TestSecret:
    async def test_an_administrator_reads_it_again(self, notifier: Notifier) -> None:
        endpoint = await notifier.subscribe(URL)
        secret = await notifier.get(f"/endpoints/{endpoint['id']}/secret")
        assert secret == {"secret": endpoint["secret"]}
        async with notifier.fleet.client(Role.OPERATIONS_MANAGER) as other:
            assert (await other.get(f"{ENDPOINTS}/{endpoint['id']}/secret")).status_code == 403

    async def test_only_so_many_sign_at_once(self, notifier: Notifier) -> None:
        endpoint = await notifier.subscribe(URL)
        path = f"/endpoints/{endpoint['id']}/rotate-secret"
        for _ in range(4):
            await notifier.post(path, 200)
        assert "grace_hours 0" in (await notifier.post(path, 409))["detail"]
        await notifier.post(path, 200, grace_hours=0)


class TestEventTypes:
    async def test_lists_every_contract_with_an_example(self, notifier: Notifier) -> None:
        listed = {entry["type"]: entry for entry in await notifier.get("/event-types")}
        assert listed.keys() == CONTRACTS.keys()
        for type_, entry in listed.items():
            CONTRACTS[type_].model_validate(entry["example"])
            assert entry["description"]


class TestAccess:
    @pytest.mark.parametrize(
        ("role", "read", "write"),
        [
            (Role.ADMINISTRATOR, 200, 201),
            (Role.INTEGRATION, 200, 201),
            (Role.OPERATIONS_MANAGER, 200, 201),
            (Role.ENGINEER, 200, 403),
            (Role.CUSTOMER, 403, 403),
            (None, 401, 401),
        ],
    )
    async def test_roles(self, notifier: Notifier, role: Role | None, read: int, write: int) -> None:
        async with notifier.fleet.client(*([role] if role else [])) as client:
            assert (await client.get(ENDPOINTS)).status_code == read
            assert (await client.get("/notifier/v1/deliveries")).status_code == read
            assert (await client.post(ENDPOINTS, json={"url": URL})).status_code == write

    @pytest.mark.parametrize("action", ["enable", "disable", "rotate-secret", "test"])
    async def test_what_is_not_there_is_not_found(self, notifier: Notifier, action: str) -> None:
        assert (await notifier.client.post(f"{ENDPOINTS}/{new_id()}/{action}")).status_code == 404


class TestOutgoing:
    async def test_a_private_address_behind_a_name_is_refused_at_each_attempt(
        self, quick: NotifierSettings, database_url: str, receiver: Receiver
    ) -> None:
        async with notifying(quick, database_url) as open_notifier:
            endpoint = await open_notifier.subscribe(receiver.url())
        guarded = quick.model_copy(update={"dangerous_allow_private_targets": False})
        async with notifying(guarded, database_url) as notifier:
            await notifier.tell(a_gap_closed())
            (delivery,) = await notifier.in_state("exhausted", endpoint["id"])
        assert "not a public address" in delivery["last_answer"]
        assert receiver.received == []

    async def test_a_public_face_that_redirects_inside_is_not_followed(
        self, notifier: Notifier, receiver: Receiver
    ) -> None:
        async def redirect(request: Received) -> bytes:
            return answer(302, location=receiver.url(path="/inside")) if request.path == "/hook" else answer()

        receiver.answering = redirect
        endpoint = await notifier.subscribe(receiver.url())
        await notifier.tell(a_gap_closed())
        await notifier.in_state("exhausted", endpoint["id"])
        assert {request.path for request in receiver.received} == {"/hook"}
