"""Waiting for Postgres and RabbitMQ to come up, as after a power cut, instead of crashing."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import aio_pika
import asyncpg
import structlog
from aio_pika.exceptions import AMQPError, AuthenticationError, ProbableAuthenticationError
from sqlalchemy.exc import ArgumentError

from services.failures import Failure
from shared.provision import connect

_log = structlog.get_logger(__name__)
PATIENCE_SECONDS = 90.0
_PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0)
_REFUSALS: tuple[type[Exception], ...] = (
    asyncpg.InvalidPasswordError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    AuthenticationError,
    ProbableAuthenticationError,
)
_NOT_YET: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    AMQPError,
)


class PartMissing(Failure):
    """Postgres or RabbitMQ does not come up, or refuses us."""


async def await_parts(
    database_url: str | None, amqp_url: str | None, patience_seconds: float = PATIENCE_SECONDS
) -> None:
    """Until both answer that have an address.

    Raises:
        PartMissing: not there in time, or it refuses us, which waiting would not change.
    """
    parts = []
    if database_url:
        example = "postgresql://user:password@host:5432/ratchet"
        parts.append(_await_part("Postgres", "DATABASE_URL", example, _reach_database, database_url, patience_seconds))
    if amqp_url:
        example = "amqp://user:password@host:5672/"
        parts.append(_await_part("RabbitMQ", "AMQP_URL", example, _reach_broker, amqp_url, patience_seconds))
    await asyncio.gather(*parts)


async def _reach_database(url: str) -> None:
    await (await connect(url)).close()


async def _reach_broker(url: str) -> None:
    await (await aio_pika.connect(url, timeout=5)).close()


async def _await_part(
    part: str, variable: str, example: str, reach: Callable[[str], Awaitable[None]], url: str, patience_seconds: float
) -> None:
    if not url.startswith(example.partition(":")[0][:8]):
        raise PartMissing(f"{variable} is not an address like {example}")
    deadline = time.monotonic() + patience_seconds
    attempt = 0
    while True:
        try:
            await reach(url)
            return
        except _REFUSALS as error:
            raise PartMissing(f"{part} refuses what {variable} says: {_say(error)}") from error
        except (ArgumentError, ValueError) as error:
            raise PartMissing(f"{variable} is not an address like {example}: {_say(error)}") from error
        except _NOT_YET as error:
            if time.monotonic() > deadline:
                raise PartMissing(
                    f"{part} did not answer at {variable} for {patience_seconds:.0f} s: {_say(error)}"
                ) from error
            pause = _PAUSES_SECONDS[min(attempt, len(_PAUSES_SECONDS) - 1)]
            _log.warning("waiting", part=part, error=_say(error), seconds=pause)
            await asyncio.sleep(pause)
            attempt += 1


def _say(error: BaseException) -> str:
    return str(error) or type(error).__name__
