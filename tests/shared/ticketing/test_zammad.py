"""Zammad's own payload, and what it leaves to be concluded."""

import hmac
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.sources import NotProven, SourceConfig
from shared.ticketing.systems import SYSTEMS
from shared.ticketing.zammad.mapper import map_event
from tests.shared.ticketing.payloads import PAYLOADS, genuine, needs_payloads

CONFIG = SourceConfig("zammad", ZoneInfo("UTC"))


def read(payload: Any, config: SourceConfig = CONFIG) -> TicketFacts:
    (facts,) = map_event(payload, config).facts
    return facts


def ticket(state: str, **values: Any) -> dict[str, Any]:
    times = {"created_at": "2026-03-02T09:00:00.000Z", "updated_at": "2026-03-02T11:00:00.000Z"}
    return {"ticket": {"id": 1, "number": "10001", "state": state, **times, **values}}


@needs_payloads
class TestGenuinePayloads:
    def test_takes_what_a_report_needs(self) -> None:
        facts = read(genuine("zammad/webhook_default_payload.json"))
        assert (facts.source, facts.external_id, facts.state) == ("zammad", "10081", "in_progress")
        assert facts.opened_at == datetime(2020, 11, 13, 14, 34, 35, 282_000, UTC)
        assert facts.updated_at == datetime(2020, 11, 13, 14, 34, 35, 333_000, UTC)
        assert (facts.title, facts.priority, facts.group) == ("Webhook-Test", "2 normal", "Service Desk")
        assert (facts.customer, facts.resolver) == ("Awesome Customer Inc.", "emma@chrispresso.com")

    def test_the_rest_interfaces_numbers_of_states_are_known(self) -> None:
        assert read(genuine("zammad/rest_ticket_example_03.json")).state == "new"
        assert read(genuine("zammad/rest_ticket_example_01.json")).state == "closed"

    def test_a_request_to_create_one_is_no_ticket(self) -> None:
        with pytest.raises(Unmappable, match="ticket: is missing"):
            map_event(genuine("zammad/rest_ticket_example_02.json"), CONFIG)

    def test_its_signature_is_a_sha1_hmac_of_the_very_bytes(self) -> None:
        body = (PAYLOADS / "zammad" / "webhook_default_payload.json").read_bytes()
        config = SourceConfig("zammad", ZoneInfo("UTC"), "hub_sha1", "zammads-own-token")
        source = SYSTEMS["zammad"].open(config)
        signature = hmac.digest(b"zammads-own-token", body, "sha1").hex()
        headers = {"x-hub-signature": f"sha1={signature}", "x-zammad-delivery": "f0fb2b1a"}
        source.verify(headers, {}, body)
        with pytest.raises(NotProven, match="X-Hub-Signature"):
            source.verify(headers, {}, body.replace(b"open", b"done"))


class TestMapEvent:
    def test_closing_is_what_resolves(self) -> None:
        facts = read(ticket("closed"))
        assert (facts.state, facts.resolved_at) == ("closed", facts.updated_at)

    def test_the_first_closing_is_not_the_second(self) -> None:
        """`close_at` keeps the first closing after a reopen; `last_close_at` is the present one."""
        early = "2026-03-02T09:30:00.000Z"
        assert read(ticket("closed", close_at=early)).resolved_at == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
        again = ticket("closed", close_at=early, last_close_at="2026-03-02T10:59:00.000Z")
        assert read(again).resolved_at == datetime(2026, 3, 2, 10, 59, tzinfo=UTC)
        assert read(ticket("open", close_at=early)).resolved_at is None

    def test_merged_is_cancelled_and_not_resolved(self) -> None:
        facts = read(ticket("merged"))
        assert (facts.state, facts.resolved_at) == ("cancelled", None)

    def test_user_one_is_nobody(self) -> None:
        assert read(ticket("open", owner={"id": 1, "login": "-"})).resolver is None

    def test_a_state_of_their_own_is_mapped(self) -> None:
        config = SourceConfig("zammad", ZoneInfo("UTC"), states={"Waiting for parts": "pending"})
        assert read(ticket("waiting for parts"), config).state == "pending"
        with pytest.raises(Unmappable, match="pending reminder"):
            read(ticket("waiting for parts"))
