"""Jira, Cloud and Server: webhooks signed by `X-Hub-Signature: sha256=…`, or with the secret in their URL."""

from shared.ticketing.jira.mapper import map_event
from shared.ticketing.sources import SourceConfig
from shared.ticketing.webhooks import WebhookSource


def open_jira(config: SourceConfig) -> WebhookSource:
    return WebhookSource(config, map_event)
