"""What tests of the catalogue share: an entry, and ways to send and read."""

from typing import Any

import httpx

BASE = "/metrics/v1"
MAIL: dict[str, Any] = {
    "name": "Mail",
    "description": "Mailboxes of all branches",
    "service_class": "core",
    "level": "gold",
    "cost": "42000.5",
    "currency": "CNY",
    "owner": "wang.fang",
    "criticality": "critical",
    "evaluation_cycle_months": 6,
    "benefit": "Customers are answered on the same day",
    "risk": "One data centre",
}
ONE = {"If-Match": '"1"'}


async def put(client: httpx.AsyncClient, path: str, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    answer = await client.put(f"{BASE}/{path}", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await client.post(f"{BASE}/{path}", json=body)


async def keys(client: httpx.AsyncClient, path: str, **params: str) -> list[str]:
    answer = await client.get(f"{BASE}/{path}", params=params)
    assert answer.status_code == 200, answer.text
    return [one["key"] for one in answer.json()["items"]]


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("urn:ratchet:problem:")
