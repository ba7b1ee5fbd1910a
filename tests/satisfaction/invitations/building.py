"""Launched campaigns with their members, put where the draw leaves them."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Row, insert, select, text

from services.satisfaction.campaigns.models import campaigns
from services.satisfaction.campaigns.repository import find
from services.satisfaction.invitations.models import invitations
from services.satisfaction.invitations.service import issue
from services.satisfaction.populations.models import members
from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.rules import digest_of
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.tokens import derive_key, derive_token
from shared.ids import new_id
from tests.support.solo import Solo

NOW = datetime.now(UTC)

BRANCHING = Content.model_validate(
    {
        "title": {"en": "The new release", "zh-CN": "新版本"},
        "thanks": {"en": "That helps us.", "zh-CN": "感谢您的帮助。"},
        "items": [
            {"key": "score", "wording": {"en": "How good?", "zh-CN": "满意吗？"}, "required": True, "kind": "rating"},
            {
                "key": "why",
                "wording": {"en": "What went wrong?", "zh-CN": "哪里出了问题？"},
                "kind": "choice",
                "required": True,
                "multiple": True,
                "options": {"slow": {"en": "Too slow"}, "broken": {"en": "Does not work"}},
                "show_if": {"item": "score", "one_of": [1, 2]},
            },
            {"key": "words", "wording": {"en": "In your words"}, "kind": "text", "longest": 50},
        ],
    }
)


async def launch(solo: Solo, count: int = 1, content: Content = BUILT_IN["csat"], **changes: Any) -> Row[Any]:
    """A launched campaign whose drawn members are called p1, p2 …, each with an address and an invitation."""
    campaign_id = new_id()
    values = {
        "id": campaign_id,
        "version": 1,
        "sequence": 1,
        "state": "launched",
        "title": "Our own name for it",
        "kind": "ad_hoc",
        "level": "project",
        "owner": "quality",
        "questionnaire_key": "csat",
        "questionnaire_version": 1,
        "content": content.model_dump(mode="json"),
        "digest": digest_of(content),
        "anonymous": False,
        "closes_at": None,
        "margin": 0.05,
        "confidence": 0.95,
        "expected_response_rate": 0.3,
        "minimum_per_stratum": 1,
        "reminder_every_days": 7,
        "reminders_at_most": 2,
        "rest_days": 30,
        "launched_at": NOW,
        "created_at": NOW,
        "created_by": "quality",
        "updated_at": NOW,
        **changes,
    }
    people = [
        {
            "campaign_id": campaign_id,
            "reference": f"p{n}",
            "name": f"Person {n}",
            "email": f"p{n}@example.org",
            "language": "en",
            "stratum": "north" if n % 2 else "south",
            "contact_hash": hashlib.sha256(f"p{n}@example.org".encode()).digest(),
            "drawn": True,
        }
        for n in range(1, count + 1)
    ]
    async with solo.transaction() as session:
        await session.execute(insert(campaigns).values(values))
        if people:
            await session.execute(insert(members), people)
        campaign = await find(session, campaign_id)
        assert campaign is not None
        assert await issue(session, campaign, NOW, derive_key(solo.settings)) == count
    return campaign


async def tokens_of(solo: Solo, campaign_id: UUID) -> list[str]:
    """The links' tokens, in the order of the members."""
    query = select(invitations.c.id).where(invitations.c.campaign_id == campaign_id).order_by(invitations.c.member_id)
    async with solo.database.reading() as session:
        ids = (await session.execute(query)).scalars().all()
    return [derive_token(derive_key(solo.settings), each) for each in ids]


async def change(solo: Solo, table: str, **values: Any) -> None:
    """Set these in every row."""
    pairs = ", ".join(f"{name} = :{name}" for name in values)
    async with solo.transaction() as session:
        await session.execute(text(f"UPDATE {table} SET {pairs}"), values)


async def read(solo: Solo, query: str) -> Sequence[Row[Any]]:
    async with solo.database.reading() as session:
        return (await session.execute(text(query))).all()


def page_of(token: str) -> str:
    return f"/satisfaction/survey/{token}"


async def send(customer: httpx.AsyncClient, token: str, **fields: str | list[str]) -> httpx.Response:
    """The form with these fields, sent for good; `a_csat` is the field `a.csat`."""
    form = {name.replace("a_", "a.", 1): value for name, value in fields.items()}
    return await customer.post(page_of(token), data={"action": "send", **form})


LATER = timedelta(days=1)
