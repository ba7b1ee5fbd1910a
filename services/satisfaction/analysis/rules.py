"""What a sample says about its own error (R85), and what may be shown of few people. Values in, verdict out."""

import math
from collections.abc import Mapping, Sequence

from services.satisfaction.analysis.proportions import required_answers
from services.satisfaction.analysis.schemas import FEWEST_ANSWERS, RiskLevel

_MOST_UNCOVERED = 0.1
MAIN = ("csat", "nps", "ces", "index", "expectation")
"""The first of these that a campaign has is its main figure."""


def find_share(part: int, whole: int) -> float | None:
    """None without a denominator."""
    return part / whole if whole else None


def is_covered(answered: int, population: int, fewest: int = FEWEST_ANSWERS) -> bool:
    """Whether enough of a stratum answered, or everybody did."""
    return answered >= min(fewest, population)


def find_withheld(answered: Mapping[str, int], fewest: int = FEWEST_ANSWERS) -> set[str]:
    """The strata of an anonymous campaign that are not told apart: those with fewer answers than this. Where these
    together are too few as well, the next smallest joins them, since what is left over would tell."""
    withheld = {stratum for stratum, n in answered.items() if n < fewest}
    hidden = sum(answered[stratum] for stratum in withheld)
    for stratum in sorted(answered, key=lambda name: (answered[name], name)):
        if not 0 < hidden < fewest:
            break
        if stratum not in withheld:
            withheld.add(stratum)
            hidden += answered[stratum]
    return withheld


def count_missing(population: int, answered: int, margin: float, confidence: float) -> tuple[int, int]:
    """R85: the answers that a stratum needs for this margin, and how many of them are not there."""
    required = required_answers(population, margin, confidence)
    return required, max(0, required - answered)


def count_invitations(missing: int, answered: int, invited: int, population: int) -> int | None:
    """How many more must be invited for the missing answers, at the rate at which people answered and never more than
    there are; None where nobody answered."""
    if missing == 0:
        return 0
    if answered == 0 or invited == 0:
        return None
    return min(math.ceil(missing * invited / answered), max(population - invited, 0))


def judge_risk(value: float | None, margin: float, uncovered_share: float) -> RiskLevel:
    """R85: `value` is the half width of the main figure's interval as a part of what it can be."""
    if value is None or value > 2 * margin or uncovered_share > _MOST_UNCOVERED:
        return "high"
    return "raised" if value > margin or uncovered_share > 0 else "low"


def choose_main(keys: Sequence[str]) -> str | None:
    """The figure that the sampling risk is about."""
    return next((key for key in MAIN if key in keys), next(iter(keys), None))
