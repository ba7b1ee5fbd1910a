"""Use cases of connections: define them, open them, poll them, and hear when they fall silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography.fernet import InvalidToken
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections import repository, rules
from services.metrics.connections.schemas import ConnectionBody, Finding, PollBody
from shared import clock, problems
from shared.database import wake_after_commit
from shared.events.metrics import CollectionOverdue
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record
from shared.sealing import Sealer
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.sources import Authentication, IncidentSource, PollConfig, Position, SourceConfig
from shared.ticketing.systems import SYSTEMS, System

POLL_JOB = "metrics.poll_connections"
_TEST_WINDOW = timedelta(days=1)
_MOST_REMEMBERED = 1000


class ConnectionNotFound(problems.NotFound):
    pass


class UnsoundMap(problems.Problem):
    """A field map or states that cannot be read by."""

    status = 422


class UnknownZone(problems.Problem):
    status = 422


class UnsoundSender(problems.Problem):
    """Nobody could prove to be the sender: a scheme or secret that is missing or cannot be one."""

    status = 422


class UnsoundPoll(problems.Problem):
    """An address, scheme, secret or filter that cannot be polled by."""

    status = 422


class SecretUnreadable(problems.Problem):
    """A stored secret was sealed with another RATCHET_SEAL_KEY."""

    status = 409


@dataclass(frozen=True, slots=True)
class Opened:
    """A connection ready to take payloads, as it was at this revision."""

    key: str
    system: str
    revision: UUID
    zone: ZoneInfo
    source: IncidentSource


class Sources:
    """Opens connections, and remembers how: what was remembered is good as long as the connection is at that
    revision."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._opened: dict[str, Opened] = {}

    def seal(self, secret: str) -> str:
        return self._sealer.seal(secret)

    async def open(self, session: AsyncSession, key: str) -> Opened:
        """Raises `ConnectionNotFound`, `SecretUnreadable`."""
        row = await find_connection(session, key)
        opened = self._opened.get(key)
        if opened is None or opened.revision != row.revision:
            opened = self.open_row(row)
            if len(self._opened) >= _MOST_REMEMBERED:
                self._opened.clear()
            self._opened[key] = opened
        return opened

    def open_row(self, row: Row[Any]) -> Opened:
        """Raises `SecretUnreadable`."""
        poll = None
        if row.base_url is not None:
            secret = self._unseal(row.key, row.sealed_poll_secret) or ""
            poll = PollConfig(row.base_url, row.poll_authentication, secret, row.poll_filter)
        zone = find_zone(row.time_zone)
        config = SourceConfig(
            source=row.key,
            zone=zone,
            authentication=row.authentication,
            secret=self._unseal(row.key, row.sealed_secret),
            states=row.states,
            field_map=row.field_map,
            poll=poll,
        )
        source = SYSTEMS[row.system].open(config)
        return Opened(row.key, row.system, row.revision, zone, source)

    def _unseal(self, key: str, sealed: str | None) -> str | None:
        try:
            return None if sealed is None else self._sealer.unseal(sealed)
        except InvalidToken as error:
            raise SecretUnreadable(
                f"the secret of connection {key!r} was sealed with another RATCHET_SEAL_KEY; put the connection again "
                "with its secrets"
            ) from error


async def put_connection(
    session: AsyncSession, key: str, body: ConnectionBody, sources: Sources, if_match: str | None = None
) -> Row[Any]:
    """Define a connection, or change it.

    Raises:
        UnsoundMap, UnknownZone, UnsoundSender, UnsoundPoll: what cannot work, with what would.
        LostUpdate: `if_match` names another version.
    """
    known = await repository.lock_connection(session, key)
    if known is not None and if_match is not None:
        check_version(if_match, known.version)
    system = SYSTEMS[body.system]
    authentication = body.authentication or system.senders[0]
    _check(body, known, authentication)
    stored = known.sealed_secret if known is not None and authentication != "none" else None
    now = clock.now()
    row = await repository.put_connection(
        session,
        {
            "key": key,
            **body.model_dump(mode="json", include={"system", "states", "field_map", "time_zone", "owner"}),
            "expected_every_hours": body.expected_every_hours,
            "authentication": authentication,
            "sealed_secret": sources.seal(body.secret) if body.secret is not None else stored,
            **_poll_values(body.poll, known, system, sources, now),
            "revision": new_id(),
            "updated_at": now,
        },
    )
    wake_after_commit(session, POLL_JOB)
    return row


def _check(body: ConnectionBody, known: Row[Any] | None, authentication: Authentication) -> None:
    """Raises the first problem that `body` has, beside what is stored."""
    has_secret = known is not None and known.authentication == authentication and known.sealed_secret is not None
    polled_url = known.base_url if known is not None and known.system == body.system else None
    findings: tuple[tuple[type[problems.Problem], str | None], ...] = (
        (UnsoundMap, rules.find_unsound_map(body)),
        (UnknownZone, rules.find_unsound_zone(body)),
        (UnsoundSender, rules.find_unsound_sender(body, has_secret=has_secret)),
        (UnsoundPoll, rules.find_unsound_poll(body, polled_url)),
    )
    for problem, reason in findings:
        if reason is not None:
            raise problem(reason)


