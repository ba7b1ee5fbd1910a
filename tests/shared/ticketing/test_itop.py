"""iTop: failures inside HTTP 200, HTML, queries of its own, and its webhook action."""

from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import orjson
import pytest

from shared.ticketing.change_mapping import describe_html
from shared.ticketing.changes import ChangeOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.itop.change_mapper import make_fields, read_told
from shared.ticketing.itop.client import quoted
from shared.ticketing.itop.mapper import map_object
from shared.ticketing.itop.source import open_itop
from shared.ticketing.sources import PollConfig, Position, SourceConfig
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.listener import Answer, listening
from tests.shared.ticketing.sink_cases import ITOP
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request

UTC = ZoneInfo("UTC")


class TestFailures:
    @pytest.mark.parametrize(
        ("code", "lasting"),
        [(1, True), (5, True), (6, True), (10, True), (11, True), (100, False), (99, False)],
    )
    async def test_a_code_that_is_not_zero_is_a_failure_with_its_message(self, code: int, lasting: bool) -> None:
        answer = Answer(200, {"code": code, "message": "Error: no\nwindow"})
        async with listening(lambda _: answer) as listener:
            with pytest.raises(RemoteFailed, match=f"core/create with code {code}.*: Error: no window") as failed:
                await ITOP.open(listener.url).raise_change(make_request())
        assert failed.value.is_lasting is lasting

    async def test_an_object_that_was_refused_is_no_change(self) -> None:
        refused = {"code": 1, "message": "frozen", "class": "NormalChange", "key": "1", "fields": {}}
        answer = Answer(200, {"code": 0, "message": "", "objects": {"NormalChange::1": refused}})
        async with listening(lambda _: answer) as listener:
            with pytest.raises(RemoteFailed, match="iTop refused it: frozen"):
                await ITOP.open(listener.url).raise_change(make_request())

    @pytest.mark.parametrize("objects", [None, {}, {"NormalChange::1": {}}, {"NormalChange::1": 3}], ids=str)
    async def test_an_answer_without_a_whole_object_is_no_success(self, objects: Any) -> None:
        answer = Answer(200, {"code": 0, "message": "", "objects": objects})
        async with listening(lambda _: answer) as listener:
            with pytest.raises(RemoteFailed):
                await ITOP.open(listener.url).raise_change(make_request())


class TestFields:
    def test_an_organization_is_named_or_numbered(self) -> None:
        assert make_fields(make_request(), "Demo", {})["org_id"] == {"name": "Demo"}
        assert make_fields(make_request(), "3", {})["org_id"] == 3

    def test_further_fields_win_except_over_the_mark(self) -> None:
        fields = make_fields(make_request(), "Demo", {"title": "x", "description": "y", "reason": "z"})
        assert (fields["title"], fields["reason"]) == ("x", "z")
        assert "[ratchet:imp-1:1]" in fields["description"]

    def test_text_stays_text(self) -> None:
        told = describe_html(make_request(problem="<script>alert(1)</script>\nA & B"))
        assert "<p>&lt;script&gt;alert(1)&lt;/script&gt;<br/>A &amp; B</p>" in told

    def test_a_quote_stays_within_its_text(self) -> None:
        assert quoted("a'b\\") == "'a\\'b\\\\'"

    async def test_the_fields_of_the_connection_are_filled_in(self) -> None:
        async with open_desk(ITOP) as desk:
            sink = desk.open(options={"fields": {"reason": "${number} for ${approved_by}"}, "organization": "3"})
            raised = await sink.raise_change(make_request())
            assert ITOP.records(desk.fake)[raised.external_id]["reason"] == "IMP-000001 for sven"


async def test_a_token_goes_by_its_own_header() -> None:
    async with open_desk(ITOP) as desk:
        sink: Any = desk.open()
        object.__setattr__(sink._config.access, "authentication", "bearer")
        with pytest.raises(RemoteFailed, match="Invalid login"):
            await sink.find("imp-1:1")
        assert desk.listener.requests[-1].headers["auth-token"] == "robot:secret"


async def test_of_two_with_the_same_mark_the_older_is_ours() -> None:
    async with open_desk(ITOP) as desk:
        first = await desk.open().raise_change(make_request())
        for _ in range(9):
            await desk.open().raise_change(make_request())
        assert await desk.open().find("imp-1:1") == first


