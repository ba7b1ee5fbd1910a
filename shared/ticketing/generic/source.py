"""Any system that can post JSON, as an incident source: what it says follows from the connection's field map."""

from collections.abc import Mapping
from typing import Any

from shared.ticketing.echo import ignore_own
from shared.ticketing.generic.mapper import map_payload
from shared.ticketing.sources import Reading, SourceConfig
from shared.ticketing.webhooks import WebhookSource


def _map(payload: Any, config: SourceConfig) -> Reading:
    """Where nobody knows which field is the description, the mark may stand in any text beside the facts."""
    texts = payload.values() if isinstance(payload, Mapping) else ()
    own = ignore_own(*(value for value in texts if isinstance(value, str)))
    if own is not None:
        return own
    facts = map_payload(payload, config.field_map, config.source, config.zone)
    return ignore_own(facts.title) or Reading((facts,))


def open_generic(config: SourceConfig) -> WebhookSource:
    return WebhookSource(config, _map)
