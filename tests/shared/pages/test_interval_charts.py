from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from shared.pages import charts
from shared.pages.interval_charts import MOST_ROWS, Row, interval_chart, make_spec, tell_row

SVG = "{http://www.w3.org/2000/svg}"
ROWS = [
    Row("Tangibles <b>", -0.5, -0.8, -0.2, 194),
    Row("=Fun'\\", 0.06, None, None, 1),
    Row("Nobody", None, None, None, 0),
]


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


class TestIntervalChart:
    async def test_draws_values_and_intervals_and_can_be_read_aloud(self) -> None:
        """Labels are what somebody typed: they stay text."""
        chart = await interval_chart("Gaps", ROWS, unit="", language="en", zero=True)
        figure = ET.fromstring(str(chart))
        svg = figure.find(f".//{SVG}svg")
        assert svg is not None
        assert (svg.get("role"), svg.findtext(f"{SVG}title")) == ("img", "Gaps")
        told = "Tangibles <b>: -0.5, -0.8 to -0.2 (n = 194); =Fun'\\: 0.06 (n = 1); Nobody: – (n = 0)"
        assert svg.findtext(f"{SVG}desc") == told
        texts = {element.text for element in svg.iter(f"{SVG}text")}
        assert {"Tangibles <b>", "=Fun'\\", "Nobody"} <= texts
        points = [
            path.findtext(f"{SVG}title") for path in svg.iter(f"{SVG}path") if path.find(f"{SVG}title") is not None
        ]
        assert points == ["Tangibles <b>: -0.5, -0.8 to -0.2 (n = 194)", "=Fun'\\: 0.06 (n = 1)"]
        assert [item.text for item in figure.iter("li")] == ["Value", "Interval"]

    async def test_what_follows_one_another_stands_beside_one_another(self) -> None:
        chart = await interval_chart("Trend", ROWS[:2], unit="share", language="zh-CN", upright=True, span=(0, 1))
        assert "Tangibles &lt;b&gt;：-50.00%，-80.00% 至 -20.00%（n = 194）" in str(chart)


class TestMakeSpec:
    def test_shares_are_drawn_in_per_cent(self) -> None:
        spec = make_spec(
            [Row("a", 0.5, 0.25, 1, 9)], unit="share", language="en", zero=False, span=(0, 1), upright=False
        )
        assert [(row["value"], row["low"], row["high"]) for row in spec["data"]["values"]] == [(50, 25, 100)]
        scale = spec["layer"][-1]["encoding"]["x"]["scale"]
        assert (scale["domainMin"], scale["domainMax"]) == (0, 100)

    async def test_so_many_rows_at_most(self) -> None:
        many = [Row(f"row {number}", 1, None, None, 1) for number in range(MOST_ROWS + 1)]
        assert f"row {MOST_ROWS}:" not in str(await interval_chart("Many", many, unit="", language="en"))


class TestTellRow:
    def test_in_both_languages(self) -> None:
        assert tell_row(Row("a", 1.25, 1, 2, 3), "", "en") == "a: 1.25, 1 to 2 (n = 3)"
        assert tell_row(Row("甲", 1.25, 1, 2, 3), "", "zh-CN") == "甲：1.25，1 至 2（n = 3）"
