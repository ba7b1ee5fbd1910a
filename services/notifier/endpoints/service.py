"""Use cases of the endpoints."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from sqlalchemy.ext.asyncio import AsyncSession

from services.notifier.deliveries import repository as deliveries
from services.notifier.deliveries.rules import GONE, Answer, signs
from services.notifier.endpoints import repository
from services.notifier.endpoints.models import Endpoint
from services.notifier.endpoints.rules import Change, Health, find_unheard, judge_attempt, nearest
from services.notifier.endpoints.schemas import EndpointChange, NewEndpoint
from shared.database import wake_after_commit
from shared.events.notifier import EndpointDisabled, EndpointFact, EndpointFailing, EndpointRecovered
from shared.events.registry import CONTRACTS
from shared.ids import new_id
from shared.outbox import record
from shared.problems import NotFound, Problem
from shared.sealing import Sealer

SENDING = "notifier.deliveries.send"
"""The job that sends what is due."""

SECRET_BYTES = 32
MOST_SECRETS = 5
_FACTS: dict[Change, type[EndpointFact]] = {
    "failing": EndpointFailing,
    "recovered": EndpointRecovered,
    "disabled": EndpointDisabled,
}


class EndpointNotFound(NotFound):
    pass


class UnknownEventType(Problem):
    """A type or pattern that no event has: names near ones."""

    status = 422


class TooManySecrets(Problem):
    """Old secrets whose grace lasts are as many as fit a header."""

    status = 409


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at an endpoint, and its answer."""

    endpoint_id: UUID
    answer: Answer


def make_secret() -> str:
    """A Standard Webhooks secret: `whsec_` and 32 random bytes in base64."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def require_endpoint(session: AsyncSession, endpoint_id: UUID, *, lock: bool = False) -> Endpoint:
    """Raises `EndpointNotFound`, for a deleted one too."""
    endpoint = await repository.find_endpoint(session, endpoint_id, lock=lock)
    if endpoint is None:
        raise EndpointNotFound(f"no endpoint {endpoint_id}")
    return endpoint


def require_event_type(type_: str) -> str:
    """Raises `UnknownEventType` unless this is exactly one event's type."""
    if type_ not in CONTRACTS:
        raise _unknown({type_: nearest(type_, CONTRACTS)})
    return type_


def check_event_types(patterns: Sequence[str]) -> None:
    """Raises `UnknownEventType` for a pattern that no event could ever match."""
    unheard = find_unheard(patterns, CONTRACTS)
    if unheard:
        raise _unknown(unheard)


def _unknown(near: dict[str, list[str]]) -> UnknownEventType:
    type_, choices = next(iter(near.items()))
    hint = f"did you mean {', '.join(choices)}?" if choices else "GET /v1/event-types lists those that there are"
    return UnknownEventType(f"no event has the type {type_}; {hint}", unknown=near)


async def create_endpoint(
    session: AsyncSession, body: NewEndpoint, sealer: Sealer, actor: str, now: datetime
) -> tuple[Endpoint, str]:
    """An enabled endpoint, and its secret in clear."""
    check_event_types(body.event_types)
    secret = make_secret()
    endpoint_id = new_id()
    endpoint = Endpoint(
        id=endpoint_id,
        **body.model_dump(),
        state="enabled",
        disabled_reason=None,
        secret=sealer.seal(secret),
        old_secrets=[],
        failing_since=None,
        version=1,
        correlation_id=str(endpoint_id),
        created_at=now,
        created_by=actor,
        updated_at=now,
        updated_by=actor,
    )
    session.add(endpoint)
    await session.flush()
    return endpoint, secret


async def change_endpoint(
    session: AsyncSession, endpoint: Endpoint, body: EndpointChange, actor: str, now: datetime
) -> None:
    """Take over the fields that were given; what is queued already stays queued."""
    if body.event_types is not None:
        check_event_types(body.event_types)
    for name in body.model_fields_set:
        setattr(endpoint, name, getattr(body, name))
    _touch(endpoint, actor, now)
    await session.flush()


