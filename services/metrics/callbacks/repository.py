"""Every SQL statement on callback facts. Each event is told in full, so their order does not matter."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.callbacks.models import callback_facts
from shared.events.callbacks import CallbackCancelled, CallbackCompleted, CallbackFact
from shared.events.envelope import Event

_PUT = text(
    """
    INSERT INTO callback_facts
        (callback_id, resolved_at, due_at, service, customer, "group", resolver, completed_at, score, cancelled)
    SELECT DISTINCT ON (callback_id) * FROM unnest(:ids, :resolved, :due, :services, :customers, :groups, :resolvers,
        :completed, :scores, :cancelled)
        AS n (callback_id, resolved_at, due_at, service, customer, "group", resolver, completed_at, score, cancelled)
    ON CONFLICT (callback_id) DO UPDATE SET
        completed_at = coalesce(callback_facts.completed_at, excluded.completed_at),
        score = coalesce(callback_facts.score, excluded.score),
        cancelled = callback_facts.cancelled OR excluded.cancelled
    """
).bindparams(
    *(
        bindparam(name, type_=ARRAY(callback_facts.c[column].type))
        for name, column in {
            "ids": "callback_id",
            "resolved": "resolved_at",
            "due": "due_at",
            "services": "service",
            "customers": "customer",
            "groups": "group",
            "resolvers": "resolver",
            "completed": "completed_at",
            "scores": "score",
            "cancelled": "cancelled",
        }.items()
    )
)


async def put_facts(session: AsyncSession, events: Sequence[Event[CallbackFact]]) -> None:
    """Take over what these events say, by one statement."""
    facts = [event.data for event in events]
    await session.execute(
        _PUT,
        {
            "ids": [fact.callback_id for fact in facts],
            "resolved": [fact.resolved_at for fact in facts],
            "due": [fact.due_at for fact in facts],
            "services": [fact.service for fact in facts],
            "customers": [fact.customer for fact in facts],
            "groups": [fact.group for fact in facts],
            "resolvers": [fact.resolver for fact in facts],
            "completed": [fact.completed_at if isinstance(fact, CallbackCompleted) else None for fact in facts],
            "scores": [fact.score if isinstance(fact, CallbackCompleted) else None for fact in facts],
            "cancelled": [isinstance(fact, CallbackCancelled) for fact in facts],
        },
    )
