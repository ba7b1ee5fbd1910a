"""When a change was done, from the history of its record's states."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared.ticketing.change_history import Step, done_since

START = datetime(2024, 3, 4, 9, tzinfo=UTC)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def steps(*told: tuple[int, bool]) -> list[Step]:
    return [Step(at(minute), number, is_done) for number, (minute, is_done) in enumerate(told, 1)]


class TestDoneSince:
    def test_nothing_told_is_not_known(self) -> None:
        assert done_since([]) is None

    def test_resolved_and_closed_later_it_was_done_when_it_was_resolved(self) -> None:
        assert done_since(steps((10, False), (20, True), (50, True))) == at(20)

    def test_reopened_it_is_not_done(self) -> None:
        assert done_since(steps((20, True), (30, False))) is None

    def test_resolved_again_it_counts_from_then(self) -> None:
        assert done_since(steps((20, True), (30, False), (40, True))) == at(40)

    def test_the_number_orders_what_is_of_one_second(self) -> None:
        """Resolved, reopened and resolved in one second: the last one counts, whatever order they come in."""
        assert done_since([Step(at(5), 9, True), Step(at(5), 8, False), Step(at(5), 7, True)]) == at(5)
        assert done_since([Step(at(5), 9, False), Step(at(5), 8, True)]) is None

    @given(st.lists(st.tuples(st.integers(0, 20), st.booleans()), max_size=8), st.randoms(use_true_random=False))
    def test_the_order_of_telling_means_nothing(self, told: list[tuple[int, bool]], random: Random) -> None:
        shuffled = steps(*told)
        random.shuffle(shuffled)
        assert done_since(shuffled) == done_since(steps(*told))
