"""Lists page by cursor: stable under inserts, and as fast on the last page as on the first."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel

from shared.problems import Malformed

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=500, description="How many at most.")]
Cursor = Annotated[str | None, Query(max_length=500, description="`next_cursor` of the page before.")]


class Page(BaseModel, Generic[T]):
    """`next_cursor` is null on the last page."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(*values: Any) -> str:
    """An opaque cursor that stands behind the row with these sort values."""
    return base64.urlsafe_b64encode(orjson.dumps(values)).decode().rstrip("=")


def decode_cursor(cursor: str, *types: type) -> tuple[Any, ...]:
    """The sort values again.

    Raises:
        Malformed: not a cursor that this list gave.
    """
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError(cursor)
        return tuple(_convert(value, type_) for value, type_ in zip(values, types, strict=True))
    except (ValueError, TypeError, AttributeError, OverflowError, binascii.Error) as error:
        raise Malformed("cursor: not one that this list gave; begin again without it") from error


def _convert(value: Any, type_: type) -> Any:
    """Nobody signs a cursor: what comes out must be something that Postgres can compare with."""
    if type_ is int:
        if type(value) is not int or not -(2**63) <= value < 2**63:
            raise ValueError(value)
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError(value)
    converted = type_.fromisoformat(value) if hasattr(type_, "fromisoformat") else type_(value)
    if isinstance(converted, datetime):
        if converted.tzinfo is None:
            raise ValueError(value)
        return converted.astimezone(UTC)
    return converted


def page(rows: Sequence[T], limit: int, cursor_of: Any) -> Page[T]:
    """A page from `limit + 1` rows: the one too many tells that there is a next page."""
    more = len(rows) > limit
    items = rows[:limit]
    return Page(items=items, next_cursor=cursor_of(items[-1]) if more else None)
