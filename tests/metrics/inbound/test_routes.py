import base64
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from shared.auth import Role
from tests.support.fleet import Fleet
from tests.support.tickets import body

SECRET = "whsec_" + base64.b64encode(b"a shared secret of 32 characters").decode()
FIELD_MAP = {
    "external_id": "issue.key",
    "state": {"path": "issue.status", "values": {"To do": "new", "Done": "resolved"}},
    "opened_at": "issue.created",
    "updated_at": "issue.changed",
    "service": "issue.parts.0.name",
    "priority": {"constant": "normal"},
}


@pytest.fixture
def everyone(fleet: Fleet) -> httpx.AsyncClient:
    return fleet.client(Role.ADMINISTRATOR)


@pytest.fixture
def sender(fleet: Fleet) -> httpx.AsyncClient:
    return fleet.client()


async def connect(client: httpx.AsyncClient, key: str = "jira", **values: Any) -> httpx.Response:
    return await client.put(f"/metrics/v1/connections/{key}", json={"secret": SECRET, **values})


def signed(content: bytes, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign("msg_1", at, content.decode()),
        "content-type": "application/json",
    }


async def post(client: httpx.AsyncClient, payload: Any, key: str = "jira", **options: Any) -> httpx.Response:
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = options.get("headers", signed(content) if isinstance(payload, dict | list) else None)
    return await client.post(f"/metrics/v1/tickets/inbound/{key}", content=content, headers=headers)


def issue(**values: Any) -> dict[str, Any]:
    return {
        "issue": {
            "key": "ABC-1",
            "status": "Done",
            "created": "2026-03-02T09:00:00",
            "changed": "2026-03-02 12:00",
            "parts": [{"name": "mail"}],
            **values,
        }
    }


class TestReceive:
    async def test_a_foreign_payload_becomes_a_ticket_by_the_map(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        assert (await connect(everyone, field_map=FIELD_MAP, time_zone="Asia/Shanghai")).status_code == 200
        answer = await post(sender, issue())
        assert (answer.status_code, answer.json()["changed"]) == (200, 1), answer.text
        (ticket,) = (await everyone.get("/metrics/v1/tickets")).json()["items"]
        assert (ticket["external_id"], ticket["state"], ticket["service"]) == ("ABC-1", "resolved", "mail")
        assert ticket["opened_at"] == "2026-03-02T01:00:00Z"
        assert (ticket["source"], ticket["priority"]) == ("jira", "normal")

    async def test_our_own_facts_need_no_map(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone)
        assert (await post(sender, body("resolved", 2))).json()["accepted"] == 1

    async def test_an_unknown_connection_is_404(self, sender: httpx.AsyncClient) -> None:
        assert (await post(sender, issue(), "nobody")).status_code == 404

    async def test_a_wrong_signature_is_401_and_changes_nothing(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone)
        content = json.dumps(body()).encode()
        other = "whsec_" + base64.b64encode(b"another secret of 32 characters!").decode()
        old = datetime(2020, 1, 1, tzinfo=UTC)
        for headers in ({}, signed(content, other), signed(content, at=old), signed(b"else"), {"webhook-id": "x"}):
            assert (await post(sender, content, headers=headers)).status_code == 401
        assert (await everyone.get("/metrics/v1/tickets")).json()["items"] == []

    async def test_a_bearer_secret_does_too(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone, secret="a-long-enough-bearer-secret", authentication="bearer")
        good = {"authorization": "Bearer a-long-enough-bearer-secret"}
        assert (await post(sender, body(), headers=good)).status_code == 200
        assert (await post(sender, body(), headers={"authorization": "Bearer wrong"})).status_code == 401

    @pytest.mark.parametrize(
        ("payload", "reason"),
        [
            (issue(status="Weird"), "Weird"),
            (issue(created="yesterday"), "yesterday"),
            (issue(key=None), "external_id"),
            ([1], "object"),
        ],
    )
    async def test_what_is_not_understood_is_kept_with_what_to_mend(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient, payload: Any, reason: str
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        answer = await post(sender, payload)
        assert answer.status_code == 422
        assert reason in answer.json()["detail"]
        (kept,) = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        assert reason in kept["reason"]

    async def test_what_is_not_json_is_kept_too(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone)
        content = b'{"half": '
        assert (await post(sender, content, headers=signed(content))).status_code == 422
        (kept,) = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        assert kept["raw"] == '{"half": '

    async def test_a_nul_character_is_no_500(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone)
        assert (await post(sender, {**body(), "title": "a\x00b"})).status_code == 422

    async def test_the_good_of_a_list_goes_on(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        answer = await post(sender, [issue(), issue(key="ABC-2", status="Weird")])
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        assert answer.json()["quarantined"][0]["place"] == "[1]"


class TestReplay:
    async def test_reads_it_again_by_the_mended_map(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        await post(sender, issue(status="In review"))
        (kept,) = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        url = f"/metrics/v1/quarantine/{kept['id']}"
        refused = await everyone.post(f"{url}/replay")
        assert (refused.status_code, "In review" in refused.json()["detail"]) == (409, True)
        state = {"path": "issue.status", "values": {"Done": "resolved", "In review": "pending"}}
        await connect(everyone, field_map={**FIELD_MAP, "state": state})
        assert (await everyone.post(f"{url}/replay")).json()["state"] == "replayed"
        assert (await everyone.post(f"{url}/discard")).status_code == 409
        (ticket,) = (await everyone.get("/metrics/v1/tickets")).json()["items"]
        assert ticket["state"] == "pending"


class TestPutConnection:
    @pytest.mark.parametrize(
        ("values", "word"),
        [
            ({"field_map": {"colour": "x"}}, "external_id"),
            ({"field_map": {"state": "x"}}, "at least"),
            ({"field_map": {**FIELD_MAP, "state": {"values": {}}}}, "path"),
            ({"time_zone": "Mars/Olympus"}, "Mars"),
            ({"secret": "whsec_not!base64!really"}, "base64"),
            ({"secret": None}, "secret"),
        ],
    )
    async def test_what_cannot_work_is_said(
        self, everyone: httpx.AsyncClient, values: dict[str, Any], word: str
    ) -> None:
        answer = await connect(everyone, **values)
        assert answer.status_code == 422, answer.text
        assert word in answer.json()["detail"]

    async def test_the_secret_is_never_answered_and_stays_when_left_out(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        first = await connect(everyone)
        assert SECRET not in first.text
        changed = await everyone.put("/metrics/v1/connections/jira", json={"time_zone": "Asia/Shanghai"})
        assert (changed.status_code, changed.json()["version"]) == (200, 2)
        assert (await post(sender, body())).status_code == 200

    async def test_only_an_administrator_may(self, fleet: Fleet) -> None:
        async with fleet.client(Role.ENGINEER) as engineer:
            assert (await connect(engineer)).status_code == 403
