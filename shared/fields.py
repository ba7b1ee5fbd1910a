"""Field types for what comes in from outside: what they let through, every service can store."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def _to_utc(value: datetime) -> datetime:
    """Times are kept in UTC, between 1990 and 2200: 1970-01-01 is how several systems spell null."""
    if not EARLIEST <= value <= LATEST:
        raise ValueError("must lie between 1990-01-01 and 2200-01-01")
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_to_utc)]
"""A point in time with a zone, turned into UTC."""

_NO_NUL = r"^[^\x00]*$"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=_NO_NUL)]
"""One line that names something: 1 to 200 characters."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000, pattern=_NO_NUL)]
"""What a person writes: 1 to 20,000 characters."""

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]{0,99}$")]
"""A stable key that people choose: lower case, at most 100 characters."""

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A whole number from 0 that fits a Postgres integer."""


class Body(BaseModel):
    """The base of every request body: a field that nobody reads is a mistake, and is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)
