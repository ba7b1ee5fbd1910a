"""In-process wake-ups, so that committed work is taken at once and polling is only the net below."""

import asyncio
from collections import defaultdict


class Signals:
    """Named events of one service in one process. A wake-up before the wait is not lost."""

    def __init__(self) -> None:
        self._events: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    def wake(self, name: str) -> None:
        self._events[name].set()

    async def wait(self, name: str, timeout_seconds: float) -> None:
        """Return when woken, or after the timeout."""
        event = self._events[name]
        try:
            async with asyncio.timeout(timeout_seconds):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            event.clear()
