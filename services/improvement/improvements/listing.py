"""What a list of improvement records can be asked for, and the cursor that stands behind a row of it."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.improvement.improvements import rules
from services.improvement.improvements.repository import Place, Wanted
from services.improvement.improvements.schemas import ImprovementSummary, Origin
from shared.fields import Body, Moment
from shared.pagination import decode_cursor, encode_cursor
from shared.problems import Malformed

Sort = Literal["newest", "priority", "due"]
_SORTED_BY: dict[str, tuple[str, type]] = {"priority": ("priority", int), "due": ("next_due_at", datetime)}

Filter = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00]*$")]


class Listing(Body):
    """Filters narrow each other; of several states or origins any one does.

    `priority_at_most` 2 finds levels 1 and 2. `overdue` finds what is past its day, or what is not. `q` is found in
    title and number, whatever the case. Sorted by priority or by what is due next, the oldest comes first within a
    level, and what has none comes last.
    """

    state: Annotated[tuple[rules.State, ...], Field(max_length=10)] = ()
    origin: Annotated[tuple[Origin, ...], Field(max_length=12)] = ()
    measure_key: Filter | None = None
    scope: Filter | None = None
    owner: Filter | None = None
    department: Filter | None = None
    service: Filter | None = None
    customer: Filter | None = None
    project: Filter | None = None
    gap_id: UUID | None = None
    parent_id: UUID | None = None
    priority_at_most: Annotated[int, Field(ge=1, le=5)] | None = None
    overdue: bool | None = None
    q: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None
    opened_since: Moment | None = None
    updated_since: Moment | None = None
    sort: Sort = "newest"
    limit: Annotated[int, Field(ge=1, le=500, description="How many at most.")] = 50
    cursor: Annotated[str | None, Field(max_length=500, description="`next_cursor` of the page before.")] = None

    def wanted(self) -> Wanted:
        """What the repository looks for: one row more than the page has."""
        names = ("measure_key", "scope", "owner", "department", "service", "customer", "project", "parent_id")
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        sorted_by = _SORTED_BY.get(self.sort, (None, None))[0]
        return Wanted(
            states=tuple(self.state),
            origins=tuple(self.origin),
            equal=given,
            gap_id=self.gap_id,
            priority_at_most=self.priority_at_most,
            overdue=self.overdue,
            text=self.q,
            opened_since=self.opened_since,
            updated_since=self.updated_since,
            sorted_by=sorted_by,
            after=self._after(),
            limit=self.limit + 1,
        )

    def cursor_of(self, item: ImprovementSummary) -> str:
        """The cursor behind this row."""
        if self.sort == "newest":
            return encode_cursor(str(item.id))
        value = getattr(item, _SORTED_BY[self.sort][0])
        if value is None:
            return encode_cursor(self.sort, str(item.id))
        return encode_cursor(self.sort, value.isoformat() if isinstance(value, datetime) else value, str(item.id))

    def _after(self) -> Place | None:
        """Raises `Malformed`: not a cursor of a list that is sorted so."""
        if self.cursor is None:
            return None
        if self.sort == "newest":
            return Place(None, decode_cursor(self.cursor, UUID)[0])
        try:
            sort, value, id_ = decode_cursor(self.cursor, str, _SORTED_BY[self.sort][1], UUID)
        except Malformed:
            sort, id_ = decode_cursor(self.cursor, str, UUID)
            value = None
        if sort != self.sort:
            raise Malformed("cursor: of a list that is sorted in another way; begin again without it")
        return Place(value, id_)
