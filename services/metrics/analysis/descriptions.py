"""F17: descriptive statistics (R143)."""

import numpy as np

from services.metrics.analysis.questions import QUANTILES, DescribeValues, Description


def describe_values(asked: DescribeValues) -> Description:
    """n, mean, sample variance (n − 1), median, quantiles by linear interpolation, extremes."""
    values = np.asarray(asked.values, dtype=float)
    many = len(values) > 1
    return Description(
        n=len(values),
        mean=float(values.mean()),
        variance=float(values.var(ddof=1)) if many else None,
        standard_deviation=float(values.std(ddof=1)) if many else None,
        median=float(np.median(values)),
        minimum=float(values.min()),
        maximum=float(values.max()),
        quantiles={f"{share:g}": float(np.quantile(values, share, method="linear")) for share in QUANTILES},
    )
