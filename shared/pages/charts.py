"""Charts: Vega-Lite specifications, drawn as SVG on the server; colours follow the page's light or dark scheme.

vl-convert holds a JavaScript engine: about 80 MB, and 0.8 s for the first chart, 0.1 s for each further one. It lives
in a process of its own (`draw.py`) that the first chart starts and that ends when nobody asks, so that no service
carries it; what was drawn is kept.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import structlog
from markupsafe import Markup

from shared.pages import formats
from shared.pages.children import Child, ChildFailed
from shared.pages.languages import CHINESE, LANGUAGES, N_, load_catalogue

_log = structlog.get_logger(__name__)
_HERE = Path(__file__).parent
_WORDS = {language: load_catalogue(language, [_HERE]).gettext for language in LANGUAGES}
_WIDTH, _HEIGHT = 960, 270
_MONTHS = {"field": "month", "type": "ordinal", "sort": None, "axis": {"title": None, "labelAngle": 0}}
_LABELLED = re.compile(r'<path aria-label="([^"]*)" role="graphics-symbol" aria-roledescription="point"([^>]*)/>')


@dataclass(frozen=True, slots=True)
class Point:
    """A period's value in the measure's unit, over `n` cases; None is a period without data."""

    period: date
    value: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Level:
    """What was expected, or held, from a day on."""

    effective_from: date
    value: float


renderer = Child(_HERE / "draw.py", most_kept=200)


async def line_chart(
    title: str,
    points: Sequence[Point],
    *,
    unit: str,
    language: str,
    baseline: Sequence[Level] = (),
    target: Sequence[Level] = (),
) -> Markup:
    """A measure's months as a <figure>: the values, and the baseline and target as they held at the time.

    `unit` is as in `formats.format_quantity`; `baseline` and `target` are in order of `effective_from`. A chart that
    cannot be drawn says so: the figures stand in the table beside it.
    """
    spec = make_spec(points, unit=unit, language=language, baseline=baseline, target=target)
    shown = [(N_("Value"), "value"), *([(N_("Baseline"), "baseline")] * bool(baseline))]
    shown += [(N_("Target"), "target")] * bool(target)
    return await draw_figure(title, spec, describe(points, unit, language), shown, language)


async def draw_figure(
    title: str, spec: dict[str, Any], description: str, legend: Sequence[tuple[str, str]], language: str
) -> Markup:
    """A specification as a <figure> with its words; `legend` has marked messages, each with its class."""
    words = _WORDS[language]
    try:
        svg = await renderer.ask(spec)
    except ChildFailed as failure:
        _log.error("chart_failed", title=title, error=str(failure))
        return Markup('<p class="notice warn">{}</p>').format(words(N_("The chart could not be drawn.")))
    items = Markup("").join(Markup('<li class="{}">{}</li>').format(kind, words(name)) for name, kind in legend)
    return Markup(
        '<figure class="chart"><figcaption>{}</figcaption><div class="drawing" tabindex="0">{}</div>'
        '<ul class="legend">{}</ul></figure>'
    ).format(title, name_svg(svg, title, description), items)


def tell_in(language: str, message: str) -> str:
    """A word of charts, in this language."""
    return _WORDS[language](message)


def make_spec(
    points: Sequence[Point], *, unit: str, language: str, baseline: Sequence[Level], target: Sequence[Level]
) -> dict[str, Any]:
    """The Vega-Lite specification. Colours are the stylesheet's variables."""
    scale, axis_unit = choose_axis(points, unit)
    rows = [
        {
            "month": formats.format_month(point.period, language),
            "value": None if point.value is None else point.value * scale,
            "label": tell_point(point, unit, language),
            "baseline": scale_value(level_at(baseline, point.period), scale),
            "target": scale_value(level_at(target, point.period), scale),
        }
        for point in points
    ]
    layers = [
        line("baseline", axis_unit, interpolate="step", stroke="var(--muted)", strokeWidth=1.5),
        line("target", axis_unit, interpolate="step", stroke="var(--warn)", strokeDash=[5, 4]),
        line("value", axis_unit, stroke="var(--accent)", strokeWidth=2.5),
        dots("value", axis_unit, "isValid(datum.value)", fill="var(--accent)", size=60),
    ]
    return whole(rows, layers)


