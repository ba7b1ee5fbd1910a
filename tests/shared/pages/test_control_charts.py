from collections.abc import Iterator
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from shared.pages import charts
from shared.pages.charts import Point
from shared.pages.control_charts import Behaviour, Between, Signal, control_chart, make_spec

MONTHS = [Point(date(2016, month, 1), value, 100) for month, value in enumerate((0.5, 0.52, 0.2, 0.9), 1)]
LIMITS = [Between(point.period, 0.3, 0.5, 0.7) for point in MONTHS]
SIGNALS = {date(2016, 3, 1): Signal("beyond 3σ", True), date(2016, 4, 1): Signal("beyond 3σ", False)}
ALL = Behaviour(LIMITS, SIGNALS, {point.period: 0.5 for point in MONTHS}, [date(2016, 4, 1)])


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


class TestControlChart:
    async def test_draws_all_parts_and_can_be_read_aloud(self) -> None:
        """R32, F18."""
        figure = ET.fromstring(str(await control_chart("SLA", MONTHS, ALL, unit="ratio", language="en")))
        assert [item.text for item in figure.iter("li")] == [
            "Value",
            "Centre",
            "Control limits",
            "Signal for the worse",
            "Signal for the better",
            "Trend",
            "Change point",
        ]
        svg = "{http://www.w3.org/2000/svg}"
        told = [
            path.findtext(f"{svg}title") for path in figure.iter(f"{svg}path") if path.find(f"{svg}title") is not None
        ]
        assert sorted(filter(None, told)) == [
            "Apr 2016: 90.00% (n = 100), beyond 3σ",
            "Feb 2016: 52.00% (n = 100)",
            "Jan 2016: 50.00% (n = 100)",
            "Mar 2016: 20.00% (n = 100), beyond 3σ",
        ]
        fills = {path.get("fill") for path in figure.iter(f"{svg}path")}
        assert {"var(--accent)", "var(--bad)", "var(--good)"} <= fills

    async def test_speaks_chinese_and_names_only_what_is_there(self) -> None:
        chart = await control_chart("达成率", MONTHS, Behaviour(LIMITS), unit="ratio", language="zh-CN")
        assert '<li class="limits">控制限</li>' in chart
        assert "趋势" not in chart


class TestMakeSpec:
    def test_limits_are_on_the_values_axis(self) -> None:
        rows = make_spec(MONTHS, ALL, unit="ratio", language="en")["data"]["values"]
        assert [(row["lower"], row["centre"], row["upper"]) for row in rows] == [pytest.approx((30, 50, 70))] * 4
        assert [row["signal"] for row in rows] == [None, None, "bad", "good"]
        assert [row["change"] for row in rows] == [False, False, False, True]

    def test_a_period_outside_the_limits_phase_has_none(self) -> None:
        rows = make_spec(MONTHS, Behaviour(LIMITS[1:]), unit="ratio", language="en")["data"]["values"]
        assert (rows[0]["lower"], rows[1]["lower"]) == (None, pytest.approx(30))
