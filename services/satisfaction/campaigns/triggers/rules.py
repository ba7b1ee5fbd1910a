"""What a trigger follows, and when (R121). Values in, verdict out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.satisfaction.campaigns.triggers.schemas import Follows

_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Occasion:
    """A change that was carried out, or a project that was completed. `subject` is the same however often it is told;
    `title` is what people call it, `words` say more of it."""

    follows: Follows
    subject: str
    title: str
    words: str
    occurred_at: datetime
    service: str | None = None
    customer: str | None = None
    project: str | None = None
    connection: str | None = None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a trigger follows; None: any."""

    follows: Follows
    since: datetime
    service: str | None = None
    customer: str | None = None
    connection: str | None = None


def is_followed(occasion: Occasion, wanted: Narrowed) -> bool:
    """R121: what happened before the trigger was written, and is told late, is not followed."""
    return (
        occasion.follows == wanted.follows
        and occasion.occurred_at >= wanted.since
        and wanted.service in (None, occasion.service)
        and wanted.customer in (None, occasion.customer)
        and wanted.connection in (None, occasion.connection)
    )


def find_due(occurred_at: datetime, wait_days: int) -> datetime:
    """When people have seen enough of it to be asked."""
    return occurred_at + timedelta(days=wait_days)


def read_scope(scope: str | None, dimension: str) -> str | None:
    """The value of this dimension in a scope such as `customer=acme,service=mail`; None where it has none."""
    parts = dict(part.split("=", 1) for part in (scope or "").split(",") if "=" in part)
    return parts.get(dimension)


def name_campaign(trigger: str, occasion: str) -> str:
    """The campaign's title."""
    return f"{trigger}: {occasion}"[:_LONGEST_TITLE]
