"""A service put together: its tables, routes, handlers and jobs, on whichever bus and database it is given."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import RedirectResponse

from shared import dead_letters, migrations, pages, problems
from shared.auth import TokenVerifier
from shared.bus.port import Bus
from shared.database import Database, Spine, create_engine
from shared.http import Edge, acting
from shared.inbox import AnyHandler, Inbox
from shared.jobs import Job, run_forever
from shared.provision import admit
from shared.relay import Relay
from shared.settings import Settings
from shared.signals import Signals
from shared.telemetry import DEAD_LETTERS, OUTBOX_PENDING

INBOX_RETENTION_DAYS = 30
KEY_RETENTION_DAYS = 2
_FORGET_INBOX = text("DELETE FROM inbox WHERE claimed_at < now() - make_interval(days => :days)")
_FORGET_KEYS = text("DELETE FROM idempotency_keys WHERE created_at < now() - make_interval(days => :days)")


@dataclass(frozen=True)
class Definition:
    """What a service is. `ports` are put on `app.state` for its routes; `seed` writes what every installation begins
    with, at each start, and does nothing where it is there; `closers` give back what the ports hold, once relay and
    jobs have ended; `larger_bodies` are the paths (patterns of their end) that take more bytes than others."""

    spine: Spine
    title: str
    migrations: Path
    routers: tuple[APIRouter, ...]
    handlers: tuple[AnyHandler, ...] = ()
    jobs: tuple[Job, ...] = ()
    ports: Mapping[str, Any] = field(default_factory=dict)
    home: str | None = None
    seed: Callable[[AsyncSession], Awaitable[None]] | None = None
    closers: tuple[Callable[[], Awaitable[None]], ...] = ()
    larger_bodies: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.spine.service


class Service:
    """One running service. `app` is mounted under `/<name>`."""

    def __init__(self, definition: Definition, settings: Settings, database_url: str, bus: Bus) -> None:
        self.definition = definition
        self.settings = settings
        self.bus = bus
        self._url = database_url
        self._tasks: list[asyncio.Task[None]] = []
        self.app = _make_app(definition, settings)
        self.app.state.service = self

    @property
    def database(self) -> Database:
        database: Database = self.app.state.database
        return database

    async def prepare(self) -> None:
        """Admission, migrations, engine: all that must be there before the first request."""
        name = self.definition.name
        admission = await admit(self._url, name)
        await migrations.upgrade(self._url, admission.role, self.definition.migrations, name)
        engine = create_engine(self._url, name, admission.role, self.settings.pool_size)
        self.app.state.database = Database(engine, self.definition.spine, Signals())
        self.app.state.inbox = Inbox(self.database, self.definition.handlers)
        if self.definition.seed is not None:
            async with acting(f"service:{name}"), self.database.transaction() as session:
                await self.definition.seed(session)

    async def subscribe(self) -> None:
        """Begin to hear. `prepare` comes first."""
        inbox: Inbox = self.app.state.inbox
        if self.definition.handlers:
            await self.bus.subscribe(self.definition.name, inbox.types(), inbox.take)

    def start(self) -> None:
        """Let relay and jobs run."""
        spare_imports()
        relay = Relay(self.database, self.bus)
        self._tasks.append(asyncio.create_task(relay.run(), name=f"relay {self.definition.name}"))
        for job in (*self.definition.jobs, _HOUSEKEEPING):
            self._tasks.append(asyncio.create_task(run_forever(job, self.database), name=job.name))

    async def stop(self) -> None:
        """What was not finished is still in the database."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def close(self) -> None:
        for close in self.definition.closers:
            await close()
        if hasattr(self.app.state, "database"):
            await self.database.close()


def spare_imports() -> None:
    """What was imported lives as long as the process: the collector walks over it no more, and not at every few
    hundred objects while a batch of events makes tens of thousands. A consumer under load spent a third of its time on
    that."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _keep_house(database: Database) -> int:
    """Forget what no redelivery can ask for any more, and count what is waiting."""
    async with database.transaction() as session:
        for statement, days in ((_FORGET_INBOX, INBOX_RETENTION_DAYS), (_FORGET_KEYS, KEY_RETENTION_DAYS)):
            await session.execute(statement, {"days": days})
    await backlog(database)
    return 0


_HOUSEKEEPING = Job("housekeeping", 300.0, _keep_house)


@dataclass(frozen=True, slots=True)
class Backlog:
    outbox_pending: int
    outbox_lag_seconds: float
    dead_letters: int


async def backlog(database: Database) -> Backlog:
    """What is waiting in this service; sets the gauges."""
    async with database.reading() as session:
        row = (
            await session.execute(
                text(
                    "SELECT (SELECT count(*) FROM outbox) AS pending, "
                    "(SELECT coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float FROM outbox) AS lag, "
                    "(SELECT count(*) FROM dead_letters WHERE state = 'parked') AS parked"
                )
            )
        ).one()
    service = database.spine.service
    OUTBOX_PENDING.labels(service).set(row.pending)
    DEAD_LETTERS.labels(service).set(row.parked)
    return Backlog(row.pending, row.lag, row.parked)


def _make_app(definition: Definition, settings: Settings) -> FastAPI:
    app = FastAPI(
        title=f"Ratchet {definition.title}",
        version="1",
        docs_url="/docs",
        redoc_url=None,
        servers=[{"url": f"/{definition.name}"}],
        root_path_in_servers=False,
        responses=problems.REFUSED,
    )
    app.state.verifier = TokenVerifier(settings)
    app.state.settings = settings
    for name, port in definition.ports.items():
        setattr(app.state, name, port)
    problems.install(app)
    pages.install(app, definition.name, definition.migrations.parent)
    app.add_middleware(
        Edge,
        service=definition.name,
        body_limit_bytes=settings.body_limit_bytes,
        larger_bodies=definition.larger_bodies,
    )
    for router in (*definition.routers, dead_letters.routes, _make_health_routes(app)):
        app.include_router(router)
    if definition.home is not None:
        home = f"/{definition.name}{definition.home}"
        app.add_api_route("/", lambda: RedirectResponse(home), include_in_schema=False)
    return app


def _make_health_routes(app: FastAPI) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/readyz", responses={503: {"description": "Not ready: says what is missing"}})
    async def readyz() -> Response:
        """Database and broker can be reached; tells the outbox's lag and the dead letters."""
        service: Service = app.state.service
        try:
            waiting = await backlog(service.database)
        except Exception as error:
            return JSONResponse({"status": "unavailable", "database": repr(error)[:300]}, 503)
        connected = service.bus.is_connected()
        body = {
            "status": "ok" if connected else "unavailable",
            "database": "ok",
            "broker": "ok" if connected else "not connected",
            "outbox_pending": waiting.outbox_pending,
            "outbox_lag_seconds": waiting.outbox_lag_seconds,
            "dead_letters": waiting.dead_letters,
        }
        return JSONResponse(body, 200 if connected else 503)

    @router.get("/internal/prometheus", include_in_schema=False)
    async def prometheus() -> PlainTextResponse:
        return PlainTextResponse(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return router
