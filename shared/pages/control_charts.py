"""Process-behaviour charts: a measure's periods between their limits, with signals, trend and change points."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup

from shared.pages import formats
from shared.pages.charts import Point, choose_axis, dots, draw_figure, line, scale_value, tell_point, whole
from shared.pages.languages import CHINESE, N_


@dataclass(frozen=True, slots=True)
class Between:
    """One period's limits around the centre."""

    period: date
    lower: float
    centre: float
    upper: float


@dataclass(frozen=True, slots=True)
class Signal:
    """What to say of a period, and whether it is bad news."""

    words: str
    adverse: bool


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What is drawn over the values: each part may be empty. `trend` are the values of a line, by period; `changes` are
    the periods with which the level changed."""

    limits: Sequence[Between] = ()
    signals: Mapping[date, Signal] | None = None
    trend: Mapping[date, float] | None = None
    changes: Sequence[date] = ()


async def control_chart(
    title: str, points: Sequence[Point], behaviour: Behaviour, *, unit: str, language: str
) -> Markup:
    """A measure's periods as a <figure>. One that cannot be drawn says so: its figures stand beside it."""
    spec = make_spec(points, behaviour, unit=unit, language=language)
    shown = [(N_("Value"), "value")]
    shown += [(N_("Centre"), "baseline"), (N_("Control limits"), "limits")] * bool(behaviour.limits)
    shown += [(N_("Signal for the worse"), "signal bad")] * any(s.adverse for s in (behaviour.signals or {}).values())
    shown += [(N_("Signal for the better"), "signal good")] * any(
        not s.adverse for s in (behaviour.signals or {}).values()
    )
    shown += [(N_("Trend"), "trend")] * bool(behaviour.trend)
    shown += [(N_("Change point"), "target")] * bool(behaviour.changes)
    told = ("；" if language == CHINESE else "; ").join(_tell(point, behaviour, unit, language) for point in points)
    return await draw_figure(title, spec, told, shown, language)


def make_spec(points: Sequence[Point], behaviour: Behaviour, *, unit: str, language: str) -> dict[str, Any]:
    """The Vega-Lite specification. Colours are the stylesheet's variables."""
    scale, axis_unit = choose_axis(points, unit)
    limits = {band.period: band for band in behaviour.limits}
    signals, trend = behaviour.signals or {}, behaviour.trend or {}
    rows = []
    for point in points:
        band, signal = limits.get(point.period), signals.get(point.period)
        rows.append(
            {
                "month": formats.format_month(point.period, language),
                "value": scale_value(point.value, scale),
                "label": _tell(point, behaviour, unit, language),
                "lower": scale_value(None if band is None else band.lower, scale),
                "centre": scale_value(None if band is None else band.centre, scale),
                "upper": scale_value(None if band is None else band.upper, scale),
                "trend": scale_value(trend.get(point.period), scale),
                "signal": None if signal is None else "bad" if signal.adverse else "good",
                "change": point.period in behaviour.changes,
            }
        )
    area = line("lower", axis_unit)
    area["mark"] = {"type": "area", "fill": "var(--accent)", "opacity": 0.08}
    area["encoding"]["y2"] = {"field": "upper"}
    change = line("value", axis_unit)
    change["mark"] = {"type": "rule", "stroke": "var(--warn)", "strokeDash": [5, 4], "strokeWidth": 1.5}
    del change["encoding"]["y"]
    edge: dict[str, Any] = {"stroke": "var(--muted)", "strokeDash": [2, 3], "strokeWidth": 1}
    diamond: dict[str, Any] = {"size": 170, "shape": "diamond"}
    return whole(
        rows,
        [
            {**area, "transform": [{"filter": "isValid(datum.upper)"}]},
            line("lower", axis_unit, **edge),
            line("upper", axis_unit, **edge),
            line("centre", axis_unit, stroke="var(--muted)", strokeWidth=1.5),
            {**change, "transform": [{"filter": "datum.change"}]},
            line("trend", axis_unit, stroke="var(--ink)", strokeDash=[8, 4], strokeWidth=1.5),
            line("value", axis_unit, stroke="var(--accent)", strokeWidth=2.5),
            dots("value", axis_unit, "isValid(datum.value) && !datum.signal", fill="var(--accent)", size=60),
            dots("value", axis_unit, "datum.signal == 'bad'", fill="var(--bad)", **diamond),
            dots("value", axis_unit, "datum.signal == 'good'", fill="var(--good)", **diamond),
        ],
    )


def _tell(point: Point, behaviour: Behaviour, unit: str, language: str) -> str:
    signal = (behaviour.signals or {}).get(point.period)
    told = tell_point(point, unit, language)
    if signal is None:
        return told
    return f"{told}，{signal.words}" if language == CHINESE else f"{told}, {signal.words}"
