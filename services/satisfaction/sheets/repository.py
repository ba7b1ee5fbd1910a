"""Every SQL statement of answer sheets."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.invitations.models import invitations
from services.satisfaction.populations.models import members

SHEET = "sheet"
"""The channel of an invitation that was answered by a sheet."""
_i, _m = invitations.c, members.c


async def lock_invitations(session: AsyncSession, campaign_id: UUID, references: Sequence[str]) -> Sequence[Row[Any]]:
    """Of these people of the population: reference and stratum, and where they were invited the invitation and its
    state, held until the transaction ends."""
    held = (
        select(_i.id, _i.member_id, _i.state)
        .where(
            _i.campaign_id == campaign_id,
            _i.member_id.in_(select(_m.id).where(_m.campaign_id == campaign_id, _m.reference.in_(references))),
        )
        .order_by(_i.id)
        .with_for_update()
        .cte("held")
    )
    query = (
        select(_m.reference, _m.stratum, held.c.id.label("invitation_id"), held.c.state)
        .outerjoin(held, held.c.member_id == _m.id)
        .where(_m.campaign_id == campaign_id, _m.reference.in_(references))
    )
    return cast("Sequence[Row[Any]]", (await session.execute(query)).all())


async def mark_answered(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """Their links are used up, nobody is reminded, and it is kept that a sheet brought the answers."""
    values = {"state": "answered", "channel": SHEET, "draft": None, "sealed_draft": None, "next_mail_at": None}
    await session.execute(update(invitations).where(_i.id.in_(ids)).values(values))
