"""Change requests in ServiceNow: its strings and zones, its templates, and its habit of answering everything."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.changes import ChangeOutcome
from shared.ticketing.facts import Unmappable
from shared.ticketing.servicenow.change_mapper import STATES, make_record, read_outcome, read_told
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.fake_servicenow import LABELS, TEMPLATE
from tests.shared.ticketing.payloads import genuine, needs_payloads
from tests.shared.ticketing.sink_cases import SERVICENOW
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request

UTC = ZoneInfo("UTC")


def change(**values: str) -> dict[str, Any]:
    return {"number": "CHG0030001", "sys_class_name": "change_request", "state": "-5", **values}


class TestMakeRecord:
    def test_names_all_that_change_management_has_a_field_for(self) -> None:
        record = make_record(make_request(impact="low", planned_end="2016-04-02"), {"assignment_group": "Board"})
        assert (record["correlation_id"], record["correlation_display"]) == ("imp-1:1", "ratchet")
        assert (record["justification"], record["implementation_plan"]) == ("nobody there", "hire")
        assert (record["risk_impact_analysis"], record["assignment_group"]) == ("low", "Board")
        assert (record["start_date"], record["end_date"]) == ("2016-04-01 00:00:00", "2016-04-02 23:59:59")

    def test_further_fields_win_except_over_our_id(self) -> None:
        record = make_record(make_request(), {"short_description": "x", "correlation_id": "theirs"})
        assert (record["short_description"], record["correlation_id"]) == ("x", "imp-1:1")


class TestKinds:
    @pytest.mark.parametrize(
        ("options", "path"),
        [
            ({}, "/change/normal"),
            ({"kind": "emergency"}, "/change/emergency"),
            ({"kind": "standard", "template": TEMPLATE}, f"/change/standard/{TEMPLATE}"),
            ({"kind": "model", "template": TEMPLATE}, "/change"),
        ],
        ids=lambda value: value.get("kind", "normal") if isinstance(value, dict) else None,
    )
    async def test_each_has_its_address(self, options: dict[str, str], path: str) -> None:
        async with open_desk(SERVICENOW) as desk:
            sink = desk.open(options=options)
            raised = await sink.raise_change(make_request())
            assert desk.listener.requests[-1].path == f"/api/sn_chg_rest/v1{path}"
            assert all(finding.ok for finding in await sink.check())
            if options.get("kind") == "model":
                assert desk.fake.changes[raised.external_id]["chg_model"] == TEMPLATE


class TestFind:
    async def test_a_template_that_sets_no_id_is_found_by_the_mark(self) -> None:
        async with open_desk(SERVICENOW) as desk:
            raised = await desk.open().raise_change(make_request())
            desk.fake.changes[raised.external_id]["correlation_id"] = ""
            assert await desk.open().find("imp-1:1") == raised

    async def test_a_query_that_is_not_understood_finds_no_wrong_one(self) -> None:
        async with open_desk(SERVICENOW) as desk:
            await desk.open().raise_change(make_request("imp-2:1"))
            desk.fake.may_read_ids = False
            assert await desk.open().find("imp-1:1") is None
            failed = [finding for finding in await desk.open().check() if not finding.ok]
        assert ["let this user read that field" in finding.detail for finding in failed] == [True]


class TestReadOutcome:
    def test_a_time_is_read_in_the_connections_zone(self) -> None:
        record = change(state="3", close_code="successful", work_end="2024-07-01 12:00:00")
        outcome = read_outcome(record, {}, ZoneInfo("Europe/Vienna"))
        assert outcome is not None
        assert outcome.implemented_at is not None
        assert outcome.implemented_at.isoformat() == "2024-07-01T10:00:00+00:00"

    def test_closed_without_work_end_was_done_when_it_was_closed(self) -> None:
        record = change(state="3", work_end="", closed_at="2024-03-04 10:00:00")
        assert read_outcome(record, {}, UTC) == ChangeOutcome("implemented", after(60))

    def test_every_state_of_the_desk_is_known(self) -> None:
        for value, label in LABELS.items():
            assert STATES[value] == STATES[label.lower()]

    @pytest.mark.parametrize("record", [change(state=""), {"number": "CHG1"}, [], "x"])
    def test_what_has_no_state_is_named(self, record: Any) -> None:
        with pytest.raises(Unmappable, match=r"state: is missing|must be an object"):
            read_outcome(record, {}, UTC)


class TestReadTold:
    def test_a_closed_change_as_a_business_rule_posts_it(self) -> None:
        record = change(correlation_id="imp-1:1", state="3", close_code="unsuccessful", close_notes="rolled back")
        told = read_told({"result": record}, {}, UTC)
        assert told is not None
        assert (told.correlation_id, told.external_id, told.word) == ("imp-1:1", "CHG0030001", "unsuccessful")
        assert told.outcome == ChangeOutcome("failed", None, "rolled back")

    def test_an_old_close_note_is_no_reason_for_a_refused_approval(self) -> None:
        told = read_told(change(approval="rejected", close_notes="of the first try"), {}, UTC)
        assert told is not None
        assert told.outcome == ChangeOutcome("failed", None, "ServiceNow says 'rejected'")

    def test_a_change_without_number_is_named(self) -> None:
        with pytest.raises(Unmappable, match="number: is missing"):
            read_told({"sys_class_name": "change_request", "state": "3"}, {}, UTC)

    @needs_payloads
    @pytest.mark.parametrize("name", ["GET_now_table_tableName_sys_id__02", "PATCH_now_table_tableName_sys_id__03"])
    def test_an_incident_tells_of_no_change(self, name: str) -> None:
        assert read_told(genuine(f"servicenow/table__Table_{name}.json"), {}, UTC) is None
