"""What makes a connection sound, when it is polled again, and when it has been silent for too long."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.metrics.connections.schemas import ConnectionBody, PollBody, ReopeningBody
from shared.ticketing.access import RemoteAuthentication
from shared.ticketing.generic.mapper import find_unsound, find_unsound_rule
from shared.ticketing.mapping import find_unsound_overlay
from shared.ticketing.remote import find_unsound_url
from shared.ticketing.senders import find_unsound_secret
from shared.ticketing.sinks import SINKS
from shared.ticketing.sources import Position
from shared.ticketing.systems import SYSTEMS, SystemName

OVERLAP = timedelta(seconds=120)
"""So much of what was polled before is polled again: clocks differ, and a record may become visible late."""


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def find_unsound_map(body: ConnectionBody) -> str | None:
    """Why its field map or its states cannot work, with what would; or None."""
    if body.system == "generic":
        unsound = find_unsound(body.field_map)  # type: ignore[arg-type]
        if unsound is None and body.states:
            return "states: a generic connection maps states in its field_map: state: {path, values}"
    else:
        unsound = find_unsound_rule(body.field_map) or find_unsound_overlay(body.field_map)  # type: ignore[arg-type]
    return f"field_map: {unsound}" if unsound else None


def find_unsound_zone(body: ConnectionBody) -> str | None:
    """Why its times cannot be read; or None."""
    known = find_zone(body.time_zone) is not None
    return None if known else f"time_zone: {body.time_zone!r} is no zone like Asia/Shanghai"


def find_unsound_sender(body: ConnectionBody, *, has_secret: bool) -> str | None:
    """Why its sender could not prove itself; or None. `has_secret`: one of the same scheme is stored."""
    system = SYSTEMS[body.system]
    chosen = body.authentication or system.senders[0]
    if chosen not in system.senders:
        return f"authentication: {body.system} proves itself by one of {', '.join(system.senders)}"
    if chosen == "none":
        unpolled = body.poll is None
        return "poll: without webhooks and without poll nothing would ever come in; give one" if unpolled else None
    if body.secret is None:
        missing = "secret: a new connection needs one, so that the sender can prove itself by " + chosen
        return None if has_secret else missing
    unsound = find_unsound_secret(chosen, body.secret)
    return f"secret: {unsound}" if unsound else None


def find_unsound_poll(body: ConnectionBody, polled_url: str | None) -> str | None:
    """Why it could not be polled; or None. `polled_url` is the address that the stored poll secret belongs to."""
    poll, system = body.poll, SYSTEMS[body.system]
    if poll is None:
        return None
    if not system.polls:
        return f"poll: {body.system} is not polled; it sends webhooks"
    unsound = find_unsound_url(poll.base_url)
    if unsound is not None:
        return f"poll.base_url: {unsound}"
    chosen = poll.authentication or system.polls[0]
    if chosen not in system.polls:
        return f"poll.authentication: {body.system} is polled by one of {', '.join(system.polls)}"
    if poll.filter and body.system == "servicenow" and "^NQ" in poll.filter:
        return "poll.filter: ^NQ begins a query of its own, which would not be bounded by time; use ^OR instead"
    return _find_unsound_poll_secret(poll, chosen, polled_url)


def _find_unsound_poll_secret(poll: PollBody, chosen: str, polled_url: str | None) -> str | None:
    if poll.secret is None:
        if polled_url is None:
            return "poll.secret: the first time it is needed"
        if polled_url != poll.base_url:
            return "poll.secret: a new base_url needs it again, so that a stored secret goes to no other host"
        return None
    if chosen == "basic" and not all(poll.secret.partition(":")):
        return "poll.secret: basic authentication needs user:password"
    return None


def list_accesses(system: SystemName) -> tuple[RemoteAuthentication, ...]:
    """How we may sign in to reopen an incident there, the usual way first; none: the options say it."""
    sink = SINKS.get(system)
    return (sink.accesses if sink is not None else ()) or SYSTEMS[system].polls


def find_unsound_reopening(body: ConnectionBody, known_url: str | None) -> str | None:
    """Why nothing could be reopened that way; or None. `known_url` is the address that the stored secret belongs to."""
    asked = body.reopening
    if asked is None:
        return None
    if SYSTEMS[body.system].reopener is None:
        return f"reopening: incidents of {body.system} cannot be reopened from here; leave it out"
    accesses = list_accesses(body.system)
    if asked.authentication is not None and asked.authentication not in accesses:
        choices = ", ".join(accesses) or "no authentication: its options say it"
        return f"reopening.authentication: {body.system} takes {choices}"
    if asked.base_url is not None:
        return _find_unsound_reopening_access(asked, asked.authentication or accesses[:1], known_url)
    if asked.secret is not None or asked.authentication is not None:
        return (
            "reopening.base_url: authentication and secret go with an address of their own; left out, the poll's count"
        )
    if body.poll is None and accesses:
        return "reopening.base_url: this connection is not polled, so say where, with authentication and secret"
    return None


def _find_unsound_reopening_access(
    asked: ReopeningBody, chosen: RemoteAuthentication | tuple[RemoteAuthentication, ...], known_url: str | None
) -> str | None:
    unsound = find_unsound_url(asked.base_url or "")
    if unsound is not None:
        return f"reopening.base_url: {unsound}"
    if asked.secret is None:
        again = "a new base_url needs it, so that a stored secret goes to no other host"
        return None if known_url == asked.base_url else f"reopening.secret: {again}"
    if chosen in ("basic", ("basic",)) and not all(asked.secret.partition(":")):
        return "reopening.secret: basic authentication needs user:password"
    return None


def begin_at(polled_until: datetime, round_since: datetime | None, round_page: int | None) -> Position:
    """Where to poll on: within the round that was begun, else a little before what was polled last."""
    if round_since is not None:
        return Position(round_since, round_page or 1)
    return Position(polled_until - OVERLAP)


def retry_delay_seconds(
    failures: int, schedule: Sequence[float], every_seconds: float, retry_after_seconds: float | None, jitter: float
) -> float:
    """How long to wait after so many failures in a row (from 1). `jitter` lies in 0 to 1 and adds up to a tenth, so
    that connections which failed together do not come back together."""
    planned = max(schedule[min(failures, len(schedule)) - 1], every_seconds)
    return max(planned * (1 + jitter / 10), retry_after_seconds or 0.0)


def silent_since(
    heard_at: datetime, expected_every_hours: float, told_at: datetime | None, now: datetime
) -> datetime | None:
    """R31: when something was due at the latest, where it is overdue and this silence was not told before."""
    due_at = heard_at + timedelta(hours=expected_every_hours)
    was_told = told_at is not None and told_at >= heard_at
    return due_at if due_at < now and not was_told else None
