"""What comes in and goes out of survey triggers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import Row

from services.satisfaction.campaigns.schemas import Days, Level
from shared.fields import Body, Key, Name, Text

Follows = Literal["change", "project"]


class Terms(Body):
    """How a trigger's campaigns are. They open `wait_days` after what they follow, and close `answer_days` later.

    `people`: `customers` are those of the service or project, as far as they are known here; `campaign` are those whom
    the campaign `people_of` was about, of one customer where the occasion has one. `launches`: people are invited by
    itself; else a draft waits for somebody. `waiver` is the reason why clauses that the questionnaire does not ask
    about need no question (R84); without it they keep a campaign a draft.
    """

    questionnaire_key: Key
    anonymous: bool = False
    margin: Annotated[float, Field(ge=0.001, le=0.5, allow_inf_nan=False)] = 0.1
    expected_response_rate: Annotated[float, Field(ge=0.01, le=1, allow_inf_nan=False)] = 0.3
    wait_days: Annotated[int, Field(ge=0, le=365)] = 7
    answer_days: Annotated[int, Field(ge=1, le=365)] = 14
    reminder_every_days: Days = 3
    reminders_at_most: Annotated[int, Field(ge=0, le=100)] | None = 2
    rest_days: Days = 30
    people: Literal["customers", "campaign"] = "customers"
    people_of: UUID | None = None
    launches: bool = True
    waiver: Text | None = None


class NewTrigger(Terms):
    """R121: from now on a survey follows every change that is carried out, or every project that is completed: of one
    service, one customer, or one connection of change management where these are named."""

    title: Name
    follows: Follows = "change"
    service: Name | None = None
    customer: Name | None = None
    connection: Key | None = None
    level: Level = "project"
    owner: Name | None = None
    paused: bool = False

    @model_validator(mode="after")
    def _fits(self) -> "NewTrigger":
        if self.follows == "project":
            if self.service is not None or self.connection is not None:
                raise ValueError("service, connection: go with changes; a project is narrowed by customer")
            if self.level != "project":
                raise ValueError("level: what follows a project is of level project")
        if (self.people == "campaign") != (self.people_of is not None):
            raise ValueError("people_of: names the campaign where people is 'campaign', and only there")
        return self

    @property
    def terms(self) -> Terms:
        return Terms(**{name: getattr(self, name) for name in Terms.model_fields})


class TriggerView(BaseModel):
    """A trigger; `opened` campaigns began by it, `waiting` occasions are not due yet."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    version: int
    title: str
    follows: Follows
    service: str | None
    customer: str | None
    connection: str | None
    level: Level
    owner: str
    paused: bool
    terms: Terms
    opened: int
    waiting: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


def view_of(row: Row[Any]) -> TriggerView:
    """From a row of the table with its counts."""
    return TriggerView.model_validate(row)
