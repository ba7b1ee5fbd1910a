"""What improvement tells of meetings and of lessons."""

from datetime import date, datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.envelope import Fact
from shared.events.metrics import Verdict

MeetingKind = Literal["weekly", "monthly_quality_analysis", "improvement_review", "department", "workshop"]


class MeetingItem(BaseModel):
    """An item as it stood when the meeting was held; `carries` counts the meetings that it was carried to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    item_id: UUID
    kind: str
    title: str
    state: str
    owner: str | None = None
    due: date | None = None
    carries: int = 0
    improvement_id: UUID | None = None


class MeetingHeld(Fact):
    """A meeting took place (R16, R50, R55, R91, R203): there are minutes, and who was there is known.

    `items` are those of the agenda and of the plan, those carried over from earlier meetings first (`carried` of them);
    `actions` what this meeting set.
    """

    TYPE: ClassVar[str] = "ratchet.meeting.held.v1"
    meeting_id: UUID
    number: str
    kind: MeetingKind
    department: str | None = None
    title: str
    chair: str
    planned_at: datetime
    held_at: datetime
    present: int
    invited: int
    carried: int
    items: tuple[MeetingItem, ...]
    actions: tuple[MeetingItem, ...]


class LessonRecorded(Fact):
    """What an improvement taught (R176): what worked, what did not, and how to use it again."""

    TYPE: ClassVar[str] = "ratchet.lesson.recorded.v1"
    lesson_id: UUID
    number: str
    improvement_id: UUID
    improvement_number: str
    verdict: Verdict
    title: str
    worked: str | None = None
    did_not_work: str | None = None
    context: str
    reuse: str
    tags: tuple[str, ...] = ()
    service: str | None = None
    recorded_by: str
