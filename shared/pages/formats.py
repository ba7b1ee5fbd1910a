"""Numbers, times and measures' values as readers of a language write them. Times are told in UTC."""

from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale, dates, numbers, units

from shared.pages.languages import CHINESE, ENGLISH

_LOCALES = {ENGLISH: Locale("en"), CHINESE: Locale("zh", "CN", script="Hans")}
NO_DATA = "–"
PERCENTS = ("percent", "%")
SHARES = ("share", "ratio", "proportion")
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


def locale_of(language: str) -> Locale:
    return _LOCALES[language]


def format_moment(value: datetime, language: str) -> str:
    """Date and time to the minute, with the zone's name."""
    pattern = "yyyy年M月d日 HH:mm 'UTC'" if language == CHINESE else "d MMM yyyy, HH:mm 'UTC'"
    return str(dates.format_datetime(value.astimezone(UTC), pattern, tzinfo=UTC, locale=locale_of(language)))


def format_local(value: datetime, language: str, zone: str) -> str:
    """Date and time to the minute by this zone's clock; the page says whose clock that is."""
    local = ZoneInfo(zone)
    pattern = "yyyy年M月d日 HH:mm" if language == CHINESE else "d MMM yyyy, HH:mm"
    return str(dates.format_datetime(value.astimezone(local), pattern, tzinfo=local, locale=locale_of(language)))


def format_date(value: date, language: str) -> str:
    """A day; of a moment, its day in UTC."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).date()
    pattern = "yyyy年M月d日" if language == CHINESE else "d MMM yyyy"
    return str(dates.format_date(value, pattern, locale=locale_of(language)))


def format_month(value: date, language: str) -> str:
    """The month that this day lies in."""
    pattern = "yyyy年M月" if language == CHINESE else "MMM yyyy"
    return str(dates.format_date(value, pattern, locale=locale_of(language)))


def format_number(value: float | None, language: str, decimals: int | None = None) -> str:
    """Grouped; with up to two decimals, or with exactly so many as asked for."""
    if value is None:
        return NO_DATA
    pattern = "#,##0.##" if decimals is None else "#,##0" + ("." + "0" * decimals if decimals else "")
    return str(numbers.format_decimal(value, pattern, locale=locale_of(language)))


def format_percent(share: float | None, language: str, decimals: int = 2) -> str:
    """A share from 0 to 1 as per cent."""
    return NO_DATA if share is None else f"{format_number(share * 100, language, decimals)}%"


def format_duration(value: float | timedelta | None, language: str) -> str:
    """Seconds in the two largest units that say something, for example 2 days 5 hours."""
    if value is None:
        return NO_DATA
    seconds = round(value.total_seconds() if isinstance(value, timedelta) else value)
    sign, rest = ("-" if seconds < 0 else ""), abs(seconds)
    parts: list[str] = []
    for unit in ("day", "hour", "minute", "second"):
        size = SECONDS[f"{unit}s"]
        count, rest = divmod(rest, size)
        if count or (unit == "second" and not parts):
            parts.append(_format_unit(count, unit, language))
        elif parts:
            break
        if len(parts) == 2:
            break
    return sign + ("" if language == CHINESE else " ").join(parts)


def _format_unit(count: int, unit: str, language: str) -> str:
    length: Literal["short", "long"] = "short" if language == CHINESE else "long"  # Chinese has the short form only
    return str(units.format_unit(count, f"duration-{unit}", length, locale=locale_of(language)))


def format_relative(value: datetime, now: datetime, language: str) -> str:
    """How long ago or until, in one unit: "in 3 hours", "2 天前"."""
    return str(dates.format_timedelta(value - now, add_direction=True, locale=locale_of(language)))


def format_quantity(value: float | None, unit: str, language: str) -> str:
    """A measure's value: `percent` (39.86), `share` (0.3986), `seconds` … `days` (a duration), `count`; any other unit
    stands behind the number."""
    if value is None:
        return NO_DATA
    if unit in PERCENTS:
        return f"{format_number(value, language, 2)}%"
    if unit in SHARES:
        return format_percent(value, language)
    if unit in SECONDS:
        return format_duration(value * SECONDS[unit], language)
    number = format_number(value, language)
    return number if unit in ("", "count") else f"{number} {unit}"
