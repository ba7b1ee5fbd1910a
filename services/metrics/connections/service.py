"""Use cases of connections: define them, open them, poll them, and hear when they fall silent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from cryptography.fernet import InvalidToken
from pydantic import ValidationError
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.metrics.connections import repository, rules
from services.metrics.connections.schemas import ConnectionBody, PollBody, ReopeningBody
from shared import clock, problems
from shared.database import wake_after_commit
from shared.events.metrics import CollectionOverdue
from shared.http import check_version
from shared.ids import new_id
from shared.outbox import record
from shared.sealing import Sealer
from shared.ticketing.access import Access
from shared.ticketing.changes import IncidentReopener
from shared.ticketing.options import tell_faults
from shared.ticketing.sources import Authentication, IncidentSource, PollConfig, Position, SourceConfig
from shared.ticketing.systems import SYSTEMS, System, SystemName

POLL_JOB = "metrics.poll_connections"
_MOST_REMEMBERED = 1000
_MOST_OPTION_BYTES = 20_000
SECRET_OPTIONS = frozenset({"headers", "app_token"})
"""Options of reopening that are kept as secrets, whichever system they are of."""


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


class UnsoundReopening(problems.Problem):
    """An address, scheme, secret or option that nothing could be reopened by."""

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
        config = self._read_config(row)
        source = SYSTEMS[row.system].open(config)
        return Opened(row.key, row.system, row.revision, config.zone, source)

    def open_reopener(self, row: Row[Any]) -> IncidentReopener:
        """By which disputed incidents of a connection with `reopening` are reopened.

        Raises:
            SecretUnreadable
            ValueError: what its options lack, and what would be right.
        """
        kept = self.unseal_reopening(row)
        options = {**row.reopening["options"], **kept["options"]}
        config = self._read_config(row)
        access: Access | None = config.poll
        if row.reopening["base_url"] is not None:
            accesses = rules.list_accesses(row.system)
            authentication = row.reopening["authentication"] or accesses[0]
            access = Access(row.reopening["base_url"], authentication, kept["secret"] or "")
        return open_reopener(row.system, access, config, options)

    def unseal_reopening(self, row: Row[Any]) -> dict[str, Any]:
        """`{secret, options}`. Raises `SecretUnreadable`."""
        opened = self._unseal(row.key, row.sealed_reopening)
        return cast("dict[str, Any]", orjson.loads(opened)) if opened else {"secret": None, "options": {}}

    def _read_config(self, row: Row[Any]) -> SourceConfig:
        poll = None
        if row.base_url is not None:
            secret = self._unseal(row.key, row.sealed_poll_secret) or ""
            poll = PollConfig(row.base_url, row.poll_authentication, secret, row.poll_filter)
        return SourceConfig(
            source=row.key,
            zone=find_zone(row.time_zone),
            authentication=row.authentication,
            secret=self._unseal(row.key, row.sealed_secret),
            states=row.states,
            field_map=row.field_map,
            poll=poll,
        )

    def _unseal(self, key: str, sealed: str | None) -> str | None:
        try:
            return None if sealed is None else self._sealer.unseal(sealed)
        except InvalidToken as error:
            raise SecretUnreadable(
                f"the secret of connection {key!r} was sealed with another RATCHET_SEAL_KEY; put the connection again "
                "with its secrets"
            ) from error


def open_reopener(
    system: SystemName, access: Access | None, config: SourceConfig, options: Mapping[str, Any]
) -> IncidentReopener:
    """Raises `ValueError`: what the options lack, and what would be right."""
    opener = SYSTEMS[system].reopener
    if opener is None:
        raise ValueError(f"incidents of {system} cannot be reopened from here")
    try:
        return opener(access or Access("", "bearer", config.secret or ""), config, options)
    except ValidationError as error:
        raise ValueError(tell_faults(error, "")) from None


async def put_connection(
    session: AsyncSession, key: str, body: ConnectionBody, sources: Sources, if_match: str | None = None
) -> Row[Any]:
    """Define a connection, or change it.

    Raises:
        UnsoundMap, UnknownZone, UnsoundSender, UnsoundPoll, UnsoundReopening: what cannot work, with what would.
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
            **_reopening_values(body, known, sources),
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
    reopening = known.reopening if known is not None and known.system == body.system else None
    reopened_url = reopening["base_url"] if reopening else None
    findings: tuple[tuple[type[problems.Problem], str | None], ...] = (
        (UnsoundMap, rules.find_unsound_map(body)),
        (UnknownZone, rules.find_unsound_zone(body)),
        (UnsoundSender, rules.find_unsound_sender(body, has_secret=has_secret)),
        (UnsoundPoll, rules.find_unsound_poll(body, polled_url)),
        (UnsoundReopening, rules.find_unsound_reopening(body, reopened_url)),
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


def _reopening_values(body: ConnectionBody, known: Row[Any] | None, sources: Sources) -> dict[str, Any]:
    """How incidents are reopened from now on. Raises `UnsoundReopening` for options that the system does not know."""
    asked = body.reopening
    if asked is None:
        return {"reopening": None, "sealed_reopening": None}
    options = {name: value for name, value in asked.options.items() if name not in SECRET_OPTIONS}
    hidden: dict[str, Any] = {name: asked.options[name] for name in sorted(SECRET_OPTIONS & set(asked.options))}
    _check_headers(hidden.get("headers", {}))
    kept = _kept_secrets(body, known, sources)
    secret = asked.secret
    if secret is None and asked.base_url is not None:
        secret = kept["secret"]
    hidden = {name: value for name, value in {**kept["options"], **hidden}.items() if value}
    _check_options(body, asked, options, hidden)
    shown = {
        "base_url": asked.base_url,
        "authentication": asked.authentication,
        "has_secret": secret is not None,
        "headers": sorted(hidden.get("headers", {})),
        "secret_options": sorted(hidden),
        "options": options,
    }
    sealed = sources.seal(orjson.dumps({"secret": secret, "options": hidden}).decode())
    return {"reopening": shown, "sealed_reopening": sealed}


def _kept_secrets(body: ConnectionBody, known: Row[Any] | None, sources: Sources) -> dict[str, Any]:
    """The stored ones that may stay: those that were given for one address go to no other."""
    nothing: dict[str, Any] = {"secret": None, "options": {}}
    if known is None or known.system != body.system or known.reopening is None or body.reopening is None:
        return nothing
    asked = body.reopening
    before = (known.reopening["base_url"] or known.base_url, known.reopening["options"].get("url"))
    after = (asked.base_url or (body.poll.base_url if body.poll else None), asked.options.get("url"))
    is_complete = asked.secret is not None and asked.options.keys() >= SECRET_OPTIONS
    return nothing if before != after or is_complete else sources.unseal_reopening(known)


def _check_headers(given: Any) -> None:
    """Raises `UnsoundReopening`."""
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise UnsoundReopening('reopening.options.headers: must be an object of texts, as {"X-Desk": "…"}')


def _check_options(
    body: ConnectionBody, asked: ReopeningBody, options: Mapping[str, Any], hidden: Mapping[str, Any]
) -> None:
    """Raises `UnsoundReopening`."""
    raw = orjson.dumps({**options, **hidden})
    if len(raw) > _MOST_OPTION_BYTES or b"\\u0000" in raw:
        raise UnsoundReopening("reopening.options: at most 20,000 bytes of JSON without NUL characters")
    config = SourceConfig(source="", zone=find_zone(body.time_zone), authentication="none", secret=body.secret)
    access = Access(asked.base_url or (body.poll.base_url if body.poll else ""), "bearer", asked.secret or "")
    try:
        open_reopener(body.system, access, config, {**options, **hidden})
    except ValueError as error:
        raise UnsoundReopening(f"reopening.options: {error}") from error


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
