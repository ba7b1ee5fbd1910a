from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.satisfaction.callbacks.customers import rules
from services.satisfaction.callbacks.customers.rules import Hours

NIGHT = Hours("Asia/Shanghai", time(21), time(8))
LUNCH = Hours("UTC", time(12), time(13, 30))
NONE = Hours("UTC")

moments = st.integers(0, 365 * 1440).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
clocks = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
hours_of = st.builds(
    Hours, st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/St_Johns"]), clocks, clocks
)


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def shows_quiet(hours: Hours, moment: datetime) -> bool:
    """Counted by the minutes of the wall clock: the minutes from begin to end, around midnight where need be."""
    local = moment.astimezone(ZoneInfo(hours.zone))
    minute, begin = local.hour * 60 + local.minute, hours.begin.hour * 60 + hours.begin.minute
    length = (hours.end.hour * 60 + hours.end.minute - begin) % 1440
    return (minute - begin) % 1440 < length


class TestReadWord:
    @pytest.mark.parametrize(
        ("zone", "quiet", "meant"),
        [
            (None, None, Hours("Asia/Shanghai", time(21), time(8))),
            ("Europe/Berlin", None, Hours("Europe/Berlin", time(21), time(8))),
            (None, "12:00-13:30", Hours("Asia/Shanghai", time(12), time(13, 30))),
            ("UTC", "none", Hours("UTC")),
        ],
    )
    def test_what_it_leaves_open_is_the_installations(self, zone: str | None, quiet: str | None, meant: Hours) -> None:
        assert rules.read_word(rules.write_word(zone, quiet), "Asia/Shanghai", "21:00-08:00") == meant

    def test_both_the_installations_is_no_word(self) -> None:
        assert rules.write_word(None, None) is None


class TestIsQuiet:
    @pytest.mark.parametrize(
        ("moment", "verdict"),
        [
            (shanghai(2, 20, 59), False),
            (shanghai(2, 21), True),
            (shanghai(3, 0), True),
            (shanghai(3, 7, 59), True),
            (shanghai(3, 8), False),
        ],
    )
    def test_by_the_customers_wall_clock(self, moment: datetime, verdict: bool) -> None:
        """R80: nobody is called at night."""
        assert rules.is_quiet(NIGHT, moment) is verdict

    def test_the_same_begin_and_end_are_no_quiet_hours(self) -> None:
        assert not rules.is_quiet(Hours("UTC", time(9), time(9)), shanghai(2, 9))

    @given(hours_of, moments)
    def test_as_counted_by_minutes(self, hours: Hours, moment: datetime) -> None:
        assert rules.is_quiet(hours, moment) == shows_quiet(hours, moment)


class TestLeaveQuiet:
    def test_by_hand(self) -> None:
        assert rules.leave_quiet(NIGHT, shanghai(2, 23)) == shanghai(3, 8)
        assert rules.leave_quiet(NIGHT, shanghai(3, 1)) == shanghai(3, 8)
        assert rules.leave_quiet(NIGHT, shanghai(3, 9)) == shanghai(3, 9)

    def test_across_a_clock_change(self) -> None:
        """In Berlin the night of 29 March 2026 is an hour short: 08:00 is 06:00 UTC, and not 07:00."""
        berlin = Hours("Europe/Berlin", time(21), time(8))
        assert rules.leave_quiet(berlin, datetime(2026, 3, 28, 22, tzinfo=UTC)) == datetime(2026, 3, 29, 6, tzinfo=UTC)

    @given(st.sampled_from([NIGHT, LUNCH, NONE]), moments)
    def test_is_the_first_moment_that_is_not_quiet(self, hours: Hours, moment: datetime) -> None:
        left = rules.leave_quiet(hours, moment)
        assert not shows_quiet(hours, left)
        minutes = int((left - moment).total_seconds() // 60)
        assert all(shows_quiet(hours, moment + timedelta(minutes=minute)) for minute in range(0, minutes, 7))


class TestFindCallBy:
    @pytest.mark.parametrize(
        ("due_at", "call_by"),
        [
            (shanghai(3, 20), shanghai(3, 20)),
            (shanghai(3, 21), shanghai(3, 21)),
            (shanghai(3, 23), shanghai(3, 21)),
            (shanghai(4, 6), shanghai(3, 21)),
            (shanghai(4, 8), shanghai(4, 8)),
        ],
    )
    def test_a_deadline_in_the_night_is_the_evening_before(self, due_at: datetime, call_by: datetime) -> None:
        """R80: what cannot be called at its deadline has to be called before the quiet hours."""
        assert rules.find_call_by(NIGHT, due_at) == call_by

    @given(st.sampled_from([NIGHT, LUNCH]), moments, moments)
    def test_a_later_deadline_is_never_called_earlier(self, hours: Hours, one: datetime, other: datetime) -> None:
        """So the order of deadlines is the order of calls within a zone."""
        first, second = sorted([one, other])
        assert rules.find_call_by(hours, first) <= rules.find_call_by(hours, second)


class TestFindCallableFrom:
    NOW = shanghai(3, 23)

    def test_after_the_quiet_hours(self) -> None:
        assert rules.find_callable_from(NIGHT, self.NOW, None) == shanghai(4, 8)

    def test_an_agreed_time_is_the_customers_own_word(self) -> None:
        agreed = shanghai(3, 23, 30)
        assert rules.find_callable_from(NIGHT, self.NOW, agreed) == agreed

    def test_and_counts_for_an_hour(self) -> None:
        assert rules.find_callable_from(NIGHT, self.NOW, shanghai(3, 22)) == self.NOW
        assert rules.find_callable_from(NIGHT, self.NOW, shanghai(3, 21, 59)) == shanghai(4, 8)


class TestFindObstacle:
    @pytest.mark.parametrize(
        ("due_at", "agreed", "obstacle"),
        [
            (shanghai(4, 7), None, "quiet_hours"),
            (shanghai(4, 8), None, None),
            (shanghai(4, 7), shanghai(4, 6), None),
            (shanghai(4, 9), shanghai(4, 10), "agreed_time"),
            (shanghai(3, 20), None, None),
        ],
    )
    def test_what_cannot_be_called_before_its_deadline_says_why(
        self, due_at: datetime, agreed: datetime | None, obstacle: str | None
    ) -> None:
        """R80: it is 23:00; the quiet hours end at 08:00."""
        assert rules.find_obstacle(NIGHT, shanghai(3, 23), due_at, agreed) == obstacle
