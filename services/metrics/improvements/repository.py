"""Every SQL statement on improvement facts."""

from collections.abc import Sequence

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.improvements.models import improvement_facts
from shared.events.improvement import ImprovementVerified


async def put_facts(session: AsyncSession, facts: Sequence[ImprovementVerified]) -> None:
    """Keep the last signature of each improvement."""
    rows = {
        fact.improvement_id: {
            "improvement_id": fact.improvement_id,
            "verified_at": fact.signed_at,
            "verdict": fact.verdict,
            "measure_key": fact.measure_key,
            "scope": fact.scope,
        }
        for fact in sorted(facts, key=lambda fact: fact.signed_at)
    }
    statement = upsert(improvement_facts)
    newer = {name: statement.excluded[name] for name in ("verified_at", "verdict", "measure_key", "scope")}
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["improvement_id"],
            set_=newer,
            where=statement.excluded.verified_at > improvement_facts.c.verified_at,
        ),
        list(rows.values()),
    )
