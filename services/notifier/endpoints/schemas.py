"""What the endpoints' routes take and answer."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StrictBool, StringConstraints, model_validator
from pydantic.json_schema import SkipJsonSchema

from services.notifier.endpoints.models import Endpoint
from services.notifier.endpoints.rules import EVERYTHING
from services.notifier.targets import parse_target
from shared.fields import Body, Count, Moment, Name, Text


def _check_url(url: str) -> str:
    parse_target(url)
    return url


TargetUrl = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    AfterValidator(_check_url),
    Field(examples=["https://example.com/hooks/ratchet"]),
]
"""An http or https URL without user name, password or fragment."""

EventPattern = Annotated[str, StringConstraints(max_length=200, pattern=r"^(\*|[a-z0-9_]+(\.[a-z0-9_]+)*(\.\*)?)$")]
"""An event type, `ratchet.gap.*` for all below a name, or `*`."""

EventPatterns = Annotated[list[EventPattern], Field(min_length=1, max_length=100)]
DataPath = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$")
]
_Word = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
_Whole = Annotated[int, Field(strict=True, ge=-(2**53), le=2**53)]
_Number = Annotated[float, Field(strict=True, ge=-1e300, le=1e300, allow_inf_nan=False)]
_Scalar = StrictBool | _Whole | _Number | _Word | None
DataFilter = Annotated[
    dict[DataPath, _Scalar | Annotated[list[_Scalar], Field(min_length=1, max_length=100)]],
    Field(min_length=1, max_length=20, examples=[{"measure_key": "sla_attainment", "severity": ["high", "critical"]}]),
]
"""Dotted paths into an event's `data`, each with the value that it must have, or a list of such values."""


class NewEndpoint(Body):
    """`thin` leaves `data` out of what is sent."""

    url: TargetUrl
    event_types: EventPatterns = Field(default_factory=lambda: [EVERYTHING])
    description: Text | None = None
    filter: DataFilter | None = None
    thin: bool = False


class EndpointChange(Body):
    """What is left out stays; null clears `description` or `filter`."""

    url: TargetUrl | SkipJsonSchema[None] = None
    event_types: EventPatterns | SkipJsonSchema[None] = None
    description: Text | None = None
    filter: DataFilter | None = None
    thin: bool | SkipJsonSchema[None] = None

    @model_validator(mode="after")
    def _nothing_needed_is_cleared(self) -> Self:
        cleared = [name for name in ("url", "event_types", "thin") if self._is_null(name)]
        if cleared:
            raise ValueError(f"{', '.join(cleared)}: cannot be null; leave it out to keep it")
        return self

    def _is_null(self, name: str) -> bool:
        return name in self.model_fields_set and getattr(self, name) is None


class Rotation(Body):
    """For so many hours both the old and the new secret sign."""

    grace_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 24


class ExampleRequest(Body):
    """Which event type to send an example of; by default one that the endpoint hears."""

    event_type: Name | None = None


class ReplayRequest(Body):
    """Events told from `since` up to and without `until`; by default up to now and of every type that it hears."""

    since: Moment
    until: Moment | None = None
    event_types: EventPatterns | None = None


class EndpointView(BaseModel):
    """`failing_since` is null while it answers. `version` is the ETag."""

    id: UUID
    url: str
    description: str | None
    event_types: list[str]
    filter: dict[str, Any] | None
    thin: bool
    state: Literal["enabled", "disabled"]
    disabled_reason: str | None
    failing_since: datetime | None
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> Self:
        """Read a row; the secrets stay where they are."""
        return cls.model_validate(endpoint, from_attributes=True)


class CreatedEndpoint(EndpointView):
    """The only answer that shows the secret unasked."""

    secret: str


class Secret(BaseModel):
    """What a Standard Webhooks library verifies deliveries with."""

    secret: str


class RotatedSecret(Secret):
    """The new secret; the old one signs too until `old_valid_until`."""

    old_valid_until: datetime


class EventType(BaseModel):
    """An event that an endpoint can hear; `example` is its `data`."""

    type: str
    description: str
    example: dict[str, Any]


class Queued(BaseModel):
    """How many deliveries were queued."""

    queued: Count


class Statistics(BaseModel):
    """Attempts of the last 24 hours: `succeeded` and `failed` ones, with their latencies. `pending` are deliveries that
    wait now. `last_answer` is the last attempt's status, or why there was none."""

    succeeded: int
    failed: int
    pending: int
    p50_latency_ms: float | None
    p95_latency_ms: float | None
    last_answer: str | None
    last_attempt_at: datetime | None
