"""What the next periods will show if nothing changes (R144)."""

import math

import numpy as np
from scipy import stats

from services.metrics.analysis.questions import Forecast, Foresee, Foreseen


def forecast(asked: Foresee) -> Forecast:
    """The Theil-Sen line drawn on, each period with a prediction interval: where that period's own value is expected,
    not where the line lies. Its half width is Student's t quantile (n − 2) times s·√(1 + 1/n + (x − x̄)²/Σ(x − x̄)²),
    s from the residuals of the line; at its nominal level for errors that are normal, independent and alike. No season
    is told apart. Value and interval are cut to what the measure can be.
    """
    x, y = np.array(asked.points, dtype=float).T
    n = len(x)
    line = stats.theilslopes(y, x)
    slope, intercept = float(line.slope), float(line.intercept)
    residuals = y - intercept - slope * x
    deviation = math.sqrt(float((residuals**2).sum()) / (n - 2))
    t = float(stats.t.ppf((1 + asked.level) / 2, n - 2))
    spread = float(((x - x.mean()) ** 2).sum())
    points = []
    for ahead in range(1, asked.horizon + 1):
        at = float(x[-1]) + ahead
        value = intercept + slope * at
        half = t * deviation * math.sqrt(1 + 1 / n + (at - float(x.mean())) ** 2 / spread)
        value, low, high = (_within(asked, bound) for bound in (value, value - half, value + half))
        points.append(Foreseen(ahead=ahead, value=value, low=low, high=high))
    return Forecast(slope=slope, residual_deviation=deviation, level=asked.level, points=tuple(points))


def _within(asked: Foresee, value: float) -> float:
    low = -math.inf if asked.floor is None else asked.floor
    high = math.inf if asked.ceiling is None else asked.ceiling
    return min(max(value, low), high)
