"""Connections: kept with sealed secrets, opened as sinks, tried out, and the proof that an outcome comes from its
system."""

import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from cryptography.fernet import InvalidToken
from sqlalchemy.ext.asyncio import AsyncSession

from services.improvement.connections import repository, rules
from services.improvement.connections.models import Connection
from services.improvement.connections.schemas import ConnectionBody
from shared import problems
from shared.http import check_version
from shared.sealing import Sealer
from shared.ticketing.access import Access
from shared.ticketing.changes import UTC_ZONE, ChangeSink, SinkConfig
from shared.ticketing.findings import Finding
from shared.ticketing.memory.client import MemoryChangeSink
from shared.ticketing.options import read_options
from shared.ticketing.senders import verify_sender
from shared.ticketing.sinks import SINKS
from shared.ticketing.sources import NotProven

BUILT_IN = "memory"
"""The connection that is there without being configured."""


class ConnectionNotFound(problems.NotFound):
    pass


class ConnectionUnusable(problems.Problem):
    """It is not there, or what is kept of it cannot be read: says what to mend."""

    status = 409


class ConnectionInUse(problems.Problem):
    """Changes that are still open need it."""

    status = 409


class Opened(NamedTuple):
    """A connection ready to speak by. `connection` is None for the built-in one."""

    connection: Connection | None
    sink: ChangeSink
    secret: str | None
    """What outcomes in our own format are proven by."""


class Ticketing:
    """Opens connections as sinks. All connections of system `memory` share one, which lives as long as the process."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self.memory = MemoryChangeSink()

    def open(self, key: str, connection: Connection | None) -> Opened:
        """Raises `ConnectionUnusable`."""
        if connection is None:
            if key != BUILT_IN:
                raise ConnectionUnusable(
                    f"there is no connection '{key}' any more: PUT /improvement/v1/change-connections/{key}, or raise "
                    "the change again by another connection"
                )
            return Opened(None, self.memory, None)
        secrets = self.unseal(connection)
        if secrets is None:
            raise ConnectionUnusable(
                f"the secrets of connection '{key}' were sealed with another RATCHET_SEAL_KEY; put the connection "
                "again with its secrets"
            )
        if connection.system == "memory":
            return Opened(connection, self.memory, secrets["secret"])
        is_signed = connection.system in rules.SIGNED
        proof = secrets["secret"] if is_signed else secrets["webhook_secret"]
        return Opened(connection, self._open_system(connection, secrets, proof), proof)

    def _open_system(self, connection: Connection, secrets: Mapping[str, Any], proof: str | None) -> ChangeSink:
        system = SINKS[connection.system]  # type: ignore[index]
        try:
            options = read_options(system.options, {**connection.options, **secrets["options"]}, "options")
        except ValueError as error:
            raise ConnectionUnusable(f"connection '{connection.key}' must be put again: {error}") from error
        access = None
        if connection.base_url is not None:
            authentication: Any = connection.authentication
            access = Access(connection.base_url, authentication, secrets["secret"] or "")
        sender: Any = connection.webhook_authentication
        zone = rules.find_zone(connection.time_zone) or UTC_ZONE
        return system.open(SinkConfig(access, options, connection.states, zone, sender, proof))

    def seal(self, secrets: Mapping[str, Any]) -> str:
        return self._sealer.seal(orjson.dumps(secrets).decode())

    def unseal(self, connection: Connection) -> dict[str, Any] | None:
        """`{secret, webhook_secret, options}`; None where they were sealed with another key."""
        try:
            secrets: dict[str, Any] = orjson.loads(self._sealer.unseal(connection.sealed))
        except InvalidToken:
            return None
        headers = secrets.pop("headers", None)  # as it was kept before systems had options of their own
        hidden = {"headers": headers} if headers else {}
        return {"secret": None, "webhook_secret": None, "options": hidden, **secrets}


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
        Malformed: names every field that cannot work, and what would.
    """
    await repository.lock_all(session)
    connection = await repository.find(session, key)
    if connection is not None and if_match is not None:
        check_version(if_match, connection.version)
    try:
        chosen = rules.choose(body, _stored(ticketing, connection, body.system))
    except rules.Unsound as error:
        raise problems.Malformed(str(error)) from error
    if body.default:
        await repository.clear_default(session, key)
    fields: dict[str, Any] = {
        "system": body.system,
        "is_default": body.default,
        "base_url": chosen.base_url,
        "authentication": chosen.authentication,
        "webhook_authentication": chosen.webhook_authentication,
        "time_zone": body.time_zone,
        "states": body.states,
        "options": chosen.options,
        "sealed": ticketing.seal(chosen.secrets),
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


async def remove_connection(session: AsyncSession, key: str, if_match: str | None) -> None:
    """Forget a connection and its secrets.

    Raises:
        ConnectionNotFound, LostUpdate
        ConnectionInUse: a change is pending or raised by it.
    """
    await repository.lock_all(session)
    connection = await get_connection(session, key)
    if if_match is not None:
        check_version(if_match, connection.version)
    if await repository.is_used(session, key):
        raise ConnectionInUse(
            f"changes that are still open go by '{key}' (GET /improvement/v1/changes?connection={key}); let them end "
            "first"
        )
    await repository.remove(session, key)


async def try_connection(opened: Opened) -> list[Finding]:
    """What works of it; nothing there is changed. No transaction is open."""
    try:
        found = list(await opened.sink.check())
    except Exception as error:  # a check that crashes is a finding too
        return [Finding("check", False, f"the adapter failed: {error!r}"[:500])]
    connection = opened.connection
    if connection is not None and connection.system != "memory":
        found.append(_tell_webhooks(connection))
    return found


def _tell_webhooks(connection: Connection) -> Finding:
    if connection.webhook_authentication == "none":
        return Finding("webhook", True, "none is configured: outcomes are asked for, or told by hand")
    where = f"/improvement/v1/changes/inbound/{connection.key}"
    proof = connection.webhook_authentication
    return Finding("webhook", True, f"outcomes are taken at {where}, proven by {proof}; none was tried")


async def open_connection(session: AsyncSession, ticketing: Ticketing, key: str) -> Opened:
    """Raises `ConnectionNotFound`, `ConnectionUnusable`."""
    connection = await repository.find(session, key)
    if connection is None and key != BUILT_IN:
        raise ConnectionNotFound(f"there is no change connection '{key}'")
    return ticketing.open(key, connection)


def authenticate_sender(
    opened: Opened, key: str, headers: Mapping[str, str], query: Mapping[str, str], body: bytes
) -> None:
    """The sender proves itself as its system does, or sends the connection's webhook secret as a bearer token.

    Raises:
        Unauthenticated
    """
    if opened.secret is None:
        raise problems.Unauthenticated(
            f"connection '{key}' has no webhook secret, so nobody can prove to be its system"
        )
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), opened.secret.encode()):
        return
    try:
        if opened.connection is None or opened.connection.system in rules.SIGNED:
            verify_sender("standard_webhooks", opened.secret, headers, query, body)
        else:
            opened.sink.verify(headers, query, body)
    except NotProven as error:
        raise problems.Unauthenticated(
            f"prove to be its system as connection '{key}' says, or send 'Authorization: Bearer SECRET': {error}"
        ) from error


def _stored(ticketing: Ticketing, connection: Connection | None, system: str) -> rules.Stored:
    """What is kept that a body of this system may leave out."""
    if connection is None or connection.system != system:
        return rules.Stored()
    secrets = ticketing.unseal(connection) or {}
    return rules.Stored(
        connection.base_url,
        connection.authentication,
        connection.webhook_authentication,
        secrets,
        connection.options,
    )
