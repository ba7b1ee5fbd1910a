"""The bus over RabbitMQ 3.10 to 4.x: one topic exchange, one quorum queue per service, confirms both ways.

Connections are plain, not self-healing: when one breaks, everything that hangs on it is dropped and made anew, so that
no delivery of a dead channel is ever acknowledged on a living one.
"""

import asyncio
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError

from shared.bus.packing import pack, unpack
from shared.bus.port import Outgoing, Receive

_BREATH_SECONDS = 0.02
"""With nothing waiting, a batch begins no sooner than this after the one before: what trickles in shares transactions,
and the first event after a pause waits for nothing."""
_AT_ONCE = 2
"""Batches in a receiver's hands: it reads the second while the database works on the first."""
_log = structlog.get_logger(__name__)
_NEVER_DROPPED = 1_000_000
_CONNECTION_LOST = (AMQPError, ConnectionError, OSError, RuntimeError, asyncio.TimeoutError)


class RabbitBus:
    """Publishes with confirms; consumes in batches of up to `most` events, acknowledged together once committed.

    Several installations share one broker by `namespace`: it begins the exchange's name and every queue's.
    """

    def __init__(self, url: str, *, namespace: str = "ratchet", most: int = 500, prefetch: int = 64) -> None:
        self._url = url
        self._namespace = namespace
        self._most = most
        self._prefetch = prefetch
        self._publishing: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None
        self._lock = asyncio.Lock()
        self._consumers: list[asyncio.Task[None]] = []
        self._consuming: set[str] = set()

    async def publish(self, events: Sequence[Outgoing]) -> None:
        exchange = await self._open_exchange()
        messages = [
            exchange.publish(
                aio_pika.Message(body, content_type=content_type, delivery_mode=aio_pika.DeliveryMode.PERSISTENT),
                routing_key=type_,
                mandatory=False,
                timeout=30,
            )
            for type_, content_type, body in pack(events)
        ]
        try:
            await asyncio.gather(*messages)
        except Exception:
            await self._drop_publishing()
            raise

    async def declare(self, queues: Mapping[str, Collection[str]]) -> None:
        """Have events of these types kept in these queues from now on, whether or not anyone consumes them yet.

        A broker drops what no queue is bound to: whoever publishes declares the queues of all who will want to hear.
        """
        for name, types in queues.items():
            connection, _, _ = await self._open_queue(f"{self._namespace}.{name}", types)
            await connection.close()

    async def subscribe(self, queue: str, types: Collection[str], receive: Receive) -> None:
        """Declares the queue and its bindings before it returns, so that nothing published from then on is missed."""
        queue = f"{self._namespace}.{queue}"
        connection, _, _ = await self._open_queue(queue, types)
        await connection.close()
        self._consumers.append(asyncio.create_task(self._consume(queue, types, receive), name=f"consume {queue}"))

    async def close(self) -> None:
        for consumer in self._consumers:
            consumer.cancel()
        await asyncio.gather(*self._consumers, return_exceptions=True)
        await self._drop_publishing()

    def is_connected(self) -> bool:
        publishing = self._publishing is None or _is_open(self._publishing)
        return publishing and len(self._consuming) == len(self._consumers)

    async def _open_exchange(self) -> AbstractExchange:
        async with self._lock:
            if self._publishing is None or self._exchange is None or not _is_open(self._publishing):
                await self._drop_publishing()
                self._publishing = await aio_pika.connect(self._url, timeout=10)
                channel = await self._publishing.channel(publisher_confirms=True)
                self._exchange = await self._declare_exchange(channel)
            return self._exchange

    async def _drop_publishing(self) -> None:
        connection, self._publishing, self._exchange = self._publishing, None, None
        if connection is not None:
            with suppress(*_CONNECTION_LOST):
                await connection.close()

    async def _open_queue(
        self, name: str, types: Collection[str]
    ) -> tuple[AbstractConnection, AbstractChannel, aio_pika.abc.AbstractQueue]:
        connection = await aio_pika.connect(self._url, timeout=10)
        try:
            channel = await connection.channel(publisher_confirms=False)
            await channel.set_qos(prefetch_count=self._prefetch)
            exchange = await self._declare_exchange(channel)
            queue = await channel.declare_queue(
                name, durable=True, arguments={"x-queue-type": "quorum", "x-delivery-limit": _NEVER_DROPPED}
            )
            for type_ in types:
                await queue.bind(exchange, routing_key=type_)
        except BaseException:
            with suppress(*_CONNECTION_LOST):
                await connection.close()
            raise
        return connection, channel, queue

    async def _declare_exchange(self, channel: AbstractChannel) -> AbstractExchange:
        name = f"{self._namespace}.events"
        return await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)

    async def _consume(self, name: str, types: Collection[str], receive: Receive) -> None:
        delay = 0.1
        while True:
            connection: AbstractConnection | None = None
            try:
                connection, channel, queue = await self._open_queue(name, types)
                delay = 0.1
                await self._consume_until_lost(connection, channel, queue, receive)
                _log.warning("consumer_lost_connection", queue=name)
            except Exception as error:  # whatever failed, nothing was acknowledged that did not commit
                _log.warning("consumer_waits", queue=name, error=repr(error), seconds=delay)
                await asyncio.sleep(delay)
                delay = min(delay * 2, 5.0)
            finally:
                self._consuming.discard(name)
                if connection is not None:
                    with suppress(*_CONNECTION_LOST):
                        await connection.close()

    async def _consume_until_lost(
        self,
        connection: AbstractConnection,
        channel: AbstractChannel,
        queue: aio_pika.abc.AbstractQueue,
        receive: Receive,
    ) -> None:
        arrived: asyncio.Queue[AbstractIncomingMessage | None] = asyncio.Queue()
        connection.close_callbacks.add(lambda *_: arrived.put_nowait(None))
        channel.close_callbacks.add(lambda *_: arrived.put_nowait(None))
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _frame: arrived.put_nowait(None))  # the queue was deleted
        await queue.consume(arrived.put, no_ack=False)
        self._consuming.add(queue.name)
        in_flight: deque[tuple[asyncio.Task[None], AbstractIncomingMessage]] = deque()
        began = 0.0
        try:
            while True:
                if len(in_flight) == _AT_ONCE or (in_flight and arrived.empty()):
                    receiving, last = in_flight.popleft()
                    await receiving
                    if channel.is_closed:
                        return
                    await last.ack(multiple=True)
                    if arrived.empty() and not in_flight:
                        await asyncio.sleep(began + _BREATH_SECONDS - time.monotonic())
                    continue
                batch = await self._gather(arrived)
                if batch is None:
                    return
                bodies, last = batch
                began = time.monotonic()
                receiving = asyncio.create_task(_receive_until_committed(receive, bodies, channel))
                in_flight.append((receiving, last))
        finally:
            for receiving, _ in in_flight:
                receiving.cancel()
            await asyncio.gather(*(receiving for receiving, _ in in_flight), return_exceptions=True)

    async def _gather(
        self, arrived: asyncio.Queue[AbstractIncomingMessage | None]
    ) -> tuple[list[bytes], AbstractIncomingMessage] | None:
        """What has arrived, once something has: the events, and the last of their messages; None when the connection
        is lost."""
        bodies: list[bytes] = []
        while True:
            message = await arrived.get()
            if message is None:
                return None
            bodies += unpack(message.content_type, message.body)
            if len(bodies) >= self._most or arrived.empty():
                return bodies, message


def _is_open(connection: AbstractConnection) -> bool:
    """A plain connection calls itself closed only when we closed it."""
    return connection.connected.is_set() and not connection.is_closed


async def _receive_until_committed(receive: Receive, bodies: Sequence[bytes], channel: AbstractChannel) -> None:
    """A receiver raises when its database is away: nothing is parked and nothing acknowledged, the batch waits. When
    the channel dies meanwhile, the broker will deliver it again."""
    delay = 0.1
    while not channel.is_closed:
        try:
            await receive(bodies)
            return
        except Exception as error:
            _log.warning("receiver_waits", error=repr(error), seconds=delay)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 5.0)
