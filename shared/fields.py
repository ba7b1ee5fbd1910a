"""Field types for what comes in from outside: what they let through, every service can store."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

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


@dataclass(frozen=True, slots=True)
class Written:
    """A text of this form, which the schema tells as it is; `advice` goes on after 'must be' where one is not."""

    pattern: str
    advice: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        fits = re.compile(self.pattern).fullmatch

        def check(value: str) -> str:
            if fits(value) is None:
                raise ValueError(f"must be {self.advice}")
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}


Key = Annotated[
    str,
    Written(
        r"^[a-z][a-z0-9_.-]{0,99}$",
        "a key, as vpn_access: lower case, a letter first, then letters, digits, '_', '.' and '-', at most 100 in all",
    ),
]
"""A stable key that people choose: lower case, at most 100 characters."""

Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""A whole number from 0 that fits a Postgres integer."""


class Body(BaseModel):
    """The base of every request body: a field that nobody reads is a mistake, and is told."""

    model_config = ConfigDict(extra="forbid", frozen=True)
