from datetime import UTC, datetime, timedelta

import pytest

from services.improvement.discussion import rules

WRITTEN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def edit(
    kind: str = "comment", caller: str = "eva", after: int = 0, minutes: int = 15, retracted: bool = False
) -> None:
    now = WRITTEN + timedelta(minutes=after)
    rules.require_editable(kind, "eva", caller, WRITTEN, now, minutes, retracted)


class TestRequireEditable:
    """R19: what was said stands; a slip is mended by its author within minutes."""

    def test_the_author_mends_a_slip_up_to_the_last_minute(self) -> None:
        edit(after=15)
        edit(kind="progress")

    def test_then_it_stands(self) -> None:
        with pytest.raises(rules.NoLongerEditable, match="15 minutes"):
            edit(after=16)

    def test_never_with_no_minutes(self) -> None:
        with pytest.raises(rules.NoLongerEditable):
            edit(after=1, minutes=0)

    def test_nobody_else(self) -> None:
        with pytest.raises(rules.NotTheAuthor, match="eva"):
            edit(caller="otto")

    def test_a_decision_stands_from_the_first_moment(self) -> None:
        with pytest.raises(rules.NoLongerEditable, match="another decision"):
            edit(kind="decision")

    def test_nothing_that_was_retracted(self) -> None:
        with pytest.raises(rules.NoLongerEditable, match="retracted"):
            edit(retracted=True)
