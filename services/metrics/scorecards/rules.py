"""How the work of one person is told, and how several are compared; pure.

A scorecard tells figures with their n and says where there are too few cases to tell anything (R93). A ranking is off
unless an installation turns it on (R201): it goes by the lower end of a 95 % Wilson interval, so that three lucky
tickets beat nobody.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

FEWEST = 10
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """So many of `n`; `value` is None without any."""

    successes: int
    n: int

    @property
    def value(self) -> float | None:
        return self.successes / self.n if self.n else None


@dataclass(frozen=True, slots=True)
class Work:
    """What one person resolved: `restore_hours` is a mean, None without any."""

    resolver: str
    resolved: int
    attainment: Share
    reopened: Share
    satisfied: Share
    restore_hours: float | None

    @property
    def is_telling(self) -> bool:
        """Whether there are enough cases to say something of the person."""
        return self.attainment.n >= FEWEST


@dataclass(frozen=True, slots=True)
class Place:
    """A person's place: `score` is the lower end of the interval, `stars` from 1 to 5 by fifths of the ranked."""

    place: int
    work: Work
    score: float
    stars: int


def lower_bound(share: Share) -> float:
    """The lower end of the 95 % Wilson score interval (1927); 0 without any cases."""
    if share.n == 0:
        return 0.0
    p, n, z2 = share.successes / share.n, share.n, _Z * _Z
    centre = p + z2 / (2 * n)
    spread = _Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    return max(0.0, (centre - spread) / (1 + z2 / n))


def rank(team: Sequence[Work]) -> list[Place]:
    """R201: by the lower bound of SLA attainment; equal scores share a place, those with too few cases have none."""
    scored = sorted(
        ((lower_bound(work.attainment), work) for work in team if work.is_telling),
        key=lambda pair: (-pair[0], pair[1].resolver),
    )
    places: list[Place] = []
    for index, (score, work) in enumerate(scored):
        tied = places and math.isclose(places[-1].score, score)
        place = places[-1].place if tied else index + 1
        places.append(Place(place, work, score, 5 - (place - 1) * 5 // len(scored)))
    return places
