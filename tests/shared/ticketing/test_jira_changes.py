"""Change requests in Jira: documents and plain texts, labels, and Jira's own webhooks."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.ticketing.changes import ChangeOutcome, mark
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.jira.change_mapper import (
    find_correlation_id,
    flatten,
    label_of,
    make_fields,
    read_outcome,
    read_told,
)
from tests.shared.ticketing.payloads import genuine, needs_payloads
from tests.shared.ticketing.sink_cases import JIRA, JIRA_SERVER
from tests.shared.ticketing.sink_desk import open_desk
from tests.shared.ticketing.test_changes import make_request

UTC = ZoneInfo("UTC")


def issue(status: str, category: str, **fields: Any) -> dict[str, Any]:
    told = {"status": {"name": status, "statusCategory": {"key": category}}, "resolution": None, **fields}
    return {"key": "OPS-1", "fields": told}


class TestMakeFields:
    def test_a_document_says_what_the_plain_text_says(self) -> None:
        request = make_request(problem="one\n\ntwo", root_cause="three", impact="four")
        document = make_fields(request, "OPS", "Change", {}, is_document=True)["description"]
        plain = make_fields(request, "OPS", "Change", {}, is_document=False)["description"]
        assert [line for line in plain.splitlines() if line] == flatten(document).splitlines()
        assert flatten(document).endswith(f"{mark('imp-1:1')}\n")

    def test_further_fields_win_and_their_labels_come_beside_ours(self) -> None:
        fields = make_fields(
            make_request(), "OPS", "Change", {"labels": ["board"], "priority": {"name": "High"}}, is_document=False
        )
        assert fields["labels"] == ["board", "ratchet-imp-1:1"]
        assert (fields["priority"], fields["project"]) == ({"name": "High"}, {"key": "OPS"})

    def test_an_id_goes_into_a_label_and_comes_out_of_it(self) -> None:
        assert label_of("a b") == "ratchet-a%20b"
        assert find_correlation_id({"labels": ["x", None, "ratchet-a%20b"]}) == "a b"
        assert find_correlation_id({"labels": [], "description": "… [ratchet:c:1]"}) == "c:1"
        assert find_correlation_id({"labels": "odd"}) is None


class TestOutcome:
    def test_without_a_resolution_the_categorys_time_stands(self) -> None:
        done = issue("Done", "done", statuscategorychangedate="2024-03-04T10:00:00.000+0100")
        outcome = read_outcome(done, {}, UTC)
        assert outcome is not None
        assert outcome.implemented_at is not None
        assert outcome.implemented_at.isoformat() == "2024-03-04T09:00:00+00:00"

    @pytest.mark.parametrize("odd", [{}, {"fields": {}}, {"fields": {"status": {}}}, []])
    def test_what_tells_no_status_is_named(self, odd: Any) -> None:
        with pytest.raises(Unmappable):
            read_outcome(odd, {}, UTC)

    async def test_what_is_no_time_is_a_failure_in_words(self) -> None:
        async with open_desk(JIRA) as desk:
            raised = await desk.open().raise_change(make_request())
            desk.fake.set_status(raised.external_id, "Done")
            desk.fake.issues[raised.external_id]["fields"]["resolutiondate"] = "yesterday"
            with pytest.raises(RemoteFailed, match="resolutiondate: 'yesterday' is no time"):
                await desk.open().outcome(raised.external_id)


class TestSystem:
    async def test_the_server_is_searched_where_the_cloud_is_not(self) -> None:
        for case, path in ((JIRA, "/rest/api/3/search/jql"), (JIRA_SERVER, "/rest/api/2/search")):
            async with open_desk(case) as desk:
                await desk.open().find("imp-1:1")
                assert [asked.path for asked in desk.listener.requests] == [path]

    async def test_the_clouds_interface_at_a_server_is_told_by_the_check(self) -> None:
        async with open_desk(JIRA_SERVER) as desk:
            (finding,) = await desk.open(options={"api": "3"}).check()
        assert (finding.ok, "404" in finding.detail) == (False, True)

    async def test_a_missing_right_is_named(self) -> None:
        async with open_desk(JIRA) as desk:
            desk.fake.may_create = False
            told = [finding.detail for finding in await desk.open().check() if not finding.ok]
        assert ["give it CREATE_ISSUES" in detail for detail in told] == [True]


@needs_payloads
class TestGenuinePayloads:
    @pytest.mark.parametrize(
        ("name", "state", "at"),
        [
            ("webhook-issue-created", "raised", None),
            ("webhook-issue-updated-assigned", "raised", None),
            ("webhook-issue-updated-resolved", "implemented", "2019-02-16T03:15:40.470000+00:00"),
            ("webhook-issue-updated-reopened", "raised", None),
            ("webhook-server-issue-updated-resolved", "implemented", "2019-08-12T23:23:01.890000+00:00"),
            ("webhook-server-issue-updated-reopened", "raised", None),
        ],
    )
    def test_an_issue_of_somebody_else_tells_how_far_it_is(self, name: str, state: str, at: str | None) -> None:
        payload = genuine(f"jira/{name}.json")
        told = read_told(payload, {}, UTC)
        assert told is not None
        assert told.outcome is not None
        assert (told.correlation_id, told.external_id) == (None, payload["issue"]["key"])
        moment = told.outcome.implemented_at
        assert (told.outcome.state, moment and moment.isoformat()) == (state, at)

    def test_an_issue_of_ours_is_known_by_its_label(self) -> None:
        payload = genuine("jira/webhook-issue-updated-resolved.json")
        payload["issue"]["fields"]["labels"] = ["ratchet-imp-1:1"]
        told = read_told(payload, {}, UTC)
        assert told is not None
        assert told.correlation_id == "imp-1:1"

    def test_a_deleted_issue_has_failed(self) -> None:
        told = read_told(genuine("jira/webhook-issue-deleted.json"), {}, UTC)
        assert told is not None
        assert told.outcome == ChangeOutcome("failed", None, "the issue was deleted")

    def test_a_comment_tells_of_no_change(self) -> None:
        assert read_told(genuine("jira/webhook-server-comment-created.json"), {}, UTC) is None
