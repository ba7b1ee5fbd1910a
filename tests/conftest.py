"""The real parts that tests run on: one Postgres and one RabbitMQ for the whole run, a database for each test."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aio_pika
import hypothesis
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from services.fleet import DEFINE, make_services
from shared.app import Service
from shared.bus.local import LocalBus
from shared.bus.port import Bus
from shared.bus.rabbitmq import RabbitBus
from shared.http import acting
from shared.provision import connect, create_database
from shared.settings import Settings
from shared.telemetry import configure_logging
from tests.support.fleet import Fleet
from tests.support.kept import Keep, Kept, keep
from tests.support.postgres import PostgresForTests, with_database
from tests.support.rabbitmq import PrivateRabbitMQ
from tests.support.solo import Solo

_POSTGRES = "RATCHET_TEST_POSTGRES"
_RABBITMQ = "RATCHET_TEST_RABBITMQ"
_TEMPLATE = "ratchet_template"
_started: list[PostgresForTests | PrivateRabbitMQ] = []

hypothesis.settings.register_profile("ratchet", deadline=None)  # a busy machine is no fault of the code
hypothesis.settings.load_profile("ratchet")


def pytest_configure(config: pytest.Config) -> None:
    """The parts start in the controlling process only: xdist's workers inherit the addresses."""
    configure_logging(as_json=True, level="ERROR")
    logging.getLogger().handlers.clear()  # pytest shows what a failing test logged
    if hasattr(config, "workerinput"):
        return
    os.environ["RATCHET_METRICS_EVALUATION_QUIET_SECONDS"] = "0"
    if os.environ.get("AMQP_URL"):
        os.environ[_RABBITMQ] = os.environ["AMQP_URL"]
    else:
        rabbitmq = PrivateRabbitMQ()
        rabbitmq.start()
        _started.append(rabbitmq)
        os.environ[_RABBITMQ] = rabbitmq.url
    postgres = PostgresForTests()
    os.environ[_POSTGRES] = postgres.start()
    _started.append(postgres)
    asyncio.run(_make_template(os.environ[_POSTGRES]))


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return
    for part in _started:
        part.stop()
    _started.clear()


async def _make_template(admin_url: str) -> None:
    await _drop_database(admin_url, _TEMPLATE)
    await create_database(admin_url, _TEMPLATE)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder))
        for service in make_services(DEFINE, settings, with_database(admin_url, _TEMPLATE), LocalBus()):
            await service.prepare()
            await service.close()


async def _create_database(admin_url: str, name: str) -> None:
    connection = await connect(admin_url)
    try:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {_TEMPLATE} STRATEGY file_copy')
    finally:
        await connection.close()


async def _drop_database(admin_url: str, name: str) -> None:
    connection = await connect(admin_url)
    try:
        await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The administrator's URL of the run's Postgres."""
    return os.environ[_POSTGRES]


@pytest.fixture(scope="session")
def amqp_url() -> str:
    """The run's RabbitMQ, ready."""
    for part in _started:
        if isinstance(part, PrivateRabbitMQ):
            part.wait()
    with ThreadPoolExecutor(1) as aside:  # an async fixture may be the first to ask, and its loop is running
        aside.submit(lambda: asyncio.run(_await_broker(os.environ[_RABBITMQ]))).result()
    return os.environ[_RABBITMQ]


async def _await_broker(url: str) -> None:
    for _ in range(300):
        try:
            connection = await aio_pika.connect(url, timeout=5)
            await connection.close()
            return
        except (TimeoutError, OSError, aio_pika.exceptions.AMQPError):
            await asyncio.sleep(0.2)
    raise TimeoutError(url)


@asynccontextmanager
async def _one_database(postgres_url: str) -> AsyncIterator[str]:
    name = f"test_{uuid4().hex}"
    await _create_database(postgres_url, name)
    yield with_database(postgres_url, name)
    await _drop_database(postgres_url, name)


@pytest.fixture
async def database_url(postgres_url: str) -> AsyncIterator[str]:
    """A database of this test's own, with all five schemas."""
    async with _one_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
async def module_database_url(postgres_url: str) -> AsyncIterator[str]:
    """The same for all tests of a module, which leave it as they please: whoever comes next empties it."""
    async with _one_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data_dir=tmp_path_factory.mktemp("data"), pool_size=5, _env_file=None)  # type: ignore[call-arg]


@pytest.fixture(params=["local", "rabbitmq"])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    """Both buses, one after the other."""
    if request.param == "local":
        yield LocalBus()
        return
    url = request.getfixturevalue("amqp_url")
    namespace = f"test-{uuid4().hex[:12]}"
    yield RabbitBus(url, namespace=namespace)
    connection = await aio_pika.connect(url)
    channel = await connection.channel()
    for name in (*DEFINE, "one", "two"):
        await channel.queue_delete(f"{namespace}.{name}")
    await channel.exchange_delete(f"{namespace}.events")
    await connection.close()


@pytest.fixture(scope="session")
async def kept(settings: Settings, postgres_url: str) -> AsyncIterator[Keep]:
    """Services by name, made once for all tests that ask for the same ones; `made_with` are other settings."""
    made: dict[tuple[object, ...], Kept] = {}

    async def get(*names: str, made_with: Settings = settings) -> Kept:
        asked = (*names, type(made_with))
        if asked not in made:
            database = f"kept_{uuid4().hex}"
            await _create_database(postgres_url, database)
            made[asked] = await keep(list(names), made_with, with_database(postgres_url, database))
        return made[asked]

    yield get
    for one in made.values():
        await one.close()


@pytest.fixture
async def fleet(kept: Keep) -> AsyncIterator[Fleet]:
    """All five services on the local bus, running."""
    async with (await kept(*DEFINE)).started() as started:
        yield started


def _service_of(request: pytest.FixtureRequest) -> str:
    """The first folder's name."""
    return Path(request.path).relative_to(Path(__file__).parent).parts[0]


@pytest.fixture
async def service(request: pytest.FixtureRequest, kept: Keep) -> Service:
    """The service whose tests these are (the folder's name), as it is on its first day; its relay and jobs do not
    run."""
    made = await kept(_service_of(request))
    await made.empty()
    return made.services[0]


@pytest.fixture
async def solo(request: pytest.FixtureRequest, kept: Keep, service: Service) -> Solo:
    """The same with clients, and with its outbox to read."""
    fleet = (await kept(_service_of(request))).fleet
    return Solo(fleet.services, fleet.transport, fleet.settings, service)


@pytest.fixture
async def session(service: Service) -> AsyncIterator[AsyncSession]:
    """A transaction of that service that is rolled back at the end."""
    async with acting("tester"), service.database.transaction() as opened:
        yield opened
        await opened.rollback()
