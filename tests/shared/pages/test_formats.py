from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from shared.pages import formats

LATE = datetime(2016, 3, 1, 1, 30, tzinfo=timezone(timedelta(hours=8)))


class TestFormatMoment:
    def test_is_in_utc_and_says_so(self) -> None:
        assert formats.format_moment(LATE, "en") == "29 Feb 2016, 17:30 UTC"
        assert formats.format_moment(LATE, "zh-CN") == "2016年2月29日 17:30 UTC"


class TestFormatLocal:
    def test_is_by_the_zones_clock_across_a_change_of_it(self) -> None:
        assert formats.format_local(LATE, "en", "Asia/Shanghai") == "1 Mar 2016, 01:30"
        assert formats.format_local(LATE, "zh-CN", "UTC") == "2016年2月29日 17:30"
        before, after = datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
        assert formats.format_local(before, "en", "Europe/Berlin") == "29 Mar 2026, 01:59"
        assert formats.format_local(after, "en", "Europe/Berlin") == "29 Mar 2026, 03:00"


class TestFormatDate:
    def test_of_a_moment_is_its_day_in_utc(self) -> None:
        assert formats.format_date(LATE, "en") == "29 Feb 2016"
        assert formats.format_date(date(2016, 3, 1), "zh-CN") == "2016年3月1日"


class TestFormatMonth:
    def test_names_the_month(self) -> None:
        assert formats.format_month(date(2016, 3, 1), "en") == "Mar 2016"
        assert formats.format_month(date(2016, 3, 1), "zh-CN") == "2016年3月"


class TestFormatNumber:
    @pytest.mark.parametrize(
        ("value", "decimals", "text"),
        [(1234567.891, None, "1,234,567.89"), (3, 2, "3.00"), (2.5, 0, "2"), (None, None, "–"), (0, None, "0")],
    )
    def test_groups_and_rounds(self, value: float | None, decimals: int | None, text: str) -> None:
        assert formats.format_number(value, "en", decimals) == text


class TestFormatDuration:
    @pytest.mark.parametrize(
        ("seconds", "english", "chinese"),
        [
            (0, "0 seconds", "0秒"),
            (61, "1 minute 1 second", "1分钟1秒"),
            (3600, "1 hour", "1小时"),
            (90061, "1 day 1 hour", "1天1小时"),
            (86405, "1 day", "1天"),
            (-90, "-1 minute 30 seconds", "-1分钟30秒"),
            (timedelta(days=400), "400 days", "400天"),
        ],
    )
    def test_says_the_two_largest_units(self, seconds: float | timedelta, english: str, chinese: str) -> None:
        assert formats.format_duration(seconds, "en") == english
        assert formats.format_duration(seconds, "zh-CN") == chinese


class TestFormatRelative:
    def test_tells_past_from_future(self) -> None:
        now = datetime(2016, 3, 1, tzinfo=UTC)
        assert formats.format_relative(now + timedelta(hours=3), now, "en") == "in 3 hours"
        assert formats.format_relative(now - timedelta(days=2), now, "zh-CN") == "2天前"


class TestFormatQuantity:
    @pytest.mark.parametrize(
        ("value", "unit", "text"),
        [
            (39.8612, "percent", "39.86%"),
            (0.398612, "share", "39.86%"),
            (30.5, "hours", "1 day 6 hours"),
            (4, "count", "4"),
            (4.25, "points", "4.25 points"),
            (None, "percent", "–"),
        ],
    )
    def test_shows_a_value_in_its_unit(self, value: float | None, unit: str, text: str) -> None:
        assert formats.format_quantity(value, unit, "en") == text
