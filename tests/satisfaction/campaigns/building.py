"""Campaigns, their people and agreements as a test needs them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.events.agreements import AgreementFact, AgreementSigned, AgreementTerminated, PromisedClause
from tests.support.solo import Solo

PATH = "/satisfaction/v1/campaigns"
NEW: dict[str, Any] = {"title": "Customers 2026", "kind": "company", "questionnaire_key": "csat"}
SIGNED_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


def people(strata: dict[str, int]) -> str:
    """A CSV with so many people of each stratum: references `north-0`, `north-1` …"""
    lines = [f"{name}-{i},{name}-{i}@example.com,{name}" for name, many in strata.items() for i in range(many)]
    return "\n".join(["reference,email,stratum", *lines, ""])


async def create(client: httpx.AsyncClient, **terms: Any) -> dict[str, Any]:
    """A draft."""
    answer = await client.post(PATH, json={**NEW, **terms})
    assert answer.status_code == 201, answer.text
    created: dict[str, Any] = answer.json()
    return created


async def upload(
    client: httpx.AsyncClient, campaign_id: str, content: str | bytes, kind: str = "text/csv", **params: Any
) -> httpx.Response:
    """The population's file."""
    return await client.post(
        f"{PATH}/{campaign_id}/population", content=content, params=params, headers={"Content-Type": kind}
    )


async def draw(client: httpx.AsyncClient, campaign_id: str, seed: str | None = None) -> httpx.Response:
    return await client.post(f"{PATH}/{campaign_id}/draw", json={"seed": seed} if seed else {})


async def launch(client: httpx.AsyncClient, strata: dict[str, int], **terms: Any) -> dict[str, Any]:
    """A launched campaign about so many people, drawn with the seed `s`."""
    campaign = await create(client, **terms)
    assert (await upload(client, campaign["id"], people(strata))).status_code == 200
    assert (await draw(client, campaign["id"], "s")).status_code == 200
    launched = await client.post(f"{PATH}/{campaign['id']}/launch")
    assert launched.status_code == 200, launched.text
    answer: dict[str, Any] = launched.json()
    return answer


def signed(number: str, *clauses: str, agreement_id: UUID | None = None, **fields: Any) -> AgreementSigned:
    """An agreement with these clauses, signed in January 2026."""
    made: dict[str, Any] = {
        "agreement_id": agreement_id or uuid4(),
        "number": number,
        "revision": 1,
        "title": f"Agreement {number}",
        "customer": "acme",
        "services": ("mail",),
        "state": "signed",
        "effective_from": date(2026, 2, 1),
        "effective_to": date(2027, 1, 31),
        "owner": "li.na",
        "digest": "d",
        "signed_by": "li.na",
        "signed_at": SIGNED_AT,
        "calendar": "default",
        "settled_by": "month",
        "fee": "1000.00",
        "currency": "CNY",
        "clauses": tuple(
            PromisedClause(
                clause_id=uuid4(),
                key=clause,
                title=f"About {clause}",
                kind="time",
                measure_key=None,
                unit="hours",
                direction="lower_is_better",
                target=4,
                has_penalty=False,
            )
            for clause in clauses
        ),
    }
    return AgreementSigned(**{**made, **fields})


def terminated(agreement: AgreementSigned) -> AgreementTerminated:
    """The end of that agreement."""
    told = {name: getattr(agreement, name) for name in AgreementFact.model_fields}
    end = {"state": "terminated", "ending": "terminated", "ended_on": date(2026, 6, 30), "execution_confirmed": True}
    return AgreementTerminated(**{**told, **end})


async def hear(solo: Solo, *facts: Any) -> None:
    for fact in facts:
        await solo.hear(fact, fact.agreement_id, source="metrics")


def later(**gap: float) -> datetime:
    """A moment that is far enough for the test's clock."""
    return datetime.now(UTC) + timedelta(**gap)
