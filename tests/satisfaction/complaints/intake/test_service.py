import re

import pytest

from shared.auth import Role
from tests.satisfaction.complaints.building import (
    NEW,
    NOBODYS,
    REST,
    customer,
    desk,
    do,
    engineer,
    receive,
    refused,
)
from tests.support.solo import Solo


class TestReceive:
    """R60, R182, R193, R198: every channel; the first receiver owns it."""

    async def test_the_receiver_owns_it_and_a_number_and_a_secret_are_given(self, solo: Solo) -> None:
        async with desk(solo) as client:
            answer = await client.post(REST, json=NEW)
            got = await client.get(answer.headers["Location"])
        body = answer.json()
        assert re.fullmatch(r"CMP-\d{6}", body["number"])
        assert (body["state"], body["owner"]) == ("open", "wang.fang")
        assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", body["token"])
        assert body["link"].endswith(f"/satisfaction/complaint-answer?token={body['token']}")
        assert "token" not in got.json()
        assert got.headers["ETag"] == answer.headers["ETag"] == '"1"'

    async def test_is_told_with_what_improvement_needs(self, solo: Solo) -> None:
        """R8, R51: a major complaint opens an improvement from this event."""
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major", external_id="INC0000001")
        (event,) = await solo.events("complaint.received")
        assert event.subject == body["id"]
        assert event.data["complaint_class"] == "major"
        assert {name: event.data[name] for name in ("title", "description", "channel", "customer", "service")} == {
            name: NEW[name] for name in ("title", "description", "channel", "customer", "service")
        }
        assert (event.data["number"], event.data["external_id"]) == (body["number"], "INC0000001")

    @pytest.mark.parametrize("channel", ["hotline", "opinion_box", "web", "email", "visit", "callback", "letter"])
    async def test_channels(self, solo: Solo, channel: str) -> None:
        async with desk(solo) as client:
            assert (await receive(client, channel=channel))["channel"] == channel

    async def test_an_anonymous_one_names_nobody(self, solo: Solo) -> None:
        """R182."""
        named = {"complainant": None, "contact": None, "customer": None}
        async with desk(solo) as client:
            body = await receive(client, anonymous=True, **named)
            wrong = await client.post(REST, json={**NEW, "anonymous": True})
        assert (body["complainant"], body["customer"]) == (None, None)
        assert (wrong.status_code, wrong.json()["type"]) == (422, "urn:ratchet:problem:nameless")

    async def test_what_a_program_hands_in_waits_for_its_first_owner(self, solo: Solo) -> None:
        async with solo.client(Role.INTEGRATION, subject="mailbox") as program:
            body = await receive(program, channel="email")
        assert body["owner"] is None
        async with engineer(solo) as client:
            assert "take it over first" in await refused(client, body, "answer", 409, "not-the-owner", answer="x")
            assert (await do(client, body, "take-over"))["owner"] == "chen.jie"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"title": ""},
            {"title": "x\x00"},
            {"channel": "pigeon"},
            {"complaint_class": "huge"},
            {"ticket_id": "x"},
            {"received_at": "2100-01-01T00:00:00Z"},
            {"received_at": "1970-01-01T00:00:00Z"},
            {"owner": "me"},
        ],
    )
    async def test_unsound_ones_are_refused(self, solo: Solo, wrong: dict[str, str]) -> None:
        async with desk(solo) as client:
            assert (await client.post(REST, json={**NEW, **wrong})).status_code == 422
            assert (await client.get(REST)).json()["items"] == []

    async def test_customers_and_strangers_do_not_come_in_here(self, solo: Solo) -> None:
        async with customer(solo) as client:
            assert (await client.post(REST, json=NEW)).status_code == 403
            assert (await client.get(REST)).status_code == 403
        async with solo.client() as client:
            client.headers.pop("Authorization", None)
            assert (await client.get(REST)).status_code == 401


class TestEdit:
    async def test_takes_the_etag_and_keeps_what_was(self, solo: Solo) -> None:
        """R56."""
        async with desk(solo) as client:
            body = await receive(client)
            path = f"{REST}/{body['id']}"
            assert (await client.patch(path, json={"title": "x"})).status_code == 428
            edited = await client.patch(path, json={"title": "Mail is slow"}, headers={"If-Match": '"1"'})
            assert edited.json()["title"] == "Mail is slow"
            assert edited.json()["timeline"][-1]["detail"] == {"before": {"title": "Mail stood still"}}
            assert edited.headers["ETag"] == '"2"'
            stale = await client.patch(path, json={"title": "x"}, headers={"If-Match": '"1"'})
            assert stale.status_code == 412
            gone = await client.patch(path, json={"title": None}, headers={"If-Match": '"2"'})
            assert gone.status_code == 422

    async def test_an_anonymous_one_stays_nameless(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, anonymous=True, complainant=None, contact=None, customer=None)
            named = await client.patch(f"{REST}/{body['id']}", json={"customer": "x"}, headers={"If-Match": "*"})
        assert named.json()["type"] == "urn:ratchet:problem:nameless"

    async def test_unknown_ones(self, solo: Solo) -> None:
        async with desk(solo) as client:
            assert (await client.get(f"{REST}/{NOBODYS}")).status_code == 404
            assert (await client.post(f"{REST}/{NOBODYS}/answer", json={"answer": "x"})).status_code == 404
            assert (await client.get(f"{REST}/x")).status_code == 422
