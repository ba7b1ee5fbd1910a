"""What comes in and goes out over REST for approvals."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.improvement.approvals.rules import Rule
from services.improvement.improvements.priorities import Impact, Severity
from shared.fields import Body, Name, Text

ApproverRole = Literal["improvement_supervisor", "department_head", "top_management"]
StepState = Literal["waiting", "open", "approved", "rejected", "expired", "superseded"]


class Condition(Body):
    """One of those that are given must hold; what the record does not know holds nothing."""

    budget_at_least: Annotated[Decimal, Field(ge=0, max_digits=14, decimal_places=2)] | None = None
    impact_at_least: Impact | None = None
    severity_at_least: Severity | None = None


class PolicyRule(Body):
    """This role must approve, always or where `when` holds."""

    role: ApproverRole
    when: Condition = Condition()

    def as_rule(self) -> Rule:
        return Rule(self.role, **self.when.model_dump())

    @classmethod
    def of(cls, rule: Rule) -> "PolicyRule":
        names = Condition.model_fields
        return cls.model_validate({"role": rule.role, "when": {name: getattr(rule, name) for name in names}})


class PolicyBody(Body):
    """The rules in the order in which the steps are decided."""

    rules: Annotated[tuple[PolicyRule, ...], Field(min_length=1, max_length=20)]


class PolicyView(BaseModel):
    """Who must approve what. `is_default`: nobody has set another; `version` is the ETag."""

    rules: Sequence[PolicyRule]
    is_default: bool
    version: int
    updated_at: datetime | None
    updated_by: str | None


class Decision(Body):
    """`step` says which step of the chain is meant: refused where another one is open."""

    comment: Text | None = None
    step: Annotated[int, Field(ge=1, le=20)] | None = None


class Refusal(Body):
    """Why not; `step` as in an approval."""

    reason: Text
    step: Annotated[int, Field(ge=1, le=20)] | None = None


class Delegation(Body):
    """Who decides the open step in one's place (the token's subject), and why."""

    to: Name
    reason: Text


class StepView(BaseModel):
    """One step of the approval chain; those of earlier revisions stay to be read and count no more."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    revision: int
    step: int
    role: str
    state: StepState
    opened_at: datetime | None
    decided_by: str | None
    decided_role: str | None
    decided_at: datetime | None
    reason: str | None
    delegate: str | None
    delegated_by: str | None
    delegated_at: datetime | None
    delegation_reason: str | None


def read_rules(stored: Sequence[dict[str, Any]]) -> list[Rule]:
    """The rules as they are kept."""
    return [PolicyRule.model_validate(rule).as_rule() for rule in stored]
