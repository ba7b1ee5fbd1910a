"""The bus of one process: the relay hands the events straight to the subscribers' inbox transactions.

It keeps nothing: what could not be handed over stays in the outbox, so it is as durable as Postgres is.
"""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from shared.bus.port import EVERYTHING, Outgoing, Receive


@dataclass(frozen=True, slots=True)
class _Subscription:
    types: frozenset[str]
    receive: Receive

    def wants(self, type_: str) -> bool:
        return type_ in self.types or EVERYTHING in self.types


class LocalBus:
    """Delivers to all subscriptions before `publish` returns; raises if any of them could not take the events."""

    def __init__(self) -> None:
        self._subscriptions: dict[str, _Subscription] = {}

    async def publish(self, events: Sequence[Outgoing]) -> None:
        deliveries = []
        for subscription in self._subscriptions.values():
            bodies = [event.body for event in events if subscription.wants(event.type)]
            if bodies:
                deliveries.append(subscription.receive(bodies))
        results = await asyncio.gather(*deliveries, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def subscribe(self, queue: str, types: Collection[str], receive: Receive) -> None:
        self._subscriptions[queue] = _Subscription(frozenset(types), receive)

    async def close(self) -> None:
        self._subscriptions.clear()

    def is_connected(self) -> bool:
        return True