class TestReadTold:
    def test_as_core_get_gives_it(self) -> None:
        fields = {"ref": "C-000001", "status": "closed", "close_date": "2024-03-04 10:00:00"}
        told = read_told({"class": "RoutineChange", "key": "1", "fields": fields}, {}, UTC)
        assert told is not None
        assert (told.external_id, told.word) == ("C-000001", "closed")
        assert told.outcome == ChangeOutcome("implemented", after(60))

    def test_another_class_tells_of_no_change(self) -> None:
        assert read_told({"class": "Incident", "ref": "I-1", "status": "closed"}, {}, UTC) is None
        assert read_told({"ref": "I-1", "status": "closed"}, {}, UTC) is None

    def test_a_change_without_ref_is_named(self) -> None:
        with pytest.raises(Unmappable, match=r"ref: is missing; let the webhook's payload hold"):
            read_told({"finalclass": "NormalChange", "status": "closed"}, {}, UTC)

    def test_a_change_without_status_is_named(self) -> None:
        with pytest.raises(Unmappable, match="status: is missing"):
            read_told({"finalclass": "NormalChange", "ref": "C-000001"}, {}, UTC)


class TestIncidents:
    """iTop's objects as tickets."""

    CONFIG = SourceConfig("desk", ZoneInfo("Europe/Vienna"))

    def fields(self, **values: Any) -> dict[str, Any]:
        times = {"start_date": "2024-03-04 10:00:00", "last_update": "2024-03-04 11:00:00"}
        return {"ref": "I-000007", "finalclass": "Incident", "status": "assigned", **times, **values}

    def test_reads_what_the_fields_say(self) -> None:
        fields = self.fields(
            status="resolved",
            resolution_date="2024-03-04 11:00:00",
            assignment_date="2024-03-04 10:10:00",
            ttr_escalation_deadline="2024-03-04 10:30:00",
            sla_ttr_passed="yes",
            priority="1",
            service_name="VPN",
            org_name="ACME",
            team_name="Network",
            agent_name="Ann",
            resolution_code="restart",
        )
        (facts,) = map_object({"class": "Incident", "key": "7", "fields": fields}, self.CONFIG).facts
        assert (facts.external_id, facts.state, facts.kind) == ("I-000007", "resolved", "incident")
        assert (facts.opened_at, facts.responded_at, facts.resolved_at) == (after(0), after(10), after(60))
        assert (facts.due_at, facts.sla_met, facts.reported_resolved_at) == (after(30), False, after(60))
        assert (facts.priority, facts.service, facts.customer) == ("critical", "VPN", "ACME")
        assert (facts.group, facts.resolver, facts.cause) == ("Network", "Ann", "restart")

    def test_a_reopened_one_has_no_resolution_whatever_it_keeps(self) -> None:
        (facts,) = map_object(
            self.fields(resolution_date="2024-03-04 10:30:00", sla_ttr_passed="no"), self.CONFIG
        ).facts
        assert (facts.state, facts.resolved_at, facts.reported_resolved_at, facts.sla_met) == (
            "in_progress",
            None,
            None,
            None,
        )
        assert facts.has_resolution_field

    @pytest.mark.parametrize(
        ("name", "kind", "expected"),
        [("UserRequest", None, "request"), ("UserRequest", "incident", "incident"), ("Incident", None, "incident")],
    )
    def test_a_user_request_is_a_request_unless_it_says_otherwise(
        self, name: str, kind: str | None, expected: str
    ) -> None:
        (facts,) = map_object(self.fields(finalclass=name, request_type=kind), self.CONFIG).facts
        assert facts.kind == expected

    def test_changes_and_problems_are_no_incidents(self) -> None:
        for name in ("NormalChange", "Problem"):
            assert f"a {name} is no incident" in (map_object(self.fields(finalclass=name), self.CONFIG).ignored or "")

    def test_our_own_change_request_is_no_incident(self) -> None:
        own = self.fields(description=describe_html(make_request()))
        assert "our own change request imp-1:1" in (map_object(own, self.CONFIG).ignored or "")

    @pytest.mark.parametrize(
        ("narrowing", "query"),
        [
            (None, "SELECT Incident WHERE last_update >= '2024-03-04 10:00:00'"),
            ("org_id = 3", "SELECT Incident WHERE (org_id = 3) AND last_update >= '2024-03-04 10:00:00'"),
            ("SELECT UserRequest", "SELECT UserRequest WHERE last_update >= '2024-03-04 10:00:00'"),
            (
                "select UserRequest where request_type = 'incident'",
                "SELECT UserRequest WHERE (request_type = 'incident') AND last_update >= '2024-03-04 10:00:00'",
            ),
        ],
    )
    async def test_a_filter_narrows_or_names_another_class(self, narrowing: str | None, query: str) -> None:
        """A time goes out by the clock of iTop's server."""
        async with listening(lambda _: Answer(200, {"code": 0, "message": "Found: 0", "objects": None})) as listener:
            poll = PollConfig(listener.url, "basic", "robot:secret", narrowing)
            page = await open_itop(SourceConfig("desk", ZoneInfo("Europe/Vienna"), poll=poll)).poll(Position(after(0)))
        (asked,) = listener.requests
        assert orjson.loads(parse_qs(asked.body.decode())["json_data"][0])["key"] == query
        assert (page.elements, page.is_last) == ([], True)
