"""Change points against people's annotations, against ruptures and SciPy called directly, and against spikes."""

import json
import math
import os
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import ruptures
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from services.metrics.analysis.changes import find_changes
from services.metrics.analysis.charts import LONG_RUN, Datum, control_chart
from services.metrics.analysis.questions import Changes, FindChanges

SERIES = Path(os.environ.get("REAL_DATA_DIR", Path(__file__).parents[4] / "shared" / "data")) / "series"
MARGIN = 5
real = pytest.mark.skipif(not SERIES.exists(), reason=f"no annotated series in {SERIES}")


def find(values: object, **options: object) -> Changes:
    return find_changes(FindChanges(values=tuple(float(value) for value in values), **options))  # type: ignore[attr-defined]


def places(values: object, **options: object) -> list[int]:
    return [change.index for change in find(values, **options).changes]


def load(name: str) -> np.ndarray:
    return np.array(json.loads((SERIES / f"{name}.json").read_text())["series"][0]["raw"], dtype=float)


def annotations(name: str) -> list[set[int]]:
    return [set(points) for points in json.loads((SERIES / "annotations.json").read_text())[name].values()]


def matched(truth: set[int], found: set[int]) -> int:
    """How many of `truth` have a found point within the margin, each found point used once."""
    left, hits = set(found), 0
    for point in sorted(truth):
        near = [other for other in left if abs(other - point) <= MARGIN]
        if near:
            left.remove(min(near, key=lambda other: abs(other - point)))
            hits += 1
    return hits


def f1(truths: list[set[int]], found: set[int]) -> float:
    """The dataset's F1 (van den Burg & Williams 2020): precision against everybody's points, recall averaged over the
    annotators; index 0 is everyone's."""
    found = found | {0}
    truths = [truth | {0} for truth in truths]
    precision = matched(set().union(*truths), found) / len(found)
    recall = sum(matched(truth, found) / len(truth) for truth in truths) / len(truths)
    return 2 * precision * recall / (precision + recall)


def cover(truths: list[set[int]], found: set[int], n: int) -> float:
    """The dataset's segmentation cover: mean over annotators of the best Jaccard index of each of their segments."""

    def segments(points: set[int]) -> list[set[int]]:
        return [set(range(*edges)) for edges in pairwise(sorted({0, n, *points}))]

    ours = segments(found)
    covers = [sum(len(a) * max(len(a & b) / len(a | b) for b in ours) for a in segments(truth)) / n for truth in truths]
    return sum(covers) / len(covers)


@real
class TestAnnotatedSeries:
    """R144, F18: what five people saw in series of others (Turing change point dataset)."""

    @pytest.mark.parametrize(("name", "best_cover"), [("nile", 0.888), ("quality_control_1", 0.996)])
    def test_agrees_with_the_annotators(self, name: str, best_cover: float) -> None:
        """As well as the best detectors of the benchmark that goes with the dataset: F1 1.000 on both."""
        values, truths = load(name), annotations(name)
        found = set(places(values))
        for point in found:
            assert any(abs(point - theirs) <= MARGIN for truth in truths for theirs in truth), point
        for theirs in set().union(*truths):
            seen_by = sum(any(abs(theirs - other) <= MARGIN for other in truth) for truth in truths)
            if seen_by > len(truths) / 2:
                assert any(abs(point - theirs) <= MARGIN for point in found), theirs
        assert f1(truths, found) == 1
        assert cover(truths, found, len(values)) == pytest.approx(best_cover, abs=0.001)

    @pytest.mark.parametrize("name", ["nile", "quality_control_1"])
    def test_ruptures_and_scipy_called_directly_say_the_same(self, name: str) -> None:
        values = load(name)
        ranks = stats.rankdata(values)
        signal = (ranks - ranks.mean()) / ranks.std()
        search = ruptures.Pelt(model="l2", min_size=5, jump=1).fit(signal)
        expected = search.predict(pen=2 * math.log(len(values)))[:-1]
        (change,) = find(values).changes
        assert [change.index] == expected
        before, after = values[: change.index], values[change.index :]
        assert change.p_value == pytest.approx(stats.mannwhitneyu(before, after, method="asymptotic").pvalue)
        assert change.p_adjusted == pytest.approx(change.p_value * (len(values) - 9))
        assert (change.before, change.after) == (np.median(before), np.median(after))


