"""The processes of the event measurements: ours as they are deployed, and the two baselines.

Each says `ready`, waits for `go`, and says what it measured: seconds of the machine's monotonic clock.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import aio_pika
import asyncpg
import orjson
import uvloop

from bench.incidents import resolved
from services.fleet import make_services
from shared import clock
from shared.app import spare_imports
from shared.bus.local import LocalBus
from shared.bus.rabbitmq import RabbitBus
from shared.events.envelope import serialise
from shared.events.metrics import IncidentResolved
from shared.ids import new_id
from shared.provision import connect
from shared.relay import Relay
from shared.settings import Settings

EXCHANGE = "bench.events"
QUEUE = "bench.one"
WINDOW = 500


async def _await_go() -> None:
    spare_imports()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)


def _settings() -> tuple[Settings, str, str]:
    settings = Settings(_env_file=None)
    assert settings.database_url is not None
    assert settings.amqp_url is not None
    return settings, settings.database_url, settings.amqp_url


async def relay(_count: int) -> None:
    """metrics' relay, until it is stopped."""
    settings, database_url, amqp_url = _settings()
    (service,) = make_services(["metrics"], settings, database_url, LocalBus())
    await service.prepare()
    bus = RabbitBus(amqp_url)
    await bus.publish([])
    await _await_go()
    print("began", time.monotonic(), flush=True)
    await Relay(service.database, bus).run()


async def consume(count: int) -> None:
    """satisfaction's consumer with its real handlers, until it has committed so many events."""
    settings, database_url, amqp_url = _settings()
    (service,) = make_services(["satisfaction"], settings, database_url, LocalBus())
    await service.prepare()
    inbox = service.app.state.inbox
    done = asyncio.Event()
    taken = 0

    async def take(bodies: Sequence[bytes]) -> None:
        nonlocal taken
        await inbox.take(bodies)
        taken += len(bodies)
        if taken >= count:
            done.set()

    bus = RabbitBus(amqp_url)
    await bus.subscribe("satisfaction", inbox.types(), take)
    await _await_go()
    await done.wait()
    print("done", time.monotonic(), flush=True)
    await bus.close()
    await service.close()


async def _open(amqp_url: str, prefetch: int) -> tuple[aio_pika.abc.AbstractExchange, aio_pika.abc.AbstractQueue]:
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    await channel.set_qos(prefetch_count=prefetch)
    exchange = await channel.declare_exchange(EXCHANGE, aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue(QUEUE, durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, "#")
    return exchange, queue


def _messages(count: int) -> list[aio_pika.Message]:
    bodies = (serialise(resolved(number), "metrics", clock.now())[1] for number in range(count))
    return [aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT) for body in bodies]


async def publish_each(count: int) -> None:
    """Each message is published when the one before is confirmed."""
    _, _, amqp_url = _settings()
    exchange, _ = await _open(amqp_url, WINDOW)
    messages = _messages(count)
    await _await_go()
    print("began", time.monotonic(), flush=True)
    for message in messages:
        await exchange.publish(message, IncidentResolved.TYPE, mandatory=False)


async def publish_windows(count: int) -> None:
    """Confirms are gathered for windows of messages, as large as our relay's batches."""
    _, _, amqp_url = _settings()
    exchange, _ = await _open(amqp_url, WINDOW)
    messages = _messages(count)
    await _await_go()
    print("began", time.monotonic(), flush=True)
    for start in range(0, count, WINDOW):
        window = messages[start : start + WINDOW]
        await asyncio.gather(*(exchange.publish(m, IncidentResolved.TYPE, mandatory=False) for m in window))


_CLAIM = "INSERT INTO bench.inbox (event_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING event_id"
_INSERT = (
    "INSERT INTO bench.callbacks (id, ticket_id, external_id, resolution_number, resolver, resolved_at, due_at) "
    "VALUES ($1, $2, $3, $4, $5, $6, $7)"
)


async def _bring_to_effect(connection: asyncpg.Connection, body: bytes) -> None:
    """One event, one transaction: claimed, its callback written."""
    event = orjson.loads(body)
    fact = IncidentResolved.model_validate(event["data"])
    async with connection.transaction():
        if await connection.fetchval(_CLAIM, UUID(event["id"])) is None:
            return
        due_at = fact.resolved_at + timedelta(hours=24)
        values = (new_id(), fact.ticket_id, fact.external_id, fact.resolution_number, fact.resolver)
        await connection.execute(_INSERT, *values, fact.resolved_at, due_at)


async def consume_each(count: int) -> None:
    """One message, one transaction, one acknowledgement, one after the other."""
    _, database_url, amqp_url = _settings()
    _, queue = await _open(amqp_url, WINDOW)
    connection = await connect(database_url)
    await _await_go()
    taken = 0
    async with queue.iterator() as messages:
        async for message in messages:
            await _bring_to_effect(connection, message.body)
            await message.ack()
            taken += 1
            if taken == count:
                break
    print("done", time.monotonic(), flush=True)


async def consume_each_concurrently(count: int) -> None:
    """One message, one transaction, on eight connections at the same time."""
    _, database_url, amqp_url = _settings()
    _, queue = await _open(amqp_url, WINDOW)
    arrived: asyncio.Queue[aio_pika.abc.AbstractIncomingMessage] = asyncio.Queue()
    done = asyncio.Event()
    taken = 0

    async def work(connection: asyncpg.Connection) -> None:
        nonlocal taken
        while True:
            message = await arrived.get()
            await _bring_to_effect(connection, message.body)
            await message.ack()
            taken += 1
            if taken == count:
                done.set()

    workers = [asyncio.create_task(work(await connect(database_url))) for _ in range(8)]
    await queue.consume(arrived.put)
    await _await_go()
    await done.wait()
    print("done", time.monotonic(), flush=True)
    for worker in workers:
        worker.cancel()


async def consume_plain(count: int) -> None:
    """Read and acknowledged, without any effect."""
    _, _, amqp_url = _settings()
    _, queue = await _open(amqp_url, WINDOW)
    await _await_go()
    taken = 0
    async with queue.iterator() as messages:
        async for message in messages:
            await message.ack()
            taken += 1
            if taken == count:
                break
    print("done", time.monotonic(), flush=True)


WORKERS: dict[str, Callable[[int], Awaitable[None]]] = {
    worker.__name__: worker
    for worker in (
        relay,
        consume,
        publish_each,
        publish_windows,
        consume_each,
        consume_each_concurrently,
        consume_plain,
    )
}


if __name__ == "__main__":
    uvloop.run(WORKERS[sys.argv[1]](int(sys.argv[2])))  # type: ignore[arg-type]