def _poll_values(
    poll: PollBody | None, known: Row[Any] | None, system: System, sources: Sources, now: datetime
) -> dict[str, Any]:
    """How it is polled from now on. Where it is stays, unless polling is to begin somewhere else."""
    values: dict[str, Any] = {"leased_until": None, "failures": 0, "last_error": None, "next_poll_at": None}
    if poll is None:
        names = ("base_url", "poll_authentication", "sealed_poll_secret", "poll_filter", "poll_every_seconds")
        return {**values, **dict.fromkeys((*names, "poll_since", "polled_until", "round_since", "round_page"))}
    sealed = known.sealed_poll_secret if known is not None and poll.secret is None else sources.seal(poll.secret or "")
    values |= {
        "base_url": poll.base_url,
        "poll_authentication": poll.authentication or system.polls[0],
        "sealed_poll_secret": sealed,
        "poll_filter": poll.filter or None,
        "poll_every_seconds": poll.every_seconds,
        "poll_since": poll.since,
        "next_poll_at": now,
    }
    begins_anew = known is None or known.polled_until is None or poll.since not in (None, known.poll_since)
    if begins_anew:
        values |= {"polled_until": poll.since or now, "round_since": poll.since or now, "round_page": 1}
    return values


def find_zone(name: str) -> ZoneInfo:
    """Raises `UnknownZone`."""
    zone = rules.find_zone(name)
    if zone is None:
        raise UnknownZone(f"time_zone: {name!r} is no zone like Asia/Shanghai")
    return zone


async def find_connection(session: AsyncSession, key: str) -> Row[Any]:
    """Raises `ConnectionNotFound`."""
    connection = await repository.get_connection(session, key)
    if connection is None:
        raise ConnectionNotFound(f"there is no connection {key!r}; PUT /metrics/v1/connections/{key} makes it")
    return connection


async def try_connection(opened: Opened, is_polled: bool) -> list[Finding]:
    """Reach the system, sign in, and read what it changed in the last day; nothing is kept. No transaction is open."""
    if not is_polled:
        detail = "it is not polled: it sends webhooks, and its payloads tell what came"
        return [Finding(what="poll", ok=True, detail=detail)]
    try:
        page = await opened.source.poll(Position(clock.now() - _TEST_WINDOW))
    except RemoteFailed as error:
        return [Finding(what="poll", ok=False, detail=str(error))]
    count = len(page.elements)
    found = [Finding(what="poll", ok=True, detail=f"signed in; {count} records changed in the last day were read")]
    unread = _find_unread(opened.source, page.elements)
    if unread:
        found.append(Finding(what="map", ok=False, detail=f"{len(unread)} of {count} mean nothing: {unread[0]}"))
    elif count:
        found.append(Finding(what="map", ok=True, detail="all of them were understood"))
    return found


def _find_unread(source: IncidentSource, elements: Sequence[Any]) -> list[str]:
    unread = []
    for element in elements:
        try:
            source.read(element)
        except Unmappable as error:
            unread.append(str(error))
    return unread


def values_after_page(row: Row[Any], position: Position, *, is_last: bool, now: datetime) -> dict[str, Any]:
    """What to keep of a page that was taken: where it goes on, and when."""
    polled_until = max(row.polled_until, position.since)
    return {
        "polled_until": polled_until,
        "round_since": None if is_last else position.since,
        "round_page": None if is_last else position.page,
        "next_poll_at": now + timedelta(seconds=row.poll_every_seconds) if is_last else now,
        "leased_until": None,
        "last_polled_at": now,
        "last_error": None,
        "failures": 0,
    }


def values_after_failure(
    row: Row[Any], reason: str, retry_after_seconds: float | None, schedule: Sequence[float], jitter: float
) -> Mapping[str, Any]:
    """What to keep of a poll that failed: why, and when it is tried again."""
    failures = row.failures + 1
    delay = rules.retry_delay_seconds(failures, schedule, row.poll_every_seconds, retry_after_seconds, jitter)
    return {
        "last_error": reason.replace("\x00", "")[:2000],
        "failures": failures,
        "next_poll_at": clock.now() + timedelta(seconds=delay),
        "leased_until": None,
    }


async def tell_silences(session: AsyncSession) -> int:
    """R31: record that a connection was silent for longer than expected, once per silence; how many were."""
    now = clock.now()
    overdue = {}
    for row in await repository.list_expected(session):
        due_at = rules.silent_since(row.heard_at, row.expected_every_hours, row.silence_told_at, now)
        if due_at is not None:
            overdue[row.key] = (row, due_at)
    if not overdue:
        return 0
    noted = await repository.note_silences(session, {key: row.silences for key, (row, _) in overdue.items()}, now)
    for key in sorted(noted):
        row, due_at = overdue[key]
        fact = CollectionOverdue(connection=key, owner=row.owner, due_at=due_at)
        await record(session, fact, subject=key, sequence=row.silences + 1)
    return len(noted)
