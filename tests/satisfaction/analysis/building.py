"""Closed campaigns with people and answers, written straight into the tables."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import insert

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.invitations.models import invitations
from services.satisfaction.populations.models import members
from services.satisfaction.questionnaires.rules import digest_of
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.responses.models import responses
from shared.ids import new_id
from tests.support.solo import Solo

CLOSED_AT = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
CONTENT = {
    "title": {"en": "How are we doing?"},
    "items": [
        {"kind": "rating", "key": "overall", "wording": {"en": "Overall?"}, "measures": "csat"},
        {"kind": "rating", "key": "tell", "wording": {"en": "Tell others?"}, "low": 0, "high": 10, "measures": "nps"},
        {
            "kind": "choice",
            "key": "way",
            "wording": {"en": "By?"},
            "options": {"phone": {"en": "P"}, "mail": {"en": "M"}},
        },
        {"kind": "text", "key": "why", "wording": {"en": "Why?"}},
    ],
}


async def make_campaign(
    solo: Solo,
    strata: Mapping[str, tuple[int, int, Sequence[Mapping[str, Any]]]],
    *,
    content: Mapping[str, Any] = CONTENT,
    **changed: Any,
) -> UUID:
    """`strata` are population, invited and answers; the first people of a stratum were invited, and answered."""
    campaign_id = new_id()
    whole = Content.model_validate(content)
    values = {
        "id": campaign_id, "version": 1, "sequence": 2, "state": "closed", "title": "Yearly", "kind": "company",
        "level": "company", "owner": "wang.fang", "questionnaire_key": "own", "questionnaire_version": 1,
        "content": whole.model_dump(mode="json"), "digest": digest_of(whole), "anonymous": False, "margin": 0.05,
        "confidence": 0.95, "expected_response_rate": 0.3, "minimum_per_stratum": 10, "reminder_every_days": 7,
        "rest_days": 30, "created_at": CLOSED_AT, "created_by": "tester", "updated_at": CLOSED_AT,
        "launched_at": CLOSED_AT, "closed_at": CLOSED_AT, "analysis_due_at": CLOSED_AT, **changed,
    }  # fmt: skip
    async with solo.transaction() as session:
        await session.execute(insert(campaigns).values(values))
        for stratum, (population, invited, answers) in strata.items():
            people = [
                {
                    "campaign_id": campaign_id, "reference": f"{stratum}-{place}", "stratum": stratum,
                    "contact_hash": sha256(f"{stratum}-{place}".encode()).digest(), "drawn": place < invited,
                    "segment": "gold" if place % 2 else "silver",
                }
                for place in range(population)
            ]  # fmt: skip
            ids = (await session.execute(insert(members).returning(members.c.id), people)).scalars().all()
            asked = [
                {
                    "id": new_id(), "campaign_id": campaign_id, "member_id": member, "state": "open",
                    "contact_hash": sha256(str(member).encode()).digest(), "channel": "link",
                    "token_hash": sha256(f"{campaign_id}{member}".encode()).digest(), "invited_at": CLOSED_AT,
                }
                for member in ids[:invited]
            ]  # fmt: skip
            if asked:
                await session.execute(insert(invitations), asked)
            told = [
                {
                    "id": new_id(), "campaign_id": campaign_id, "stratum": stratum, "language": "en",
                    "answers": dict(answer),
                    "invitation_id": None if changed.get("anonymous") else invitation["id"],
                    "submitted_at": None if changed.get("anonymous") else CLOSED_AT,
                }
                for answer, invitation in zip(answers, asked, strict=False)
            ]  # fmt: skip
            if told:
                await session.execute(insert(responses), told)
    return campaign_id


def score(satisfied: int, others: int, **more: Any) -> list[dict[str, Any]]:
    """So many that are satisfied (5), and so many that are not (2)."""
    return [{"overall": 5, **more}] * satisfied + [{"overall": 2, **more}] * others
