"""Who may take which step: the same verdict for REST and for what a page offers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.satisfaction.complaints import rules
from services.satisfaction.complaints.disputes.rules import DisputeRuns, NoDispute
from services.satisfaction.complaints.moves import Mover, Situation, check_step
from shared.problems import Forbidden, IllegalTransition, Missing, Problem

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
OWNER, OTHER = Mover("wang"), Mover("chen")
BOSS = Mover("mona", is_manager=True, makes_calls=True)
DESK = Mover("liu", makes_calls=True)


def situation(**changes: Any) -> Situation:
    usual: dict[str, Any] = {
        "state": "open",
        "owner": "wang",
        "offered_to": None,
        "complained_about": None,
        "pass_ons": 0,
        "acknowledged_at": None,
        "answered_by": None,
        "silent_until": None,
        "held": False,
    }
    return Situation(**{**usual, **changes})


def verdict(step: str, complaint: Situation, by: Mover, missing: tuple[str, ...] = ()) -> type[Problem] | None:
    try:
        check_step(step, complaint, by, NOW, 3, missing)
    except Problem as refusal:
        return type(refusal)
    return None


ANSWERED = {"state": "answered", "answered_by": "wang", "silent_until": NOW + timedelta(days=5)}


class TestCheckStep:
    @pytest.mark.parametrize(
        "step", ["acknowledge", "plan", "analyse the cause", "answer", "pass on", "report progress"]
    )
    def test_the_owners_or_a_managers(self, step: str) -> None:
        """R198."""
        assert [verdict(step, situation(), by) for by in (OWNER, BOSS, OTHER)] == [None, None, rules.NotTheOwner]
        assert verdict(step, situation(owner=None), OTHER) is rules.NotTheOwner

    @pytest.mark.parametrize(
        ("changes", "by", "expected"),
        [
            ({}, OWNER, rules.NotOffered),
            ({}, OTHER, rules.NotOffered),
            ({}, BOSS, None),
            ({"owner": None}, OTHER, None),
            ({"offered_to": "chen"}, OTHER, None),
            ({"offered_to": "kim"}, OTHER, rules.NotOffered),
            ({"owner": None, "offered_to": "kim"}, OTHER, rules.NotOffered),
            ({"owner": None, "complained_about": "Chen"}, OTHER, rules.ComplainedAbout),
        ],
    )
    def test_taking_over(self, changes: dict[str, Any], by: Mover, expected: type[Problem] | None) -> None:
        """R198."""
        assert verdict("take over", situation(**changes), by) is expected

    def test_passing_on_too_often(self) -> None:
        """R193."""
        assert [verdict("pass on", situation(pass_ons=n), OWNER) for n in (2, 3)] == [None, rules.PassedOnTooOften]
        assert verdict("pass on", situation(pass_ons=9), BOSS) is None
        assert verdict("pass on", situation(offered_to="chen"), BOSS) is rules.AlreadyOffered
        assert verdict("answer", situation(offered_to="chen"), OWNER) is rules.AlreadyOffered

    def test_the_follow_up_call(self) -> None:
        """R51: the service centre's, and not of whoever answered."""
        answered = situation(**ANSWERED)
        assert [verdict("follow up", answered, by) for by in (DESK, OTHER)] == [None, Forbidden]
        assert verdict("follow up", situation(**{**ANSWERED, "answered_by": "liu"}), DESK) is rules.AnsweredYourself

    def test_closing(self) -> None:
        """R51."""
        assert verdict("close", situation(), OWNER) is IllegalTransition
        assert verdict("close", situation(**ANSWERED), OWNER) is rules.StillSilent
        assert verdict("close", situation(**{**ANSWERED, "silent_until": NOW}), OWNER) is None
        assert verdict("close", situation(state="accepted"), OWNER) is None
        assert verdict("close", situation(state="accepted"), OWNER, ("plan",)) is Missing

    def test_disputes(self) -> None:
        """R170, R196."""
        running, none = situation(held=True), situation()
        assert [verdict("open a dispute", one, OTHER) for one in (none, running)] == [None, DisputeRuns]
        assert [verdict("add a position", one, OTHER) for one in (none, running)] == [NoDispute, None]
        assert [verdict("settle the dispute", running, by) for by in (OWNER, OTHER)] == [None, rules.NotTheOwner]
        assert [verdict("edit", one, OTHER) for one in (none, running)] == [None, rules.LegalHold]

    def test_whom_it_is_about_says_their_side_and_hands_it_over(self) -> None:
        mine = situation(complained_about="WANG")
        allowed = [step for step in rules.list_allowed("open") if verdict(step, mine, OWNER) is None]
        assert allowed == ["pass on", "escalate", "note"]
