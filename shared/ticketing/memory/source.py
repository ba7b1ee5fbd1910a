"""A source of tickets in this process: the twin for tests. It takes our own facts; what was put in is polled."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.ticketing.echo import ignore_own
from shared.ticketing.generic.mapper import map_payload
from shared.ticketing.senders import verify_sender
from shared.ticketing.sources import PollPage, Position, Reading, SourceConfig, follow


class MemorySource:
    """Keeps what was put in until the process ends."""

    def __init__(self, config: SourceConfig, *, page_size: int = 2) -> None:
        self._config = config
        self._page_size = page_size
        self._records: list[tuple[datetime, Any]] = []

    def put(self, updated_at: datetime, payload: Any) -> None:
        """Let this be polled."""
        self._records.append((updated_at, payload))

    def verify(self, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> None:
        verify_sender(self._config.authentication, self._config.secret, headers, query, body)

    def read(self, payload: Any) -> Reading:
        facts = map_payload(payload, {}, self._config.source, self._config.zone)
        return ignore_own(facts.title) or Reading((facts,))

    async def poll(self, position: Position) -> PollPage:
        due = sorted((record for record in self._records if record[0] >= position.since), key=lambda record: record[0])
        start = (position.page - 1) * self._page_size
        page = due[start : start + self._page_size]
        is_last = len(page) < self._page_size
        newest = page[-1][0] if page else None
        return PollPage([payload for _, payload in page], follow(position, newest, is_last), is_last)
