from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from services.improvement.printed.charts import effect_chart, make_spec
from shared.events.metrics import ChartSignal, EffectAssessed, LevelChange, Sample
from shared.pages import charts


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


def evidence(**changes: Any) -> EffectAssessed:
    known: dict[str, Any] = {
        "improvement_id": uuid4(),
        "request_id": uuid4(),
        "plan_hash": "0" * 64,
        "verdict": "effective",
        "reason": "better",
        "test": "Fisher's exact test",
        "before": Sample(period_from=date(2026, 1, 1), period_to=date(2026, 2, 1), periods=1, n=100, value=0.58),
        "after": Sample(period_from=date(2026, 2, 1), period_to=date(2026, 4, 1), periods=2, n=200, value=0.93),
        "effect": 0.35,
        "interval": (0.27, 0.44),
        "p_value": 0.001,
        "alpha": 0.05,
        "target": 0.8,
        "target_met": True,
        "assessed_at": datetime(2026, 4, 2, tzinfo=UTC),
    }
    return EffectAssessed(**{**known, **changes})


def rows_of(spec: dict[str, Any], kind: str, stroke: str | None = None) -> list[dict[str, Any]]:
    """What the layers of this kind of mark draw."""
    return [
        row
        for layer in spec["layer"]
        if layer["mark"]["type"] == kind and stroke in (None, layer["mark"].get("stroke"))
        for row in layer["data"]["values"]
    ]


class TestMakeSpec:
    def test_levels_interval_and_target_stand_where_they_were_measured(self) -> None:
        """Days from 1970: 2026-01-01 is day 20,454. The interval of the level after is 58 % and 27 to 44 points more,
        and a share ends at 100 %."""
        spec = make_spec(evidence(), None, unit="ratio", language="en")
        assert rows_of(spec, "rule", "var(--muted)") == [{"from": 20454, "to": 20485, "value": pytest.approx(58)}]
        assert rows_of(spec, "rule", "var(--accent)") == [{"from": 20485, "to": 20544, "value": pytest.approx(93)}]
        (band,) = rows_of(spec, "rect")
        assert (band["low"], band["high"]) == (pytest.approx(85), pytest.approx(100))
        assert rows_of(spec, "rule", "var(--warn)") == [{"value": pytest.approx(80)}]

    def test_the_change_signals_and_change_points_are_shown_by_their_day(self) -> None:
        told = evidence(
            signals=(ChartSignal(period=date(2026, 3, 1), rule="outlier", side="above"),),
            changes=(LevelChange(period=date(2026, 2, 1), before=0.58, after=0.93, p_value=0.01, better=True),),
        )
        spec = make_spec(told, datetime(2026, 2, 1, tzinfo=UTC), unit="ratio", language="en")
        assert [row["day"] for row in rows_of(spec, "point")] == [20513]
        assert [row["day"] for row in rows_of(spec, "rule", "var(--ink)")] == [20485]
        assert [row for row in rows_of(spec, "rule", "var(--muted)") if "day" in row] == [{"day": 20485}]

    def test_one_side_without_a_value_is_left_out(self) -> None:
        nothing = Sample(period_from=date(2026, 2, 1), period_to=date(2026, 4, 1), periods=0, n=0, value=None)
        spec = make_spec(evidence(after=nothing, interval=None), None, unit="ratio", language="en")
        assert rows_of(spec, "rule", "var(--accent)") == []
        assert rows_of(spec, "rect") == []


class TestEffectChart:
    async def test_is_drawn_and_can_be_read_aloud_in_both_languages(self) -> None:
        for language, words in (
            ("en", "Before: 58.00% (n = 100); After: 93.00% (n = 200)"),
            ("zh-CN", "改进前: 58.00%"),
        ):
            figure = ET.fromstring(str(await effect_chart("T", evidence(), None, unit="ratio", language=language)))
            description = figure.findtext(".//{http://www.w3.org/2000/svg}desc")
            assert description is not None
            assert words in description

    async def test_without_any_value_there_is_none(self) -> None:
        nothing = Sample(period_from=date(2026, 1, 1), period_to=date(2026, 2, 1), periods=0, n=0, value=None)
        told = evidence(before=nothing, after=nothing, effect=None, interval=None)
        assert await effect_chart("T", told, None, unit="ratio", language="en") is None
