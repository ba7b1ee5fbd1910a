"""A claim about speed or size: its figure, what it must reach, and the raw limit measured beside it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Claim:
    """`target` and `baseline` are in `unit`; `ratio` is how many times better than the baseline the value is.

    Without a target the figure is told for comparison only and `met` is None.
    """

    claim: str
    value: float
    unit: str
    target: float | None = None
    baseline: float | None = None
    ratio: float | None = None
    met: bool | None = None


def at_least(claim: str, value: float, unit: str, target: float | None) -> Claim:
    """A claim that is met from `target` on."""
    return Claim(claim, value, unit, target, met=None if target is None else value >= target)


def at_most(claim: str, value: float, unit: str, target: float, baseline: float | None = None) -> Claim:
    """A claim that is met below `target`; the ratio tells how near the raw limit it comes."""
    ratio = baseline / value if baseline is not None and value else None
    return Claim(claim, value, unit, target, baseline, ratio, value < target)


def times_better(claim: str, value: float, baseline: float, unit: str, target_ratio: float | None) -> Claim:
    """A claim about the ratio to a baseline of the same run; `target` is that ratio's, times the baseline."""
    ratio = value / baseline
    if target_ratio is None:
        return Claim(claim, value, unit, None, baseline, ratio)
    return Claim(claim, value, unit, target_ratio * baseline, baseline, ratio, ratio >= target_ratio)


def write(claims: Sequence[Claim]) -> None:
    RESULTS.write_text(json.dumps([asdict(claim) for claim in claims], indent=2) + "\n")


def show(claims: Sequence[Claim]) -> None:
    """A table for people."""
    head = ("claim", "value", "unit", "target", "baseline", "ratio", "met")
    rows = [
        (
            claim.claim,
            _number(claim.value),
            claim.unit,
            _number(claim.target),
            _number(claim.baseline),
            "" if claim.ratio is None else f"{claim.ratio:.1f} x",
            {True: "yes", False: "NO", None: ""}[claim.met],
        )
        for claim in claims
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}"
