"""The chain of one revision: it is made at submission and ends with the revision."""

from datetime import datetime
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.approvals import repository, rules
from services.improvement.approvals.models import ApprovalStep
from services.improvement.approvals.schemas import read_rules
from services.improvement.improvements.models import Improvement
from services.improvement.settings import settings
from shared.calendars import Calendar
from shared.ids import new_id
from shared.working_days import working_days


async def open_chain(session: AsyncSession, record: Improvement, now: datetime) -> None:
    """The steps that the policy of today asks for; the first is open."""
    policy = await repository.find_policy(session)
    known = rules.DEFAULT if policy is None else read_rules(policy.rules)
    weight = rules.Weight(record.budget, record.impact, record.severity)
    for place, role in enumerate(rules.compute_chain(known, weight), 1):
        step = ApprovalStep(
            id=new_id(),
            improvement_id=record.id,
            revision=record.revision,
            step=place,
            role=role,
            state="open" if place == 1 else "waiting",
            opened_at=now if place == 1 else None,
        )
        session.add(step)
    await session.flush()


async def end_chain(
    session: AsyncSession, record: Improvement, approved: Literal["approved", "expired", "superseded"]
) -> None:
    """Nothing more is decided in this revision; `approved` is what becomes of the steps that were."""
    for step in await repository.list_chain(session, record.id, record.revision):
        if step.state in ("open", "waiting"):
            step.state = "superseded"
        elif step.state == "approved":
            step.state = approved
    await session.flush()


def begin_revision(record: Improvement) -> None:
    """R37: approvals, frozen plan, implementation and evidence of the revision before count no more."""
    record.revision += 1
    for name in (
        "plan_hash",
        "approved_at",
        "approval_expires_at",
        "submitted_by",
        "submitted_at",
        "implemented_at",
        "effect_request_id",
        "effect_requested_at",
        "assessment",
        "signature",
    ):
        setattr(record, name, None)


def calendar_at(moment: datetime) -> Calendar:
    """The working days of this installation."""
    return working_days(settings().time_zone, settings().holiday_country, moment)


def expiry_of(given: datetime) -> datetime:
    """When an approval that was given then ends."""
    return rules.expiry_of(calendar_at(given), given, settings().approval_valid_days)
