"""Change requests and reopened incidents in Redmine 5: each shape was heard from a running one. What it has in common
with others is in the suites of all systems and of plain tickets."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.ticketing.access import Access
from shared.ticketing.changes import ChangeOutcome, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.redmine.change_mapper import make_issue
from shared.ticketing.redmine.changes import RedmineOptions
from shared.ticketing.redmine.reopening import open_redmine_reopener
from shared.ticketing.sources import NotProven, SourceConfig
from tests.shared.ticketing.desks import after
from tests.shared.ticketing.fake_redmine import KEY
from tests.shared.ticketing.sink_cases import REDMINE
from tests.shared.ticketing.sink_desk import Desk, open_desk
from tests.shared.ticketing.test_changes import make_request


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk(REDMINE) as opened:
        yield opened


class TestRaise:
    """R12: one change request for each approved revision."""

    async def test_the_options_go_with_it_and_the_mark_stays(self, desk: Desk) -> None:
        options = {
            "priority": "high",
            "fields": {"assigned_to_id": 5, "subject": "mine", "category_id": "${number}"},
            "custom_fields": {"7": "asked by ${approved_by}"},
        }
        await desk.open(options=options).raise_change(make_request(title="A second shift"))
        sent = desk.fake.issues["1"]["given"]
        assert sent["subject"] == "IMP-000001: A second shift [ratchet:imp-1:1]"
        assert (sent["project_id"], sent["tracker_id"], sent["priority_id"]) == ("changes", 4, 3)
        assert (sent["assigned_to_id"], sent["category_id"]) == (5, "IMP-000001")
        assert sent["custom_fields"] == [{"id": 7, "value": "asked by sven"}]

    @given(st.text(max_size=400))
    def test_however_long_a_title_is_the_mark_is_whole(self, title: str) -> None:
        """Redmine refuses subjects of more than 255 characters."""
        subject = make_issue(make_request(title=title), "changes", 4, None, {}, {})["subject"]
        assert subject.endswith(f" {mark('imp-1:1')}")
        assert len(subject) <= 255

    @pytest.mark.parametrize(
        ("start", "end", "sent"),
        [
            (date(2026, 12, 1), date(2026, 12, 5), ("2026-12-01", "2026-12-05")),
            (date(2026, 12, 5), date(2026, 12, 1), ("2026-12-05", "")),
            (None, date(2020, 1, 1), ("", "2020-01-01")),
            (None, None, ("", "")),
        ],
    )
    async def test_days_that_redmine_would_refuse_are_left_out(
        self, desk: Desk, start: date | None, end: date | None, sent: tuple[str, str]
    ) -> None:
        await desk.open().raise_change(make_request(planned_start=start, planned_end=end))
        issue = desk.fake.issues["1"]
        assert (issue["start_date"], issue["due_date"]) == sent

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"project": "nope"}, "sees no project 'nope'.*it sees 'changes'"),
            ({"tracker": "Bug"}, "has no tracker 'Bug'.*it has 'Change'"),
            ({"priority": "Huge"}, "no priority 'Huge'.*'Low', 'Normal', 'High'"),
        ],
    )
    async def test_what_redmine_would_take_for_something_else_is_not_sent(
        self, desk: Desk, wrong: dict[str, str], says: str
    ) -> None:
        """Redmine takes another tracker where a project does not have the one that was asked for."""
        with pytest.raises(RemoteFailed, match=says) as failure:
            await desk.open(options=wrong).raise_change(make_request())
        assert failure.value.is_lasting
        assert desk.fake.issues == {}

    async def test_a_wrong_key_finds_nothing_for_sure_only_because_it_is_asked_who_it_is(self, desk: Desk) -> None:
        """Redmine takes a wrong key for nobody, who sees an empty list."""
        await desk.open().raise_change(make_request())
        with pytest.raises(RemoteFailed, match=r"401.*check authentication and secret"):
            await desk.open(access_secret="wrong").find("imp-1:1")


class TestOutcome:
    """R119: what became of it."""

    async def raised(self, desk: Desk, *statuses: str) -> None:
        await desk.open().raise_change(make_request())
        for status in statuses:
            desk.fake.set_status("1", status)

    async def test_implemented_when_it_was_resolved_not_when_it_was_closed(self, desk: Desk) -> None:
        """Created in minute 0, in progress in 1, resolved in 2, closed in 3."""
        await self.raised(desk, "In Progress", "Resolved", "Closed")
        assert await desk.open().outcome("1") == ChangeOutcome("implemented", after(2))

    async def test_a_rejection_is_told_with_its_note(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.fake.set_status("1", "Rejected", "not before the audit")
        assert await desk.open().outcome("1") == ChangeOutcome("failed", None, "not before the audit")

    async def test_a_rejection_without_note_is_told_as_such(self, desk: Desk) -> None:
        await self.raised(desk, "Rejected")
        assert await desk.open().outcome("1") == ChangeOutcome("failed", None, "the ticketing system says 'Rejected'")

    async def test_the_connections_words_may_be_numbers(self, desk: Desk) -> None:
        """Feedback is number 4."""
        await self.raised(desk, "In Progress", "Feedback")
        assert await desk.open(states={"4": "implemented"}).outcome("1") == ChangeOutcome("implemented", after(2))

    async def test_chinese_statuses_are_known(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.fake.issues["1"]["status"]["name"] = "已拒绝"
        outcome = await desk.open().outcome("1")
        assert outcome is not None
        assert outcome.state == "failed"

    async def test_a_status_that_nobody_mapped_is_no_outcome(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.fake.issues["1"]["status"] = {"id": 77, "name": "Pondering"}
        assert await desk.open().outcome("1") is None


class TestCheck:
    async def check(self, desk: Desk, **options: Any) -> dict[str, Finding]:
        return {found.what: found for found in await desk.open(options=options).check()}

    @pytest.mark.parametrize(
        ("what", "wrong", "says"),
        [
            ("project", {"project": "nope"}, "it sees 'changes'"),
            ("tracker", {"tracker": "Bug"}, "it has 'Change'"),
            ("priority", {"priority": "Huge"}, "there are 'Low', 'Normal', 'High'"),
            ("custom fields", {"custom_fields": {"9": "x"}}, "it has 7 (Risk)"),
        ],
    )
    async def test_a_wrong_option_is_told_with_what_there_is(
        self, desk: Desk, what: str, wrong: dict[str, Any], says: str
    ) -> None:
        found = (await self.check(desk, **wrong))[what]
        assert not found.ok
        assert says in found.detail

    async def test_a_closed_project_and_one_without_issues_are_told(self, desk: Desk) -> None:
        desk.fake.project_status = 5
        assert "closed or archived" in (await self.check(desk))["project"].detail
        desk.fake.project_status, desk.fake.modules = 1, ("wiki",)
        assert "switch its module issue tracking on" in (await self.check(desk))["project"].detail

    async def test_rights_that_the_roles_lack_are_named(self, desk: Desk) -> None:
        desk.fake.permissions = ("view_issues",)
        found = (await self.check(desk))["view and add issues"]
        assert (found.ok, found.detail) == (False, "the user's roles ('Developer') lack add_issues in this project")

    async def test_an_administrator_may_and_who_is_no_member_cannot_be_known(self, desk: Desk) -> None:
        desk.fake.is_member = False
        assert (await self.check(desk))["view and add issues"].detail.startswith("not tried")
        desk.fake.is_admin = True
        assert (await self.check(desk))["view and add issues"] == Finding(
            "view and add issues", True, "an administrator may"
        )


class TestOptions:
    @pytest.mark.parametrize("name", ["Risk", "0", "-1", "１", "1.5"])
    def test_a_custom_field_is_named_by_its_number(self, name: str) -> None:
        given_options = {"project": "changes", "tracker": 4, "custom_fields": {name: "low"}}
        with pytest.raises(ValidationError, match=r'named by its number, which stands in its address, as {"7": "low"}'):
            RedmineOptions.model_validate(given_options)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"trackr": 4},
            {"project": "a\x00b"},
            {"tracker": True},
            {"priority": [3]},
            {"custom_fields": {"1" * 10: "x"}},
            {"fields": {"assigned to": 5}},
        ],
    )
    def test_what_redmine_could_not_take_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            RedmineOptions.model_validate({"project": "changes", "tracker": 4, **wrong})

    def test_numbers_may_be_given_as_such(self) -> None:
        options = RedmineOptions.model_validate({"project": 2, "tracker": 4, "priority": 3})
        assert (options.project, options.tracker, options.priority) == ("2", "4", "3")


class TestWebhooks:
    def test_redmine_sends_none(self, desk: Desk) -> None:
        with pytest.raises(NotProven, match="takes no webhooks"):
            desk.open().verify({}, {}, b"{}")
        with pytest.raises(Unmappable, match="sends no webhooks"):
            desk.open().read_outcome({"issue": {"id": 1}})


class TestReopen:
    """R81: what the customer says is not solved is opened again."""

    async def incident(self, desk: Desk, *statuses: str) -> None:
        await desk.open().raise_change(make_request("incident"))
        for status in statuses:
            desk.fake.set_status("1", status)

    async def reopen(self, desk: Desk, **options: Any) -> bool:
        access, config = Access(desk.url, "api_key", KEY), SourceConfig("redmine", ZoneInfo("UTC"))
        return await open_redmine_reopener(access, config, options).reopen("1", "not solved")

    @pytest.mark.parametrize("named", ["4", 4])
    async def test_the_options_may_name_the_status_by_its_number(self, desk: Desk, named: str | int) -> None:
        await self.incident(desk, "Closed")
        assert await self.reopen(desk, status=named) is True
        assert desk.fake.issues["1"]["status"]["name"] == "Feedback"

    async def test_a_status_that_does_not_exist_is_told_with_those_that_do(self, desk: Desk) -> None:
        await self.incident(desk, "Closed")
        with pytest.raises(RemoteFailed, match="no status 'Pondering'; there are 'New', 'In Progress'") as failure:
            await self.reopen(desk, status="Pondering")
        assert failure.value.is_lasting

    @pytest.mark.parametrize(("allowed", "named"), [((), None), (("Closed",), None), (("Closed",), "In Progress")])
    async def test_a_workflow_that_forbids_it_is_told_and_nothing_written(
        self, desk: Desk, allowed: tuple[str, ...], named: str | None
    ) -> None:
        await self.incident(desk, "Closed")
        desk.fake.allowed = allowed
        with pytest.raises(RemoteFailed, match="stays 'Closed': the workflow of tracker 'Change'") as failure:
            await self.reopen(desk, **({"status": named} if named else {}))
        assert failure.value.is_lasting
        assert "not solved" not in [journal["notes"] for journal in desk.fake.issues["1"]["journals"]]

    async def test_a_refusal_that_is_answered_as_success_is_noticed(self, desk: Desk) -> None:
        """An older Redmine does not say what it allows: it answers 204 and keeps the status."""
        await self.incident(desk, "Closed")
        desk.fake.allowed, desk.fake.says_allowed = (), False
        with pytest.raises(RemoteFailed, match="stays 'Closed'"):
            await self.reopen(desk, status="In Progress")
