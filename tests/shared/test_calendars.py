"""Business time, by which R112 watches a promise, against a minute counter that shares nothing with the code."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.calendars import (
    ALWAYS,
    Calendar,
    NoWorkingTime,
    Span,
    add_working_time,
    hours_on,
    working_spans,
    working_time_between,
)

MINUTE = timedelta(minutes=1)
OFFICE: tuple[Span, ...] = ((time(9), time(12)), (time(13), time(18)))
NIGHT: tuple[Span, ...] = ((time(22), time(6)),)
WHOLE_DAY: tuple[Span, ...] = ((time(0), time(0)),)

# Around these the clocks of the zone change; Shanghai and Kathmandu no longer do.
CHANGES = {
    "Europe/Berlin": ("2024-03-31T01:00", "2024-10-27T01:00"),
    "America/New_York": ("2024-03-10T07:00", "2024-11-03T06:00"),
    "Asia/Shanghai": ("1991-04-13T18:00", "1991-09-14T17:00", "2024-10-01T00:00"),
    "Australia/Lord_Howe": ("2024-04-06T15:00", "2024-10-05T15:30"),
    "Asia/Kathmandu": ("2024-04-13T18:15",),
    "America/Sao_Paulo": ("2018-11-04T03:00", "2019-02-17T02:00"),  # changes at midnight
    "America/St_Johns": ("2010-11-07T02:31", "2010-03-14T03:31"),  # a minute after midnight
    "Pacific/Apia": ("2011-12-30T10:00",),  # a whole day is missing
}


def week(hours: tuple[Span, ...], weekend: tuple[Span, ...] = ()) -> tuple[tuple[Span, ...], ...]:
    return (hours,) * 5 + (weekend,) * 2


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_worked(calendar: Calendar, moment: datetime) -> bool:
    """What the wall clock shows at this moment lies in the hours of its date, or in what the date before left over."""
    wall = moment.astimezone(ZoneInfo(calendar.zone))
    clock = wall.hour * 60 + wall.minute
    today, yesterday = wall.date(), wall.date() - timedelta(days=1)
    for day, minute in ((today, clock), (yesterday, clock + 24 * 60)):
        if day in calendar.exceptions:
            hours = calendar.exceptions[day]
        elif day in calendar.holidays:
            hours = ()
        else:
            hours = calendar.week[day.weekday()]
        for begin, finish in hours:
            first = begin.hour * 60 + begin.minute
            last = finish.hour * 60 + finish.minute
            if last <= first:
                last += 24 * 60
            if first <= minute < last:
                return True
    return False


def worked_minutes(calendar: Calendar, start: datetime, end: datetime) -> Iterator[datetime]:
    moment = start
    while moment < end:
        if is_worked(calendar, moment):
            yield moment
        moment += MINUTE


times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59]))
day_hours = st.lists(st.tuples(times, times), max_size=3).map(tuple)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Calendar, datetime, datetime]:
    """A calendar and a stretch of up to three days around a change of its zone's clocks."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    change = utc(draw(st.sampled_from(CHANGES[zone])))
    near = st.integers(-3, 3).map(lambda days: change.date() + timedelta(days=days))
    calendar = Calendar(
        zone,
        tuple(draw(st.lists(day_hours, min_size=7, max_size=7))),
        frozenset(draw(st.lists(near, max_size=2))),
        draw(st.dictionaries(near, day_hours, max_size=2)),
    )
    start = change + draw(st.integers(-2 * 24 * 60, 24 * 60)) * MINUTE
    return calendar, start, start + draw(st.integers(0, 3 * 24 * 60)) * MINUTE


