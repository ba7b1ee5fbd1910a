"""Services' relays and consumers in a process that can be killed, or that kills itself at the worst moment.

    python -m tests.faults.program metrics satisfaction audit [--die after-confirm|after-commit]

`after-confirm`: the broker has confirmed the first events and the relay has not committed. `after-commit`: the first
batch has taken effect and the consumer has not acknowledged it.
"""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Collection, Sequence

import uvloop

from services.fleet import declare_queues, make_services
from shared.bus.port import Outgoing, Receive
from shared.bus.rabbitmq import RabbitBus
from shared.relay import Relay
from shared.settings import Settings
from shared.telemetry import configure_logging


class DyingBus(RabbitBus):
    """RabbitMQ as it is, in a process that does not survive the moment."""

    moment: str | None = None

    async def publish(self, events: Sequence[Outgoing]) -> None:
        await super().publish(events)
        if self.moment == "after-confirm" and events:
            os.kill(os.getpid(), signal.SIGKILL)

    async def subscribe(self, queue: str, types: Collection[str], receive: Receive) -> None:
        async def receive_and_die(bodies: Sequence[bytes]) -> None:
            await receive(bodies)
            if self.moment == "after-commit":
                os.kill(os.getpid(), signal.SIGKILL)

        await super().subscribe(queue, types, receive_and_die)


async def run(names: list[str], moment: str | None) -> None:
    settings = Settings(_env_file=None)  # type: ignore[call-arg]
    configure_logging(as_json=True, level="CRITICAL")
    assert settings.database_url is not None
    assert settings.amqp_url is not None
    bus = DyingBus(settings.amqp_url, namespace=settings.amqp_namespace)
    bus.moment = moment
    await declare_queues(bus, settings)
    services = make_services(names, settings, settings.database_url, bus)
    for service in services:
        await service.prepare()
        await service.subscribe()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.gather(*(Relay(service.database, bus).run() for service in services))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="+")
    parser.add_argument("--die")
    arguments = parser.parse_args()
    uvloop.run(run(arguments.names, arguments.die))
