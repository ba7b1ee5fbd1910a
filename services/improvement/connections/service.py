"""Connections: kept with sealed secrets, opened as sinks, and the proof that an outcome comes from its system."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from services.improvement.connections import repository
from services.improvement.connections.models import Connection
from services.improvement.connections.schemas import ConnectionBody
from shared import problems
from shared.http import check_version
from shared.sealing import Sealer
from shared.ticketing.changes import ChangeSink
from shared.ticketing.generic.client import GenericChangeSink, GenericConfig
from shared.ticketing.memory.client import MemoryChangeSink

BUILT_IN = "memory"
"""The connection that is there without being configured."""


class ConnectionNotFound(problems.NotFound):
    pass


class Ticketing:
    """Opens connections as sinks. All connections of system `memory` share one, which lives as long as the process."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self.memory = MemoryChangeSink()

    def open(self, connection: Connection | None) -> ChangeSink:
        """The sink behind a connection; None is the built-in one."""
        if connection is None or connection.system == "memory":
            return self.memory
        secrets = self.unseal(connection)
        options = {**connection.options, "body": connection.options["body_template"]}
        del options["body_template"]
        return GenericChangeSink(GenericConfig(**options, secret=secrets["secret"], headers=secrets["headers"]))

    def seal(self, secrets: Mapping[str, Any]) -> str:
        return self._sealer.seal(orjson.dumps(secrets).decode())

    def unseal(self, connection: Connection) -> dict[str, Any]:
        """`{secret, headers}`."""
        secrets: dict[str, Any] = orjson.loads(self._sealer.unseal(connection.sealed))
        return secrets


async def put_connection(
    session: AsyncSession,
    ticketing: Ticketing,
    key: str,
    body: ConnectionBody,
    if_match: str | None,
    actor: str,
    now: datetime,
) -> Connection:
    """Write a connection; the newest default is the only one.

    Raises:
        LostUpdate: where `if_match` is given and names another version.
        Malformed: a generic connection without a secret, where none is stored either.
    """
    await repository.lock_all(session)
    connection = await repository.find(session, key)
    if connection is not None and if_match is not None:
        check_version(if_match, connection.version)
    stored = ticketing.unseal(connection)["secret"] if connection else None
    secret = body.secret.get_secret_value() if body.secret else stored
    if secret is None and body.system == "generic":
        raise problems.Malformed("secret: a generic connection needs one, to sign what it sends")
    headers = {name: value.get_secret_value() for name, value in body.headers.items()}
    if body.default:
        await repository.clear_default(session, key)
    fields: dict[str, Any] = {
        "system": body.system,
        "is_default": body.default,
        "options": body.model_dump(mode="json", exclude={"system", "default", "secret", "headers"}),
        "sealed": ticketing.seal({"secret": secret, "headers": headers}),
        "updated_at": now,
        "updated_by": actor,
    }
    if connection is None:
        connection = Connection(key=key, version=1, **fields)
        session.add(connection)
    else:
        connection.version += 1
        connection.sqlmodel_update(fields)
    await session.flush()
    return connection


async def get_connection(session: AsyncSession, key: str) -> Connection:
    """Raises `ConnectionNotFound`."""
    connection = await repository.find(session, key)
    if connection is None:
        raise ConnectionNotFound(f"there is no change connection '{key}'")
    return connection


async def authenticate_sender(
    session: AsyncSession, ticketing: Ticketing, key: str, headers: Mapping[str, str], body: bytes
) -> None:
    """The sender signs with the connection's secret (Standard Webhooks) or sends it as a bearer token.

    Raises:
        ConnectionNotFound, Unauthenticated
    """
    connection = await repository.find(session, key)
    if connection is None and key != BUILT_IN:
        raise ConnectionNotFound(f"there is no change connection '{key}'")
    secret: str | None = ticketing.unseal(connection)["secret"] if connection else None
    if secret is None:
        raise problems.Unauthenticated(f"connection '{key}' has no secret, so nobody can prove to be its system")
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), secret.encode()):
        return
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError) as error:
        raise problems.Unauthenticated(
            "sign the body with the connection's secret (Standard Webhooks headers webhook-id, webhook-timestamp, "
            f"webhook-signature), or send 'Authorization: Bearer SECRET': {error}"
        ) from error
