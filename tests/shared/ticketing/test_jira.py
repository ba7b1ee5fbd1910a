"""Jira's own payloads: what they say, whichever of Cloud and Server says it."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.metrics.tickets import rules
from shared.ids import new_id
from shared.ticketing.facts import TicketFacts, Unmappable
from shared.ticketing.jira.mapper import map_event
from shared.ticketing.sources import SourceConfig
from tests.shared.ticketing.payloads import genuine, needs_payloads

CONFIG = SourceConfig("jira", ZoneInfo("Asia/Shanghai"))


def read(payload: Any, config: SourceConfig = CONFIG) -> TicketFacts:
    (facts,) = map_event(payload, config).facts
    return facts


def issue(**fields: Any) -> dict[str, Any]:
    given = {
        "created": "2026-03-02T09:00:00.000+0000",
        "updated": "2026-03-02T10:00:00.000+0000",
        "status": {"name": "In Progress", "statusCategory": {"key": "indeterminate"}},
        "resolution": None,
        **fields,
    }
    return {"webhookEvent": "jira:issue_updated", "issue": {"key": "A-1", "fields": given}}


@needs_payloads
class TestGenuinePayloads:
    def test_cloud_calls_generic_what_server_calls_resolved(self) -> None:
        cloud = genuine("jira/webhook-issue-updated-resolved.json")
        server = genuine("jira/webhook-server-issue-updated-resolved.json")
        names = cloud["issue_event_type_name"], server["issue_event_type_name"]
        assert names == ("issue_generic", "issue_resolved")
        assert (read(cloud).state, read(server).state) == ("resolved", "resolved")
        assert read(cloud).resolved_at == datetime(2019, 2, 16, 3, 15, 40, 470_000, UTC)
        assert read(server).resolved_at == datetime(2019, 8, 12, 23, 23, 1, 890_000, UTC)

    def test_who_set_the_resolution_is_the_resolver(self) -> None:
        server = genuine("jira/webhook-server-issue-updated-resolved.json")
        assert server["issue"]["fields"]["assignee"] is None
        assert read(server).resolver == "Test User"
        assert read(genuine("jira/webhook-issue-updated-assigned.json")).resolver == "Test User"
        assert read(genuine("jira/webhook-issue-created.json")).resolver is None

    @pytest.mark.parametrize(
        ("name", "state"),
        [
            ("jira/webhook-issue-updated-reopened.json", "new"),
            ("jira/webhook-server-issue-updated-reopened.json", "in_progress"),
        ],
    )
    def test_a_reopened_issue_has_no_resolution_time(self, name: str, state: str) -> None:
        payload = genuine(name)
        assert payload["issue"]["fields"]["resolutiondate"] is None
        facts = read(payload)
        assert (facts.state, facts.resolved_at, facts.cause) == (state, None, None)

    def test_the_story_of_one_issue(self) -> None:
        """Created, resolved, reopened, assigned, priority raised: one resolution, one reopen (R59)."""
        names = ("created", "updated-resolved", "updated-reopened", "updated-assigned", "updated-raised-priority")
        told = [read(genuine(f"jira/webhook-issue-{name}.json")) for name in names]
        assert {facts.external_id for facts in told} == {"TES-41"}
        ticket, happened = rules.begin(new_id(), told[0]), []
        for facts in (*told, *reversed(told)):
            ticket, changes = rules.apply(ticket, facts)
            happened += [change.happening for change in changes]
        assert happened == ["opened", "resolved", "reopened"]
        assert (ticket.state, ticket.resolved_at, ticket.reopen_count) == ("new", None, 1)

    def test_takes_what_a_report_needs(self) -> None:
        facts = read(genuine("jira/webhook-issue-created.json"))
        assert facts.opened_at == facts.updated_at == datetime(2019, 2, 16, 3, 1, 52, 971_000, UTC)
        described = (facts.title, facts.priority, facts.service, facts.project, facts.customer, facts.kind)
        assert described == ("Unit test summary", "High", "COMP-1", "TES", "Test User", "incident")

    def test_a_comment_tells_nothing_and_is_no_mistake(self) -> None:
        reading = map_event(genuine("jira/webhook-server-comment-created.json"), CONFIG)
        assert reading.facts == ()
        assert reading.ignored == "comment_created tells nothing of an issue's state"

    def test_a_deleted_issue_that_was_open_is_cancelled_then(self) -> None:
        payload = genuine("jira/webhook-issue-deleted.json")
        facts = read(payload)
        assert (facts.external_id, facts.state) == ("IDT-19", "cancelled")
        assert facts.updated_at == datetime(2019, 7, 3, 18, 5, 36, 176_000, UTC)

    def test_a_deleted_issue_that_was_resolved_stays_so(self) -> None:
        payload = genuine("jira/webhook-issue-updated-resolved.json") | {"webhookEvent": "jira:issue_deleted"}
        reading = map_event(payload, CONFIG)
        assert (reading.facts, "resolution stays" in (reading.ignored or "")) == ((), True)


class TestMapEvent:
    def test_done_without_a_resolution_is_not_resolved(self) -> None:
        done = {"name": "Done", "statusCategory": {"key": "done"}}
        assert read(issue(status=done)).state == "in_progress"
        assert read(issue(status=done, resolution={"name": "Fixed"})).state == "resolved"

    def test_an_old_server_that_knows_no_categories_is_read_by_its_names(self) -> None:
        told = [read(issue(status={"name": name}, resolution={"name": "Fixed"})).state for name in ("Open", "Resolved")]
        assert told == ["new", "resolved"]

    def test_a_resolution_that_was_left_behind_by_a_reopen_is_none(self) -> None:
        facts = read(issue(resolution={"name": "Fixed"}, resolutiondate="2026-03-02T09:30:00.000+0000"))
        assert (facts.state, facts.resolved_at) == ("in_progress", None)

    def test_closed_is_resolved_too_where_jira_says_when(self) -> None:
        closed = {"name": "Closed", "statusCategory": {"key": "done"}}
        facts = read(issue(status=closed, resolution={"name": "Fixed"}, resolutiondate="2026-03-02T09:30:00.000+0000"))
        ticket, changes = rules.apply(rules.begin(new_id(), facts), facts)
        assert [change.happening for change in changes] == ["opened", "resolved", "closed"]
        assert ticket.resolved_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def test_a_date_is_due_when_its_day_ends_by_the_connections_clock(self) -> None:
        assert read(issue(duedate="2026-03-05")).due_at == datetime(2026, 3, 5, 16, 0, tzinfo=UTC)

    def test_the_bare_issue_of_an_automation_rule_is_taken(self) -> None:
        assert read(issue()["issue"]).external_id == "A-1"

    def test_service_managements_kinds_are_known(self) -> None:
        assert read(issue(issuetype={"name": "[System] Service request"})).kind == "request"
        assert read(issue(issuetype={"name": "Problem"})).kind == "problem"
        assert read(issue(issuetype={"name": "Bug"})).kind == "incident"

    def test_what_is_too_long_is_cut(self) -> None:
        facts = read(issue(summary="x" * 5000, priority={"name": "p" * 300}))
        assert (len(facts.title or ""), len(facts.priority or "")) == (1000, 200)

    @pytest.mark.parametrize(
        ("fields", "says"),
        [
            ({"created": None}, "opened_at"),
            ({"updated": "yesterday"}, "updated: 'yesterday' is no time"),
            ({"duedate": "soon"}, "duedate: 'soon' is no date"),
            ({"status": {"name": "Odd"}}, "'odd' is none of the states"),
        ],
    )
    def test_what_is_wrong_is_named(self, fields: dict[str, Any], says: str) -> None:
        with pytest.raises(Unmappable, match=says):
            read(issue(**fields))
