"""The verdict on an improvement (R129) on a million cases before and a million after: numbers that are ranked, and
cases that are counted. Beside it what NumPy takes to sort the same two million numbers.
"""

import time

import numpy as np

from bench.claim import Claim, at_most, show
from services.metrics.analysis.evidence import Data, Numbers, Proportion, Question
from services.metrics.analysis.rules import assess_effect

N = 1_000_000


def measure() -> list[Claim]:
    """Both claims, the worst of three."""
    rng = np.random.default_rng(7)
    before, after = rng.lognormal(3, 1, N), rng.lognormal(2.9, 1, N)
    times = [Numbers(statistic="p90", values=tuple(values.tolist())) for values in (before, after)]
    shares = [Proportion(successes=successes, n=N) for successes in (400_000, 410_000)]
    started = time.perf_counter()
    np.sort(np.concatenate([before, after]))
    raw = time.perf_counter() - started
    return [
        at_most(
            "an effect on a million numbers before and after",
            _judge(times[0], times[1], "lower_is_better"),
            "s",
            2,
            raw,
        ),
        at_most("  on a million cases, counted", _judge(shares[0], shares[1], "higher_is_better"), "s", 2),
    ]


def _judge(before: Data, after: Data, direction: str) -> float:
    worst = 0.0
    for _ in range(3):
        started = time.perf_counter()
        answer = assess_effect(Question(direction=direction, before=before, after=after))
        worst = max(worst, time.perf_counter() - started)
        assert answer.verdict == "effective"
    return worst


if __name__ == "__main__":
    show(measure())
