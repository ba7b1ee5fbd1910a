"""When a dispute is opened, argued and settled. Values in, verdict out."""

from shared.problems import Problem

_MOST_POSITIONS = 200


class DisputeRuns(Problem):
    """One dispute about a complaint at a time."""

    status = 409


class NoDispute(Problem):
    status = 409


class TooManyPositions(Problem):
    status = 409


def check_no_dispute(runs: bool) -> None:
    """Raises `DisputeRuns`."""
    if runs:
        raise DisputeRuns("a dispute about this complaint runs; add a position to it, or settle it first")


def check_dispute_runs(runs: bool) -> None:
    """Raises `NoDispute`."""
    if not runs:
        raise NoDispute("no dispute about this complaint runs; open one first")


def check_positions(count: int) -> None:
    """Raises `TooManyPositions`."""
    if count >= _MOST_POSITIONS:
        raise TooManyPositions(f"{_MOST_POSITIONS} positions are kept; settle the dispute")
