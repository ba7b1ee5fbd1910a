"""From an incident sent over HTTP to its callback's committed row, without a backlog, at a steady rate.

Five real processes, RabbitMQ and Postgres. The clock starts when the request's last byte is written, so the time of
the HTTP request is part of the figure, and stops when another connection can read the callback. The raw limit is the
barest loop on the same parts at the same rate: publish with confirm, consume, insert, commit, acknowledge.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sized
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import aio_pika
import asyncpg
import orjson

from bench.claim import Claim, at_most, show
from bench.parts import Parts, started
from services.fleet import DEFINE
from shared.auth import Role, mint
from shared.provision import connect
from tests.support.processes import Processes, running_processes

PER_SECOND = 100
SECONDS = 30
WARM_UP_SECONDS = 3
_CONNECTIONS = 8
_POLL_SECONDS = 0.005
_SEEN = "SELECT external_id FROM satisfaction.callbacks WHERE external_id = ANY($1)"


class Sender:
    """One HTTP connection that is kept open; as little of a client as will do, so that it costs little itself."""

    def __init__(self, url: str, token: str) -> None:
        self._parts = urlsplit(url)
        self._head = (
            f"POST {self._parts.path} HTTP/1.1\r\nHost: {self._parts.netloc}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._parts.hostname, self._parts.port)

    async def post(self, body: bytes) -> float:
        """When the request was written; returns once it is answered with 200."""
        self._writer.write(f"{self._head}{len(body)}\r\n\r\n".encode() + body)
        written = time.perf_counter()
        head = await self._reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.decode())
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await self._reader.readexactly(int(length.split(b":")[1]))
        return written

    def close(self) -> None:
        self._writer.close()


def incident(number: int) -> bytes:
    now = datetime.now(UTC)
    facts = {
        "source": "bench",
        "external_id": f"INC{number:07d}",
        "state": "resolved",
        "title": "Printer does not print",
        "priority": "3 - Moderate",
        "customer": f"Customer {number % 50}",
        "group": f"Group {number % 20}",
        "resolver": f"Resolver {number % 100}",
        "opened_at": (now - timedelta(hours=1)).isoformat(),
        "resolved_at": now.isoformat(),
        "updated_at": now.isoformat(),
    }
    return orjson.dumps(facts)


def measure() -> list[Claim]:
    with started() as parts:
        ours, raw = asyncio.run(_measure(parts))
    claims = []
    for share in (0.5, 0.95, 0.99):
        target = 100.0 if share == 0.99 else None
        name = f"incident over HTTP to committed callback at {PER_SECOND}/s, p{share * 100:.0f}"
        value, baseline = _quantile(ours, share), _quantile(raw, share)
        if target is None:
            claims.append(Claim(name, value, "ms", None, baseline, baseline / value))
        else:
            claims.append(at_most(name, value, "ms", target, baseline))
    return claims


async def _measure(parts: Parts) -> tuple[list[float], list[float]]:
    settings = parts.settings()
    raw = await _time_raw(parts)
    names = list(DEFINE)
    async with running_processes(
        names, settings, parts.database_url, parts.amqp_url, "ratchet", parts.folder
    ) as processes:
        token = mint(settings, "bench", [Role.INTEGRATION], timedelta(hours=1))
        ours = await _time_ours(parts, processes, token)
    return ours, raw


async def _time_ours(parts: Parts, processes: Processes, token: str) -> list[float]:
    """Milliseconds of each incident after the warm-up."""
    url = f"http://127.0.0.1:{processes.ports['metrics']}/metrics/v1/tickets"
    free: asyncio.Queue[Sender] = asyncio.Queue()
    senders = [Sender(url, token) for _ in range(_CONNECTIONS)]
    for sender in senders:
        await sender.open()
        free.put_nowait(sender)
    waiting: dict[str, float] = {}
    took: dict[str, float] = {}
    watching = asyncio.create_task(_watch(parts.database_url, waiting, took))

    async def send(number: int) -> None:
        sender = await free.get()
        external_id = f"INC{number:07d}"
        waiting[external_id] = time.perf_counter()  # the watcher may see it before the answer is here
        written = await sender.post(incident(number))
        if external_id in waiting:
            waiting[external_id] = written
        free.put_nowait(sender)

    await _at_rate(send)
    await _all_of(took)
    watching.cancel()
    for sender in senders:
        sender.close()
    return [took[f"INC{number:07d}"] for number in range(WARM_UP_SECONDS * PER_SECOND, SECONDS * PER_SECOND)]


async def _watch(database_url: str, waiting: dict[str, float], took: dict[str, float]) -> None:
    """Notes when each waiting callback can be read, as it was asked for: never earlier than it was committed."""
    connection = await connect(database_url)
    while True:
        if waiting:
            seen = await connection.fetch(_SEEN, list(waiting))
            now = time.perf_counter()
            for row in seen:
                took[row["external_id"]] = (now - waiting.pop(row["external_id"])) * 1000
        await asyncio.sleep(_POLL_SECONDS)


async def _time_raw(parts: Parts) -> list[float]:
    """Milliseconds from publish to commit, without anything of ours."""
    connection = await aio_pika.connect(parts.amqp_url)
    channel = await connection.channel(publisher_confirms=True)
    exchange = await channel.declare_exchange("bench.latency", aio_pika.ExchangeType.TOPIC, durable=True)
    queue = await channel.declare_queue("bench.latency", durable=True, arguments={"x-queue-type": "quorum"})
    await queue.bind(exchange, "#")
    database: asyncpg.Connection = await connect(parts.database_url)
    await database.execute("CREATE TABLE IF NOT EXISTS public.bench_latency (number integer PRIMARY KEY, body bytea)")
    sent: dict[int, float] = {}
    took: list[float] = []
    lock = asyncio.Lock()

    async def receive(message: aio_pika.abc.AbstractIncomingMessage) -> None:
        number = orjson.loads(message.body)["number"]
        async with lock:
            await database.execute("INSERT INTO public.bench_latency VALUES ($1, $2)", number, message.body)
        took.append((time.perf_counter() - sent[number]) * 1000)
        await message.ack()

    await queue.consume(receive)

    async def send(number: int) -> None:
        body = orjson.dumps({"number": number, "facts": incident(number).decode()})
        sent[number] = time.perf_counter()
        message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
        await exchange.publish(message, "raw", mandatory=False)

    await _at_rate(send)
    await _all_of(took)
    await database.close()
    await connection.close()
    return took[WARM_UP_SECONDS * PER_SECOND :]


async def _at_rate(send: Callable[[int], Coroutine[None, None, None]]) -> None:
    """Each at its time, whether or not the one before is done."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(PER_SECOND * SECONDS):
            await asyncio.sleep(max(0.0, began + number / PER_SECOND - time.perf_counter()))
            group.create_task(send(number))


async def _all_of(took: Sized) -> None:
    async with asyncio.timeout(60):
        while len(took) < PER_SECOND * SECONDS:  # noqa: ASYNC110 - a measured loop must not signal
            await asyncio.sleep(0.01)


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


if __name__ == "__main__":
    show(measure())
