"""ServiceNow's own records: text, references, and verdicts that settle late."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.servicenow.mapper import map_record
from shared.ticketing.sources import SourceConfig
from tests.shared.ticketing.payloads import genuine, needs_payloads

CONFIG = SourceConfig("now", ZoneInfo("UTC"))


def read(payload: Any, config: SourceConfig = CONFIG) -> TicketFacts:
    (facts,) = map_record(payload, config).facts
    return facts


def record(**values: Any) -> dict[str, Any]:
    return {
        "number": "INC1",
        "incident_state": "2",
        "opened_at": "2026-03-02 09:00:00",
        "sys_updated_on": "2026-03-02 11:00:00",
        **values,
    }


@needs_payloads
class TestGenuinePayloads:
    def test_a_new_record(self) -> None:
        facts = read(genuine("servicenow/table__Table_POST_now_table_tableName__04.json"))
        assert (facts.external_id, facts.state, facts.update_number) == ("INC0010002", "new", 0)
        assert facts.opened_at == facts.updated_at == datetime(2016, 1, 22, 14, 28, 24, tzinfo=UTC)
        assert (facts.title, facts.priority, facts.category) == ("Unable to connect to office wifi", "3", "inquiry")
        assert (facts.group, facts.reported_reopen_count) == ("287ebd7da9fe198100f92cc8d1d2154e", 0)

    def test_empty_text_is_null(self) -> None:
        facts = read(genuine("servicenow/table__Table_POST_now_table_tableName__04.json"))
        nothing = (facts.customer, facts.service, facts.resolver, facts.due_at, facts.closed_at)
        assert nothing == (None,) * 5

    def test_a_reference_is_what_it_refers_to(self) -> None:
        facts = read(genuine("servicenow/table__Table_PATCH_now_table_tableName_sys_id__03.json"))
        assert facts.state == "in_progress"
        assert facts.service == "281190e3c0a8000b003f593aa3f20ca6"
        assert facts.customer == "31bea3d53790200044e0bfc8bcbe5dec"
        assert facts.resolver == "681b365ec0a80164000fb0b05854a0cd"

    def test_made_sla_of_an_open_record_says_nothing(self) -> None:
        """Three records, open, of which one says `false` and two `true`."""
        names = ("GET_now_table_tableName_sys_id__02", "PATCH_now_table_tableName_sys_id__03")
        told = [genuine(f"servicenow/table__Table_{name}.json") for name in names]
        assert [payload["result"]["made_sla"] for payload in told] == ["false", "true"]
        assert [read(payload).sla_met for payload in told] == [None, None]

    def test_an_opening_typed_in_later_than_the_last_update_is_kept(self) -> None:
        facts = read(genuine("servicenow/table__Table_GET_now_table_tableName_sys_id__02.json"))
        assert facts.opened_at == datetime(2015, 11, 2, 22, 4, 15, tzinfo=UTC)
        assert facts.updated_at == datetime(2015, 11, 1, 22, 37, 27, tzinfo=UTC)
        assert facts.due_at == datetime(2015, 11, 11, 22, 4, 15, tzinfo=UTC)

    def test_times_are_those_of_the_connections_zone(self) -> None:
        payload = genuine("servicenow/table__Table_POST_now_table_tableName__04.json")
        facts = read(payload, SourceConfig("now", ZoneInfo("Asia/Shanghai")))
        assert facts.opened_at == datetime(2016, 1, 22, 6, 28, 24, tzinfo=UTC)

    def test_a_change_request_is_no_record(self) -> None:
        with pytest.raises(Unmappable, match="number: is missing"):
            map_record(genuine("servicenow/chg_POST_request.json"), CONFIG)


class TestMapRecord:
    @pytest.mark.parametrize(
        ("state", "made", "verdict"),
        [("6", "false", None), ("7", "false", False), ("7", "true", True), ("7", "", None)],
    )
    def test_the_verdict_counts_once_it_is_closed(self, state: str, made: str, verdict: bool | None) -> None:
        assert read(record(incident_state=state, made_sla=made)).sla_met is verdict

    def test_six_is_resolved_and_seven_is_closed(self) -> None:
        facts = read(record(incident_state="6", resolved_at="2026-03-02 10:55:00", resolved_by={"value": "ann"}))
        assert (facts.state, facts.resolved_at, facts.closed_at) == (
            "resolved",
            datetime(2026, 3, 2, 10, 55, tzinfo=UTC),
            None,
        )
        assert (facts.resolver, facts.reported_resolved_at) == ("ann", facts.resolved_at)
        assert read(record(incident_state="7", closed_at="2026-03-02 11:00:00")).closed_at == facts.updated_at

    def test_a_resolution_time_left_behind_by_a_reopen_is_none(self) -> None:
        facts = read(record(incident_state="2", resolved_at="2026-03-02 10:55:00"))
        assert (facts.state, facts.resolved_at, facts.reported_resolved_at) == ("in_progress", None, None)

    def test_a_display_value_is_shown_and_the_value_counts(self) -> None:
        shown = {"display_value": "3 - Moderate", "value": "3"}
        state = {"display_value": "Resolved", "value": "6"}
        facts = read(
            record(priority=shown, incident_state=state, caller_id={"display_value": "Ann Lee", "value": "a1"})
        )
        assert (facts.priority, facts.state, facts.customer) == ("3 - Moderate", "resolved", "Ann Lee")

    def test_a_label_is_as_good_as_its_number(self) -> None:
        assert read(record(incident_state="Awaiting Vendor")).state == "pending"
        assert read(record(incident_state="", state="6")).state == "resolved"

    @pytest.mark.parametrize(
        ("values", "says"),
        [
            ({"number": ""}, "number: is missing or empty"),
            ({"incident_state": "-100"}, "'-100' is none of the states known: 1, 2"),
            ({"opened_at": "02/03/2026"}, "opened_at: '02/03/2026' is no time"),
            ({"sys_mod_count": "many"}, "sys_mod_count: 'many' is no whole number"),
        ],
    )
    def test_what_is_wrong_is_named(self, values: dict[str, Any], says: str) -> None:
        with pytest.raises(Unmappable, match=says):
            read(record(**values))

    def test_the_class_says_what_kind_it_is(self) -> None:
        assert read(record(sys_class_name="sc_req_item")).kind == "request"
        assert read(record(sys_class_name="change_request")).kind == "change"
