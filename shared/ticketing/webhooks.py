"""Systems that tell by webhook only: the sender is proven, the body is mapped, and there is nothing to poll."""

from collections.abc import Callable, Mapping
from typing import Any

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.senders import verify_sender
from shared.ticketing.sources import PollPage, Position, Reading, SourceConfig

Map = Callable[[Any, SourceConfig], Reading]


class WebhookSource:
    """An incident source of a mapper alone."""

    def __init__(self, config: SourceConfig, map_event: Map) -> None:
        self._config = config
        self._map = map_event

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read(self, payload: Any) -> Reading:
        return self._map(payload, self._config)

    async def poll(self, position: Position) -> PollPage:
        raise RemoteFailed("this system is not polled: it sends webhooks")
