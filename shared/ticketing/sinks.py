"""The systems that change requests may be raised in, how we may sign in, and how their webhooks prove themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from shared.ticketing.access import RemoteAuthentication
from shared.ticketing.changes import ChangeSink, SinkConfig
from shared.ticketing.generic.client import open_generic_changes
from shared.ticketing.generic.options import GenericOptions
from shared.ticketing.redmine.changes import RedmineChangeSink, RedmineOptions
from shared.ticketing.request_tracker.changes import RequestTrackerChangeSink, RequestTrackerOptions
from shared.ticketing.sources import Authentication

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
    "generic": SinkSystem(open_generic_changes, GenericOptions, (), ("standard_webhooks", "bearer")),
    "request_tracker": SinkSystem(
        RequestTrackerChangeSink, RequestTrackerOptions, ("token", "basic"), ("bearer", "url_secret", "none")
    ),
    "redmine": SinkSystem(RedmineChangeSink, RedmineOptions, ("api_key", "basic"), ("none",)),
}
