from datetime import UTC, datetime

from services.improvement.improvements.models import HistoryLine
from services.improvement.printed.rules import RevisionLine, list_revisions


def line(day: int, action: str, actor: str, note: str | None = None) -> HistoryLine:
    return HistoryLine(at=on(day), action=action, actor=actor, note=note, to_state="draft")


def on(day: int) -> datetime:
    return datetime(2026, 3, day, tzinfo=UTC)


class TestListRevisions:
    def test_every_revision_has_its_author_its_change_and_its_last_approval(self) -> None:
        """R1: the revision table of a controlled document."""
        history = [
            line(1, "open", "petra"),
            line(2, "edit", "petra", "changed: plan"),
            line(3, "submit", "petra"),
            line(4, "approval_given", "sven"),
            line(5, "approve", "dora"),
            line(6, "change_plan", "olga", "material change: budget (dearer)"),
            line(7, "approve", "sven"),
            line(17, "approval_expired", "service:improvement", "asks again"),
            line(18, "revise", "petra", "another way"),
        ]
        assert list_revisions(history) == [
            RevisionLine(1, on(1), "petra", None, "dora", on(5)),
            RevisionLine(2, on(6), "olga", "material change: budget (dearer)", "sven", on(7)),
            RevisionLine(3, on(17), "service:improvement", "asks again"),
            RevisionLine(4, on(18), "petra", "another way"),
        ]

    def test_without_history_there_is_none(self) -> None:
        assert list_revisions([]) == []
