"""What any ticketing system's payload is mapped to: the facts of one ticket at one time."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from shared.fields import Body, Count, Moment, Name

Kind = Literal["incident", "request", "problem", "change"]
State = Literal["new", "in_progress", "pending", "resolved", "closed", "cancelled"]
DONE: frozenset[State] = frozenset({"resolved", "closed", "cancelled"})
"""Nobody works on the ticket any more."""
IncidentClass = Literal["interruption", "degradation", "fault", "latent_risk"]
"""R123: the service is down, the service is worse, something broke without that, or it soon may."""
Title = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00]*$")]


class TicketFacts(Body):
    """One ticket as its source described it at `updated_at`.

    Times carry a zone. `update_number` is the source's own counter of updates, where it has one: it orders updates of
    the same time. `resolved_at` is when the present resolution was made (default: `updated_at`).
    The `reported_…` fields are what the source's own fields say, kept as they are beside what Ratchet derives; where
    a source has no such field, leave it out, and what was observed stands for it.
    `sla_met` is the source's verdict, sent only once it is settled. `due_at` is its deadline; `failed_at` is when the
    fault began, where monitoring knows (default: `opened_at`), and may lie before the ticket (R124, R134).
    """

    source: Name
    external_id: Name
    state: State
    updated_at: Moment
    update_number: Count | None = None
    kind: Kind = "incident"
    title: Title | None = None
    priority: Name | None = None
    service: Name | None = None
    customer: Name | None = None
    project: Name | None = None
    group: Name | None = None
    resolver: Name | None = None
    category: Name | None = None
    cause: Name | None = None
    incident_class: IncidentClass | None = None
    opened_at: Moment
    failed_at: Moment | None = None
    due_at: Moment | None = None
    responded_at: Moment | None = None
    resolved_at: Moment | None = None
    closed_at: Moment | None = None
    reported_resolved_at: Moment | None = None
    reported_reopen_count: Annotated[int, Field(ge=0, le=100_000)] | None = None
    sla_met: bool | None = None

    @model_validator(mode="after")
    def _times_are_in_order(self) -> "TicketFacts":
        for name in ("responded_at", "resolved_at", "closed_at", "reported_resolved_at"):
            value = getattr(self, name)
            if value is not None and value < self.opened_at:
                raise ValueError(f"{name} ({value.isoformat()}) lies before opened_at ({self.opened_at.isoformat()})")
        return self

    @property
    def has_resolution_field(self) -> bool:
        """Whether the source has a field of its own for the resolution, be it empty."""
        return "reported_resolved_at" in self.model_fields_set


class Unmappable(ValueError):
    """A payload that cannot be understood: says where, what, and what would be right."""
