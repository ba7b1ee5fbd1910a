"""Ticket updates over REST in batches, and webhooks one by one, into an embedded Ratchet; beside them what the database
alone takes of the same rows."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson

from bench.claim import Claim, at_least, show
from bench.import_log import idle, serving
from bench.parts import folder_for_postgres
from bench.wire import post_all, request
from services.postgres import EmbeddedPostgres
from shared.auth import Role, mint
from shared.provision import connect
from shared.settings import Settings

_BATCH = 1000
_BATCHES = 60
_WEBHOOKS = 6000
_CONNECTIONS = 32
_OPENED = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
_SECRET = "a-secret-of-the-desk"
_COURSE = ("new", "in_progress", "resolved")


def measure() -> list[Claim]:
    with folder_for_postgres() as folder, serving(folder) as (url, settings):
        return asyncio.run(_measure(url, settings, folder))


def _update(number: int, state: str) -> dict[str, Any]:
    """One update as a desk sends it: every ticket is opened, taken up and resolved."""
    opened = _OPENED + timedelta(seconds=number)
    hours = {"new": 0, "in_progress": 1, "resolved": 5}[state]
    return {
        "external_id": f"INC{number:07d}",
        "state": state,
        "opened_at": opened,
        "updated_at": opened + timedelta(hours=hours),
        "title": f"Category {number % 40}: something is wrong",
        "priority": f"{number % 4 + 1}",
        "service": f"service {number % 100}",
        "customer": f"customer {number % 1900}",
        "group": f"group {number % 70}",
        "resolver": f"resolver {number % 200}",
        "category": f"category {number % 40}",
    }


async def _measure(url: str, settings: Settings, folder: Path) -> list[Claim]:
    token = mint(settings, "bench", [Role.INTEGRATION, Role.ADMINISTRATOR], timedelta(hours=1))
    headers = {"Authorization": f"Bearer {token}"}
    bulk = await _bulk(f"{url}/metrics/v1/tickets", headers)
    database_url = EmbeddedPostgres(folder).admin_url().replace("/postgres?", "/ratchet?")
    await idle(database_url)
    raw = await _raw(database_url)
    webhooks = await _webhooks(url, headers)
    return [
        Claim(
            "ticket updates/s over REST in batches of 1,000, embedded, events recorded",
            bulk,
            "/s",
            8000,
            raw,
            bulk / raw,
            bulk >= 8000,
        ),
        at_least("webhooks/s one by one over 32 connections, raw body kept", webhooks, "/s", 600),
    ]


async def _bulk(url: str, headers: dict[str, str]) -> float:
    requests = []
    tickets = _BATCHES * _BATCH // len(_COURSE)
    for state in _COURSE:
        for first in range(0, tickets, _BATCH):
            updates = [{"source": "desk", **_update(n, state)} for n in range(first, first + _BATCH)]
            requests.append(request(url, orjson.dumps(updates), headers))
    await post_all(url, requests[:2], 1)
    began = time.perf_counter()
    await post_all(url, requests, 2)
    return len(requests) * _BATCH / (time.perf_counter() - began)


async def _raw(database_url: str) -> float:
    """Rows/s that the same database takes by COPY, of the same width, in transactions of a thousand."""
    connection = await connect(database_url)
    await connection.execute("CREATE TABLE raw_rows (LIKE metrics.tickets INCLUDING ALL)")
    columns = [row["attname"] for row in await connection.fetch(_COLUMNS)]
    rows = await connection.fetch(f"SELECT {', '.join(map(_quoted, columns))} FROM metrics.tickets")
    records = [tuple(row) for row in rows]
    began = time.perf_counter()
    for first in range(0, len(records), _BATCH):
        await connection.copy_records_to_table("raw_rows", records=records[first : first + _BATCH], columns=columns)
    rate = len(records) / (time.perf_counter() - began)
    await connection.execute("DROP TABLE raw_rows")
    await connection.close()
    return rate


_COLUMNS = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'metrics.tickets'::regclass AND attnum > 0 AND NOT attisdropped"
)


def _quoted(name: str) -> str:
    return f'"{name}"'


async def _webhooks(url: str, headers: dict[str, str]) -> float:
    connection = {"system": "generic", "authentication": "bearer", "secret": _SECRET}
    async with httpx.AsyncClient(headers=headers) as client:
        answer = await client.put(f"{url}/metrics/v1/connections/hook", json=connection)
        answer.raise_for_status()
    inbound = f"{url}/metrics/v1/tickets/inbound/hook"
    proof = {"Authorization": f"Bearer {_SECRET}"}
    requests = [
        request(inbound, orjson.dumps(_update(number, state)), proof)
        for number in range(_WEBHOOKS // len(_COURSE))
        for state in _COURSE
    ]
    await post_all(inbound, requests[:100], _CONNECTIONS)
    began = time.perf_counter()
    await post_all(inbound, requests, _CONNECTIONS)
    return len(requests) / (time.perf_counter() - began)


if __name__ == "__main__":
    show(measure())
