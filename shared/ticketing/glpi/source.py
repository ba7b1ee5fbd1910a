"""GLPI 11 as a source of incidents: webhooks signed by `X-GLPI-signature`."""

from shared.ticketing.glpi.mapper import map_event
from shared.ticketing.sources import SourceConfig
from shared.ticketing.webhooks import WebhookSource


def open_glpi(config: SourceConfig) -> WebhookSource:
    return WebhookSource(config, map_event)