class TestWorkingTimeBetween:
    @settings(max_examples=100)
    @given(cases())
    @example((Calendar("Europe/Berlin", week(NIGHT, NIGHT)), utc("2024-03-30T12:00"), utc("2024-03-31T12:00")))
    @example((Calendar("Europe/Berlin", week(NIGHT, NIGHT)), utc("2024-10-26T12:00"), utc("2024-10-27T12:00")))
    @example(
        (Calendar("America/St_Johns", (WHOLE_DAY, ()) * 3 + ((),)), utc("2010-11-05T00:00"), utc("2010-11-09T00:00"))
    )
    def test_agrees_with_a_minute_counter(self, case: tuple[Calendar, datetime, datetime]) -> None:
        """Across changes of the clock in eight zones."""
        calendar, start, end = case
        counted = sum(1 for _ in worked_minutes(calendar, start, end))
        assert working_time_between(calendar, start, end) == counted * MINUTE

    @settings(max_examples=30)
    @given(st.sampled_from(sorted(CHANGES)), st.integers(1991, 2030), st.integers(1, 3000), st.integers(0, 1439))
    def test_years_are_the_sum_of_their_days(self, zone: str, year: int, days: int, minute: int) -> None:
        closed = frozenset(date(year, 1, 1) + timedelta(days=17 * i) for i in range(100))
        calendar = Calendar(zone, week(OFFICE, NIGHT), closed, {date(year, 6, 1): WHOLE_DAY})
        start = datetime(year, 1, 1, tzinfo=UTC) + minute * MINUTE
        parts = [start + timedelta(days=i) for i in range(days + 1)]
        by_days = sum((working_time_between(calendar, a, b) for a, b in itertools.pairwise(parts)), timedelta())
        assert working_time_between(calendar, start, parts[-1]) == by_days

    def test_an_hour_that_the_clock_skips_does_not_count(self) -> None:
        """2024-03-31 in Berlin has 23 hours."""
        everyday = Calendar("Europe/Berlin", (WHOLE_DAY,) * 7)
        berlin = ZoneInfo("Europe/Berlin")
        spring = datetime(2024, 3, 31, tzinfo=berlin), datetime(2024, 4, 1, tzinfo=berlin)
        autumn = datetime(2024, 10, 27, tzinfo=berlin), datetime(2024, 10, 28, tzinfo=berlin)
        assert working_time_between(everyday, *spring) == timedelta(hours=23)
        assert working_time_between(everyday, *autumn) == timedelta(hours=25)

    def test_a_worked_hour_that_the_clock_repeats_counts_twice(self) -> None:
        sundays = Calendar("Europe/Berlin", ((),) * 6 + (((time(2, 30), time(4)),),))
        day = utc("2024-10-26T00:00"), utc("2024-10-29T00:00")
        assert working_time_between(sundays, *day) == timedelta(hours=2)
        assert list(working_spans(sundays, *day)) == [
            (utc("2024-10-27T00:30"), utc("2024-10-27T01:00")),
            (utc("2024-10-27T01:30"), utc("2024-10-27T03:00")),
        ]

    def test_a_half_hour_change(self) -> None:
        """Lord Howe puts its clocks back by half an hour: 2024-04-07 has 24.5 hours."""
        island = ZoneInfo("Australia/Lord_Howe")
        everyday = Calendar("Australia/Lord_Howe", (WHOLE_DAY,) * 7)
        day = datetime(2024, 4, 7, tzinfo=island), datetime(2024, 4, 8, tzinfo=island)
        assert working_time_between(everyday, *day) == timedelta(hours=24.5)

    def test_a_holiday_is_closed_and_an_exception_wins(self) -> None:
        """调休: 2024-10-01 is a holiday, Sunday 2024-09-29 is worked for it."""
        calendar = Calendar(
            "Asia/Shanghai",
            week(OFFICE),
            frozenset({date(2024, 10, 1)}),
            {date(2024, 9, 29): OFFICE, date(2024, 10, 2): ()},
        )
        assert working_time_between(calendar, utc("2024-09-28T00:00"), utc("2024-09-29T16:00")) == timedelta(hours=8)
        assert working_time_between(calendar, utc("2024-09-30T16:00"), utc("2024-10-02T16:00")) == timedelta()

    def test_a_night_shift_belongs_to_the_day_on_which_it_begins(self) -> None:
        fridays = Calendar("Asia/Kathmandu", ((), (), (), (), NIGHT, (), ()), frozenset({date(2024, 5, 4)}))
        spans = list(working_spans(fridays, utc("2024-05-01T00:00"), utc("2024-05-08T00:00")))
        assert spans == [(utc("2024-05-03T16:15"), utc("2024-05-04T00:15"))]

    def test_always_is_the_time_itself(self) -> None:
        start, end = utc("1999-02-03T04:05") + timedelta(microseconds=7), utc("2024-03-31T01:30")
        assert working_time_between(ALWAYS, start, end) == end - start

    def test_an_end_before_the_start_holds_nothing(self) -> None:
        assert working_time_between(ALWAYS, utc("2024-01-02T00:00"), utc("2024-01-01T00:00")) == timedelta()

    def test_a_moment_without_a_zone_is_refused(self) -> None:
        with pytest.raises(ValueError, match="has no zone"):
            working_time_between(ALWAYS, datetime(2024, 1, 1), utc("2024-01-01T00:00"))  # noqa: DTZ001

    def test_the_ends_of_time_are_no_edge(self) -> None:
        calendar = Calendar("Asia/Shanghai", (WHOLE_DAY,) * 7)
        last = datetime.max.replace(tzinfo=UTC)
        assert working_time_between(calendar, last - timedelta(days=400), last) == timedelta(days=400)


