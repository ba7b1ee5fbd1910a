"""Zammad: webhooks signed by `X-Hub-Signature: sha1=…`, an HMAC of the body; `X-Zammad-Delivery` names the delivery."""

from shared.ticketing.sources import SourceConfig
from shared.ticketing.webhooks import WebhookSource
from shared.ticketing.zammad.mapper import map_event


def open_zammad(config: SourceConfig) -> WebhookSource:
    return WebhookSource(config, map_event)
