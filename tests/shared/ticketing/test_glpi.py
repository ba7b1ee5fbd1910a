"""GLPI: sessions that are closed again, escaped texts, and webhooks that do not say of what."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.changes import ChangeOutcome, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.glpi.change_mapper import make_input, read_told
from shared.ticketing.glpi.mapper import map_event
from shared.ticketing.sources import SourceConfig
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.listener import Answer, Asked, listening
from tests.shared.ticketing.sink_cases import GLPI, GLPI_11
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request

UTC = ZoneInfo("UTC")


class TestSessions:
    async def test_each_is_closed_whatever_happens(self) -> None:
        async with open_desk(GLPI) as desk:
            sink = desk.open()
            raised = await sink.raise_change(make_request())
            await sink.find("imp-1:1")
            await sink.outcome(raised.external_id)
            await sink.check()
            with pytest.raises(RemoteFailed):
                await sink.outcome("99")
            with pytest.raises(RemoteFailed):
                await desk.open(options={"entity": 77}).raise_change(make_request())
            assert desk.fake.opened > 5
            assert desk.fake.sessions == set()

    async def test_one_that_cannot_be_closed_spoils_nothing(self) -> None:
        fake = GLPI.make()

        def answer(asked: Asked) -> Answer:
            return Answer(500, b"") if asked.path.endswith("killSession") else fake.answer(asked)

        async with listening(answer) as listener:
            assert (await GLPI.open(listener.url).raise_change(make_request())).external_id == "1"

    async def test_the_token_of_the_application_goes_with_every_request(self) -> None:
        async with open_desk(GLPI) as desk:
            await desk.open().find("imp-1:1")
            paths = [asked.path.rpartition("/")[2] for asked in desk.listener.requests]
            assert paths == ["initSession", "Change", "killSession"]
            assert {asked.headers["app-token"] for asked in desk.listener.requests} == {GLPI.options["app_token"]}

    @pytest.mark.parametrize("body", [{}, [], {"session_token": ""}, {"session_token": None}], ids=str)
    async def test_no_session_is_said(self, body: Any) -> None:
        async with listening(lambda _: Answer(200, body)) as listener:
            with pytest.raises(RemoteFailed, match="session_token"):
                await GLPI.open(listener.url).find("imp-1:1")


class TestRecord:
    async def test_what_glpi_10_and_11_keep_says_the_same(self) -> None:
        for case in (GLPI, GLPI_11):
            async with open_desk(case) as desk:
                sink = desk.open()
                raised = await sink.raise_change(make_request("a<b>&c:1", problem="A < B & C"))
                assert await sink.find("a<b>&c:1") == raised
                payload = desk.fake.webhook(raised.external_id)
                told = sink.read_outcome(payload)
                assert told is not None
                assert told.correlation_id == "a<b>&c:1"

    def test_further_fields_win_except_over_the_mark(self) -> None:
        made = make_input(make_request(impact="low"), None, 5, {"name": "x", "content": "y", "urgency": 4})
        assert (made["name"], made["urgency"], made["itilcategories_id"]) == ("x", 4, 5)
        assert (made["rolloutplancontent"], made["impactcontent"]) == ("hire", "low")
        assert mark("imp-1:1") in made["content"]
        assert "entities_id" not in made

    async def test_an_id_that_is_none_goes_to_no_address(self) -> None:
        async with open_desk(GLPI) as desk:
            with pytest.raises(RemoteFailed, match="these are whole numbers"):
                await desk.open().outcome("1/../../Ticket/2")
            assert desk.listener.requests == []


class TestReadTold:
    def item(self, **values: Any) -> dict[str, Any]:
        return {"id": 15, "name": "IMP-1", "content": f"<p>{mark('imp-1:1')}</p>", **values}

    def test_a_status_comes_with_its_name_and_a_time_with_its_zone(self) -> None:
        item = self.item(status={"id": 5, "name": "Applied"}, date_mod="2024-03-04T12:00:00+02:00")
        told = read_told({"event": "update", "item": item}, {}, UTC)
        assert told is not None
        assert (told.correlation_id, told.external_id, told.word) == ("imp-1:1", "15", "5")
        assert told.outcome == ChangeOutcome("implemented", after(60))

    def test_a_deleted_change_has_failed(self) -> None:
        told = read_told({"event": "delete", "item": self.item()}, {}, UTC)
        assert told is not None
        assert told.outcome == ChangeOutcome("failed", None, "the change was deleted in GLPI")

    def test_a_record_without_our_mark_tells_of_no_change(self) -> None:
        """A ticket may have the number of one of our changes."""
        assert read_told({"event": "update", "item": {"id": 15, "content": "VPN", "status": 5}}, {}, UTC) is None

    def test_ours_without_a_status_is_named(self) -> None:
        with pytest.raises(Unmappable, match="status: is missing"):
            read_told({"event": "update", "item": self.item()}, {}, UTC)


class TestIncidents:
    """GLPI 11's webhooks as tickets."""

    CONFIG = SourceConfig("desk", UTC)

    def event(self, **item: Any) -> dict[str, Any]:
        told = {"id": 15, "type": 1, "name": "VPN down", "content": "", "status": {"id": 2, "name": "Processing"}}
        times = {"date": "2024-03-04T09:00:00+00:00", "date_mod": "2024-03-04T11:00:00+02:00"}
        return {"event": "update", "item": {**told, **times, **item}}

    def test_reads_what_the_item_says(self) -> None:
        team = [
            {"type": "User", "role": "requester", "name": "cust"},
            {"type": "Group", "role": "assigned", "name": "Network"},
            {"type": "User", "role": "assigned", "name": "ann", "display_name": "Ann"},
        ]
        entity, category = {"id": 1, "completename": "Root > ACME"}, {"id": 2, "name": "VPN"}
        payload = self.event(type=2, team=team, entity=entity, category=category, priority=6)
        (facts,) = map_event(payload, self.CONFIG).facts
        assert (facts.external_id, facts.kind, facts.state, facts.updated_at) == (
            "15",
            "request",
            "in_progress",
            after(0),
        )
        assert (facts.group, facts.resolver, facts.customer) == ("Network", "Ann", "Root > ACME")
        assert (facts.category, facts.priority) == ("VPN", "major")

    def test_a_change_a_followup_or_a_task_is_no_ticket(self) -> None:
        for item in ({"id": 3, "status": {"id": 1}}, {"id": 4, "content": "called back"}):
            reading = map_event({"event": "new", "item": item}, self.CONFIG)
            assert (reading.facts, "choose the item type Ticket" in (reading.ignored or "")) == ((), True)

    def test_a_deleted_ticket_is_cancelled_unless_it_was_resolved(self) -> None:
        (facts,) = map_event({**self.event(), "event": "delete"}, self.CONFIG).facts
        assert facts.state == "cancelled"
        solved = {**self.event(status={"id": 5, "name": "Solved"}), "event": "delete"}
        assert map_event(solved, self.CONFIG).facts == ()

    def test_our_own_change_request_is_no_incident(self) -> None:
        reading = map_event(self.event(content=f"&#60;p&#62;{mark('imp-1:1')}&#60;/p&#62;"), self.CONFIG)
        assert "our own change request imp-1:1" in (reading.ignored or "")


async def test_one_that_is_slow_is_given_up_and_closed_all_the_same() -> None:
    """All requests together are within the timeout: nobody waits longer for GLPI than for others."""
    fake = GLPI.make()

    def answer(asked: Asked) -> Answer:
        told = fake.answer(asked)
        return Answer(told.status, told.body, delay_seconds=30.0) if asked.path.endswith("/search/Change") else told

    async with listening(answer) as listener:
        with pytest.raises(RemoteFailed, match=r"no answer within 0\.5 s"):
            await GLPI.open(listener.url, timeout_seconds=0.5).find("imp-1:1")
    assert (fake.opened, fake.sessions) == (1, set())
