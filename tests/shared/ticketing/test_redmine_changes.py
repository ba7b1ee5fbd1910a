"""Change requests and reopened incidents in Redmine 5: each shape was heard from a running one."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.ticketing.access import Access
from shared.ticketing.changes import ChangeOutcome, ChangeRequest, RaisedChange, SinkConfig
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.redmine.change_mapper import make_issue
from shared.ticketing.redmine.changes import RedmineChangeSink, RedmineOptions
from shared.ticketing.redmine.mapper import map_issue
from shared.ticketing.redmine.reopening import open_redmine_reopener
from shared.ticketing.sources import NotProven, SourceConfig
from tests.shared.ticketing.fake_redmine import KEY, FakeRedmine
from tests.shared.ticketing.fake_request_tracker import minute
from tests.shared.ticketing.listener import Listener, listening
from tests.shared.ticketing.payloads import genuine, needs_payloads

UTC = ZoneInfo("UTC")
ID = "0190a1b2-0000-7000-8000-000000000001:1"
REQUEST = ChangeRequest(
    correlation_id=ID,
    number="IMP-000001",
    title="A second shift",
    problem="The SLA was missed in March.",
    plan="Two engineers on Mondays.",
    impact="No outage.",
    approved_by="eva",
)


def changed(**values: Any) -> ChangeRequest:
    return REQUEST.model_copy(update=values)


class Desk:
    """A fake Redmine that listens, and our sink and reopener on it."""

    def __init__(self, desk: FakeRedmine, listener: Listener) -> None:
        self.redmine = desk
        self.listener = listener

    def access(self, secret: str = KEY) -> Access:
        return Access(self.listener.url, "api_key", secret)

    def sink(self, *, secret: str = KEY, states: Any = None, **options: Any) -> Any:
        given_options = RedmineOptions(**{"project": "changes", "tracker": "Change", **options})
        return RedmineChangeSink(SinkConfig(self.access(secret), given_options, states or {}))

    async def reopen(self, number: str, **options: Any) -> bool:
        config = SourceConfig("redmine", UTC)
        return await open_redmine_reopener(self.access(), config, options).reopen(number, "not solved")

    async def check(self, **options: Any) -> dict[str, Finding]:
        return {found.what: found for found in await self.sink(**options).check()}


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    redmine = FakeRedmine()
    async with listening(redmine.answer) as listener:
        yield Desk(redmine, listener)


class TestFindAndRaise:
    """R12: one change request for each approved revision."""

    async def test_what_was_raised_is_found_by_its_mark(self, desk: Desk) -> None:
        sink = desk.sink()
        assert await sink.find(ID) is None
        raised = await sink.raise_change(REQUEST)
        assert raised == RaisedChange("1", f"{desk.listener.url}/issues/1")
        assert await sink.find(ID) == raised
        assert await sink.find(ID.replace(":1", ":11")) is None

    async def test_what_is_closed_by_now_is_found_too(self, desk: Desk) -> None:
        raised = await desk.sink().raise_change(REQUEST)
        desk.redmine.set_status("1", "Closed")
        assert await desk.sink().find(ID) == raised

    async def test_it_carries_what_change_control_needs(self, desk: Desk) -> None:
        """R118: the impact is part of the request."""
        await desk.sink(
            priority="high",
            fields={"assigned_to_id": 5, "subject": "mine", "category_id": "${number}"},
            custom_fields={"7": "asked by ${approved_by}"},
        ).raise_change(REQUEST)
        sent = desk.redmine.issues["1"]["given"]
        assert sent["subject"] == f"IMP-000001: A second shift [ratchet:{ID}]"
        for told in ("The SLA was missed in March.", "Two engineers on Mondays.", "No outage.", "eva", ID):
            assert told in sent["description"]
        assert (sent["project_id"], sent["tracker_id"], sent["priority_id"]) == ("changes", 4, 3)
        assert (sent["assigned_to_id"], sent["category_id"]) == (5, "IMP-000001")
        assert sent["custom_fields"] == [{"id": 7, "value": "asked by eva"}]

    @given(st.text(max_size=400))
    def test_however_long_a_title_is_the_mark_is_whole(self, title: str) -> None:
        """Redmine refuses subjects of more than 255 characters."""
        subject = make_issue(changed(title=title), "changes", 4, None, {}, {})["subject"]
        assert subject.endswith(f" [ratchet:{ID}]")
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
        await desk.sink().raise_change(changed(planned_start=start, planned_end=end))
        issue = desk.redmine.issues["1"]
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
            await desk.sink(**wrong).raise_change(REQUEST)
        assert failure.value.is_lasting
        assert desk.redmine.issues == {}

    async def test_a_wrong_key_finds_nothing_for_sure_only_because_it_is_asked_who_it_is(self, desk: Desk) -> None:
        """Redmine takes a wrong key for nobody, who sees an empty list."""
        await desk.sink().raise_change(REQUEST)
        with pytest.raises(RemoteFailed, match=r"401.*check authentication and secret"):
            await desk.sink(secret="wrong").find(ID)


class TestOutcome:
    """R119: what became of it."""

    async def raised(self, desk: Desk, *statuses: str) -> None:
        await desk.sink().raise_change(REQUEST)
        for status in statuses:
            desk.redmine.set_status("1", status)

    @pytest.mark.parametrize(
        ("status", "state"), [("New", "raised"), ("In Progress", "accepted"), ("Feedback", "raised")]
    )
    async def test_a_status_is_known(self, desk: Desk, status: str, state: str) -> None:
        await self.raised(desk, status)
        assert await desk.sink().outcome("1") == ChangeOutcome(state)  # type: ignore[arg-type]

    async def test_implemented_when_it_was_resolved_not_when_it_was_closed(self, desk: Desk) -> None:
        """Created in minute 0, in progress in 1, resolved in 2, closed in 3."""
        await self.raised(desk, "In Progress", "Resolved", "Closed")
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", minute(2))

    async def test_resolved_again_it_counts_from_then(self, desk: Desk) -> None:
        await self.raised(desk, "Closed", "In Progress", "Resolved")
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", minute(3))

    async def test_without_journals_its_field_says_when(self, desk: Desk) -> None:
        await self.raised(desk, "Closed")
        desk.redmine.issues["1"]["journals"] = []
        assert await desk.sink().outcome("1") == ChangeOutcome("implemented", minute(1))

    async def test_a_rejection_is_told_with_its_note(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.redmine.set_status("1", "Rejected", "not before the audit")
        assert await desk.sink().outcome("1") == ChangeOutcome("failed", None, "not before the audit")

    async def test_a_rejection_without_note_is_told_as_such(self, desk: Desk) -> None:
        await self.raised(desk, "Rejected")
        assert await desk.sink().outcome("1") == ChangeOutcome("failed", None, "the ticketing system says 'Rejected'")

    @pytest.mark.parametrize("word", ["feedback", "4"])
    async def test_the_connections_own_words_come_first(self, desk: Desk, word: str) -> None:
        await self.raised(desk, "In Progress", "Feedback")
        outcome = await desk.sink(states={word: "implemented"}).outcome("1")
        assert outcome == ChangeOutcome("implemented", minute(2))

    async def test_chinese_statuses_are_known(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.redmine.issues["1"]["status"]["name"] = "已拒绝"
        outcome = await desk.sink().outcome("1")
        assert outcome.state == "failed"

    async def test_a_status_that_nobody_mapped_is_no_outcome(self, desk: Desk) -> None:
        await self.raised(desk)
        desk.redmine.issues["1"]["status"] = {"id": 77, "name": "Pondering"}
        assert await desk.sink().outcome("1") is None

    @pytest.mark.parametrize("number", ["2", "CHG1", "../projects/changes", "１"])
    async def test_an_issue_that_is_not_there_is_told(self, desk: Desk, number: str) -> None:
        with pytest.raises(RemoteFailed, match="has no issue"):
            await desk.sink().outcome(number)


class TestCheck:
    async def test_what_is_right_is_found_right_and_nothing_is_written(self, desk: Desk) -> None:
        findings = await desk.check(priority=3, custom_fields={"7": "x"})
        assert [name for name, found in findings.items() if not found.ok] == []
        told = ["sign in", "project", "tracker", "priority", "custom fields", "search", "view and add issues"]
        assert list(findings) == told
        assert {asked.method for asked in desk.listener.requests} == {"GET"}

    async def test_a_wrong_key_ends_it(self, desk: Desk) -> None:
        (found,) = await desk.sink(secret="wrong").check()
        assert (found.what, found.ok) == ("sign in", False)
        assert "check authentication and secret" in found.detail

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
        found = (await desk.check(**wrong))[what]
        assert not found.ok
        assert says in found.detail

    async def test_a_closed_project_and_one_without_issues_are_told(self, desk: Desk) -> None:
        desk.redmine.project_status = 5
        assert "closed or archived" in (await desk.check())["project"].detail
        desk.redmine.project_status, desk.redmine.modules = 1, ("wiki",)
        assert "switch its module issue tracking on" in (await desk.check())["project"].detail

    async def test_rights_that_the_roles_lack_are_named(self, desk: Desk) -> None:
        desk.redmine.permissions = ("view_issues",)
        found = (await desk.check())["view and add issues"]
        assert (found.ok, found.detail) == (False, "the user's roles ('Developer') lack add_issues in this project")

    async def test_an_administrator_may_and_who_is_no_member_cannot_be_known(self, desk: Desk) -> None:
        desk.redmine.is_member = False
        assert (await desk.check())["view and add issues"].detail.startswith("not tried")
        desk.redmine.is_admin = True
        assert (await desk.check())["view and add issues"] == Finding(
            "view and add issues", True, "an administrator may"
        )

    async def test_an_address_where_nothing_listens_is_told(self) -> None:
        options = RedmineOptions(project="changes", tracker="Change")
        (found,) = await RedmineChangeSink(SinkConfig(Access("http://127.0.0.1:9", "api_key", KEY), options)).check()
        assert (found.ok, "ConnectError" in found.detail) == (False, True)


class TestOptions:
    @pytest.mark.parametrize(
        ("given_options", "says"),
        [
            ({}, 'project: is missing; name the project .*{"project": "changes"}'),
            ({"project": "changes"}, 'tracker: is missing; name the tracker .*{"tracker": "Change"}'),
        ],
    )
    def test_what_is_missing_is_told_with_an_example(self, given_options: dict[str, Any], says: str) -> None:
        with pytest.raises(ValidationError, match=says):
            RedmineOptions.model_validate(given_options)

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
            desk.sink().verify({}, {}, b"{}")
        with pytest.raises(Unmappable, match="sends no webhooks"):
            desk.sink().read_outcome({"issue": {"id": 1}})


class TestReopen:
    """R81: what the customer says is not solved is opened again."""

    async def incident(self, desk: Desk, *statuses: str) -> None:
        await desk.sink().raise_change(changed(correlation_id="incident"))
        for status in statuses:
            desk.redmine.set_status("1", status)

    @pytest.mark.parametrize("done", ["Resolved", "Closed", "Rejected"])
    async def test_reopens_and_says_why(self, desk: Desk, done: str) -> None:
        await self.incident(desk, done)
        assert await desk.reopen("1") is True
        issue = desk.redmine.issues["1"]
        assert (issue["status"]["name"], issue["journals"][-1]["notes"]) == ("In Progress", "not solved")

    @pytest.mark.parametrize("status", ["New", "In Progress", "Feedback"])
    async def test_what_is_open_stays_as_it_is(self, desk: Desk, status: str) -> None:
        await self.incident(desk, status)
        before = list(desk.redmine.issues["1"]["journals"])
        assert await desk.reopen("1") is False
        assert desk.redmine.issues["1"]["journals"] == before

    @pytest.mark.parametrize("named", ["feedback", "4", 4])
    async def test_the_options_name_the_status(self, desk: Desk, named: str | int) -> None:
        await self.incident(desk, "Closed")
        assert await desk.reopen("1", status=named) is True
        assert desk.redmine.issues["1"]["status"]["name"] == "Feedback"

    async def test_a_status_that_does_not_exist_is_told_with_those_that_do(self, desk: Desk) -> None:
        await self.incident(desk, "Closed")
        with pytest.raises(RemoteFailed, match="no status 'Pondering'; there are 'New', 'In Progress'") as failure:
            await desk.reopen("1", status="Pondering")
        assert failure.value.is_lasting

    @pytest.mark.parametrize(("allowed", "named"), [((), None), (("Closed",), None), (("Closed",), "In Progress")])
    async def test_a_workflow_that_forbids_it_is_told_and_nothing_written(
        self, desk: Desk, allowed: tuple[str, ...], named: str | None
    ) -> None:
        await self.incident(desk, "Closed")
        desk.redmine.allowed = allowed
        with pytest.raises(RemoteFailed, match="stays 'Closed': the workflow of tracker 'Change'") as failure:
            await desk.reopen("1", **({"status": named} if named else {}))
        assert failure.value.is_lasting
        assert "not solved" not in [journal["notes"] for journal in desk.redmine.issues["1"]["journals"]]

    async def test_a_refusal_that_is_answered_as_success_is_noticed(self, desk: Desk) -> None:
        """An older Redmine does not say what it allows: it answers 204 and keeps the status."""
        await self.incident(desk, "Closed")
        desk.redmine.allowed, desk.redmine.says_allowed = (), False
        with pytest.raises(RemoteFailed, match="stays 'Closed'"):
            await desk.reopen("1", status="In Progress")

    async def test_what_is_not_there_cannot_be_reopened(self, desk: Desk) -> None:
        with pytest.raises(RemoteFailed, match="has no issue '77'"):
            await desk.reopen("77")

    def test_options_that_are_none_are_refused(self) -> None:
        access = Access("http://redmine.test", "api_key", KEY)
        with pytest.raises(ValueError, match="transition"):
            open_redmine_reopener(access, SourceConfig("redmine", UTC), {"transition": "Reopen"})


class TestEchoGuard:
    """Our own change request is no incident."""

    CONFIG = SourceConfig("redmine", UTC)

    async def test_an_issue_that_carries_our_mark_is_ignored(self, desk: Desk) -> None:
        await desk.sink().raise_change(REQUEST)
        reading = map_issue({"issue": desk.redmine.issues["1"]}, self.CONFIG)
        assert reading.facts == ()
        assert f"our own change request {ID}" in (reading.ignored or "")

    @needs_payloads
    def test_others_are_not(self) -> None:
        assert map_issue(genuine("redmine/get_issue_with_journals.json"), self.CONFIG).facts
