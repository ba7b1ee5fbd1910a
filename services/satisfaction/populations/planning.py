"""R85: how many of each stratum must answer, and how many are asked for that. Values in, verdict out."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.satisfaction.analysis.proportions import required_answers
from services.satisfaction.campaigns.schemas import SamplePlan, StratumSample
from shared.problems import Problem

NO_CUT = "g"
"""Behind every hash."""


class NoPopulation(Problem):
    """Nobody to ask."""

    status = 409


class EmptyStratum(Problem):
    """A stratum from which nobody can be drawn."""

    status = 409


class UnknownStratum(Problem):
    """The population has a stratum that the campaign does not name."""

    status = 409


@dataclass(frozen=True, slots=True)
class Counted:
    """A stratum's people, and how many of them rest."""

    stratum: str
    members: int
    resting: int = 0


@dataclass(frozen=True, slots=True)
class Terms:
    """What a campaign says of its sample; `strata` are those that must all be there, None: those that are."""

    margin: float
    confidence: float
    expected_response_rate: float
    minimum_per_stratum: int
    rest_days: int = 0
    strata: tuple[str, ...] | None = None


def plan(counted: Sequence[Counted], terms: Terms) -> SamplePlan:
    """Answers that keep the margin in each stratum, and the invitations that are expected to bring them: as many as
    answers by the expected response rate, never fewer than the minimum, never more than there are to ask.

    Raises:
        NoPopulation, EmptyStratum, UnknownStratum
    """
    if not counted:
        raise NoPopulation("nobody is in the population yet; upload it, or take the known customers")
    found = {one.stratum: one for one in counted}
    if terms.strata is not None:
        _require_strata(found, terms.strata)
    resting = [one.stratum for one in counted if one.resting >= one.members]
    if resting:
        raise EmptyStratum(
            f"everybody of {_name(resting)} was asked within {terms.rest_days} days; wait, ask fewer strata, or rest "
            "for fewer days (rest_days)",
            strata=resting,
        )
    strata = [_plan_stratum(found[name], terms) for name in terms.strata or sorted(found)]
    return SamplePlan(
        margin=terms.margin,
        confidence=terms.confidence,
        expected_response_rate=terms.expected_response_rate,
        minimum_per_stratum=terms.minimum_per_stratum,
        rest_days=terms.rest_days,
        population=sum(one.population for one in strata),
        resting=sum(one.resting for one in strata),
        required=sum(one.required for one in strata),
        planned=sum(one.planned for one in strata),
        census=all(one.census for one in strata),
        strata=tuple(strata),
    )


def note_drawn(plan_: SamplePlan, drawn: Mapping[str, int], seed: str, by: str, at: datetime) -> SamplePlan:
    """The plan with what was drawn, and how."""
    strata = tuple(one.model_copy(update={"drawn": drawn[one.stratum]}) for one in plan_.strata)
    told = {"strata": strata, "drawn": sum(drawn.values()), "seed": seed, "drawn_at": at, "drawn_by": by}
    return plan_.model_copy(update=told)


def find_cut(planned: int, available: int) -> str:
    """A hex MD5 below which so many of `available` references almost certainly have theirs, six standard deviations
    beside; `NO_CUT` where that is all of them."""
    share = (planned + 6 * math.sqrt(planned) + 10) / available
    return NO_CUT if share >= 1 else f"{int(share * 16**12):012x}"


def _plan_stratum(counted: Counted, terms: Terms) -> StratumSample:
    required = required_answers(counted.members, terms.margin, terms.confidence)
    invitations = math.ceil(round(required / terms.expected_response_rate, 9))
    planned = min(max(invitations, terms.minimum_per_stratum), counted.members - counted.resting)
    return StratumSample(
        stratum=counted.stratum,
        population=counted.members,
        resting=counted.resting,
        required=required,
        planned=planned,
        census=planned == counted.members,
    )


def _require_strata(found: Mapping[str, Counted], wanted: Sequence[str]) -> None:
    empty = [name for name in wanted if name not in found]
    if empty:
        raise EmptyStratum(
            f"nobody of {_name(empty)} is in the population; upload them, or take the stratum out of the campaign",
            strata=empty,
        )
    unknown = sorted(set(found) - set(wanted))
    if unknown:
        raise UnknownStratum(
            f"the population has {_name(unknown)}, and the campaign does not; name it among its strata, or replace "
            "the population",
            strata=unknown,
        )


def _name(strata: Sequence[str]) -> str:
    quoted = ", ".join(f"'{name}'" for name in strata[:10])
    return f"stratum {quoted}" if len(strata) == 1 else f"strata {quoted}{' …' if len(strata) > 10 else ''}"
