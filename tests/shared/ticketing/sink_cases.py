"""The systems that the suite of change sinks runs against: each with a desk that keeps what is created there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from shared.ticketing.access import Access, RemoteAuthentication
from shared.ticketing.changes import ChangeSink, ChangeState, SinkConfig
from shared.ticketing.sinks import SINKS, SinkName
from shared.ticketing.sources import Authentication
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
from tests.shared.ticketing.desks import after

Outcome = tuple[str, ChangeState | None, datetime | None, str | None]
"""The word that people set there; what it means, when it was done, and a part of the reason."""


@dataclass(frozen=True)
class Case:
    """One system. `wrong` are options that its model takes and the system does not, with a part of its own words."""

    name: SinkName
    make: Callable[[], Any]
    authentication: RemoteAuthentication
    secret: str
    options: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]
    wrong: tuple[tuple[Mapping[str, Any], str], ...]
    wrong_check: tuple[tuple[Mapping[str, Any], str], ...]
    unknown_word: str
    unknown_id: str
    records: Callable[[Any], Mapping[str, Any]]
    states: Mapping[str, ChangeState] = field(default_factory=dict)
    sender: Authentication = "none"
    path: str = ""
    label: str = ""

    def __str__(self) -> str:
        return self.label or self.name

    def open(self, url: str, *, timeout_seconds: float = 5.0, **changes: Any) -> ChangeSink:
        """Its sink. `options` come over the usual ones."""
        options = {**self.options, **changes.pop("options", {})}
        placed = {
            name: value.replace("{url}", url) if isinstance(value, str) else value for name, value in options.items()
        }
        system = SINKS[self.name]
        access = Access(url + self.path, self.authentication, changes.pop("access_secret", self.secret))
        config = SinkConfig(
            access=access if system.accesses else None,
            options=system.options.model_validate(placed),
            states={**self.states, **changes.pop("states", {})},
            zone=ZoneInfo("UTC"),
            authentication=changes.pop("authentication", self.sender),
            secret=changes.pop("secret", fake_generic.SECRET),
        )
        opener: Any = system.open
        sink: ChangeSink = opener(config, timeout_seconds=timeout_seconds)
        return sink

    def count(self, fake: Any) -> int:
        """How many records the desk has."""
        return len(self.records(fake))

    def text(self, fake: Any, external_id: str) -> str:
        """Everything that the desk has stored for it."""
        return orjson.dumps(self.records(fake)[external_id], default=str).decode()


GENERIC = Case(
    "generic",
    fake_generic.FakeGeneric,
    "bearer",
    "",
    {
        "url": "{url}/changes",
        "body_template": {"summary": "${number}: ${title}", "ref": "${correlation_id}"},
        "find_url": "{url}/changes?ref=${correlation_id}",
        "outcome_url": "{url}/changes/${external_id}",
    },
    (
        ("Waiting", "raised", after(1), None),
        ("Scheduled", "accepted", after(1), None),
        ("Done", "implemented", after(1), None),
        ("Refused", "failed", after(1), "no window"),
    ),
    (({"body_template": {"title": "${title}"}}, "summary: is missing"),),
    (),
    "Pondering",
    "CHG99",
    lambda fake: fake.changes,
    fake_generic.STATES,
    "standard_webhooks",
)
SERVICENOW = Case(
    "servicenow",
    fake_servicenow.FakeServiceNow,
    "basic",
    fake_servicenow.BASIC,
    {},
    (
        ("-5", "raised", None, None),
        ("-4", "raised", None, None),
        ("-3", "raised", None, None),
        ("-4:approved", "accepted", None, None),
        ("-5:rejected", "failed", None, "'rejected'"),
        ("-2", "accepted", None, None),
        ("-1", "accepted", None, None),
        ("0", "accepted", None, None),
        ("3:successful", "implemented", after(2), None),
        ("3:successful_issues", "implemented", after(2), None),
        ("3:unsuccessful", "failed", None, "closed unsuccessful"),
        ("4", "failed", None, "'Canceled'"),
    ),
    (({"kind": "standard", "template": "0" * 32}, "Invalid change type or template"),),
    (({"kind": "model", "template": "0" * 32}, "none with this sys_id"),),
    "9",
    "CHG0099999",
    lambda fake: fake.changes,
    sender="basic",
)
_JIRA_OUTCOMES: tuple[Outcome, ...] = (
    ("To Do", "raised", None, None),
    ("Awaiting CAB approval", "raised", None, None),
    ("In Progress", "accepted", None, None),
    ("Pondering", "accepted", None, None),
    ("Done", "implemented", after(2), None),
    ("Done:Won't Do", "failed", None, "resolution 'Won't Do'"),
    ("Declined", "failed", None, "'Declined'"),
    ("Closed:Fixed", "implemented", after(2), None),
)
_JIRA_WRONG = (
    ({"project": "NOPE"}, "valid project is required"),
    ({"issue_type": "Chnage"}, "Specify a valid issue type"),
    ({"fields": {"customfield_1": "x"}}, "It is not on the appropriate screen"),
    ({"fields": {"labels": ["two words"]}}, "contains spaces"),
)
JIRA = Case(
    "jira",
    fake_jira.FakeJira,
    "basic",
    "robot:secret",
    {"project": "OPS"},
    _JIRA_OUTCOMES,
    _JIRA_WRONG,
    (({"project": "NOPE"}, "none that this user sees"), ({"issue_type": "Chnage"}, "none of Change, Task")),
    "",
    "OPS-99",
    lambda fake: fake.issues,
    sender="hub_sha256",
)
JIRA_SERVER = Case(
    "jira",
    lambda: fake_jira.FakeJira(api="2"),
    "basic",
    "robot:secret",
    {"project": "OPS", "api": "2", "issue_type": "Task", "fields": {"labels": ["board"]}},
    _JIRA_OUTCOMES,
    _JIRA_WRONG,
    JIRA.wrong_check,
    "",
    "OPS-99",
    lambda fake: fake.issues,
    sender="url_secret",
    label="jira-server",
)
ITOP = Case(
    "itop",
    fake_itop.FakeItop,
    "basic",
    "robot:secret",
    {"organization": "Demo"},
    (
        ("new", "raised", None, None),
        ("validated", "raised", None, None),
        ("assigned", "raised", None, None),
        ("plannedscheduled", "raised", None, None),
        ("approved", "accepted", None, None),
        ("implemented", "implemented", after(2), None),
        ("monitored", "implemented", after(2), None),
        ("closed", "implemented", after(2), None),
        ("rejected", "failed", None, "too risky & too late"),
        ("notapproved", "failed", None, "too risky & too late"),
    ),
    (
        ({"organization": "Nobody"}, "No item found with criteria"),
        ({"change_class": "NomalChange"}, "Unknown class 'NomalChange'"),
        ({"fields": {"reazon": "x"}}, "Unknown attribute reazon"),
    ),
    (
        ({"organization": "Nobody"}, "no organization 'Nobody'"),
        ({"change_class": "NomalChange"}, "Unknown class 'NomalChange'"),
    ),
    "pondering",
    "C-999999",
    lambda fake: {one["fields"]["ref"]: one["fields"] for one in fake.objects.values()},
    sender="bearer",
)
_GLPI_OUTCOMES: tuple[Outcome, ...] = (
    ("1", "raised", None, None),
    ("9", "raised", None, None),
    ("10", "raised", None, None),
    ("4", "raised", None, None),
    ("7", "accepted", None, None),
    ("11", "accepted", None, None),
    ("12", "accepted", None, None),
    ("5", "implemented", after(2), None),
    ("8", "implemented", after(2), None),
    ("6", "implemented", after(2), None),
    ("13", "failed", None, "Refused"),
    ("14", "failed", None, "Canceled"),
)
GLPI = Case(
    "glpi",
    fake_glpi.FakeGlpi,
    "user_token",
    fake_glpi.USER_TOKEN,
    {"app_token": fake_glpi.APP_TOKEN, "entity": 2, "category": 5},
    _GLPI_OUTCOMES,
    (
        ({"entity": 77}, "permission to perform this action"),
        ({"app_token": "another"}, "ERROR_WRONG_APP_TOKEN_PARAMETER"),
    ),
    (({"entity": 77}, "ERROR_ITEM_NOT_FOUND"), ({"app_token": "another"}, "ERROR_WRONG_APP_TOKEN_PARAMETER")),
    "99",
    "99",
    lambda fake: fake.changes,
    sender="glpi_sha256",
)
GLPI_11 = Case(
    "glpi",
    lambda: fake_glpi.FakeGlpi(escapes=False),
    "user_token",
    fake_glpi.USER_TOKEN,
    GLPI.options,
    _GLPI_OUTCOMES,
    GLPI.wrong,
    GLPI.wrong_check,
    "99",
    "99",
    lambda fake: fake.changes,
    sender="glpi_sha256",
    label="glpi-11",
)
ZAMMAD = Case(
    "zammad",
    fake_zammad.FakeZammad,
    "zammad_token",
    fake_zammad.TOKEN,
    {"group": "Changes", "customer": "ops@example.com"},
    (
        ("new", "raised", None, None),
        ("open", "accepted", None, None),
        ("pending reminder", "accepted", None, None),
        ("closed", "implemented", after(2), None),
        ("merged", "failed", None, "'merged'"),
    ),
    (
        ({"group": "Chnages"}, "No lookup value found for 'group'"),
        ({"customer": "nobody@example.com"}, "No lookup value found for 'customer'"),
        ({"fields": {"state": "thinking"}}, "No lookup value found for 'state'"),
    ),
    (({"group": "Chnages"}, "Changes, Users"),),
    "rejected",
    "99",
    lambda fake: {number: {**ticket, "articles": fake.articles[number]} for number, ticket in fake.tickets.items()},
    sender="hub_sha1",
)
REQUEST_TRACKER = Case(
    "request_tracker",
    fake_request_tracker.FakeRequestTracker,
    "token",
    fake_request_tracker.TOKEN,
    {"queue": "Changes"},
    (
        ("new", "raised", None, None),
        ("open", "accepted", None, None),
        ("stalled", "raised", None, None),
        ("resolved", "implemented", after(1), None),
        ("rejected", "failed", None, "rejected"),
    ),
    (({"queue": "Chnages"}, "No permission to create tickets"),),
    (({"queue": "Chnages"}, "Changes"),),
    "pondering",
    "99",
    lambda fake: fake.tickets,
    sender="bearer",
)
REDMINE = Case(
    "redmine",
    fake_redmine.FakeRedmine,
    "api_key",
    fake_redmine.KEY,
    {"project": "changes", "tracker": "Change"},
    (
        ("New", "raised", None, None),
        ("In Progress", "accepted", None, None),
        ("Feedback", "raised", None, None),
        ("Resolved", "implemented", after(1), None),
        ("Closed", "implemented", after(1), None),
        ("Rejected", "failed", None, "Rejected"),
    ),
    (({"project": "chnages"}, "chnages"), ({"tracker": "Chnage"}, "Chnage")),
    (({"project": "chnages"}, "changes"), ({"tracker": "Chnage"}, "Change")),
    "",
    "99",
    lambda fake: fake.issues,
)
CASES = (GENERIC, SERVICENOW, JIRA, JIRA_SERVER, ITOP, GLPI, GLPI_11, ZAMMAD, REQUEST_TRACKER, REDMINE)
