"""A fleet with records in it that listens on the loopback, in a thread of its own: its callers need not be async."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
import requests
import uvicorn

from services.fleet import DEFINE, make_gateway
from shared.auth import Role
from shared.bus.local import LocalBus
from shared.provision import connect, create_database
from shared.settings import Settings
from tests.journeys.loop import Loop
from tests.metrics.gaps.test_service import month_of_tickets
from tests.openapi.agreements import make_agreements
from tests.openapi.clauses import make_clauses
from tests.openapi.meetings import make_meetings
from tests.openapi.voices import make_voices
from tests.support.fleet import Fleet, running
from tests.support.postgres import with_database
from tests.support.rabbitmq import free_port
from tests.support.waiting import eventually

SECRET = "whsec_bm90LWEtc2VjcmV0LW9ubHktYS10ZXN0"
_DIGEST = "0" * 64
_ENDPOINT = {"url": "https://hooks.invalid/ratchet", "event_types": ["ratchet.delivery.exhausted.v1"]}
_CONNECTIONS: dict[str, dict[str, Any]] = {
    "/metrics/v1/connections/desk": {"authentication": "bearer"},
    "/improvement/v1/change-connections/itsm": {
        "system": "generic",
        "default": False,
        "url": "https://itsm.invalid/changes",
        "body_template": {"title": "${title}"},
    },
}

_MAIL = {"name": "Mail", "service_class": "core", "owner": "wang.fang", "evaluation_cycle_months": 6}
_CATALOGUE: dict[str, dict[str, Any]] = {
    "calendars/office": {
        "name": "Office",
        "zone": "Asia/Shanghai",
        "week": {"monday": ["09:00-18:00"]},
        "country": "CN",
    },
    "departments/operations": {"name": "Operations"},
    "services/mail": _MAIL,
    "customers/bank": {"name": "Bank", "segment": "key"},
    "projects/branches": {"name": "Branches", "customer": "bank", "manager": "li.wei", "starts_on": "2025-01-01"},
    "standards/mail": {
        "name": "Mail",
        "service": "mail",
        "reference": "ISO/IEC 20000-1",
        "indicators": [{"measure_key": "sla_attainment", "level": 0.9}],
        "review_on": "2027-01-01",
    },
    "costs/mail/2025-03/people": {"amount": "100"},
}
_JUDGEMENT = {"verdict": "good", "text": "As before."}
_EVALUATION = {
    "service": "mail",
    "first_month": "2025-01-01",
    "last_month": "2025-03-01",
    "effect": _JUDGEMENT,
    "quality": _JUDGEMENT,
    "cost": _JUDGEMENT,
    "conclusions": "Go on.",
}


@dataclass
class Served:
    """`session` calls as somebody with every role; `known` are the ids that exist, by what stands before them in a
    path; the machines behind inbound webhooks prove themselves by `SECRET`."""

    url: str
    session: requests.Session
    known: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class _Serving:
    """The thread's side. `failure` is why it could not begin."""

    settings: Settings
    postgres_url: str
    port: int
    ready: threading.Event = field(default_factory=threading.Event)
    failure: BaseException | None = None
    authorization: str = ""
    known: dict[str, list[str]] = field(default_factory=dict)
    _server: uvicorn.Server | None = None

    def run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self.failure = error
        finally:
            self.ready.set()

    def stop(self) -> None:
        assert self._server is not None
        self._server.should_exit = True

    async def _serve(self) -> None:
        name = f"test_{uuid4().hex}"
        await create_database(self.postgres_url, name)
        try:
            url = with_database(self.postgres_url, name)
            async with running(list(DEFINE), self.settings, url, LocalBus()) as fleet:
                client = fleet.client(*Role, subject="fuzzer", customer="bank")
                self.authorization = client.headers["Authorization"]
                self.known = {**await make_records(fleet), **await make_voices(fleet)}
                gateway = make_gateway(list(fleet.services.values()))
                config = uvicorn.Config(gateway, port=self.port, log_config=None, access_log=False, lifespan="off")
                self._server = uvicorn.Server(config)
                serving = asyncio.create_task(self._server.serve())
                while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await asyncio.sleep(0.01)
                self.ready.set()
                await serving
        finally:
            connection = await connect(self.postgres_url)
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            await connection.close()


