import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from shared.pages import charts
from shared.pages.charts import Level, Point, level_at, line_chart, make_spec
from shared.pages.children import Child, ChildFailed

MONTHS = [
    Point(date(2016, month, 1), value, n) for month, value, n in ((3, 39.86, 8000), (4, 76.7, 5000), (5, None, 0))
]
BASELINE = [Level(date(2016, 1, 1), 55.0), Level(date(2016, 4, 1), 77.11)]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def renderer() -> Iterator[Child]:
    made = Child(Path(charts.__file__).with_name("draw.py"), most_kept=2)
    yield made
    made.close()


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


def spec(value: float) -> dict:
    return make_spec([Point(date(2016, 1, 1), value, 1)], unit="count", language="en", baseline=(), target=())


class TestLineChart:
    async def test_draws_values_baseline_and_target_and_can_be_read_aloud(self) -> None:
        chart = await line_chart(
            "SLA <attainment>",
            MONTHS,
            unit="percent",
            language="en",
            baseline=BASELINE,
            target=[Level(date(2016, 1, 1), 75)],
        )
        figure = ET.fromstring(str(chart))
        svg = figure.find(f".//{SVG}svg")
        assert svg is not None
        assert svg.get("role") == "img"
        assert svg.findtext(f"{SVG}title") == "SLA <attainment>"
        assert (
            svg.findtext(f"{SVG}desc")
            == "Mar 2016: 39.86% (n = 8,000); Apr 2016: 76.70% (n = 5,000); May 2016: – (n = 0)"
        )
        points = [path for path in svg.iter(f"{SVG}path") if path.find(f"{SVG}title") is not None]
        assert [path.findtext(f"{SVG}title") for path in points] == [
            "Mar 2016: 39.86% (n = 8,000)",
            "Apr 2016: 76.70% (n = 5,000)",
        ]
        strokes = {path.get("stroke") for path in svg.iter(f"{SVG}path")}
        assert {"var(--accent)", "var(--warn)", "var(--muted)"} <= strokes
        assert [item.text for item in figure.iter("li")] == ["Value", "Baseline", "Target"]
        assert "style=" not in chart

    async def test_speaks_chinese(self) -> None:
        chart = await line_chart("达成率", MONTHS, unit="percent", language="zh-CN")
        assert "2016年3月" in chart
        assert '<li class="value">数值</li>' in chart
        assert "目标" not in chart

    async def test_says_when_it_cannot_be_drawn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def fail(_spec: object) -> str:
            raise ChildFailed("why")

        monkeypatch.setattr(charts.renderer, "ask", fail)
        chart = await line_chart("t", MONTHS, unit="percent", language="en")
        assert "The chart could not be drawn." in chart

    async def test_no_data_at_all_is_an_empty_chart(self) -> None:
        assert "<svg" in await line_chart("t", [], unit="percent", language="en")


class TestMakeSpec:
    @pytest.mark.parametrize(
        ("unit", "value", "shown", "suffix"),
        [
            ("percent", 39.86, 39.86, "%"),
            ("share", 0.5, 50.0, "%"),
            ("seconds", 90.0, 90.0, " s"),
            ("seconds", 600.0, 10.0, " min"),
            ("hours", 48.0, 2.0, " d"),
            ("hours", 5.0, 5.0, " h"),
            ("count", 7.0, 7.0, ""),
        ],
    )
    def test_puts_values_in_a_unit_that_reads_well(self, unit: str, value: float, shown: float, suffix: str) -> None:
        made = make_spec(
            [Point(date(2016, 1, 1), value, 1)],
            unit=unit,
            language="en",
            baseline=[Level(date(2015, 1, 1), value)],
            target=(),
        )
        (row,) = made["data"]["values"]
        assert row["value"] == pytest.approx(shown)
        assert row["baseline"] == pytest.approx(shown)
        assert row["target"] is None
        assert f"'{suffix}'" in made["layer"][0]["encoding"]["y"]["axis"]["labelExpr"]


class TestLevelAt:
    def test_is_the_last_that_took_effect(self) -> None:
        assert level_at(BASELINE, date(2015, 12, 31)) is None
        assert level_at(BASELINE, date(2016, 3, 31)) == 55.0
        assert level_at(BASELINE, date(2016, 4, 1)) == 77.11


class TestRenderer:
    async def test_keeps_what_it_drew_and_forgets_the_oldest(self, renderer: Child) -> None:
        first = await renderer.ask(spec(1))
        renderer.close()
        assert await renderer.ask(spec(1)) is first
        assert renderer._process is None
        await renderer.ask(spec(2))
        await renderer.ask(spec(3))
        assert await renderer.ask(spec(1)) is not first

    async def test_goes_on_when_its_process_has_ended(self, renderer: Child) -> None:
        await renderer.ask(spec(1))
        assert renderer._process is not None
        renderer._process.kill()
        renderer._process.wait()
        assert "<svg" in await renderer.ask(spec(2))

    async def test_a_wrong_specification_fails_and_the_next_is_drawn(self, renderer: Child) -> None:
        with pytest.raises(ChildFailed):
            await renderer.ask({"mark": "nothing of the kind"})
        assert "<svg" in await renderer.ask(spec(1))

    async def test_asks_no_other_server(self, renderer: Child) -> None:
        asked: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readline())
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            elsewhere = {"url": f"http://127.0.0.1:{port}/data.csv", "format": {"type": "csv"}}
            with pytest.raises(ChildFailed, match="not allowed"):
                await renderer.ask({"data": elsewhere, "mark": "text", "encoding": {"text": {"field": "word"}}})
        assert asked == []

    async def test_many_at_once_share_one_process(self, renderer: Child) -> None:
        drawn = await asyncio.gather(*(renderer.ask(spec(value)) for value in (1, 1, 2)))
        assert drawn[0] == drawn[1] != drawn[2]
