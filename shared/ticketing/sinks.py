"""The systems that change requests may be raised in, how we may sign in, and how their webhooks prove themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from shared.ticketing.access import RemoteAuthentication
from shared.ticketing.changes import ChangeSink, SinkConfig
from shared.ticketing.generic.changes import GenericChangeSink
from shared.ticketing.generic.options import GenericOptions
from shared.ticketing.glpi.changes import GlpiChangeSink, GlpiOptions
from shared.ticketing.itop.changes import ItopChangeSink, ItopOptions
from shared.ticketing.jira.changes import JiraChangeSink, JiraOptions
from shared.ticketing.redmine.changes import RedmineChangeSink, RedmineOptions
from shared.ticketing.request_tracker.changes import RequestTrackerChangeSink, RequestTrackerOptions
from shared.ticketing.servicenow.changes import ServiceNowChangeSink, ServiceNowOptions
from shared.ticketing.sources import Authentication
from shared.ticketing.zammad.changes import ZammadChangeSink, ZammadOptions

SinkName = Literal["generic", "servicenow", "jira", "itop", "glpi", "zammad", "request_tracker", "redmine"]


@dataclass(frozen=True, slots=True)
class SinkSystem:
    """`options` is the model of what a connection says beside address and sign-in; `accesses` and `senders` are what it
    may be configured with, the usual one first; no `accesses`: the options say it."""

    open: Callable[[SinkConfig], ChangeSink]
    options: type[BaseModel]
    accesses: tuple[RemoteAuthentication, ...]
    senders: tuple[Authentication, ...]


SINKS: dict[SinkName, SinkSystem] = {
    "generic": SinkSystem(GenericChangeSink, GenericOptions, (), ("standard_webhooks", "bearer")),
    "servicenow": SinkSystem(
        ServiceNowChangeSink, ServiceNowOptions, ("basic", "bearer"), ("bearer", "basic", "url_secret", "none")
    ),
    "jira": SinkSystem(
        JiraChangeSink, JiraOptions, ("basic", "bearer"), ("hub_sha256", "url_secret", "bearer", "none")
    ),
    "itop": SinkSystem(ItopChangeSink, ItopOptions, ("basic", "bearer"), ("bearer", "basic", "url_secret", "none")),
    "glpi": SinkSystem(
        GlpiChangeSink, GlpiOptions, ("user_token", "basic"), ("glpi_sha256", "bearer", "url_secret", "none")
    ),
    "zammad": SinkSystem(
        ZammadChangeSink, ZammadOptions, ("zammad_token", "bearer", "basic"), ("hub_sha1", "bearer", "basic", "none")
    ),
    "request_tracker": SinkSystem(
        RequestTrackerChangeSink, RequestTrackerOptions, ("token", "basic"), ("bearer", "url_secret", "none")
    ),
    "redmine": SinkSystem(RedmineChangeSink, RedmineOptions, ("api_key", "basic"), ("none",)),
}