async def make_records(fleet: Fleet) -> dict[str, list[str]]:
    """One of each, in states from which something can be done."""
    loop = Loop(fleet.client)
    try:
        in_force = await make_clauses(loop, fleet.services["metrics"].database)
        await loop.post(Role.INTEGRATION, "/metrics/v1/tickets", month_of_tickets(3, 4, 6))
        await loop.expect_target(0.75, "2025-01-01")
        gap = await loop.await_gap()
        approved = await loop.plan_and_approve(await loop.await_improvement(gap["id"]))
        draft = await loop.post(
            Role.PROCESS_OWNER, "/improvement/v1/improvements", {"title": "Slow", "problem": "It is slow."}, 201
        )
        upload = {"format": "servicenow-csv", "filename": "export.csv", "digest": _DIGEST, "rows": 2}
        imported = await loop.post(Role.ADMINISTRATOR, "/metrics/v1/imports", upload)
        endpoint = await loop.post(Role.ADMINISTRATOR, "/notifier/v1/endpoints", _ENDPOINT, 201)
        sent = await loop.post(Role.ADMINISTRATOR, f"/notifier/v1/endpoints/{endpoint['id']}/test", {}, 202)
        tickets = (await loop.get("/metrics/v1/tickets"))["items"]

        async def called() -> list[dict[str, Any]]:
            due: list[dict[str, Any]] = (await loop.get("/satisfaction/v1/callbacks"))["items"]
            assert len(due) == len(tickets)
            return due

        for path, body in _CATALOGUE.items():
            answer = await loop.as_(Role.PROCESS_OWNER).put(f"/metrics/v1/{path}", json=body)
            assert answer.status_code == 200, answer.text
        evaluated = await loop.post(Role.PROCESS_OWNER, "/metrics/v1/service-evaluations", _EVALUATION, 201)
        for path, body in _CONNECTIONS.items():
            answer = await loop.as_(Role.ADMINISTRATOR).put(path, json={**body, "secret": SECRET})
            assert answer.status_code == 200, answer.text
        bearer = {"Authorization": f"Bearer {SECRET}"}
        unread = await fleet.client().post("/metrics/v1/tickets/inbound/desk", json=[{}], headers=bearer)
        (payload,) = (await loop.get("/metrics/v1/connections/desk/payloads", Role.ADMINISTRATOR))["items"]
        since = {"since": "2025-01-01T00:00:00Z"}
        replay = await loop.post(Role.ADMINISTRATOR, "/metrics/v1/connections/desk/replay", since, 202)
        agreed = await make_agreements(loop)
        around = await make_meetings(loop, fleet.services["improvement"].database, draft["id"])
        return {
            **in_force,
            **agreed,
            **around,
            "agreements": [*agreed["agreements"], *in_force["agreements"]],
            "tickets": _ids(tickets),
            "gaps": [gap["id"]],
            "trace": [gap["id"]],
            "improvements": [approved["id"], draft["id"]],
            "changes": [approved["change"]["id"]],
            "imports": [imported["id"]],
            "endpoints": [endpoint["id"]],
            "deliveries": [sent["id"]],
            "callbacks": _ids(await eventually(called)),
            "quarantine": [unread.json()["quarantined"][0]["id"]],
            "payloads": [payload["id"]],
            "replays": [replay["id"]],
            "measures": ["sla_attainment"],
            "observations": ["2025-03"],
            "chunks": ["0"],
            **{path.split("/")[0]: [path.split("/")[1]] for path in _CATALOGUE},
            "service-evaluations": [evaluated["id"]],
            "connections": ["desk"],
            "change-connections": ["itsm"],
            "inbound": ["desk", "itsm"],
        }
    finally:
        await loop.close()


def _ids(records: list[dict[str, Any]]) -> list[str]:
    return [record["id"] for record in records]


@pytest.fixture(scope="module")
def served(settings: Settings, postgres_url: str) -> Iterator[Served]:
    """All five services on the local bus, on a database of this module's own."""
    serving = _Serving(settings, postgres_url, free_port())
    thread = threading.Thread(target=serving.run, name="served")
    thread.start()
    serving.ready.wait(60)
    if serving.failure is not None:
        raise serving.failure
    with requests.Session() as session:
        session.headers["Authorization"] = serving.authorization
        yield Served(f"http://127.0.0.1:{serving.port}", session, serving.known)
    serving.stop()
    thread.join(60)
