"""The evidence as a drawing: the level before, the level after with its interval, the target, when the change came, and
what the process-behaviour chart found."""

from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from shared.events.metrics import EffectAssessed, Sample
from shared.pages import formats
from shared.pages.charts import Point, choose_axis, draw_figure, tell_in, whole
from shared.pages.languages import CHINESE, N_

_DAY_ZERO = date(1970, 1, 1)
_MOST_LABELS = 12


async def effect_chart(
    title: str, evidence: EffectAssessed, implemented_at: datetime | None, *, unit: str, language: str
) -> Markup | None:
    """Before and after as a <figure>; None where neither side has a value. One that cannot be drawn says so."""
    if evidence.before.value is None and evidence.after.value is None:
        return None
    spec = make_spec(evidence, implemented_at, unit=unit, language=language)
    shown = [(N_("Before"), "baseline")] * (evidence.before.value is not None)
    shown += [(N_("After"), "value")] * (evidence.after.value is not None)
    shown += [(N_("Interval"), "band")] * bool(_interval(evidence, unit))
    shown += [(N_("Target"), "target")] * (evidence.target is not None)
    shown += [(N_("Change implemented"), "trend")] * (implemented_at is not None)
    shown += [(N_("Change point"), "limits")] * bool(evidence.changes)
    shown += [(N_("Signal for the better"), "signal good")] * bool(evidence.signals)
    return await draw_figure(title, spec, describe(evidence, unit, language), shown, language)


def describe(evidence: EffectAssessed, unit: str, language: str) -> str:
    """The drawing in words, for those who do not see it."""
    sides = [(N_("Before"), evidence.before), (N_("After"), evidence.after)]
    told = [
        f"{tell_in(language, name)}: {formats.format_quantity(side.value, unit, language)} (n = {side.n})"
        for name, side in sides
    ]
    return ("；" if language == CHINESE else "; ").join(told)


def make_spec(evidence: EffectAssessed, implemented_at: datetime | None, *, unit: str, language: str) -> dict[str, Any]:
    """The Vega-Lite specification; days are counted from 1970. Colours are the stylesheet's variables."""
    before, after = evidence.before, evidence.after
    points = [Point(side.period_from, side.value, side.n) for side in (before, after)]
    scale, axis_unit = choose_axis(points, unit)
    first, last = min(before.period_from, after.period_from), max(before.period_to, after.period_to)
    x = _axis(first, last, language)
    y = {"type": "quantitative", "scale": {"zero": False, "nice": True, "padding": 14}}
    y |= {"axis": {"title": None, "labelExpr": f"datum.label + '{axis_unit}'"}}

    def layer(rows: list[dict[str, Any]], mark: dict[str, Any], **encoding: Any) -> dict[str, Any]:
        return {"data": {"values": rows}, "mark": mark, "encoding": encoding}

    def level(side: Sample, **mark: Any) -> list[dict[str, Any]]:
        if side.value is None:
            return []
        level_row = {"from": _day(side.period_from), "to": _day(side.period_to), "value": side.value * scale}
        drawn = {"type": "rule", "strokeWidth": 4, **mark}
        return [layer([level_row], drawn, x={**x, "field": "from"}, x2={"field": "to"}, y={**y, "field": "value"})]

    layers: list[dict[str, Any]] = []
    if interval := _interval(evidence, unit):
        row: dict[str, float] = {"from": _day(after.period_from), "to": _day(after.period_to)}
        row |= {"low": interval[0] * scale, "high": interval[1] * scale}
        layers.append(
            layer(
                [row],
                {"type": "rect", "fill": "var(--accent)", "opacity": 0.15},
                x={**x, "field": "from"},
                x2={"field": "to"},
                y={**y, "field": "low"},
                y2={"field": "high"},
            )
        )
    if evidence.target is not None:
        drawn = {"type": "rule", "stroke": "var(--warn)", "strokeDash": [5, 4], "strokeWidth": 1.5}
        layers.append(layer([{"value": evidence.target * scale}], drawn, y={**y, "field": "value"}))
    days = [_day(change.period) for change in evidence.changes or ()]
    if days:
        drawn = {"type": "rule", "stroke": "var(--muted)", "strokeDash": [2, 3], "strokeWidth": 1.5}
        layers.append(layer([{"day": day} for day in days], drawn, x={**x, "field": "day"}))
    if implemented_at is not None:
        drawn = {"type": "rule", "stroke": "var(--ink)", "strokeDash": [8, 4], "strokeWidth": 1.5}
        day = min(max(_day(implemented_at.date()), _day(first)), _day(last))
        layers.append(layer([{"day": day}], drawn, x={**x, "field": "day"}))
    layers += level(before, stroke="var(--muted)") + level(after, stroke="var(--accent)")
    if evidence.signals and after.value is not None:
        rows = [{"day": _day(signal.period), "value": after.value * scale} for signal in evidence.signals]
        drawn = {"type": "point", "filled": True, "opacity": 1, "shape": "diamond", "size": 170, "fill": "var(--good)"}
        layers.append(layer(rows, drawn, x={**x, "field": "day"}, y={**y, "field": "value"}))
    return whole([], layers)


def _interval(evidence: EffectAssessed, unit: str) -> tuple[float, float] | None:
    """Between which values the level after lies: the effect's interval on top of the level before, as far as a share
    can go."""
    if evidence.interval is None or evidence.before.value is None or evidence.after.value is None:
        return None
    low, high = (evidence.before.value + difference for difference in evidence.interval)
    whole_of = 1.0 if unit in formats.SHARES else 100.0 if unit in formats.PERCENTS else None
    return (low, high) if whole_of is None else (max(low, 0.0), min(high, whole_of))


def _axis(first: date, last: date, language: str) -> dict[str, Any]:
    months = [day for day in _months(first, last) if first <= day <= last]
    shown = months[:: max(1, -(-len(months) // _MOST_LABELS))]
    named = ", ".join(f"'{_day(day)}': '{formats.format_month(day, language)}'" for day in shown)
    axis = {"title": None, "values": [_day(day) for day in shown], "labelExpr": f"({{{named}}})[datum.value]"}
    domain = [_day(first), _day(last)]
    return {"type": "quantitative", "axis": axis, "scale": {"domain": domain, "nice": False, "zero": False}}


def _months(first: date, last: date) -> list[date]:
    found, day = [], first.replace(day=1)
    while day <= last:
        found.append(day)
        day = (day + timedelta(days=32)).replace(day=1)
    return found


def _day(day: date) -> int:
    return (day - _DAY_ZERO).days
