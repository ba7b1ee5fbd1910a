import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks.webhooks import Webhook

from shared.auth import Role
from tests.improvement.builders import CHANGES, People, ok, published, until
from tests.support.fleet import Fleet

SECRET = "whsec_" + "c2VjcmV0" * 6
CONNECTIONS = "/improvement/v1/change-connections"


def signed(body: dict[str, Any], secret: str = SECRET) -> dict[str, Any]:
    """A request as a system sends it that signs by Standard Webhooks."""
    content, now = json.dumps(body), datetime.now(UTC)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", now, content),
    }
    return {"content": content, "headers": headers}


class TestNoteOutcome:
    async def test_moves_the_record_and_has_one_effect(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        path = f"{CHANGES}/{record['change']['id']}/outcome"
        assert ok(await people.manager.post(path, json={"state": "accepted"}))["state"] == "accepted"
        body = {"state": "implemented", "implemented_at": "2016-04-01T02:00:00+02:00"}
        first = ok(await people.manager.post(path, json=body))
        assert first["implemented_at"] == "2016-04-01T00:00:00Z"
        for repeat in (body, {"state": "implemented"}, {"state": "accepted"}):
            assert ok(await people.manager.post(path, json=repeat)) == first
        await until(people, record["id"], "monitoring")
        types = [event["type"] for event in await published(alone)]
        assert types.count("ratchet.change.implemented.v1") == types.count("ratchet.effect.requested.v1") == 1

    async def test_what_cannot_follow_is_refused(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("monitoring", alone)
        path = f"{CHANGES}/{record['change']['id']}/outcome"
        problem = ok(await people.manager.post(path, json={"state": "failed", "reason": "late"}), 409)
        assert (problem["state"], problem["allowed"]) == ("implemented", [])

    @pytest.mark.parametrize(
        "body",
        [
            {"state": "raised"},
            {"state": "failed"},
            {"state": "accepted", "implemented_at": "2016-04-01T00:00:00Z"},
            {"state": "implemented", "implemented_at": "2016-04-01T00:00:00"},
            {"state": "implemented", "implemented_at": "1970-01-01T00:00:00Z"},
            {"state": "implemented", "implemented_at": "2199-01-01T00:00:00Z"},
            {"state": "implemented", "by": "me"},
            {},
        ],
    )
    async def test_a_malformed_outcome_is_told(self, people: People, alone: Fleet, body: dict[str, Any]) -> None:
        record = await people.bring_to("implementing", alone)
        answer = await people.manager.post(f"{CHANGES}/{record['change']['id']}/outcome", json=body)
        assert answer.status_code == 422, answer.text

    async def test_only_managers_and_machines_may(self, people: People, alone: Fleet) -> None:
        for role in Role:
            async with alone.client(role) as client:
                answer = await client.post(f"{CHANGES}/{uuid4()}/outcome", json={"state": "accepted"})
            assert answer.status_code == (404 if role in (Role.OPERATIONS_MANAGER, Role.INTEGRATION) else 403), role


class TestTakeOutcome:
    @pytest.fixture
    async def record(self, people: People, alone: Fleet) -> dict[str, Any]:
        body = {"system": "memory", "secret": SECRET, "states": {"Done": "implemented"}}
        ok(await people.administrator.put(f"{CONNECTIONS}/desk", json=body))
        return await people.bring_to("implementing", alone)

    async def test_a_signed_outcome_moves_the_record(
        self, people: People, alone: Fleet, record: dict[str, Any]
    ) -> None:
        told = {"correlation_id": f"{record['id']}:1", "state": "Done", "implemented_at": "2016-04-01T00:00:00Z"}
        async with alone.client() as system:
            for _ in range(2):
                change = ok(await system.post(f"{CHANGES}/inbound/desk", **signed({**told, "mood": "good"})))
                assert (change["state"], change["connection"]) == ("implemented", "desk")
        await until(people, record["id"], "monitoring")
        (event,) = [e for e in await published(alone) if e["type"] == "ratchet.change.implemented.v1"]
        assert event["actor"] == "connection:desk"
        whose = ("number", "title", "measure_key", "scope")
        assert [event["data"][name] for name in whose] == [record[name] for name in whose]

    async def test_the_secret_as_bearer_token_will_do(self, alone: Fleet, record: dict[str, Any]) -> None:
        told = {"external_id": record["change"]["external_id"], "state": "accepted"}
        async with alone.client() as system:
            headers = {"Authorization": f"Bearer {SECRET}"}
            assert ok(await system.post(f"{CHANGES}/inbound/desk", json=told, headers=headers))["state"] == "accepted"

    async def test_who_cannot_prove_it_is_refused(self, people: People, alone: Fleet, record: dict[str, Any]) -> None:
        told = {"correlation_id": f"{record['id']}:1", "state": "accepted"}
        other = "whsec_" + "b3RoZXI0" * 6
        tampered = {**signed(told), "content": json.dumps({**told, "state": "implemented"})}
        old = datetime.now(UTC) - timedelta(minutes=10)
        stale = signed(told)
        stale["headers"] = {
            **stale["headers"],
            "webhook-timestamp": str(int(old.timestamp())),
            "webhook-signature": Webhook(SECRET).sign("msg_1", old, stale["content"]),
        }
        garbled = signed(told)
        garbled["headers"]["webhook-signature"] = "garbage"
        async with alone.client() as system:
            for request in (
                signed(told, other),
                tampered,
                stale,
                garbled,
                {"json": told},
                {"json": told, "headers": {"Authorization": f"Bearer {other}"}},
                {"content": b"\xff\xfe", "headers": signed(told)["headers"]},
            ):
                assert (await system.post(f"{CHANGES}/inbound/desk", **request)).status_code == 401, request
            unknown = await system.post(f"{CHANGES}/inbound/nowhere", **signed(told))
            assert unknown.status_code == 404
            assert (await system.post(f"{CHANGES}/inbound/memory", **signed(told))).status_code == 401
        assert (await people.read(record["id"]))["change"]["state"] == "raised"

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"state": "accepted"}, 422),
            ({"external_id": "?", "state": "nonsense"}, 422),
            ({"external_id": "nobody knows", "state": "accepted"}, 404),
            ({"correlation_id": "x:1", "state": "accepted"}, 404),
            ({"external_id": "a\x00", "state": "accepted"}, 422),
            ([], 422),
        ],
    )
    async def test_what_cannot_be_understood_is_told(
        self, alone: Fleet, record: dict[str, Any], body: Any, status: int
    ) -> None:
        async with alone.client() as system:
            assert (await system.post(f"{CHANGES}/inbound/desk", **signed(body))).status_code == status


class TestListChanges:
    async def test_filters_and_shows_what_was_sent(self, people: People, alone: Fleet) -> None:
        record = await people.bring_to("implementing", alone)
        (item,) = ok(await people.reader.get(CHANGES, params={"improvement_id": record["id"], "state": "raised"}))[
            "items"
        ]
        assert ok(await people.reader.get(CHANGES, params={"state": "failed"}))["items"] == []
        assert ok(await people.reader.get(CHANGES, params={"connection": "elsewhere"}))["items"] == []
        change = ok(await people.reader.get(f"{CHANGES}/{item['id']}"))
        assert change["body"]["title"] == record["title"]
        async with alone.client(Role.INTEGRATION) as machine, alone.client(Role.CUSTOMER) as customer:
            assert (await machine.get(CHANGES)).status_code == 200
            assert (await customer.get(CHANGES)).status_code == 403

    async def test_an_unknown_change_is_not_found(self, people: People) -> None:
        assert (await people.reader.get(f"{CHANGES}/{uuid4()}")).status_code == 404
        assert (await people.manager.post(f"{CHANGES}/{uuid4()}/raise")).status_code == 404
