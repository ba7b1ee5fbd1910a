"""What can be linked, and how its reference is spelled; pure."""

from typing import Literal
from uuid import UUID

from shared.problems import Problem

LinkKind = Literal[
    "gap",
    "nonconformity",
    "complaint",
    "risk",
    "meeting",
    "ticket",
    "annual_plan_item",
    "document",
    "improvement",
]
"""R8, R21, R101, R125: where an improvement comes from and what it serves."""

_OURS = ("gap", "meeting", "improvement")
"""Kinds whose references are this product's own ids."""


class UnsoundReference(Problem):
    """Nothing of that kind has such a reference."""

    status = 422


def normalise_reference(kind: str, reference: str) -> str:
    """One spelling for one thing, so that it is found again; ids are told in lower case.

    Raises:
        UnsoundReference: the kind's references are ids, and this is none.
    """
    if kind not in _OURS:
        return reference
    try:
        return str(UUID(reference))
    except ValueError:
        raise UnsoundReference(f"reference: a {kind} is referred to by its id, a UUID; {reference!r} is none") from None