def line(field: str, axis_unit: str, **mark: Any) -> dict[str, Any]:
    """A line through this field of the rows, by month."""
    y = {"type": "quantitative", "axis": {"title": None, "labelExpr": f"datum.label + '{axis_unit}'"}}
    y |= {"field": field, "scale": {"zero": False, "nice": True}}
    return {"mark": {"type": "line", **mark}, "encoding": {"x": _MONTHS, "y": y}}


def dots(field: str, axis_unit: str, where: str, **mark: Any) -> dict[str, Any]:
    """Points that tell their row's `label`, of the rows where the expression holds."""
    drawn = line(field, axis_unit)
    drawn["mark"] = {"type": "point", "filled": True, "opacity": 1, **mark}
    drawn["encoding"]["description"] = {"field": "label"}
    return {**drawn, "transform": [{"filter": where}]}


def whole(rows: Sequence[dict[str, Any]], layers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The specification of these layers over these rows."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": _WIDTH,
        "height": _HEIGHT,
        "autosize": {"type": "fit", "contains": "padding"},
        "background": None,
        "data": {"values": list(rows)},
        "layer": list(layers),
        "config": {
            "font": "inherit",
            "view": {"stroke": None},
            "axis": {
                "labelColor": "var(--muted)",
                "labelFontSize": 13,
                "gridColor": "var(--line)",
                "domain": False,
                "ticks": False,
                "labelPadding": 8,
            },
            "axisX": {"grid": False, "labelOverlap": True},
            "axisY": {"tickCount": 5},
        },
    }


def level_at(levels: Sequence[Level], day: date) -> float | None:
    """What held on this day, of levels in order of `effective_from`."""
    held = [level.value for level in levels if level.effective_from <= day]
    return held[-1] if held else None


def describe(points: Sequence[Point], unit: str, language: str) -> str:
    """The chart in words, for those who do not see it."""
    separator = "；" if language == CHINESE else "; "
    return separator.join(tell_point(point, unit, language) for point in points)


def name_svg(svg: str, title: str, description: str) -> Markup:
    """Give the drawing a name and a description, and each point a tooltip of its label. vl-convert escapes labels."""
    key = hashlib.sha256(f"{title}\0{description}".encode()).hexdigest()[:10]
    attributes = Markup(' role="img" aria-labelledby="t{0} d{0}">').format(key)
    names = Markup('<title id="t{0}">{1}</title><desc id="d{0}">{2}</desc>').format(key, title, description)
    start, drawing = svg.split(">", 1)
    drawing = _LABELLED.sub(r'<path aria-label="\1"\2><title>\1</title></path>', drawing)
    return Markup(start) + attributes + names + Markup(drawing)  # noqa: S704 - escaped by vl-convert


def tell_point(point: Point, unit: str, language: str) -> str:
    """One period in words."""
    value = formats.format_quantity(point.value, unit, language)
    month, n = formats.format_month(point.period, language), formats.format_number(point.n, language)
    return f"{month}：{value}（n = {n}）" if language == CHINESE else f"{month}: {value} (n = {n})"


def scale_value(value: float | None, scale: float) -> float | None:
    """What a value is on the axis."""
    return None if value is None else value * scale


def choose_axis(points: Sequence[Point], unit: str) -> tuple[float, str]:
    """By what to multiply values for the axis, and what stands behind its numbers."""
    if unit in formats.SHARES:
        return 100.0, "%"
    if unit in formats.PERCENTS:
        return 1.0, "%"
    if unit in formats.SECONDS:
        largest = max((abs(point.value) for point in points if point.value is not None), default=0.0)
        seconds = largest * formats.SECONDS[unit]
        shown = next((name for name, size in (("d", 86400), ("h", 3600), ("min", 60)) if seconds >= 2 * size), "s")
        size = {"d": 86400, "h": 3600, "min": 60, "s": 1}[shown]
        return formats.SECONDS[unit] / size, f" {shown}"
    return 1.0, ""
