import pytest

from services.improvement.meetings import rules
from shared.problems import IllegalTransition


def standing(kind: str = "plan", told: str | None = None, carried: bool = False) -> rules.Standing:
    return rules.Standing("0.1" if carried else "1", "Patch the gateway", kind, told, carried)


class TestRequireAllowed:
    def test_names_what_may_be_done_instead(self) -> None:
        with pytest.raises(IllegalTransition) as refused:
            rules.require_allowed("minute", "closed")
        assert refused.value.extra["allowed"] == ["add an addendum"]

    @pytest.mark.parametrize(
        ("state", "allowed"),
        [
            ("planned", ["edit", "attend", "minute", "add item", "hold", "cancel"]),
            ("held", ["attend", "minute", "add item", "sign off"]),
            ("closed", ["add an addendum"]),
            ("cancelled", []),
        ],
    )
    def test_from_each_state(self, state: str, allowed: list[str]) -> None:
        assert rules.list_allowed(state) == allowed


class TestListMissingToHold:
    """R50: no meeting without minutes and without anybody there."""

    def test_names_both(self) -> None:
        minutes, attendees = rules.list_missing_to_hold(False, [])
        assert minutes.startswith("minutes")
        assert attendees.startswith("attendees (at least one")

    def test_everybody_absent_is_nobody(self) -> None:
        assert len(rules.list_missing_to_hold(True, ["absent", "absent"])) == 1

    def test_of_everyone_it_is_told(self) -> None:
        (missing,) = rules.list_missing_to_hold(True, ["present", "expected"])
        assert "everyone" in missing

    def test_a_delegate_is_enough(self) -> None:
        assert rules.list_missing_to_hold(True, ["delegate", "absent"]) == []


class TestListMissingToClose:
    """R92: the monthly meeting says of every item of the plan whether it was done."""

    def test_names_each_that_was_not_told(self) -> None:
        items = [standing(), standing(told="done"), standing(kind="action", carried=True), standing(kind="action")]
        missing = rules.list_missing_to_close("monthly_quality_analysis", items)
        assert [line.split(" ")[2] for line in missing] == ["1", "0.1"]

    def test_nothing_to_say_of_new_actions_and_of_the_agenda(self) -> None:
        items = [standing(kind="action"), standing(kind="agenda")]
        assert rules.list_missing_to_close("monthly_quality_analysis", items) == []

    def test_other_meetings_are_freer(self) -> None:
        for kind in ("weekly", "department", "improvement_review", "workshop"):
            assert rules.list_missing_to_close(kind, [standing()]) == []


class TestRequireChair:
    def test_only_the_chair(self) -> None:
        rules.require_chair("mona", "mona")
        with pytest.raises(rules.NotTheChair, match="mona"):
            rules.require_chair("otto", "mona")


class TestRequireUndone:
    def test_what_is_settled_is_settled(self) -> None:
        for state in ("open", "not_done"):
            rules.require_undone("tell", state)
        for state in ("done", "dropped", "improvement"):
            with pytest.raises(IllegalTransition):
                rules.require_undone("tell", state)

    def test_the_agenda_is_not_asked_for(self) -> None:
        rules.require_task("action")
        with pytest.raises(rules.NotAskedFor, match="action"):
            rules.require_task("agenda")
