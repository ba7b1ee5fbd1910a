"""What every bus does: one suite, both adapters."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import orjson
import pytest

from shared.bus.local import LocalBus
from shared.bus.packing import BATCH
from shared.bus.port import EVERYTHING, Bus, Outgoing
from shared.bus.rabbitmq import RabbitBus
from tests.support.waiting import eventually

OPENED = "ratchet.incident.opened.v1"
CLOSED = "ratchet.incident.closed.v1"


@dataclass
class Ear:
    """A receiver that remembers the batches it took, after failing the first `failures` times."""

    failures: int = 0
    batches: list[list[bytes]] = field(default_factory=list)
    refused: list[list[bytes]] = field(default_factory=list)

    @property
    def heard(self) -> list[bytes]:
        return [body for batch in self.batches for body in batch]

    async def __call__(self, bodies: Sequence[bytes]) -> None:
        if self.failures > 0:
            self.failures -= 1
            self.refused.append(list(bodies))
            raise ConnectionError("the database is away")
        self.batches.append(list(bodies))

    async def hears(self, expected: Sequence[bytes]) -> None:
        """Until it has heard at least that many, which must then be exactly these."""

        async def enough() -> bool:
            return len(self.heard) >= len(expected)

        await eventually(enough)
        assert self.heard == list(expected)


class Wire:
    """A wire to the broker that can be cut."""

    def __init__(self, url: str) -> None:
        self._broker = urlsplit(url)
        self._ends: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> "Wire":
        self._server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        login = self._broker.netloc.rpartition("@")[0]
        self.url = self._broker._replace(netloc=f"{login}@127.0.0.1:{port}").geturl()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()
        await self._server.wait_closed()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._broker.hostname, self._broker.port or 5672)
        self._ends += [writer, back]
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
                await target.drain()
        target.close()


def numbered(type_: str, count: int, start: int = 0) -> list[Outgoing]:
    return [Outgoing(type_, orjson.dumps({"n": n, "type": type_})) for n in range(start, start + count)]


def bodies(events: Sequence[Outgoing]) -> list[bytes]:
    return [event.body for event in events]


@pytest.fixture
async def opened(bus: Bus) -> AsyncIterator[Bus]:
    yield bus
    await bus.close()


@pytest.fixture
async def rabbit(amqp_url: str) -> AsyncIterator[Callable[..., RabbitBus]]:
    """Makes buses of one namespace; closes them and deletes what they declared."""
    namespace = f"test-{uuid4().hex[:12]}"
    made: list[RabbitBus] = []

    def make(url: str = amqp_url) -> RabbitBus:
        made.append(RabbitBus(url, namespace=namespace))
        return made[-1]

    yield make
    for bus in made:
        await bus.close()
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    await channel.queue_delete(f"{namespace}.one")
    await channel.exchange_delete(f"{namespace}.events")
    await connection.close()


class TestPublish:
    async def test_reaches_a_subscriber_with_every_byte_as_it_was(self, opened: Bus) -> None:
        ear = Ear()
        await opened.subscribe("one", {OPENED}, ear)
        odd = [Outgoing(OPENED, body) for body in (b'{"a":"\xe4\xb8\xad"}', b"{}", b'{"x":",\\n[]"}', b"not json")]
        await opened.publish(odd)
        await ear.hears(bodies(odd))

    async def test_reaches_every_subscriber(self, opened: Bus) -> None:
        one, two = Ear(), Ear()
        await opened.subscribe("one", {OPENED}, one)
        await opened.subscribe("two", {OPENED}, two)
        events = numbered(OPENED, 3)
        await opened.publish(events)
        await one.hears(bodies(events))
        await two.hears(bodies(events))

    async def test_reaches_only_those_that_named_the_type(self, opened: Bus) -> None:
        one, two = Ear(), Ear()
        await opened.subscribe("one", {OPENED}, one)
        await opened.subscribe("two", {CLOSED}, two)
        events = [*numbered(OPENED, 2), *numbered(CLOSED, 2)]
        await opened.publish(events)
        await one.hears(bodies(events[:2]))
        await two.hears(bodies(events[2:]))

    async def test_reaches_a_listener_to_everything_once(self, opened: Bus) -> None:
        ear = Ear()
        await opened.subscribe("one", {OPENED, EVERYTHING}, ear)
        events = [*numbered(OPENED, 2), *numbered(CLOSED, 2)]
        await opened.publish(events)
        await ear.hears(bodies(events))

    async def test_keeps_the_order_within_a_type(self, opened: Bus) -> None:
        ear = Ear()
        await opened.subscribe("one", {OPENED, CLOSED}, ear)
        mixed = [event for n in range(150) for event in (*numbered(OPENED, 1, n), *numbered(CLOSED, 1, n))]
        for start in range(0, len(mixed), 60):
            await opened.publish(mixed[start : start + 60])

        async def all_there() -> bool:
            return len(ear.heard) >= len(mixed)

        await eventually(all_there)
        for type_ in (OPENED, CLOSED):
            heard = [orjson.loads(body)["n"] for body in ear.heard if orjson.loads(body)["type"] == type_]
            assert heard == list(range(150))

    async def test_of_what_nobody_hears_is_no_failure(self, opened: Bus) -> None:
        await opened.publish(numbered(CLOSED, 3))

    async def test_of_nothing_is_no_failure(self, opened: Bus) -> None:
        await opened.publish([])


class TestReceiver:
    async def test_that_fails_gets_the_same_events_again(self, opened: Bus) -> None:
        """The local bus tells the relay, which keeps them in the outbox; RabbitMQ keeps them itself."""
        ear = Ear(failures=2)
        await opened.subscribe("one", {OPENED}, ear)
        events = numbered(OPENED, 5)
        for _ in range(3):
            try:
                await opened.publish(events)
                break
            except ConnectionError:
                assert isinstance(opened, LocalBus)
        await ear.hears(bodies(events))
        assert ear.refused == [bodies(events)] * 2

    async def test_that_fails_harms_no_other(self, opened: Bus) -> None:
        broken, well = Ear(failures=1), Ear()
        await opened.subscribe("one", {OPENED}, broken)
        await opened.subscribe("two", {OPENED}, well)
        events = numbered(OPENED, 5)
        try:
            await opened.publish(events)
        except ConnectionError:
            assert isinstance(opened, LocalBus)
        await well.hears(bodies(events))


class TestIsConnected:
    async def test_once_it_hears(self, opened: Bus) -> None:
        await opened.subscribe("one", {OPENED}, Ear())

        async def connected() -> bool:
            return opened.is_connected()

        await eventually(connected)


class TestRabbitBus:
    async def test_keeps_events_while_nobody_consumes(self, rabbit: Callable[..., RabbitBus]) -> None:
        first = rabbit()
        await first.subscribe("one", {OPENED}, Ear())
        await first.close()
        events = numbered(OPENED, 100)
        await rabbit().publish(events)
        ear = Ear()
        await rabbit().subscribe("one", {OPENED}, ear)
        await ear.hears(bodies(events))

    async def test_keeps_events_for_a_service_that_has_never_run(self, rabbit: Callable[..., RabbitBus]) -> None:
        publisher = rabbit()
        await publisher.declare({"one": {OPENED}})
        events = numbered(OPENED, 3)
        await publisher.publish([*events, *numbered(CLOSED, 3)])
        ear = Ear()
        await rabbit().subscribe("one", {OPENED}, ear)
        await ear.hears(bodies(events))

    async def test_delivers_again_what_was_not_committed(self, rabbit: Callable[..., RabbitBus]) -> None:
        """The receiver had the events and its process went away before it returned."""
        started = asyncio.Event()

        async def hang(_bodies: Sequence[bytes]) -> None:
            started.set()
            await asyncio.Event().wait()

        dying = rabbit()
        await dying.subscribe("one", {OPENED}, hang)
        events = numbered(OPENED, 10)
        await rabbit().publish(events)
        await asyncio.wait_for(started.wait(), 10)
        await dying.close()
        ear = Ear()
        await rabbit().subscribe("one", {OPENED}, ear)
        await ear.hears(bodies(events))

    async def test_delivers_nothing_twice_that_was_committed(self, rabbit: Callable[..., RabbitBus]) -> None:
        first, ear = rabbit(), Ear()
        await first.subscribe("one", {OPENED}, ear)
        events = numbered(OPENED, 200)
        await first.publish(events)
        await ear.hears(bodies(events))
        await asyncio.sleep(0.1)  # the acknowledgement is written after the receiver returned
        await first.close()
        later, last = Ear(), numbered(OPENED, 1, 200)
        second = rabbit()
        await second.subscribe("one", {OPENED}, later)
        await second.publish(last)
        await later.hears(bodies(last))

    async def test_shares_a_queue_between_replicas(self, rabbit: Callable[..., RabbitBus]) -> None:
        one, two = Ear(), Ear()
        await rabbit().subscribe("one", {OPENED}, one)
        await rabbit().subscribe("one", {OPENED}, two)
        events = numbered(OPENED, 1000)
        publisher = rabbit()
        for start in range(0, 1000, 100):
            await publisher.publish(events[start : start + 100])

        async def all_there() -> bool:
            return len(one.heard) + len(two.heard) >= 1000

        await eventually(all_there)
        assert sorted(one.heard + two.heard) == sorted(bodies(events))

    async def test_reads_batches_of_other_publishers(self, rabbit: Callable[..., RabbitBus], amqp_url: str) -> None:
        bus, ear = rabbit(), Ear()
        await bus.subscribe("one", {OPENED}, ear)
        connection = await aio_pika.connect(amqp_url)
        channel = await connection.channel()
        exchange = await channel.get_exchange(f"{bus._namespace}.events", ensure=False)
        pretty = b'[\n  {"id": "1"},\n  {"id": "2"}\n]'
        for content_type, body in ((BATCH, pretty), ("text/plain", b"hello"), (BATCH, b"\xff broken")):
            await exchange.publish(aio_pika.Message(body, content_type=content_type), routing_key=OPENED)
        await connection.close()
        await ear.hears([b'{"id":"1"}', b'{"id":"2"}', b"hello", b"\xff broken"])

    async def test_hears_again_after_its_queue_was_deleted(
        self, rabbit: Callable[..., RabbitBus], amqp_url: str
    ) -> None:
        bus, ear = rabbit(), Ear()
        await bus.subscribe("one", {OPENED}, ear)

        async def connected() -> bool:
            return bus.is_connected()

        await eventually(connected)
        connection = await aio_pika.connect(amqp_url)
        await (await connection.channel()).queue_delete(f"{bus._namespace}.one")
        await connection.close()
        events = numbered(OPENED, 1)

        async def heard() -> bool:
            await bus.publish(events)
            return bool(ear.heard)

        await eventually(heard)

    async def test_goes_on_after_its_connections_broke(self, rabbit: Callable[..., RabbitBus], amqp_url: str) -> None:
        """Both ways: what it publishes and what it hears."""
        async with Wire(amqp_url) as wire:
            bus, ear = rabbit(wire.url), Ear()
            await bus.subscribe("one", {OPENED}, ear)
            events = numbered(OPENED, 2)
            await bus.publish(events[:1])
            await ear.hears(bodies(events[:1]))
            wire.cut()

            async def noticed() -> bool:
                return not bus.is_connected()

            await eventually(noticed)

            async def published() -> bool:
                try:
                    await bus.publish(events[1:])
                except OSError:
                    return False
                return True

            await eventually(published)

            async def heard() -> bool:
                return set(ear.heard) == set(bodies(events))

            await eventually(heard)
            assert bus.is_connected()
            await bus.close()

    async def test_says_when_the_broker_cannot_be_reached(self) -> None:
        bus = RabbitBus("amqp://guest:guest@127.0.0.1:1/")
        with pytest.raises(OSError, match=r"."):
            await bus.publish(numbered(OPENED, 1))
