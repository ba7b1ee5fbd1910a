"""Systems that are polled, and that may tell by webhook beside it: what their sources have in common."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from shared.ticketing.failures import RemoteFailed
from shared.ticketing.remote import TIMEOUT_SECONDS, Asking, Remote
from shared.ticketing.sources import PollConfig, PollPage, Position, SourceConfig
from shared.ticketing.webhooks import Map, WebhookSource


@dataclass(frozen=True, slots=True)
class Wanted:
    """The page that is asked for: of at most so many records, from this position on."""

    config: SourceConfig
    poll: PollConfig
    position: Position
    page_size: int


ReadPage = Callable[[Asking, Wanted], Awaitable[PollPage]]
"""Raises `RemoteFailed`."""


class PolledSource(WebhookSource):
    """An incident source of a mapper and of a function that asks for one page."""

    def __init__(
        self,
        config: SourceConfig,
        map_event: Map,
        read_page: ReadPage,
        *,
        page_size: int,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        super().__init__(config, map_event)
        self._config = config
        self._read_page = read_page
        self._page_size = page_size
        self._timeout_seconds = timeout_seconds

    async def poll(self, position: Position) -> PollPage:
        poll = self._config.poll
        if poll is None:
            raise RemoteFailed("this connection has no base_url to poll", is_lasting=True)
        async with Remote(poll, timeout_seconds=self._timeout_seconds).session() as remote:
            return await self._read_page(remote, Wanted(self._config, poll, position, self._page_size))
