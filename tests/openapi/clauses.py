"""An agreement in force for the fuzzed fleet, with a period that is settled, an exclusion and a claim."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.metrics.agreements.jobs import turn_agreements
from services.metrics.attainments.jobs import evaluate
from services.metrics.watches import jobs as watches
from shared.auth import Role
from shared.database import Database
from shared.http import acting
from tests.journeys.loop import Loop
from tests.metrics.agreements.builders import CUSTOMER, agreement
from tests.metrics.clauses.world import AVAILABILITY, RESPONSE, clause
from tests.support.waiting import eventually

_URL = "/metrics/v1/agreements"
_CLAUSES = [
    RESPONSE,
    AVAILABILITY,
    clause("backup", {"kind": "frequency", "every_minutes": 2880}),
    clause("users", {"kind": "count", "counts": "reported", "at_most": 100}),
    clause("training", {"kind": "clause", "statement": "Users are trained"}),
]


async def make_clauses(loop: Loop, metrics: Database) -> dict[str, list[str]]:
    """Their ids, by what stands before them in a path. The agreement counts since the month before."""
    first = (datetime.now(UTC).date().replace(day=1) - timedelta(days=1)).replace(day=1)
    item = await _sign(loop, first)
    url = f"{_URL}/{item['id']}"

    async def settled() -> dict[str, Any]:
        """The service's own jobs may hold what these would take: then again."""
        async with acting("service:metrics"):
            await turn_agreements(metrics)
            for job in (watches.watch, watches.close):
                while await job(metrics):
                    pass
            await evaluate(metrics, 0, 0)
        found: list[dict[str, Any]] = (await loop.get(f"{url}/settlements"))["items"]
        assert found
        return found[0]

    settlement = await eventually(settled)
    excluded = {
        "begins_at": f"{first}T08:00:00Z",
        "ends_at": f"{first}T09:00:00Z",
        "exemption": "force-majeure",
        "reason": "Flood",
        "evidence": "photograph",
    }
    exclusion = await loop.post(Role.PROJECT_MANAGER, f"{url}/exclusions", excluded, 201)
    lost = {"amount": "10", "reason": "shut", "evidence": "invoice"}
    claim = await loop.post(Role.PROJECT_MANAGER, f"{url}/claims/{first}", lost, 201)
    shown = await loop.get(url)
    return {
        "agreements": [item["id"]],
        "clauses": [one["id"] for one in shown["clauses"]],
        "evaluations": [str(first)],
        "settlements": [settlement["id"]],
        "exclusions": [exclusion["id"]],
        "claims": [claim["id"], str(first)],
    }


async def _sign(loop: Loop, first: date) -> dict[str, Any]:
    body = agreement(
        services=["archive"],
        clauses=_CLAUSES,
        effective_from=str(first),
        effective_to=str(first + timedelta(days=365)),
    )
    item = await loop.post(Role.PROJECT_MANAGER, _URL, body, 201)
    url = f"{_URL}/{item['id']}"
    await loop.post(Role.PROJECT_MANAGER, f"{url}/negotiate")
    confirmed = {"digest": item["digest"], "subjects": ["content", "glossary"]}
    await loop.post(Role.PROJECT_MANAGER, f"{url}/confirm", {**confirmed, "party": "provider"})
    theirs = {
        **confirmed,
        "party": "customer",
        "subjects": ["content", "glossary", "exemptions"],
        "signatory": f"Head of {CUSTOMER}",
        "evidence": "contract 18",
    }
    await loop.post(Role.DEPARTMENT_HEAD, f"{url}/confirm", theirs)
    await loop.post(Role.DEPARTMENT_HEAD, f"{url}/sign", {"reason": "the contract came late"})
    return item
