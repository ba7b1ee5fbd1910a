import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.metrics.analysis.descriptions import describe_values
from services.metrics.analysis.questions import QUANTILES, DescribeValues
from tests.support.solo import Solo

VALUES = (2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0)


class TestDescribeValues:
    """R143, F17."""

    def test_a_textbook_sample(self) -> None:
        """Mean 5, squares of deviations 32: the sample's variance is 32 / 7."""
        told = describe_values(DescribeValues(values=VALUES))
        assert (told.n, told.mean, told.median, told.minimum, told.maximum) == (8, 5.0, 4.5, 2.0, 9.0)
        assert told.variance == pytest.approx(32 / 7)
        assert told.standard_deviation == pytest.approx((32 / 7) ** 0.5)

    def test_quantiles_lie_between_the_closest_ranks(self) -> None:
        """Rank 1 + q(n − 1): the 90th of eight values is the 7.3th, 7 + 0.3 × 2."""
        told = describe_values(DescribeValues(values=VALUES))
        assert told.quantiles["0.9"] == pytest.approx(7.6)
        assert told.quantiles["0.25"] == pytest.approx(4.0)

    def test_a_single_value_has_no_variance(self) -> None:
        told = describe_values(DescribeValues(values=(3.0,)))
        assert (told.variance, told.standard_deviation, told.quantiles["0.05"]) == (None, None, 3.0)

    @settings(max_examples=50)
    @given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))
    def test_agrees_with_the_standard_library(self, values: list[float]) -> None:
        told = describe_values(DescribeValues(values=tuple(values)))
        assert told.mean == pytest.approx(statistics.fmean(values), abs=1e-6)
        assert told.variance == pytest.approx(statistics.variance(values), rel=1e-6, abs=1e-6)
        cuts = statistics.quantiles(values, n=20, method="inclusive")
        assert told.quantiles["0.05"] == pytest.approx(cuts[0], abs=1e-6)
        assert told.quantiles["0.95"] == pytest.approx(cuts[18], abs=1e-6)

    async def test_quantiles_are_those_of_postgres(self, solo: Solo) -> None:
        """The measures' own percentiles are `percentile_cont`: one definition everywhere."""
        values = np.random.default_rng(2).lognormal(2, 1, 101)
        told = describe_values(DescribeValues(values=tuple(values.tolist())))
        shares = ", ".join(str(share) for share in QUANTILES)
        query = text(
            f"SELECT percentile_cont(ARRAY[{shares}]) WITHIN GROUP (ORDER BY value) "
            "FROM unnest(CAST(:values AS float[])) AS value"
        )
        async with solo.database.reading() as session:
            expected = (await session.execute(query, {"values": values.tolist()})).scalar_one()
        assert list(told.quantiles.values()) == pytest.approx(expected)
