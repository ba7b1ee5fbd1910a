"""R204: a measure by groups of customers; pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from services.metrics.measures.rules import DataKind
from services.metrics.observations.rules import Computed, combine


@dataclass(frozen=True, slots=True)
class Point:
    """A period of one group; see `SegmentPoint`."""

    period: date
    segment: str
    value: float | None
    n: int
    customers: int
    told: int


def tell_segments_apart(
    data_kind: DataKind, statistic: str, segments: Mapping[str, str], told: Iterable[tuple[str, date, Computed]]
) -> list[Point]:
    """Customers' values put together by group, as periods are put together. `segments` are the customers' groups,
    `told` a value of a customer and period each."""
    groups: dict[tuple[date, str], list[Computed]] = defaultdict(list)
    for customer, period, computed in told:
        groups[period, segments[customer]].append(computed)
    sizes = Counter(segments.values())
    points = []
    for (period, segment), values in sorted(groups.items(), key=lambda group: group[0]):
        known = [value for value in values if value.value is not None]
        together = known[0] if len(known) == 1 else combine(data_kind, statistic, known)
        value = together.value if together is not None else None
        n = sum(one.n for one in known)
        points.append(Point(period, segment, value, n, sizes[segment], len(known)))
    return points
