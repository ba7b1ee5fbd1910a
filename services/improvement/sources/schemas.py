"""What comes in and goes out over REST for sources."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.improvement.improvements.schemas import Origin, Scope
from services.improvement.sources.rules import Outcome
from services.improvement.tasks.schemas import Day
from shared.events.metrics import Severity
from shared.fields import Body, Key, Name, Text


class Opinion(Body):
    """What is thought of a report (R14). `section` and `figure` say where in it; `link` leads to it."""

    report: Name
    opinion: Text
    report_id: UUID | None = None
    period_from: Day | None = None
    period_to: Day | None = None
    section: Name | None = None
    figure: Name | None = None
    severity: Severity | None = None
    department: Name | None = None
    service: Name | None = None
    customer: Name | None = None
    project: Name | None = None
    measure_key: Key | None = None
    scope: Scope | None = None
    link: Name | None = None


class SourceView(BaseModel):
    """One telling, what came of it and why. `matter` is what it is: the same matter attaches to one record."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: Origin
    reference: str
    label: str
    matter: str
    title: str
    problem: str
    severity: Severity | None
    department: str | None
    service: str | None
    customer: str | None
    project: str | None
    measure_key: str | None
    scope: str | None
    link: str | None
    facts: dict[str, Any]
    told_by: str
    told_at: datetime
    heard_at: datetime
    correlation_id: str
    outcome: Outcome
    reason: str
    improvement_id: UUID | None