class TestWorkingSpans:
    @settings(max_examples=60)
    @given(cases())
    def test_hold_the_worked_minutes_and_no_others(self, case: tuple[Calendar, datetime, datetime]) -> None:
        calendar, start, end = case
        spans = list(working_spans(calendar, start, end))
        minutes = [first + i * MINUTE for first, last in spans for i in range((last - first) // MINUTE)]
        assert minutes == list(worked_minutes(calendar, start, end))
        assert all(a[1] < b[0] for a, b in itertools.pairwise(spans)), "those that touch are one"

    def test_whole_days_are_one_span(self) -> None:
        spans = list(working_spans(ALWAYS, utc("2024-01-01T05:00"), utc("2025-06-01T00:00")))
        assert spans == [(utc("2024-01-01T05:00"), utc("2025-06-01T00:00"))]


class TestAddWorkingTime:
    @settings(max_examples=100)
    @given(cases(), st.integers(1, 10**9))
    def test_is_the_first_moment_at_which_the_amount_has_passed(
        self, case: tuple[Calendar, datetime, datetime], share: int
    ) -> None:
        calendar, start, end = case
        worked = working_time_between(calendar, start, end)
        amount = timedelta(microseconds=(worked // timedelta(microseconds=1)) * share // 10**9)
        reached = add_working_time(calendar, start, amount)
        assert reached <= end
        assert working_time_between(calendar, start, reached) == amount
        if amount:
            just_before = reached - timedelta(microseconds=1)
            assert working_time_between(calendar, start, just_before) < amount

    def test_ends_with_the_day_rather_than_with_the_next_morning(self) -> None:
        office = Calendar("UTC", week(OFFICE))
        assert add_working_time(office, utc("2024-05-03T09:00"), timedelta(hours=8)) == utc("2024-05-03T18:00")
        assert add_working_time(office, utc("2024-05-03T17:00"), timedelta(hours=1.5)) == utc("2024-05-06T09:30")

    def test_nothing_added_is_the_start(self) -> None:
        assert add_working_time(ALWAYS, utc("2024-05-03T09:00"), timedelta()) == utc("2024-05-03T09:00")

    def test_a_calendar_without_working_time_is_named(self) -> None:
        closed = Calendar("UTC", ((),) * 7, frozenset(), {date(2024, 5, 4): OFFICE})
        assert add_working_time(closed, utc("2024-05-03T00:00"), timedelta(hours=8)) == utc("2024-05-04T18:00")
        with pytest.raises(NoWorkingTime, match=r"8\.5 hours of working time nowhere after 2024-05-03"):
            add_working_time(closed, utc("2024-05-03T00:00"), timedelta(hours=8.5))

    def test_a_negative_amount_is_refused(self) -> None:
        with pytest.raises(ValueError, match="not negative"):
            add_working_time(ALWAYS, utc("2024-05-03T00:00"), timedelta(hours=-1))


class TestCalendar:
    def test_a_week_has_seven_days(self) -> None:
        with pytest.raises(ValueError, match="7 days"):
            Calendar("UTC", (OFFICE,) * 5)

    def test_equal_calendars_are_one_key(self) -> None:
        one = Calendar("UTC", week(OFFICE), exceptions={date(2024, 1, 1): (), date(2024, 1, 2): OFFICE})
        two = Calendar("UTC", week(OFFICE), exceptions={date(2024, 1, 2): OFFICE, date(2024, 1, 1): ()})
        assert {one: "same"}[two] == "same"

    def test_hours_on_a_day(self) -> None:
        calendar = Calendar("UTC", week(OFFICE), frozenset({date(2024, 5, 1)}), {date(2024, 5, 4): NIGHT})
        days = [date(2024, 5, 1), date(2024, 5, 2), date(2024, 5, 4), date(2024, 5, 5)]
        assert [hours_on(calendar, day) for day in days] == [(), OFFICE, NIGHT, ()]
