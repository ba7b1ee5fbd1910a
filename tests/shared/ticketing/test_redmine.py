"""What a running Redmine 5.0.4 told."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.metrics.tickets import rules
from shared.ids import new_id
from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.redmine.mapper import map_issue
from shared.ticketing.sources import SourceConfig
from tests.shared.ticketing.payloads import PAYLOADS, genuine, needs_payloads

CONFIG = SourceConfig("redmine", ZoneInfo("UTC"))
CAPTURED_AT = datetime(2026, 11, 21, 1, 41, 43, tzinfo=UTC)


def happenings(told: tuple[TicketFacts, ...]) -> list[str]:
    ticket = rules.begin(new_id(), told[0])
    happened: list[str] = []
    for facts in (*told, *told):
        ticket, changes = rules.apply(ticket, facts)
        happened += [change.happening for change in changes]
    return happened


def issue(*changes: tuple[str, str, str], status: int = 1, name: str = "New", **values: Any) -> dict[str, Any]:
    journals = [
        {
            "id": number,
            "created_on": f"2026-03-02T{at}Z",
            "user": {"name": "ann"},
            "details": [{"property": "attr", "name": "status_id", "old_value": old, "new_value": new}],
        }
        for number, (old, new, at) in enumerate(changes, 1)
    ]
    return {
        "issue": {
            "id": 7,
            "status": {"id": status, "name": name},
            "created_on": "2026-03-02T09:00:00Z",
            "updated_on": "2026-03-02T12:00:00Z",
            "journals": journals,
            **values,
        }
    }


@needs_payloads
class TestGenuinePayloads:
    def test_journals_of_one_second_are_told_in_order(self) -> None:
        """Opened, resolved and closed at 01:41:43, by journals 1 and 2."""
        facts = map_issue(genuine("redmine/get_issue_with_journals.json"), CONFIG).facts
        assert [(item.state, item.update_number) for item in facts] == [("new", 0), ("resolved", 1), ("closed", 2)]
        assert {item.updated_at for item in facts} == {CAPTURED_AT}
        assert happenings(facts) == ["opened", "resolved", "closed"]

    def test_resolved_is_not_closed(self) -> None:
        facts = map_issue(genuine("redmine/get_issue_with_journals.json"), CONFIG).facts
        assert (facts[1].state, facts[1].resolved_at, facts[1].closed_at) == ("resolved", CAPTURED_AT, None)

    def test_takes_what_a_report_needs(self) -> None:
        last = map_issue(genuine("redmine/get_issue_with_journals.json"), CONFIG).facts[-1]
        assert (last.external_id, last.title, last.priority) == ("1", "Improve DB failover", "High")
        assert (last.project, last.customer, last.resolver) == ("IT Service Desk", "Redmine Admin", "Redmine Admin")

    def test_an_issue_without_journals_is_as_it_is(self) -> None:
        answer = (PAYLOADS / "redmine" / "create_issue_response.http").read_text()
        body = answer[answer.index('{"issue"') :]
        (facts,) = map_issue(json.loads(body), CONFIG).facts
        assert (facts.state, facts.opened_at, facts.updated_at) == ("new", CAPTURED_AT, CAPTURED_AT)


class TestMapIssue:
    def test_closing_what_nobody_resolved_resolves_it(self) -> None:
        """R59: every handled incident gets a callback, also where the desk knows no state Resolved."""
        facts = map_issue(issue(("1", "5", "11:00:00"), status=5, name="Closed"), CONFIG).facts
        assert happenings(facts) == ["opened", "resolved", "closed"]
        assert facts[-1].resolved_at == datetime(2026, 3, 2, 11, 0, tzinfo=UTC)

    def test_rejecting_is_no_resolution(self) -> None:
        facts = map_issue(issue(("1", "6", "11:00:00"), status=6, name="Rejected"), CONFIG).facts
        assert happenings(facts) == ["opened", "closed"]
        assert facts[-1].state == "cancelled"

    def test_what_a_number_is_called_counts_where_it_is_known(self) -> None:
        """Here 3 is `Feedback`, which is Resolved in a fresh Redmine."""
        statuses = [{"id": 1, "name": "New"}, {"id": 3, "name": "Feedback"}]
        told = {**issue(("1", "3", "11:00:00"), status=3, name="Feedback"), "statuses": statuses}
        assert [item.state for item in map_issue(told, CONFIG).facts] == ["new", "pending", "pending"]

    def test_chinese_statuses_are_known(self) -> None:
        assert map_issue(issue(status=3, name="已解决"), CONFIG).facts[-1].state == "resolved"

    def test_a_number_that_nobody_names_is_mapped_by_the_connection(self) -> None:
        told = issue(("1", "12", "11:00:00"), ("12", "1", "11:30:00"))
        with pytest.raises(Unmappable, match="'12' is none of the states"):
            map_issue(told, CONFIG)
        config = SourceConfig("redmine", ZoneInfo("UTC"), states={"12": "pending"})
        assert [item.state for item in map_issue(told, config).facts][:3] == ["new", "pending", "new"]

    def test_a_journal_of_something_else_is_no_change(self) -> None:
        told = issue()
        told["issue"]["journals"] = [{"id": 4, "created_on": "2026-03-02T10:00:00Z", "notes": "hello", "details": []}]
        facts = map_issue(told, CONFIG).facts
        assert [(item.state, item.update_number) for item in facts] == [("new", 0), ("new", 4)]

    def test_a_custom_field_is_found_by_its_name(self) -> None:
        config = SourceConfig("redmine", ZoneInfo("UTC"), field_map={"service": "issue.custom_fields.Service.value"})
        told = issue(
            custom_fields=[{"id": 1, "name": "Other", "value": "x"}, {"id": 2, "name": "Service", "value": "m"}]
        )
        assert map_issue(told, config).facts[-1].service == "m"

    def test_a_due_date_ends_with_its_day(self) -> None:
        config = SourceConfig("redmine", ZoneInfo("Asia/Shanghai"))
        facts = map_issue(issue(due_date="2026-03-05"), config).facts
        assert facts[-1].due_at == datetime(2026, 3, 5, 16, 0, tzinfo=UTC)
