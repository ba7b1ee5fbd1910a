"""What a bus must do. Two adapters keep it: `rabbitmq` for separate processes, `local` for one process."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol

Receive = Callable[[Sequence[bytes]], Awaitable[None]]
"""Takes events' bytes; returns when their effects are committed; raises when nothing was decided about them. It may be
called again before it returned: then it is to put the batches in turn itself."""

EVERYTHING = "#"
"""The pattern that stands for every type."""


class Outgoing(NamedTuple):
    """A recorded event on its way: its wire name and its bytes."""

    type: str
    body: bytes


class Bus(Protocol):
    """Carries events to every subscription whose types match, at least once.

    `publish` returns when they are safe (confirmed by the broker, or committed by every subscriber) and raises when
    that is not known. A subscription outlives its process: what is published while nobody consumes is kept.
    """

    async def publish(self, events: Sequence[Outgoing]) -> None: ...

    async def subscribe(self, queue: str, types: Collection[str], receive: Receive) -> None: ...

    async def close(self) -> None: ...

    def is_connected(self) -> bool: ...
