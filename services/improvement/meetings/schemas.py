"""What comes in and goes out over REST for meetings."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.improvement.improvements.schemas import Scope
from services.improvement.meetings.rules import (
    OF_A_DEPARTMENT,
    Action,
    ItemKind,
    ItemState,
    Kind,
    Presence,
    State,
    Told,
)
from services.improvement.tasks.schemas import Day
from shared.fields import Body, Key, Moment, Name, Text


class ItemBody(Body):
    """`agenda`: a point to talk about. `plan`: an item of the period's plan, told done or not in the meeting (R92).
    `action`: a next measure, with owner and due."""

    kind: ItemKind
    title: Name
    detail: Text | None = None
    owner: Name | None = None
    due: Day | None = None

    @model_validator(mode="after")
    def _says_who_and_when(self) -> "ItemBody":
        if self.kind == "action" and (self.owner is None or self.due is None):
            raise ValueError("owner, due: an action says who does it, and until when")
        return self


class MeetingBody(Body):
    """A meeting that is planned. Weekly and department meetings name their department; `chair` is a token's subject."""

    kind: Kind
    department: Name | None = None
    title: Name
    planned_at: Moment
    place: Name | None = None
    chair: Name
    attendees: Annotated[tuple[Name, ...], Field(max_length=200)] = ()
    items: Annotated[tuple[ItemBody, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _names_its_department(self) -> "MeetingBody":
        if self.kind in OF_A_DEPARTMENT and self.department is None:
            raise ValueError(f"department: a meeting of kind '{self.kind}' is of a department; say which")
        return self


class MeetingEdit(Body):
    """What is to be different; fields left out stay. Kind and department stay: they are the series."""

    title: Name | None = None
    planned_at: Moment | None = None
    place: Name | None = None
    chair: Name | None = None


class AttendeeBody(Body):
    """`delegate` names who came instead, and goes with that presence."""

    person: Name
    presence: Presence = "expected"
    delegate: Name | None = None

    @model_validator(mode="after")
    def _names_the_delegate(self) -> "AttendeeBody":
        if (self.presence == "delegate") != (self.delegate is not None):
            raise ValueError("delegate: name who came instead where the presence is 'delegate', and only there")
        return self


class AttendeesBody(Body):
    """Everyone who is expected or was there, as a whole."""

    attendees: Annotated[tuple[AttendeeBody, ...], Field(max_length=200)]

    @model_validator(mode="after")
    def _names_each_once(self) -> "AttendeesBody":
        people = [attendee.person for attendee in self.attendees]
        twice = sorted({person for person in people if people.count(person) > 1})
        if twice:
            raise ValueError(f"attendees: {', '.join(twice)} named more than once")
        return self


class MinutesBody(Body):
    body: Text


class HoldBody(Body):
    """`held_at`: when it took place; left out, when it was planned, or now if that is still to come."""

    held_at: Moment | None = None


class ReasonBody(Body):
    reason: Text


class ItemEdit(Body):
    """What is to be different; fields left out stay."""

    title: Name | None = None
    detail: Text | None = None
    owner: Name | None = None
    due: Day | None = None


class OutcomeBody(Body):
    """Done, not done (it goes on to the next meeting) or dropped; the last two with a reason."""

    state: Told
    reason: Text | None = None

    @model_validator(mode="after")
    def _says_why(self) -> "OutcomeBody":
        if self.state != "done" and self.reason is None:
            raise ValueError("reason: say why it was not done, or why it is dropped")
        return self


class ImprovementBody(Body):
    """What the improvement is about, where the item does not say it all. Where measure and scope have an open record,
    the action is linked to that."""

    title: Name | None = None
    problem: Text | None = None
    measure_key: Key | None = None
    scope: Scope | None = None


class _View(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MeetingSummary(_View):
    """A meeting as lists show it."""

    id: UUID
    number: str
    kind: Kind
    department: str | None
    title: str
    planned_at: datetime
    chair: str
    state: State
    held_at: datetime | None
    version: int


class AttendeeView(_View):
    person: str
    presence: Presence
    delegate: str | None


class MinutesView(_View):
    """One version of the minutes, or an addendum to the signed ones."""

    version: int
    addendum: bool
    body: str
    written_by: str
    written_at: datetime


class OutcomeView(_View):
    """What was said of an item; `meeting_id` is null where it was said between two meetings."""

    meeting_id: UUID | None
    state: ItemState
    reason: str | None
    told_by: str
    told_at: datetime


class ItemView(_View):
    """One item as this meeting sees it. `label` is its place: 1, 2 … for the meeting's own, 0.1, 0.2 … for those of
    item 0, left over from earlier meetings; `carries` counts to how many meetings it was carried. `here` is what this
    meeting said of it, `state` how it stands now."""

    id: UUID
    meeting_id: UUID
    label: str
    version: int
    kind: ItemKind
    title: str
    detail: str | None
    owner: str | None
    due: date | None
    state: ItemState
    carries: int
    overdue: bool
    improvement_id: UUID | None
    here: OutcomeView | None
    latest: OutcomeView | None


class MeetingView(MeetingSummary):
    """The whole meeting. `carried` is item 0: what earlier meetings of this kind and department left undone. `missing`
    is what it lacks before its next step."""

    place: str | None
    cancel_reason: str | None
    signed_by: str | None
    signed_at: datetime | None
    created_by: str
    created_at: datetime
    attendees: list[AttendeeView]
    minutes: MinutesView | None
    addenda: list[MinutesView]
    carried: list[ItemView]
    items: list[ItemView]
    missing: list[str]
    allowed: list[Action]


class OpenedView(BaseModel):
    """The record that an action became, or was linked to."""

    item_id: UUID
    improvement_id: UUID
    number: str
    title: str


def format_number(number: int) -> str:
    """The number by which people call a meeting: MTG-000123."""
    return f"MTG-{number:06d}"