async def enable_endpoint(session: AsyncSession, endpoint: Endpoint, actor: str, now: datetime) -> None:
    """Send again, what waits at once; its past failures are forgiven."""
    if endpoint.state != "enabled":
        endpoint.state, endpoint.disabled_reason, endpoint.failing_since = "enabled", None, None
        _touch(endpoint, actor, now)
        wake_after_commit(session, SENDING)
        await session.flush()


async def disable_endpoint(session: AsyncSession, endpoint: Endpoint, actor: str, now: datetime) -> None:
    """Send nothing more; what it misses is kept to be replayed."""
    if endpoint.state != "disabled":
        endpoint.state, endpoint.disabled_reason = "disabled", f"by {actor}"
        _touch(endpoint, actor, now)
        await session.flush()


async def delete_endpoint(session: AsyncSession, endpoint: Endpoint, actor: str, now: datetime) -> None:
    """Its deliveries stay as history; those that wait are cancelled."""
    endpoint.state, endpoint.old_secrets = "deleted", []
    _touch(endpoint, actor, now)
    await deliveries.cancel_waiting(session, endpoint.id, now)
    await session.flush()


async def rotate_secret(
    session: AsyncSession, endpoint: Endpoint, grace: timedelta, sealer: Sealer, actor: str, now: datetime
) -> tuple[str, datetime]:
    """A new secret, and until when the old one signs too; without grace no older one does.

    Raises:
        TooManySecrets: so many were rotated within their grace already.
    """
    until = now + grace
    old = [{"secret": endpoint.secret, "valid_until": until.isoformat()}, *endpoint.old_secrets]
    alive = [entry for entry in old if grace and signs(entry, now)]
    if len(alive) >= MOST_SECRETS:
        raise TooManySecrets(
            f"{len(alive)} secrets sign already; wait until a grace ends, or end them all: rotate with grace_hours 0"
        )
    secret = make_secret()
    endpoint.old_secrets = alive
    endpoint.secret = sealer.seal(secret)
    _touch(endpoint, actor, now)
    await session.flush()
    return secret, until


async def note_attempts(session: AsyncSession, attempts: Sequence[Attempt], disable_after: timedelta) -> None:
    """Bring the endpoints' health up to date with these attempts, in this order, and tell what changed."""
    failed = {attempt.endpoint_id for attempt in attempts if not attempt.answer.succeeded}
    endpoints = await repository.lock_changing(session, {attempt.endpoint_id for attempt in attempts}, failed)
    for endpoint in endpoints:
        for attempt in attempts:
            if attempt.endpoint_id == endpoint.id:
                await _note_attempt(session, endpoint, attempt.answer, disable_after)
    await session.flush()


async def _note_attempt(session: AsyncSession, endpoint: Endpoint, answer: Answer, disable_after: timedelta) -> None:
    health, changes = judge_attempt(
        Health(endpoint.state == "enabled", endpoint.failing_since),
        succeeded=answer.succeeded,
        gone=answer.status == GONE,
        at=answer.at,
        disable_after=disable_after,
    )
    failing_since = health.failing_since or endpoint.failing_since
    endpoint.failing_since = health.failing_since
    if "disabled" in changes:
        endpoint.state = "disabled"
        endpoint.disabled_reason = _why_disabled(answer, failing_since)
    for change in changes:
        _touch(endpoint, "service:notifier", answer.at)
        fact = _FACTS[change](
            endpoint_id=endpoint.id,
            url=_without_query(endpoint.url),
            last_answer=answer.summary,
            failing_since=failing_since,
        )
        await record(
            session,
            fact,
            subject=endpoint.id,
            sequence=endpoint.version,
            correlation_id=endpoint.correlation_id,
        )


def _why_disabled(answer: Answer, failing_since: datetime | None) -> str:
    if answer.status == GONE or failing_since is None:
        return "it answered 410 Gone"
    return f"every attempt failed since {failing_since:%Y-%m-%d %H:%M} UTC; the last answer was {answer.summary}"


def _without_query(url: str) -> str:
    """What every subscriber may see of it: tokens stand in the query."""
    return str(httpx.URL(url).copy_with(query=None))


def _touch(endpoint: Endpoint, actor: str, now: datetime) -> None:
    endpoint.version += 1
    endpoint.updated_at, endpoint.updated_by = now, actor
