"""What may be assigned, and who may answer it (R54, R70). Values in, verdict out."""

from collections.abc import Collection
from datetime import date

from services.satisfaction.analysis.schemas import CampaignAnalysis
from shared.problems import Forbidden, Problem

RISK = "sampling_risk"


class NoSuchResult(Problem):
    """The analysis has no such figure, dimension, process or stratum."""

    status = 422


class DueInThePast(Problem):
    """Nobody can answer by a day that is over."""

    status = 422


class AlreadyAssigned(Problem):
    """This department was asked about this result."""

    status = 409


class AlreadyAnswered(Problem):
    """What was answered stays."""

    status = 409


def list_keys(analysis: CampaignAnalysis, aspect: str) -> list[str]:
    """What can be assigned of this aspect."""
    if aspect == "figure":
        return [figure.key for figure in analysis.figures]
    if aspect == "stratum":
        return [stratum.stratum for stratum in analysis.strata]
    if aspect == "risk":
        return [RISK]
    return [group.key for group in analysis.groups if group.aspect == aspect]


def require_known(analysis: CampaignAnalysis, aspect: str, key: str) -> None:
    """Raises `NoSuchResult`."""
    known = list_keys(analysis, aspect)
    if key not in known:
        shown = ", ".join(known[:20]) or "there is none"
        raise NoSuchResult(f"key: the analysis has no {aspect} '{key}'; one of: {shown}")


def require_future(due_on: date, today: date) -> None:
    """Raises `DueInThePast`."""
    if due_on < today:
        raise DueInThePast(f"due_on: {due_on} is over; today, {today}, or later")


def may_answer(
    caller: str, departments: Collection[str], is_quality: bool, person: str | None, department: str
) -> bool:
    """R70: the person who was asked, anybody of the department where nobody was named, or the quality manager."""
    return is_quality or (caller == person if person is not None else department in departments)


def require_answerer(
    caller: str, departments: Collection[str], is_quality: bool, person: str | None, department: str
) -> None:
    """Raises `Forbidden`: says who was asked."""
    if not may_answer(caller, departments, is_quality, person, department):
        raise Forbidden(f"{person or department} was asked; they answer, or the quality manager does for them")
