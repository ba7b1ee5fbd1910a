from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from shared.calendars import Calendar, NoWorkingTime
from shared.working_days import WHOLE_DAY, HolidayCountry, Limit, TimeZone, find_end, read_hours, working_days

MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


class TestReadHours:
    def test_empty_is_the_whole_day(self) -> None:
        assert read_hours("") == WHOLE_DAY

    def test_from_and_to(self) -> None:
        ((begin, end),) = read_hours("09:00-18:30")
        assert (begin.isoformat(), end.isoformat()) == ("09:00:00", "18:30:00")


class TestLimit:
    @pytest.mark.parametrize("written", ["", "d", "3", "-1d", "1w", "01d", "10000d", "1.5h", " 1d", "1d\n"])
    def test_what_is_none_is_refused(self, written: str) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(Limit).validate_python(written)


class TestTimeZone:
    def test_is_one_of_the_iana_database(self) -> None:
        assert TypeAdapter(TimeZone).validate_python("Asia/Shanghai") == "Asia/Shanghai"

    @pytest.mark.parametrize("written", ["", "Mars/Olympus", "asia/shanghai", "UTC+8", "../etc/passwd", None, 8])
    def test_what_is_none_is_refused(self, written: object) -> None:
        with pytest.raises(ValidationError):
            TypeAdapter(TimeZone).validate_python(written)


class TestHolidayCountry:
    @pytest.mark.parametrize(("written", "read"), [("CN", "CN"), ("DE", "DE"), ("", None), (None, None)])
    def test_empty_is_nobodys(self, written: str | None, read: str | None) -> None:
        assert TypeAdapter(HolidayCountry).validate_python(written) == read

    @pytest.mark.parametrize("written", ["China", "cn", "XX", "CHN"])
    def test_what_is_none_is_refused(self, written: str) -> None:
        with pytest.raises(ValidationError, match="such as CN, DE or US"):
            TypeAdapter(HolidayCountry).validate_python(written)


class TestFindEnd:
    """R199: at once, on the same day, within working days."""

    calendar = working_days("UTC", None, MONDAY, read_hours("09:00-17:00"))

    @pytest.mark.parametrize(
        ("start", "limit", "end"),
        [
            (at(2, 9), "30m", at(2, 9, 30)),
            (at(2, 16, 45), "30m", at(3, 9, 15)),
            (at(6, 16), "4h", at(9, 12)),  # Friday to Monday
            (at(2, 10), "0d", at(2, 17)),
            (at(2, 17), "0d", at(3, 17)),  # after hours: the next working day
            (at(7, 12), "0d", at(9, 17)),  # Saturday
            (at(4, 10), "3d", at(9, 17)),  # Wednesday: Thursday, Friday, Monday
        ],
    )
    def test_by_hand(self, start: datetime, limit: str, end: datetime) -> None:
        assert find_end(self.calendar, start, limit) == end

    def test_days_end_at_the_zones_midnight(self) -> None:
        calendar = working_days("Asia/Shanghai", None, MONDAY)
        # 17:00 UTC is 01:00 on Tuesday in Shanghai, whose Tuesday ends at 16:00 UTC.
        assert find_end(calendar, at(2, 17), "0d") == at(3, 16)

    def test_public_holidays_and_make_up_days(self) -> None:
        """China's National Day 2025: 1 to 8 October off, Saturday 11 October is worked."""
        calendar = working_days("Asia/Shanghai", "CN", datetime(2025, 9, 30, tzinfo=UTC))
        start = datetime(2025, 9, 30, 2, tzinfo=UTC)
        assert find_end(calendar, start, "1d") == datetime(2025, 10, 9, 16, tzinfo=UTC)
        assert find_end(calendar, start, "3d") == datetime(2025, 10, 11, 16, tzinfo=UTC)

    def test_a_night_shift_ends_the_next_morning(self) -> None:
        calendar = working_days("UTC", None, MONDAY, read_hours("22:00-06:00"))
        assert find_end(calendar, at(2, 23), "0d") == at(3, 6)

    def test_without_working_time_is_refused(self) -> None:
        idle = Calendar("UTC", ((),) * 7)
        for limit in ("1d", "1h"):
            with pytest.raises(NoWorkingTime):
                find_end(idle, MONDAY, limit)

    def test_the_moment_that_a_day_ends_is_the_next_days(self) -> None:
        calendar = working_days("UTC", None, MONDAY)
        assert find_end(calendar, at(3, 0), "0d") == at(4, 0)
        assert find_end(calendar, at(3, 0) - timedelta(seconds=1), "0d") == at(3, 0)
