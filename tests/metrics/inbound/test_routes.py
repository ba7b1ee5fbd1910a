import base64
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from services.metrics.inbound.jobs import forget_old, replay_payloads
from services.metrics.inbound.service import advance_replay
from shared import clock
from shared.auth import Role
from shared.http import acting
from tests.shared.ticketing.payloads import genuine_lines, needs_payloads
from tests.support.solo import Solo
from tests.support.tickets import body

SECRET = "whsec_" + base64.b64encode(b"a shared secret of 32 characters").decode()
UNKNOWN = "01a1fec7-1aef-74af-8e0b-dcd1bc0ebace"
FIELD_MAP = {
    "external_id": "issue.key",
    "state": {"path": "issue.status", "values": {"To do": "new", "Done": "resolved"}},
    "opened_at": "issue.created",
    "updated_at": "issue.changed",
    "service": "issue.parts.0.name",
    "priority": {"constant": "normal"},
}


@pytest.fixture
async def everyone(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client(Role.ADMINISTRATOR) as client:
        yield client


@pytest.fixture
async def sender(solo: Solo) -> AsyncIterator[httpx.AsyncClient]:
    async with solo.client() as client:
        yield client


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

    async def test_a_new_secret_counts_at_once_and_the_old_one_no_more(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone)
        content = json.dumps(body()).encode()
        assert (await post(sender, content, headers=signed(content))).status_code == 200
        other = "whsec_" + base64.b64encode(b"another secret of 32 characters!").decode()
        await connect(everyone, secret=other)
        assert (await post(sender, content, headers=signed(content))).status_code == 401
        assert (await post(sender, content, headers=signed(content, other))).status_code == 200

    async def test_a_new_map_counts_at_once(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        assert (await post(sender, issue())).status_code == 200
        state = {"path": "issue.status", "values": {"Done": "closed"}}
        await connect(everyone, field_map={**FIELD_MAP, "state": state})
        assert (await post(sender, issue(changed="2026-03-02 13:00"))).status_code == 200
        (ticket,) = (await everyone.get("/metrics/v1/tickets")).json()["items"]
        assert ticket["state"] == "closed"

    async def test_what_says_nothing_of_a_state_is_ignored_and_no_mistake(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, system="jira", authentication="url_secret", secret="a-secret-in-the-url")
        url = "/metrics/v1/tickets/inbound/jira?secret=a-secret-in-the-url"
        answer = await sender.post(url, json={"webhookEvent": "comment_created", "comment": {}})
        assert answer.status_code == 200
        assert answer.json() == {
            "accepted": 0,
            "changed": 0,
            "quarantined": [],
            "ignored": ["comment_created tells nothing of an issue's state"],
        }
        (kept,) = (await everyone.get("/metrics/v1/connections/jira/payloads")).json()["items"]
        assert (kept["outcome"], "comment_created" in kept["note"]) == ("ignored", True)
        assert (await everyone.get("/metrics/v1/quarantine")).json()["items"] == []
        assert (await sender.post(url.replace("in-the", "of-the"), json={})).status_code == 401

    async def test_the_same_delivery_again_is_acknowledged_and_does_nothing(
        self, solo: Solo, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        """Zammad tries a delivery up to five times: one resolution, one event (R59)."""
        await connect(everyone, "zammad", system="zammad", secret="zammads-own-token")
        times = {"created_at": "2026-03-02T09:00:00.000Z", "updated_at": "2026-03-02T11:00:00.000Z"}
        content = json.dumps({"ticket": {"number": "1", "state": "closed", **times}}).encode()
        signature = hmac.digest(b"zammads-own-token", content, "sha1").hex()
        headers = {"x-hub-signature": f"sha1={signature}", "x-zammad-delivery": "d-1"}
        answers = [await post(sender, content, "zammad", headers=headers) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200] * 3
        assert [answer.json()["changed"] for answer in answers] == [1, 0, 0]
        assert len(await solo.events("incident.resolved")) == 1
        kept = (await everyone.get("/metrics/v1/connections/zammad/payloads")).json()["items"]
        assert [item["delivery"] for item in kept] == ["d-1"] * 3

    @needs_payloads
    async def test_genuine_webhooks_one_after_the_other(
        self, solo: Solo, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        """R59, R80: what Request Tracker's scrip really sent, in its order and then in the opposite one."""
        await connect(everyone, "rt", system="request_tracker", secret="a-long-enough-bearer-secret")
        headers = {"authorization": "Bearer a-long-enough-bearer-secret"}
        told = genuine_lines("rt/webhook_via_scrip_captured.jsonl")
        for event in (*told, *reversed(told)):
            answer = await post(sender, json.dumps(event).encode(), "rt", headers=headers)
            assert answer.status_code == 200, answer.text
        happened = [(event.type, event.sequence) for event in await solo.events()]
        names = ["opened", "responded", "resolved", "reopened", "resolved"]
        assert happened == [(f"ratchet.incident.{name}.v1", number) for number, name in enumerate(names, 1)]


class TestQuarantine:
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

    async def test_all_of_a_connection_at_once(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        await connect(everyone, "other", field_map=FIELD_MAP)
        for number, status in enumerate(["In review", "In review", "Parked"], 1):
            await post(sender, issue(key=f"ABC-{number}", status=status))
        await post(sender, issue(status="In review"), "other")
        state = {"path": "issue.status", "values": {"Done": "resolved", "In review": "pending"}}
        await connect(everyone, field_map={**FIELD_MAP, "state": state})
        answer = await everyone.post("/metrics/v1/quarantine/replay", json={"connection": "jira"})
        assert answer.json() == {"replayed": 2, "still_waiting": 1, "changed": 2, "next_after": None}
        waiting = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        assert [(item["connection"], "Parked" in item["reason"]) for item in waiting] == [
            ("jira", True),
            ("other", False),
        ]
        assert "In review" in waiting[0]["reason"]  # the map of now is named, not that of then
        of_jira = await everyone.get("/metrics/v1/quarantine", params={"connection": "jira"})
        assert len(of_jira.json()["items"]) == 1
        unknown = await everyone.post("/metrics/v1/quarantine/replay", json={"connection": "nobody"})
        assert unknown.status_code == 404

    async def test_what_came_by_rest_is_replayed_too(self, everyone: httpx.AsyncClient) -> None:
        assert (await everyone.post("/metrics/v1/tickets", json=[{"state": "new"}])).status_code == 422
        answer = await everyone.post("/metrics/v1/quarantine/replay", json={"connection": None})
        assert (answer.json()["replayed"], answer.json()["still_waiting"]) == (0, 1)

    async def test_a_long_payload_is_replayed_whole(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        await post(sender, issue(status="In review", description="x" * 200_000))
        (kept,) = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        assert len(kept["raw"]) == 64 * 1024
        state = {"path": "issue.status", "values": {"In review": "pending"}}
        await connect(everyone, field_map={**FIELD_MAP, "state": state})
        assert (await everyone.post(f"/metrics/v1/quarantine/{kept['id']}/replay")).status_code == 200


class TestPayloads:
    async def test_are_listed_newest_first_with_what_became_of_them(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        for status in ("Done", "Weird", "Done"):
            await post(sender, issue(status=status))
        url = "/metrics/v1/connections/jira/payloads"
        first = (await everyone.get(url, params={"limit": 2})).json()
        rest = (await everyone.get(url, params={"cursor": first["next_cursor"]})).json()
        outcomes = [item["outcome"] for item in (*first["items"], *rest["items"])]
        assert (outcomes, rest["next_cursor"]) == (["accepted", "quarantined", "accepted"], None)
        (odd,) = (await everyone.get(url, params={"outcome": "quarantined"})).json()["items"]
        assert ("Weird" in odd["note"], odd["quarantined"], odd["accepted"]) == (True, 1, 0)

    async def test_one_is_shown_as_it_came(self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient) -> None:
        await connect(everyone)
        content = json.dumps(body(title="é" * 900)).encode()
        await post(sender, content, headers=signed(content))
        (kept,) = (await everyone.get("/metrics/v1/connections/jira/payloads")).json()["items"]
        shown = (await everyone.get(f"/metrics/v1/payloads/{kept['id']}")).json()
        assert (shown["body"].encode(), shown["truncated"]) == (content, False)
        assert (shown["origin"], shown["content_type"]) == ("webhook", "application/json")

    async def test_who_may_not_mend_does_not_read_them(self, solo: Solo) -> None:
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.get(f"/metrics/v1/payloads/{UNKNOWN}")).status_code == 403
            assert (await engineer.post(f"/metrics/v1/payloads/{UNKNOWN}/replay")).status_code == 403

    async def test_an_unknown_one_is_404(self, everyone: httpx.AsyncClient) -> None:
        assert (await everyone.get(f"/metrics/v1/payloads/{UNKNOWN}")).status_code == 404
        assert (await everyone.post(f"/metrics/v1/payloads/{UNKNOWN}/replay")).status_code == 404

    async def test_replayed_by_a_mended_map_it_settles_its_quarantine(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        await post(sender, [issue(), issue(key="ABC-2", status="In review")])
        (kept,) = (await everyone.get("/metrics/v1/connections/jira/payloads")).json()["items"]
        (waiting,) = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        assert waiting["payload_id"] == kept["id"]
        state = {"path": "issue.status", "values": {"Done": "resolved", "In review": "pending"}}
        await connect(everyone, field_map={**FIELD_MAP, "state": state})
        replayed = (await everyone.post(f"/metrics/v1/payloads/{kept['id']}/replay")).json()
        assert (replayed["accepted"], replayed["changed"]) == (2, 1)
        assert (replayed["payload"]["outcome"], replayed["payload"]["note"]) == ("accepted", None)
        assert (await everyone.get("/metrics/v1/quarantine")).json()["items"] == []

    async def test_replayed_by_a_broken_map_it_waits_once(
        self, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        await post(sender, issue(status="Weird"))
        (kept,) = (await everyone.get("/metrics/v1/connections/jira/payloads")).json()["items"]
        for _ in range(2):
            await everyone.post(f"/metrics/v1/payloads/{kept['id']}/replay")
        assert len((await everyone.get("/metrics/v1/quarantine")).json()["items"]) == 1

    async def test_replaying_undoes_nothing_that_is_newer(
        self, solo: Solo, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone)
        for state, hours in (("new", 0), ("resolved", 1), ("in_progress", 2)):
            await post(sender, body(state, hours))
        before = await solo.events()
        kept = (await everyone.get("/metrics/v1/connections/jira/payloads")).json()["items"]
        for item in kept:
            replayed = (await everyone.post(f"/metrics/v1/payloads/{item['id']}/replay")).json()
            assert (replayed["accepted"], replayed["changed"]) == (1, 0)
        assert await solo.events() == before


class TestReplayConnection:
    async def test_is_taken_up_and_can_be_followed(
        self, solo: Solo, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        for number in range(3):
            await post(sender, issue(key=f"ABC-{number}", status="In review"))
        state = {"path": "issue.status", "values": {"In review": "pending"}}
        await connect(everyone, field_map={**FIELD_MAP, "state": state})
        url = "/metrics/v1/connections/jira/replay"
        begun = await everyone.post(url, json={"since": "2020-01-01T00:00:00Z"})
        assert (begun.status_code, begun.json()["state"]) == (202, "waiting")
        async with acting("tester"):
            while await replay_payloads(solo.database, solo.service.app.state.sources):
                pass
        followed = (await everyone.get(begun.headers["location"])).json()
        counts = {name: followed[name] for name in ("state", "payloads", "accepted", "changed", "quarantined")}
        assert counts == {"state": "finished", "payloads": 3, "accepted": 3, "changed": 3, "quarantined": 0}
        assert (followed["requested_by"], followed["finished_at"] is not None) == ("administrator", True)
        assert (await everyone.get("/metrics/v1/quarantine")).json()["items"] == []

    async def test_goes_portion_by_portion_and_only_through_its_time(
        self, solo: Solo, everyone: httpx.AsyncClient, sender: httpx.AsyncClient
    ) -> None:
        await connect(everyone)
        moments = []
        for hours in range(5):
            moments.append(clock.now())
            await post(sender, body("in_progress", hours))
        span = {"since": moments[1].isoformat(), "until": moments[4].isoformat()}
        begun = (await everyone.post("/metrics/v1/connections/jira/replay", json=span)).json()
        seen = []
        async with acting("tester"):
            for _ in range(3):
                async with solo.database.transaction() as session:
                    await advance_replay(session, solo.service.app.state.sources, 2)
                view = (await everyone.get(f"/metrics/v1/replays/{begun['id']}")).json()
                seen.append((view["state"], view["payloads"]))
        assert seen == [("running", 2), ("running", 3), ("finished", 3)]

    async def test_an_import_is_read_again_too(self, solo: Solo, everyone: httpx.AsyncClient) -> None:
        header = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,made_sla"
        row = "INC1,New,0,1/3/2016 10:00,1/3/2016 10:05,true"
        begun = await everyone.post(
            "/metrics/v1/imports",
            json={"format": "servicenow-csv", "filename": "log.csv", "digest": "a" * 64, "rows": 1},
        )
        url = f"/metrics/v1/imports/{begun.json()['id']}/chunks/0"
        await everyone.put(url, content=f"{header}\n{row}", headers={"content-type": "text/csv"})
        (kept,) = (await everyone.get("/metrics/v1/connections/servicenow/payloads")).json()["items"]
        assert (kept["origin"], kept["outcome"], kept["accepted"]) == ("import", "accepted", 1)
        before = await solo.events()
        replayed = (await everyone.post(f"/metrics/v1/payloads/{kept['id']}/replay")).json()
        assert (replayed["accepted"], replayed["changed"]) == (1, 0)
        since = {"since": "2020-01-01T00:00:00Z"}
        begun = await everyone.post("/metrics/v1/connections/servicenow/replay", json=since)
        async with acting("tester"):
            while await replay_payloads(solo.database, solo.service.app.state.sources):
                pass
        followed = (await everyone.get(begun.headers["location"])).json()
        assert (followed["state"], followed["accepted"], followed["changed"]) == ("finished", 1, 0)
        assert await solo.events() == before

    @pytest.mark.parametrize(
        ("values", "status"),
        [
            ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, 422),
            ({}, 422),
        ],
    )
    async def test_what_is_no_time_is_refused(
        self, everyone: httpx.AsyncClient, values: dict[str, Any], status: int
    ) -> None:
        await connect(everyone)
        assert (await everyone.post("/metrics/v1/connections/jira/replay", json=values)).status_code == status

    async def test_of_an_unknown_connection_or_replay_is_404(self, everyone: httpx.AsyncClient) -> None:
        since = {"since": "2026-01-01T00:00:00Z"}
        assert (await everyone.post("/metrics/v1/connections/nobody/replay", json=since)).status_code == 404
        assert (await everyone.get(f"/metrics/v1/replays/{UNKNOWN}")).status_code == 404


class TestForgetOld:
    async def test_forgets_payloads_and_what_is_settled_but_not_what_waits(
        self, solo: Solo, everyone: httpx.AsyncClient, sender: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await connect(everyone, field_map=FIELD_MAP)
        for key in ("ABC-1", "ABC-2"):
            await post(sender, issue(key=key, status="Weird"))
        (first, _) = (await everyone.get("/metrics/v1/quarantine")).json()["items"]
        await everyone.post(f"/metrics/v1/quarantine/{first['id']}/discard")
        url = "/metrics/v1/connections/jira/payloads"
        assert await forget_old(solo.database, timedelta(days=10)) == 0
        assert len((await everyone.get(url)).json()["items"]) == 2
        later = clock.now() + timedelta(days=11)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert await forget_old(solo.database, timedelta(days=10)) == 3
        assert (await everyone.get(url)).json()["items"] == []
        assert len((await everyone.get("/metrics/v1/quarantine")).json()["items"]) == 1
        discarded = await everyone.get("/metrics/v1/quarantine", params={"state": "discarded"})
        assert discarded.json()["items"] == []
