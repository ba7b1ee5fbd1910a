"""What a measure's chart and change points say of an effect, beside its test (R129). Evidence: it decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from services.metrics.analysis.charts import FEWEST, Datum, Kind, control_chart, find_signals
from services.metrics.analysis.questions import Changes
from shared.events.metrics import ChartSignal, Direction, LevelChange


@dataclass(frozen=True, slots=True)
class Story:
    """The measure's closed periods from the beginning of the baseline window to the last that is compared. The window
    ends before `baseline_end`; the change came in the period `implemented` and has settled from `since` on."""

    direction: Direction
    kind: Kind
    data: Sequence[Datum]
    baseline_end: date
    implemented: date
    since: date


def good_signals(story: Story) -> tuple[ChartSignal, ...] | None:
    """The signals in the good direction that periods since the change settled complete among themselves, by limits
    from the baseline window. None where that window has fewer than five periods."""
    window = [datum for datum in story.data if datum.period < story.baseline_end]
    if len(window) < FEWEST:
        return None
    chart = control_chart(story.kind, story.data, reference=window)
    good = "above" if story.direction == "higher_is_better" else "below"
    later = [point for point in chart.points if point.period >= story.since]
    return tuple(
        ChartSignal(period=found.period, rule=found.rule, side=found.side)
        for found in find_signals(chart.centre, later)
        if found.side == good
    )


def later_changes(story: Story, found: Changes) -> tuple[LevelChange, ...]:
    """The change points at or after implementation, for better or worse."""
    return tuple(
        LevelChange(
            period=story.data[change.index].period,
            before=change.before,
            after=change.after,
            p_value=change.p_adjusted,
            better=(change.shift > 0) == (story.direction == "higher_is_better"),
        )
        for change in found.changes
        if story.data[change.index].period >= story.implemented
    )
