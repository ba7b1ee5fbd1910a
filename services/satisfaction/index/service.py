"""The satisfaction index over time, by mode: what was said by phone, by link and in surveys is never added up."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction.campaigns.schemas import format_number
from services.satisfaction.index import repository, rules
from services.satisfaction.index.schemas import By, IndexPoint


async def list_points(session: AsyncSession, since: date, until: date, zone: str, by: By | None) -> list[IndexPoint]:
    """R186, R204: from the first month up to the last, in order of month, mode and value."""
    first, before = _begin(since, zone), _begin(rules.move_month(until, 1), zone)
    points = [
        IndexPoint(
            month=row.month,
            mode=row.channel,
            value=row.value,
            index=rules.scale_score(float(row.mean)),
            low=None,
            high=None,
            n=row.n,
        )
        for row in await repository.list_callback_scores(session, first, before, zone, by)
    ]
    points += _survey_points(await repository.list_analysed(session, first, before), zone, by)
    return sorted(points, key=lambda point: (point.month, point.mode, point.value is None, point.value or ""))


def _survey_points(rows: Iterable[Row[Any]], zone: str, by: By | None) -> list[IndexPoint]:
    gathered: dict[tuple[date, str | None], list[tuple[str, Mapping[str, Any]]]] = {}
    for row in rows:
        month = row.closed_at.astimezone(ZoneInfo(zone)).date().replace(day=1)
        for value, figure in _figures(row, by):
            gathered.setdefault((month, value), []).append((format_number(row.number), figure))
    points = []
    for (month, value), found in gathered.items():
        index, n = rules.join_means([(figure["value"], figure["n"]) for _, figure in found])
        alone = found[0][1] if len(found) == 1 else {}
        points.append(
            IndexPoint(
                month=month,
                mode="survey",
                value=value,
                index=index,
                low=alone.get("low"),
                high=alone.get("high"),
                n=n,
                campaigns=tuple(dict.fromkeys(number for number, _ in found)),
            )
        )
    return points


def _figures(row: Row[Any], by: By | None) -> list[tuple[str | None, Mapping[str, Any]]]:
    """What one campaign says: of the people of each customer or segment where its answers can be told apart, else of
    the customer or service that it was about."""
    if by in ("customer", "segment"):
        parts = [(part["value"], part["index"]) for part in row.parts if part["by"] == by and part["index"]]
        if parts:
            return [(value, index) for value, index in parts if index["value"] is not None]
    if by in {"segment", "group"}:
        return []
    about = None if by is None else getattr(row, by)
    if by is not None and about is None:
        return []
    return [(about, figure) for figure in row.figures if figure["key"] == "index" and figure["value"] is not None]


def _begin(month: date, zone: str) -> datetime:
    return datetime.combine(month, time(), ZoneInfo(zone)).astimezone(UTC)
