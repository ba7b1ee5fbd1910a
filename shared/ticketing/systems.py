"""The systems that tickets may come from, how their senders may prove themselves, and how they may be polled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.ticketing.access import Access, RemoteAuthentication
from shared.ticketing.changes import IncidentReopener
from shared.ticketing.generic.reopening import open_generic_reopener
from shared.ticketing.generic.source import open_generic
from shared.ticketing.glpi.reopening import open_glpi_reopener
from shared.ticketing.glpi.source import open_glpi
from shared.ticketing.itop.reopening import open_itop_reopener
from shared.ticketing.itop.source import open_itop
from shared.ticketing.jira.client import open_jira
from shared.ticketing.jira.reopening import open_jira_reopener
from shared.ticketing.redmine.client import open_redmine
from shared.ticketing.redmine.reopening import open_redmine_reopener
from shared.ticketing.request_tracker.client import open_request_tracker
from shared.ticketing.request_tracker.reopening import open_request_tracker_reopener
from shared.ticketing.servicenow.client import open_servicenow
from shared.ticketing.servicenow.reopening import open_servicenow_reopener
from shared.ticketing.sources import Authentication, IncidentSource, SourceConfig
from shared.ticketing.zammad.client import open_zammad
from shared.ticketing.zammad.reopening import open_zammad_reopener

SystemName = Literal["generic", "servicenow", "jira", "itop", "glpi", "zammad", "request_tracker", "redmine"]


OpenReopener = Callable[[Access, SourceConfig, Mapping[str, Any]], IncidentReopener]
"""The mapping is what the connection says of reopening, as `{"transition": "Reopen"}`; raises `ValueError` that says
what would be right."""


@dataclass(frozen=True, slots=True)
class System:
    """`senders` and `polls` are what it may be configured with, the usual one first; no `polls`: it is not polled; no
    `reopener`: its incidents cannot be reopened from here."""

    open: Callable[[SourceConfig], IncidentSource]
    senders: tuple[Authentication, ...]
    polls: tuple[RemoteAuthentication, ...] = ()
    reopener: OpenReopener | None = None


SYSTEMS: dict[SystemName, System] = {
    "generic": System(
        open_generic, ("standard_webhooks", "bearer", "basic", "hub_sha256"), reopener=open_generic_reopener
    ),
    "jira": System(open_jira, ("hub_sha256", "url_secret", "bearer"), reopener=open_jira_reopener),
    "itop": System(open_itop, ("bearer", "basic", "url_secret", "none"), ("basic",), open_itop_reopener),
    "glpi": System(open_glpi, ("glpi_sha256", "bearer", "url_secret"), reopener=open_glpi_reopener),
    "zammad": System(open_zammad, ("hub_sha1", "bearer", "basic"), reopener=open_zammad_reopener),
    "servicenow": System(open_servicenow, ("bearer", "basic", "none"), ("basic", "bearer"), open_servicenow_reopener),
    "request_tracker": System(
        open_request_tracker, ("bearer", "url_secret", "none"), ("token", "basic"), open_request_tracker_reopener
    ),
    "redmine": System(open_redmine, ("none",), ("api_key", "basic"), open_redmine_reopener),
}
