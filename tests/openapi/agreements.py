"""Agreements for the fuzzed fleet: one that is designed, one that is negotiated, one that is signed and disputed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.auth import Role
from tests.journeys.loop import Loop
from tests.metrics.agreements.builders import agreement

_URL = "/metrics/v1/agreements"
_BY_PAPER = {"signatory": "Anna Berg", "evidence": "contract 17"}


async def make_agreements(loop: Loop) -> dict[str, list[str]]:
    """Their ids, by what stands before them in a path."""
    today = datetime.now(UTC).date()
    made: list[dict[str, Any]] = []
    for service in ("mail", "desktop", "erp"):
        body = agreement(
            services=[service],
            effective_from=str(today + timedelta(days=1)),
            effective_to=str(today + timedelta(days=365)),
        )
        made.append(await loop.post(Role.PROJECT_MANAGER, _URL, body, 201))
    for item in made[1:]:
        await loop.post(Role.PROJECT_MANAGER, f"{_URL}/{item['id']}/negotiate")
    signed = made[2]
    url = f"{_URL}/{signed['id']}"
    of = {"digest": signed["digest"]}
    content = ["content", "glossary"]
    await loop.post(Role.PROJECT_MANAGER, f"{url}/confirm", {**of, "party": "provider", "subjects": content})
    theirs = {**of, "party": "customer", "subjects": [*content, "exemptions"], **_BY_PAPER}
    await loop.post(Role.DEPARTMENT_HEAD, f"{url}/confirm", theirs)
    await loop.post(Role.DEPARTMENT_HEAD, f"{url}/sign")
    talk = {
        "party": "provider",
        "title": "Slow",
        "statement": "It was the power.",
        "deadline": str(today + timedelta(days=30)),
    }
    negotiation = await loop.post(Role.PROJECT_MANAGER, f"{url}/negotiations", talk, 201)
    return {"agreements": [item["id"] for item in made], "negotiations": [negotiation["id"]]}