@real
class TestChartsOfAnnotatedSeries:
    """R32, F18: the chart sees what the annotators saw."""

    @pytest.mark.parametrize(("name", "change", "side"), [("nile", 28, "below"), ("quality_control_1", 144, "above")])
    def test_limits_from_before_the_change_signal_within_a_run_after_it(
        self, name: str, change: int, side: str
    ) -> None:
        values = load(name)
        data = [Datum(date(1700 + at // 12, at % 12 + 1, 1), value, 1) for at, value in enumerate(values.tolist())]
        chart = control_chart("xmr", data, reference=data[:change])
        before = values[:change]
        sigma = np.abs(np.diff(before)).mean() / 1.128
        assert chart.centre == pytest.approx(before.mean())
        assert (chart.points[0].lower, chart.points[0].upper) == pytest.approx(
            (before.mean() - 3 * sigma, before.mean() + 3 * sigma)
        )
        later = [found for found in chart.signals if found.side == side and found.period >= data[change].period]
        assert later[0].period <= data[change + LONG_RUN - 1].period
        runs = [found.period for found in later if found.rule == "long_run"]
        expected = [
            data[at].period
            for at in range(change, len(values))
            if all(
                (values[at - 6 : at + 1] < before.mean())
                if side == "below"
                else values[at - 6 : at + 1] > before.mean()
            )
        ]
        assert runs == expected


class TestFindChanges:
    """R129, R144: of a level that changed for good."""

    def test_a_step_is_found_where_it_is(self) -> None:
        rng = np.random.default_rng(3)
        values = np.concatenate([rng.normal(10, 1, 12), rng.normal(14, 1, 12)])
        (change,) = find(values).changes
        assert change.index == 12
        assert (change.before_n, change.after_n) == (12, 12)
        assert change.shift == pytest.approx(np.median(values[12:]) - np.median(values[:12]))
        assert change.p_value == pytest.approx(stats.mannwhitneyu(values[:12], values[12:], method="exact").pvalue)

    def test_up_and_down_again_are_two(self) -> None:
        rng = np.random.default_rng(4)
        values = np.concatenate([rng.normal(level, 1, 15) for level in (10, 15, 10)])
        assert places(values) == [15, 30]

    def test_a_step_between_constants(self) -> None:
        assert places([1.0] * 10 + [2.0] * 10) == [10]

    def test_nothing_in_what_never_varies(self) -> None:
        assert find([3.0] * 30) == Changes(changes=(), candidates=0, places=21)

    def test_nothing_in_less_than_two_segments(self) -> None:
        assert find([1, 1, 1, 1, 9, 9, 9, 9, 9]) == Changes(changes=(), candidates=0, places=0)

    def test_a_shift_that_is_real_and_small_is_none(self) -> None:
        """Half a standard deviation in 400 values is beyond doubt, and does not matter."""
        rng = np.random.default_rng(5)
        values = np.concatenate([rng.normal(0, 1, 200), rng.normal(0.6, 1, 200)])
        assert places(values, minimum_shift=0.0) != []
        assert places(values) == []

    def test_of_two_failing_candidates_the_weaker_goes_first(self) -> None:
        """A step with a dip of five inside: the dip's edges are candidates that fall, the step stands."""
        rng = np.random.default_rng(8)
        values = np.concatenate(
            [rng.normal(10, 1, 20), rng.normal(13, 1, 10), rng.normal(12.4, 1, 5), rng.normal(13, 1, 10)]
        )
        assert places(values) == [20]

    @settings(max_examples=100)
    @given(
        st.lists(st.floats(-100, 100), min_size=1, max_size=4),
        st.integers(10, 48),
        st.integers(0, 47),
        st.floats(-1e6, 1e6),
    )
    def test_one_spike_is_none(self, pattern: list[float], n: int, at: int, spike: float) -> None:
        """A level that only swings, and one value of any size anywhere in it."""
        values = [pattern[index % len(pattern)] for index in range(n)]
        values[at % n] = spike
        assert places(values) == []

    def test_one_spike_in_noise_is_as_rare_a_false_alarm_as_promised(self) -> None:
        rng = np.random.default_rng(9)
        alarms = 0
        for _ in range(300):
            values = rng.lognormal(2, 0.5, 36)
            values[rng.integers(36)] *= 50
            alarms += bool(places(values))
        assert alarms / 300 <= 0.05

    def test_one_spike_does_not_hide_a_step(self) -> None:
        """Beside the step it may be taken for the step's first value; in few series noise puts it further away."""
        rng = np.random.default_rng(20)
        found = 0
        for _ in range(100):
            step = int(rng.integers(8, 29))
            values = rng.uniform(-1, 1, 36)
            values[step:] += 6
            values[rng.integers(36)] = rng.uniform(-1e4, 1e4)
            found += any(abs(place - step) <= 4 for place in places(values))
        assert found >= 95
