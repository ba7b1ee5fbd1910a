from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.demonstration.simulator import MONTHS, first_month, month_after, simulate, simulate_call

NOW = datetime(2026, 3, 17, 12, 0, tzinfo=UTC)


class TestFirstMonth:
    @given(st.dates(min_value=date(1999, 1, 1), max_value=date(2100, 1, 1)))
    def test_lies_six_months_before_the_present_one(self, day: date) -> None:
        now = datetime(day.year, day.month, day.day, tzinfo=UTC)
        assert month_after(first_month(now), MONTHS) == day.replace(day=1)


class TestSimulate:
    def test_is_the_same_every_time(self) -> None:
        assert list(simulate(NOW)) == list(simulate(NOW))

    def test_tells_nothing_of_the_future(self) -> None:
        assert all(update.updated_at <= NOW for update in simulate(NOW))

    def test_the_third_month_misses_and_the_change_follows(self) -> None:
        met: dict[date, list[bool]] = {}
        for update in simulate(NOW):
            if update.sla_met is not None:
                met.setdefault(update.opened_at.date().replace(day=1), []).append(update.sla_met)
        shares = [sum(met[month]) / len(met[month]) for month in sorted(met)]
        assert min(shares[:2]) > 0.8
        assert shares[2] < 0.65
        assert min(shares[3:6]) > 0.85


class TestSimulateCall:
    def test_only_the_last_month_misses_its_coverage(self) -> None:
        for index in range(MONTHS):
            calls = [simulate_call(f"INC{index + 1}{number:04d}", index) for number in range(150)]
            on_time = sum(call.outcome == "completed" and call.hours <= 24 for call in calls) / len(calls)
            assert (on_time > 0.85) is (index != MONTHS - 1)
