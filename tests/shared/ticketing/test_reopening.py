"""R81: an incident whose customer says that it is not solved is reopened at its source, with a note that says why."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from pydantic import ValidationError
from standardwebhooks.webhooks import Webhook

from shared.ticketing.access import Access, RemoteAuthentication
from shared.ticketing.changes import IncidentReopener
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.glpi.reopening import open_glpi_reopener
from shared.ticketing.itop.reopening import open_itop_reopener
from shared.ticketing.memory.client import MemoryChangeSink
from shared.ticketing.sources import SourceConfig
from shared.ticketing.systems import SYSTEMS, OpenReopener
from tests.shared.ticketing import (
    fake_generic,
    fake_glpi,
    fake_itop,
    fake_jira,
    fake_redmine,
    fake_request_tracker,
    fake_servicenow,
    fake_zammad,
)
from tests.shared.ticketing.listener import Answer, Asked, listening

NOTE = "The customer was called back and says: the VPN fails again <still>."


@dataclass
class GenericDesk:
    """Incidents by id, with their state."""

    incidents: dict[str, str]
    notes: list[str]
    failing: bool = False

    def answer(self, asked: Asked) -> Answer:
        Webhook(fake_generic.SECRET).verify(asked.body, dict(asked.headers), json_parse=False)
        number = asked.path.split("/")[2]
        if asked.headers.get("x-desk") != "one":
            return Answer(403, {"error": "which desk?"})
        if number not in self.incidents:
            return Answer(404, {})
        if asked.method == "GET":
            return Answer(body={"incident": {"status": self.incidents[number]}})
        self.notes.append(orjson.loads(asked.body)["comment"])
        self.incidents[number] = "open"
        return Answer(204, b"")


@dataclass(frozen=True)
class Case:
    """One system: a desk with one incident, that was resolved or is open; what its notes and state are."""

    name: str
    opener: OpenReopener
    make: Callable[[bool], Any]
    id: str
    look: Callable[[Any], tuple[str, list[str]]]
    reopened: str
    authentication: RemoteAuthentication = "basic"
    secret: str = "robot:secret"
    options: Mapping[str, Any] | None = None
    unknown_id: str = "99"

    def open(self, url: str, **options: Any) -> IncidentReopener:
        access = Access(url, self.authentication, self.secret)
        config = SourceConfig("desk", ZoneInfo("UTC"), "standard_webhooks", fake_generic.SECRET)
        placed = {
            name: value.replace("{url}", url) if isinstance(value, str) else value
            for name, value in {**(self.options or {}), **options}.items()
        }
        return self.opener(access, config, placed)


def _system(name: Any) -> OpenReopener:
    opener = SYSTEMS[name].reopener
    assert opener is not None
    return opener


def _servicenow(is_resolved: bool) -> fake_servicenow.FakeServiceNow:
    state = "6" if is_resolved else "2"
    record = {"number": "INC0000050", "sys_id": "a" * 32, "state": state, "incident_state": state}
    return fake_servicenow.FakeServiceNow(incidents={"INC0000050": record})


def _jira(is_resolved: bool) -> fake_jira.FakeJira:
    fields: dict[str, Any] = {"comment": {"comments": []}}
    fake = fake_jira.FakeJira(issues={"SD-1": {"key": "SD-1", "fields": fields}})
    fake.set_status("SD-1", "Done" if is_resolved else "In Progress")
    return fake


def _zammad(is_resolved: bool) -> fake_zammad.FakeZammad:
    state = "closed" if is_resolved else "open"
    ticket = {"id": 81, "number": "10081", "title": "VPN", "state": state, "created_at": "2024-03-04T09:00:00Z"}
    return fake_zammad.FakeZammad({"81": {**ticket, "close_at": None}}, {"81": []})


def _itop(is_resolved: bool) -> fake_itop.FakeItop:
    fake = fake_itop.FakeItop()
    fake.put_incident("I-000007", "resolved" if is_resolved else "assigned")
    return fake


def _glpi(is_resolved: bool) -> fake_glpi.FakeGlpi:
    return fake_glpi.FakeGlpi(tickets={"15": {"id": 15, "status": 5 if is_resolved else 2}})


def _request_tracker(is_resolved: bool) -> fake_request_tracker.FakeRequestTracker:
    fake = fake_request_tracker.FakeRequestTracker(tickets={"9": {"id": 9, "Status": "new", "Subject": "VPN"}})
    fake.set_status("9", "resolved" if is_resolved else "open")
    return fake


def _redmine(is_resolved: bool) -> fake_redmine.FakeRedmine:
    issue = {"id": 9, "subject": "VPN", "tracker": {"name": "Incident"}, "journals": []}
    fake = fake_redmine.FakeRedmine(issues={"9": {**issue, "status": {"id": 1, "name": "New"}}})
    fake.set_status("9", "Closed" if is_resolved else "In Progress")
    return fake


def _jira_look(fake: Any) -> tuple[str, list[str]]:
    fields = fake.issues["SD-1"]["fields"]
    return fields["status"]["name"], [comment["body"] for comment in fields["comment"]["comments"]]


def _itop_look(fake: Any) -> tuple[str, list[str]]:
    fields = fake.objects["Incident::7"]["fields"]
    return fields["status"], fields["private_log"]


def _redmine_look(fake: Any) -> tuple[str, list[str]]:
    issue = fake.issues["9"]
    return issue["status"]["name"], [one["notes"] for one in issue["journals"] if one["notes"]]


def _unescape(content: str) -> str:
    return content.removeprefix("<p>").removesuffix("</p>").replace("&lt;", "<").replace("&gt;", ">")


SERVICENOW = Case(
    "servicenow",
    _system("servicenow"),
    _servicenow,
    "INC0000050",
    lambda fake: (fake.incidents["INC0000050"]["state"], fake.notes),
    "2",
    unknown_id="INC0099999",
)
JIRA = Case("jira", _system("jira"), _jira, "SD-1", _jira_look, "To Do", options={"transition": "reopen issue"})
ZAMMAD = Case(
    "zammad",
    _system("zammad"),
    _zammad,
    "10081",
    lambda fake: (fake.tickets["81"]["state"], [article["body"] for article in fake.articles["81"]]),
    "open",
    "zammad_token",
    fake_zammad.TOKEN,
)
ITOP = Case("itop", open_itop_reopener, _itop, "I-000007", _itop_look, "assigned")
GLPI = Case(
    "glpi",
    open_glpi_reopener,
    _glpi,
    "15",
    lambda fake: (str(fake.tickets["15"]["status"]), [_unescape(one["content"]) for one in fake.followups]),
    "2",
    "user_token",
    fake_glpi.USER_TOKEN,
    {"app_token": fake_glpi.APP_TOKEN},
)
REQUEST_TRACKER = Case(
    "request_tracker",
    _system("request_tracker"),
    _request_tracker,
    "9",
    lambda fake: (fake.tickets["9"]["Status"], [content for _, content in fake.comments]),
    "open",
    "token",
    fake_request_tracker.TOKEN,
)
REDMINE = Case("redmine", _system("redmine"), _redmine, "9", _redmine_look, "In Progress", "api_key", fake_redmine.KEY)
GENERIC = Case(
    "generic",
    _system("generic"),
    lambda is_resolved: GenericDesk({"7": "Solved" if is_resolved else "open"}, []),
    "7",
    lambda fake: (fake.incidents["7"], fake.notes),
    "open",
    options={
        "url": "{url}/incidents/${external_id}/reopen",
        "headers": {"X-Desk": "one"},
        "body": {"comment": "${note}"},
        "state_url": "{url}/incidents/${external_id}",
        "state_pointer": "/incident/status",
        "resolved": ["Solved"],
    },
)
CASES = (GENERIC, SERVICENOW, JIRA, ZAMMAD, ITOP, GLPI, REQUEST_TRACKER, REDMINE)


def test_every_system_that_reopens_is_in_the_suite() -> None:
    assert {case.name for case in CASES} == {name for name, system in SYSTEMS.items() if system.reopener}


@asynccontextmanager
async def open_desk(
    case: Case, is_resolved: bool = True, **options: Any
) -> AsyncIterator[tuple[Any, IncidentReopener]]:
    fake = case.make(is_resolved)
    async with listening(fake.answer) as listener:
        yield fake, case.open(listener.url, **options)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
class TestReopen:
    async def test_opens_what_was_resolved_and_says_why(self, case: Case) -> None:
        async with open_desk(case) as (fake, reopener):
            assert await reopener.reopen(case.id, NOTE) is True
            assert case.look(fake) == (case.reopened, [NOTE])

    async def test_leaves_what_is_open_as_it_is(self, case: Case) -> None:
        async with open_desk(case, is_resolved=False) as (fake, reopener):
            before = case.look(fake)
            assert await reopener.reopen(case.id, NOTE) is False
            assert case.look(fake) == before

    async def test_twice_reopens_once(self, case: Case) -> None:
        async with open_desk(case) as (fake, reopener):
            assert [await reopener.reopen(case.id, NOTE), await reopener.reopen(case.id, NOTE)] == [True, False]
            assert case.look(fake)[1] == [NOTE]

    async def test_an_incident_that_is_not_there_is_said(self, case: Case) -> None:
        async with open_desk(case) as (_, reopener):
            for unknown in (case.unknown_id, "a'b^c"):
                with pytest.raises(RemoteFailed) as failed:
                    await reopener.reopen(unknown, NOTE)
                assert failed.value.is_lasting

    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (Answer(401, b""), "answered 401"),
            (Answer(403, b"not you"), "not you"),
            (Answer(429, b"", {"retry-after": "9"}), "429"),
            (Answer(500, b"broken"), "broken"),
            (Answer(302, b""), "redirects are not followed"),
            (Answer(200, b"<html>"), "not JSON"),
            (Answer(200, {}), r"\w{4}"),
        ],
        ids=lambda value: value.status if isinstance(value, Answer) else None,
    )
    async def test_what_went_wrong_is_said(self, case: Case, answer: Answer, says: str) -> None:
        async with listening(lambda _: answer) as listener:
            with pytest.raises(RemoteFailed, match=says) as failed:
                await case.open(listener.url).reopen(case.id, NOTE)
        assert failed.value.retry_after_seconds == (9.0 if answer.status == 429 else None)

    def test_an_option_that_nobody_reads_is_told(self, case: Case) -> None:
        with pytest.raises(ValidationError, match="colour"):
            case.open("http://desk.invalid", colour="red")


async def test_servicenow_says_where_a_rule_forbids_it() -> None:
    async with open_desk(SERVICENOW) as (fake, reopener):
        fake.may_reopen = False
        with pytest.raises(RemoteFailed, match="stays in state 6: a rule there forbids") as failed:
            await reopener.reopen("INC0000050", NOTE)
    assert failed.value.is_lasting


async def test_jira_names_the_transitions_that_there_are() -> None:
    async with open_desk(JIRA, transition="Undo") as (fake, reopener):
        with pytest.raises(RemoteFailed, match=r"no transition 'Undo'.*offered are: Close, Reopen Issue"):
            await reopener.reopen("SD-1", NOTE)
        assert _jira_look(fake) == ("Done", [])


async def test_jira_takes_a_transition_by_where_it_leads() -> None:
    async with open_desk(JIRA, transition="to do") as (fake, reopener):
        assert await reopener.reopen("SD-1", NOTE)
        assert _jira_look(fake)[0] == "To Do"


async def test_jira_writes_a_comment_once_where_the_transition_fails_meanwhile() -> None:
    async with open_desk(JIRA) as (fake, reopener):
        fake.fails_transition = True
        with pytest.raises(RemoteFailed, match="500"):
            await reopener.reopen("SD-1", NOTE)
        fake.fails_transition = False
        assert await reopener.reopen("SD-1", NOTE)
        assert _jira_look(fake) == ("To Do", [NOTE])


async def test_glpi_writes_a_followup_once_and_closes_its_sessions() -> None:
    async with open_desk(GLPI) as (fake, reopener):
        fake.fails_update = True
        with pytest.raises(RemoteFailed, match="did not update 15: You cannot change the status"):
            await reopener.reopen("15", NOTE)
        fake.fails_update = False
        assert await reopener.reopen("15", NOTE)
        assert len(fake.followups) == 1
        assert (fake.opened, fake.sessions) == (2, set())


async def test_itop_shows_its_own_words_where_a_closed_ticket_takes_no_stimulus() -> None:
    async with open_desk(ITOP) as (fake, reopener):
        fake.put_incident("I-000007", "closed")
        with pytest.raises(RemoteFailed, match=r"Invalid stimulus: 'ev_reopen' .* in state 'closed'"):
            await reopener.reopen("I-000007", NOTE)


async def test_zammad_finds_by_words_what_a_condition_does_not_reach() -> None:
    async with open_desk(ZAMMAD) as (fake, reopener):
        fake.knows_conditions = False
        fake.tickets["82"] = {**fake.tickets["81"], "id": 82, "number": "10082"}
        fake.articles["82"] = []
        fake.indexed = {"81", "82"}
        assert await reopener.reopen("10081", NOTE)
        assert (fake.tickets["81"]["state"], fake.tickets["82"]["state"]) == ("open", "closed")


async def test_generic_without_a_state_to_ask_for_reopens_any() -> None:
    async with open_desk(GENERIC, is_resolved=False, state_url=None) as (fake, reopener):
        assert await reopener.reopen("7", NOTE) is True
        assert fake.notes == [NOTE]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("generic", {}, "url"),
        ("generic", {"url": "https://desk.invalid/x", "method": "DELETE"}, "'POST', 'PUT' or 'PATCH'"),
        ("jira", {"transition": ""}, "at least 1 character"),
        ("servicenow", {"state": "In Progress"}, "a state's value, as 2"),
        ("zammad", {"state": 2}, "valid string"),
    ],
)
def test_options_that_are_none_say_what_would_be_right(name: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        _system(name)(Access("", "bearer", ""), SourceConfig("desk", ZoneInfo("UTC")), options)


async def test_the_twin_reopens_what_was_resolved() -> None:
    memory = MemoryChangeSink()
    assert [await memory.reopen("7", "once"), await memory.reopen("7", "twice")] == [True, False]
    memory.resolve("7")
    assert await memory.reopen("7", "again")
    assert memory.notes["7"] == ["once", "again"]
