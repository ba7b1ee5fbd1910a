"""Any system that can post JSON, as an incident source: what it says follows from the connection's field map."""

from typing import Any

from shared.ticketing.generic.mapper import map_payload
from shared.ticketing.sources import Reading, SourceConfig
from shared.ticketing.webhooks import WebhookSource


def _map(payload: Any, config: SourceConfig) -> Reading:
    return Reading((map_payload(payload, config.field_map, config.source, config.zone),))


def open_generic(config: SourceConfig) -> WebhookSource:
    return WebhookSource(config, _map)
