"""What the connections' REST takes and answers: never a secret."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, JsonValue, StringConstraints

from shared.fields import Body, Moment, Name
from shared.ticketing.access import RemoteAuthentication
from shared.ticketing.facts import State
from shared.ticketing.sources import Authentication
from shared.ticketing.systems import SystemName

Fact = Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]*$")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00]*$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]
_PRINTABLE = r"^[\x21-\x7e]+$"


class PollBody(Body):
    """How to poll it. `secret` is `user:password` for basic; left out, the stored one stays. `filter` narrows in the
    system's own query language. `since` is where polling begins (default: now); another one begins again from there.
    """

    base_url: Address
    authentication: RemoteAuthentication | None = None
    secret: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_PRINTABLE)] | None = None
    filter: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00]*$")] | None = (
        None
    )
    every_seconds: Annotated[int, Field(ge=10, le=86_400)] = 300
    since: Moment | None = None


class ReopeningBody(Body):
    """How incidents whose customers say that they are not solved are reopened there (R81).

    `base_url`, `authentication` and `secret` (`user:password` for basic) are the poll's when left out; a secret that is
    left out beside the same `base_url` stays. `options` are the system's own, as `{"status": "Open"}`; what they say
    under `headers` and `app_token` is kept as a secret, and left out it stays.
    """

    base_url: Address | None = None
    authentication: RemoteAuthentication | None = None
    secret: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=_PRINTABLE)] | None = None
    options: Annotated[dict[Fact, JsonValue], Field(default_factory=dict, max_length=20)]


class ConnectionBody(Body):
    """A ticketing system that we hear tickets from.

    `secret` proves the sender, by the scheme of `authentication` (default: the system's usual one): the shared secret
    of Standard Webhooks (`whsec_…`), of the HMAC or in the URL's query, a bearer token, or `user:password`. Left out,
    the stored one stays. `states` maps the system's words for a state to ours, before its usual ones. `field_map` says
    where in its JSON each fact stands: all of them for `generic` (empty when it already sends our facts), and what the
    others do not know by themselves. `time_zone` is the one of its times without zone. A connection of which nothing
    was heard for `expected_every_hours` raises collection.overdue (R31), once, for its `owner`. Without `reopening` a
    disputed incident stays as it is there.
    """

    system: SystemName = "generic"
    authentication: Authentication | None = None
    secret: Annotated[str, StringConstraints(min_length=16, max_length=500, pattern=_PRINTABLE)] | None = None
    states: Annotated[dict[Word, State], Field(default_factory=dict, max_length=100)]
    field_map: Annotated[dict[Fact, JsonValue], Field(default_factory=dict, max_length=60)]
    time_zone: Annotated[str, StringConstraints(max_length=60, pattern=r"^[A-Za-z0-9_+/-]+$")] = "UTC"
    owner: Name | None = None
    expected_every_hours: Annotated[float, Field(gt=0, le=8760)] | None = None
    poll: PollBody | None = None
    reopening: ReopeningBody | None = None


class PollView(BaseModel):
    """How it is polled. `polled_until` is how far: what was updated up to then was taken."""

    base_url: str
    authentication: RemoteAuthentication
    filter: str | None
    every_seconds: int
    since: datetime | None
    polled_until: datetime | None


class ReopeningView(BaseModel):
    """How its incidents are reopened. A null `base_url` is the poll's; `secret_options` are the names of options that
    are kept as secrets, `headers` the names of headers."""

    base_url: str | None
    authentication: RemoteAuthentication | None
    has_secret: bool
    headers: list[str]
    secret_options: list[str] = []
    options: dict[str, Any]


class ConnectionView(BaseModel):
    """A connection. `last_error` is why the last poll failed, null when it did not."""

    key: str
    system: SystemName
    authentication: Authentication
    states: dict[str, State]
    field_map: dict[str, Any]
    time_zone: str
    owner: str | None
    expected_every_hours: float | None
    poll: PollView | None
    reopening: ReopeningView | None
    last_polled_at: datetime | None
    last_error: str | None
    next_poll_at: datetime | None
    version: int
    updated_at: datetime

    @classmethod
    def of(cls, row: Any) -> "ConnectionView":
        """From a row of the table."""
        poll = None
        if row.base_url is not None:
            poll = PollView(
                base_url=row.base_url,
                authentication=row.poll_authentication,
                filter=row.poll_filter,
                every_seconds=row.poll_every_seconds,
                since=row.poll_since,
                polled_until=row.polled_until,
            )
        reopening = None if row.reopening is None else ReopeningView(**row.reopening)
        names = [name for name in cls.model_fields if name not in ("poll", "reopening")]
        return cls(poll=poll, reopening=reopening, **{name: getattr(row, name) for name in names})
