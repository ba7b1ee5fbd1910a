"""The CloudEvents 1.0 envelope: serialised once, when recorded; these bytes go unchanged to every reader."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar, cast
from uuid import UUID

import orjson
from asyncpg.pgproto.pgproto import UUID as DriverUUID  # noqa: N811 - it is a class
from pydantic import BaseModel, ConfigDict, ValidationError

from shared.ids import new_id


class Fact(BaseModel):
    """The base of every event's `data`. The wire name is written down in `TYPE`, never derived.

    A field may be added with a default; nothing may be renamed or removed: a breaking change is a new class beside the
    old one. Readers ignore fields that they do not know.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    TYPE: ClassVar[str]


D_co = TypeVar("D_co", covariant=True)
F = TypeVar("F", bound=Fact)


class MalformedEvent(ValueError):
    """These bytes are not an event of ours: says why."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Why something is being recorded: who acts, and in which story.

    `correlation_id` is the id of the aggregate that began the story (a ticket, a gap); `causation_id` the event that
    led here; `actor` the token's subject or `service:<name>`; `traceparent` W3C trace context.
    """

    actor: str
    correlation_id: str | None = None
    causation_id: str | None = None
    traceparent: str | None = None


current_origin: ContextVar[Origin] = ContextVar("current_origin")
"""Set at the edge: by the HTTP middleware, by the inbox and by the job runner."""


class Event(NamedTuple, Generic[D_co]):
    """One event as read from the wire. `raw` are the very bytes that were recorded."""

    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    sequence: int
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    actor: str
    data: D_co
    raw: bytes

    def origin(self, actor: str) -> Origin:
        """The origin of what this event leads to."""
        return Origin(actor, self.correlation_id, str(self.id), self.traceparent)


class Draft(NamedTuple):
    """An event about to be recorded."""

    data: Fact
    subject: str
    sequence: int
    origin: Origin


def serialise(draft: Draft, source: str, time: datetime) -> tuple[UUID, bytes]:
    """The id and the bytes of a new event. `source` is the service's name."""
    event_id = new_id()
    origin = draft.origin
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/{source}",
        "type": draft.data.TYPE,
        "subject": draft.subject,
        "time": time.astimezone(UTC),
        "datacontenttype": "application/json",
        "dataschema": f"urn:ratchet:schema:{draft.data.TYPE}",
        "sequence": draft.sequence,
        "correlationid": origin.correlation_id or draft.subject,
        "actor": origin.actor,
    }
    if origin.causation_id is not None:
        document["causationid"] = origin.causation_id
    if origin.traceparent is not None:
        document["traceparent"] = origin.traceparent
    document["data"] = orjson.Fragment(draft.data.__pydantic_serializer__.to_json(draft.data))
    return event_id, orjson.dumps(document, option=orjson.OPT_UTC_Z)


def parse(raw: bytes) -> Event[dict[str, Any]]:
    """Read the bytes of one event.

    Raises:
        MalformedEvent: not JSON, not a CloudEvent, or without our extensions.
    """
    try:
        document = orjson.loads(raw)
        event: Event[dict[str, Any]] = Event(
            id=DriverUUID(document["id"]),
            source=document["source"].lstrip("/"),
            type=document["type"],
            subject=document["subject"],
            time=datetime.fromisoformat(document["time"]),
            sequence=int(document["sequence"]),
            correlation_id=document["correlationid"],
            causation_id=document.get("causationid"),
            traceparent=document.get("traceparent"),
            actor=document["actor"],
            data=document["data"],
            raw=raw,
        )
        _check_attributes(event)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise MalformedEvent(f"{type(error).__name__}: {error}") from error
    return event


def _check_attributes(event: Event[dict[str, Any]]) -> None:
    """What every reader relies on: text that Postgres can store, a time with a zone, data that are an object."""
    text = event.source + event.type + event.subject + event.correlation_id + event.actor
    if "\x00" in text + (event.causation_id or "") + (event.traceparent or ""):
        raise ValueError("an attribute holds a NUL character")
    if event.time.tzinfo is None:
        raise ValueError("time has no zone")
    if not isinstance(event.data, dict):
        raise TypeError("data is not an object")


def typed(event: Event[dict[str, Any]], contract: type[F]) -> Event[F]:
    """The same event with its `data` read as the contract says.

    Raises:
        MalformedEvent: the data do not fit the contract.
    """
    try:
        data = contract.model_validate(event.data)
    except ValidationError as error:
        raise MalformedEvent(f"{event.type}: {error}") from error
    return cast("Event[F]", event._replace(data=data))  # type: ignore[arg-type]
