from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.clauses.intervals import find_missed, runs_out_at
from tests.metrics.clauses.builders import minutes, on

TWO_DAYS = timedelta(days=2)


class TestFindMissed:
    """R166: a backup every two days; a missed interval is a miss, whatever the average."""

    def test_one_hole_is_a_miss_though_the_average_is_better_than_promised(self) -> None:
        """Daily but for one hole of four days: 28 backups in 31 days, and one miss, named."""
        days = [on(day) for day in range(1, 32) if day not in (11, 12, 13)]
        found = find_missed(days, TWO_DAYS, on(1), on(1, month=4))
        assert found.missed == ((on(10), on(14)),)

    def test_exactly_in_time_is_none(self) -> None:
        assert find_missed([on(3), on(5)], TWO_DAYS, on(1), on(7)).missed == ()

    def test_runs_from_the_last_occurrence_before_the_period(self) -> None:
        """28 February, then 3 March: three days, and the time ran out in March."""
        found = find_missed([on(28, month=2), on(3)], TWO_DAYS, on(1), on(4))
        assert found.missed == ((on(28, month=2), on(3)),)

    def test_what_ran_out_before_the_period_is_that_periods_miss(self) -> None:
        """20 February's ran out in February; here it runs from 1 March to 2 March 12:00."""
        assert find_missed([on(20, month=2), on(2, 12)], TWO_DAYS, on(1), on(3)).missed == ()

    def test_runs_from_the_begin_without_any_occurrence_and_to_the_end(self) -> None:
        found = find_missed([], TWO_DAYS, on(1), on(4))
        assert (found.judged, found.missed) == (1, ((on(1), on(4)),))

    def test_excluded_time_does_not_count(self) -> None:
        """Four days between, one and a half of them excluded: two and a half; with two and a half excluded: kept."""
        assert find_missed([on(2), on(6)], TWO_DAYS, on(1), on(7), [(on(3), on(4, 12))]).missed == ((on(2), on(6)),)
        assert find_missed([on(2), on(6)], TWO_DAYS, on(1), on(7), [(on(3), on(5, 12))]).missed == ()

    @settings(max_examples=60)
    @given(st.lists(st.integers(-3000, 10_000), max_size=12), st.integers(10, 3000))
    def test_every_minute_without_an_occurrence_in_time_lies_in_a_named_interval(
        self, offsets: list[int], limit: int
    ) -> None:
        """Beside it: walk the period minute by minute with a countdown that each occurrence sets again."""
        begin, end = on(1), on(1) + minutes(8000)
        moments = [begin + minutes(offset) for offset in offsets]
        found = find_missed(moments, minutes(limit), begin, end)
        last = max((offset for offset in offsets if offset < 0), default=None)
        since = 0 if last is None or -last > limit else last
        misses, told = 0, False
        happens = set(offsets)
        for minute in range(8001):
            if minute in happens and minute < 8000:
                if minute - since > limit and not told:
                    misses += 1
                since, told = minute, False
            elif minute - since > limit and not told:
                misses, told = misses + 1, True
        assert len(found.missed) == misses


class TestRunsOutAt:
    def test_after_the_time_promised(self) -> None:
        assert runs_out_at(on(2), TWO_DAYS) == on(4)

    def test_excluded_time_moves_it(self) -> None:
        assert runs_out_at(on(2), TWO_DAYS, [(on(3), on(4)), (on(4, 12), on(5))]) == on(5, 12)

    @settings(max_examples=40)
    @given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 200)), max_size=3), st.integers(1, 500))
    def test_is_where_an_interval_begins_to_be_missed(self, holes: list[tuple[int, int]], limit: int) -> None:
        begin: datetime = on(1)
        excluded = [(begin + minutes(first), begin + minutes(first + length)) for first, length in holes]
        at = runs_out_at(begin, minutes(limit), excluded)
        assert not find_missed([], minutes(limit), begin, at, excluded).missed
        later = at + minutes(1500)
        assert find_missed([], minutes(limit), begin, later, excluded).missed
