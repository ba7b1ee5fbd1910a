import itertools
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.clauses.spans import Span, clip, cut, join
from tests.metrics.clauses.builders import on


def span(first: int, last: int) -> Span:
    return on(1) + timedelta(minutes=first), on(1) + timedelta(minutes=last)


def minutes_of(spans: list[Span]) -> set[int]:
    """Every minute that they hold: the plain way to say what the arithmetic means."""
    return {
        minute
        for begin, end in spans
        for minute in range(int((begin - on(1)).total_seconds() // 60), int((end - on(1)).total_seconds() // 60))
    }


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: span(*pair)), max_size=6)


class TestArithmetic:
    @settings(max_examples=60)
    @given(spans, spans)
    def test_a_cut_leaves_every_minute_that_is_in_no_hole(self, whole: list[Span], holes: list[Span]) -> None:
        assert minutes_of(cut(whole, holes)) == minutes_of(whole) - minutes_of(holes)

    @settings(max_examples=60)
    @given(spans)
    def test_joined_spans_hold_the_same_minutes_once_and_in_order(self, given_: list[Span]) -> None:
        joined = join(given_)
        assert minutes_of(joined) == minutes_of(given_)
        assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(joined))

    @settings(max_examples=60)
    @given(spans, st.integers(0, 60), st.integers(0, 60))
    def test_a_clip_leaves_what_lies_within(self, given_: list[Span], first: int, last: int) -> None:
        within = set(range(first, last))
        assert minutes_of(clip(given_, *span(first, last))) == minutes_of(given_) & within
