"""A whole survey by REST: questionnaire, population, draw, launch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpx

V1 = "/satisfaction/v1"
CSV = {"Content-Type": "text/csv"}


def write_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in (header, *rows)).encode()


async def ask(manager: httpx.AsyncClient, content: Mapping[str, Any], population: bytes, **terms: Any) -> str:
    """The path of a launched campaign about these people, all of them drawn."""
    key = terms.pop("key", "own_servqual")
    for answer in (
        await manager.put(f"{V1}/questionnaires/{key}", json=content),
        await manager.post(f"{V1}/questionnaires/{key}/publish"),
    ):
        assert answer.is_success, answer.text
    body = {"title": "Kiosk", "kind": "company", "questionnaire_key": key, "rest_days": 0, **terms}
    made = await manager.post(f"{V1}/campaigns", json=body)
    assert made.status_code == 201, made.text
    where = made.headers["Location"]
    for step, content_of in (("population", population), ("draw", None), ("launch", None)):
        answer = await manager.post(f"{where}/{step}", content=content_of, headers=CSV if content_of else None)
        assert answer.is_success, answer.text
    return where
