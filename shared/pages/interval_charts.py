"""Values with their intervals, a row each: groups below one another, or one survey after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from shared.pages import formats
from shared.pages.charts import draw_figure, whole
from shared.pages.languages import CHINESE, N_

MOST_ROWS = 40
_ROW_HEIGHT, _MARGIN = 30, 50
_LONGEST_LABEL = 240


@dataclass(frozen=True, slots=True)
class Row:
    """What is told of one group: a value over `n` cases, None where there is no data, and its interval. No other row
    has its label."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    n: int


async def interval_chart(
    title: str,
    rows: Sequence[Row],
    *,
    unit: str,
    language: str,
    zero: bool = False,
    span: tuple[float, float] | None = None,
    upright: bool = False,
) -> Markup:
    """The first `MOST_ROWS` rows as a <figure>, in their order.

    `unit` is as in `formats.format_quantity`; `zero` draws a line there, `span` is how far the axis goes at least, in
    the same unit. `upright`: from left to right and joined by a line, for what follows one another. A chart that cannot
    be drawn says so: its figures stand beside it.
    """
    shown = rows[:MOST_ROWS]
    spec = make_spec(shown, unit=unit, language=language, zero=zero, span=span, upright=upright)
    legend = [(N_("Value"), "value")]
    legend += [(N_("Interval"), "baseline")] * any(row.low is not None for row in shown)
    told = ("；" if language == CHINESE else "; ").join(tell_row(row, unit, language) for row in shown)
    return await draw_figure(title, spec, told, legend, language)


def make_spec(
    rows: Sequence[Row],
    *,
    unit: str,
    language: str,
    zero: bool,
    span: tuple[float, float] | None,
    upright: bool,
) -> dict[str, Any]:
    """The Vega-Lite specification. Colours are the stylesheet's variables."""
    scale, axis_unit = (100.0, "%") if unit in formats.SHARES else (1.0, "")
    values = [
        {
            "label": row.label,
            "value": None if row.value is None else row.value * scale,
            "low": None if row.low is None else row.low * scale,
            "high": None if row.high is None else row.high * scale,
            "told": tell_row(row, unit, language),
        }
        for row in rows
    ]
    reach: dict[str, Any] = {"zero": zero, "nice": True}
    if span is not None:
        reach |= {"domainMin": span[0] * scale, "domainMax": span[1] * scale}
    groups = {
        "field": "label",
        "type": "nominal",
        "scale": {"domain": [row.label for row in rows]},
        "axis": {"title": None, "labelLimit": _LONGEST_LABEL, "labelAngle": 0, "grid": False},
    }
    axis = {"title": None, "labelExpr": f"datum.label + '{axis_unit}'", "grid": True, "tickCount": 6}
    across, along = ("x", "y") if upright else ("y", "x")

    def mark(kind: str, field: str, **how: Any) -> dict[str, Any]:
        length = {"field": field, "type": "quantitative", "scale": reach, "axis": axis}
        return {"mark": {"type": kind, **how}, "encoding": {across: groups, along: length}}

    interval = mark("rule", "low", stroke="var(--muted)", strokeWidth=2)
    interval["encoding"][f"{along}2"] = {"field": "high"}
    points = mark("point", "value", filled=True, opacity=1, fill="var(--accent)", size=90)
    points["encoding"]["description"] = {"field": "told"}
    layers = [
        {**interval, "transform": [{"filter": "isValid(datum.low) && isValid(datum.high)"}]},
        {**points, "transform": [{"filter": "isValid(datum.value)"}]},
    ]
    if not upright and all(row.low is None for row in rows):
        layers.insert(0, mark("bar", "value", fill="var(--accent)", opacity=0.25, size=12))
    if upright:
        layers.insert(1, mark("line", "value", stroke="var(--accent)", strokeWidth=1.5, opacity=0.5))
    if zero:
        at_zero = {along: {"datum": 0, "type": "quantitative", "scale": reach, "axis": axis}}
        layers.insert(0, {"mark": {"type": "rule", "stroke": "var(--ink)", "strokeWidth": 1}, "encoding": at_zero})
    spec = whole(values, layers)
    if not upright:
        spec["height"] = _MARGIN + _ROW_HEIGHT * max(len(rows), 1)
    return spec


def tell_row(row: Row, unit: str, language: str) -> str:
    """One row in words."""
    value, low, high = (formats.format_quantity(part, unit, language) for part in (row.value, row.low, row.high))
    n = formats.format_number(row.n, language)
    if row.low is None or row.high is None:
        return f"{row.label}：{value}（n = {n}）" if language == CHINESE else f"{row.label}: {value} (n = {n})"
    if language == CHINESE:
        return f"{row.label}：{value}，{low} 至 {high}（n = {n}）"
    return f"{row.label}: {value}, {low} to {high} (n = {n})"
