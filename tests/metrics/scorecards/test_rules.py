import pytest
from scipy.stats import binomtest

from services.metrics.scorecards.rules import Share, Work, lower_bound, rank


def work(name: str, met: int, judged: int) -> Work:
    return Work(name, judged, Share(met, judged), Share(0, judged), Share(0, 0), 1.0)


class TestLowerBound:
    @pytest.mark.parametrize(("successes", "n"), [(3, 3), (90, 100), (0, 10), (450, 500)])
    def test_is_scipys_wilson_interval(self, successes: int, n: int) -> None:
        expected = binomtest(successes, n).proportion_ci(0.95, "wilson").low
        assert lower_bound(Share(successes, n)) == pytest.approx(expected, abs=1e-9)

    def test_without_cases_it_is_nothing(self) -> None:
        assert lower_bound(Share(0, 0)) == 0


class TestRank:
    """R201: optional, and no lottery."""

    def test_more_cases_of_the_same_share_stand_higher_and_too_few_nowhere(self) -> None:
        places = rank([work("few", 9, 9), work("many", 450, 500), work("some", 45, 50)])
        assert [(place.place, place.work.resolver) for place in places] == [(1, "many"), (2, "some")]

    def test_equal_scores_share_a_place(self) -> None:
        places = rank([work(name, 45, 50) for name in "bca"] + [work("d", 10, 50)])
        assert [(p.place, p.work.resolver, p.stars) for p in places] == [
            (1, "a", 5),
            (1, "b", 5),
            (1, "c", 5),
            (4, "d", 2),
        ]
