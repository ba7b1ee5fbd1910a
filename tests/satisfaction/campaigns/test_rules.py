"""R47, R79, R84, R161: what may become of a campaign, by whom, and what it asks."""

from datetime import UTC, datetime
from typing import Any

import pytest

from services.satisfaction.campaigns import rules
from services.satisfaction.campaigns.schemas import LaunchCheck, Waiver
from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.questionnaires.schemas import Content
from shared.auth import Role
from shared.problems import Forbidden, IllegalTransition


def content(*items: dict[str, Any], **more: Any) -> Content:
    made = [{"wording": {"en": item["key"]}, **item} for item in items]
    return Content.model_validate({"title": {"en": "T"}, "items": made, **more})


def waiver(clause: str, reason: str = "asked by phone") -> Waiver:
    return Waiver(clause=clause, reason=reason, waived_by="li.na", waived_at=datetime(2026, 5, 1, tzinfo=UTC))


def promised(*references: str) -> list[rules.Promised]:
    return [rules.Promised(one, f"About {one}", "acme", None) for one in references]


class TestRequireConductor:
    @pytest.mark.parametrize(
        ("level", "role", "may"),
        [
            ("company", Role.QUALITY_MANAGER, True),
            ("company", Role.SERVICE_DESK, False),
            ("project", Role.SERVICE_DESK, True),
            ("project", Role.PROJECT_MANAGER, True),
            ("project", Role.QUALITY_MANAGER, False),
        ],
    )
    def test_the_level_says_who(self, level: Any, role: Role, may: bool) -> None:
        """R47, R79"""
        if may:
            rules.require_conductor(level, {role}, "x")
        else:
            with pytest.raises(Forbidden, match="needs one of these roles"):
                rules.require_conductor(level, {role}, "x")


class TestListSteps:
    @pytest.mark.parametrize(
        ("has_people", "is_drawn", "uncovered", "expected"),
        [
            (False, False, (), ["next", "later", "done", "later"]),
            (True, False, (), ["done", "next", "done", "later"]),
            (True, True, ("SLA-1/response",), ["done", "done", "next", "later"]),
            (True, True, (), ["done", "done", "done", "next"]),
        ],
    )
    def test_one_is_next(
        self, has_people: bool, is_drawn: bool, uncovered: tuple[str, ...], expected: list[str]
    ) -> None:
        check = LaunchCheck(ready=False, missing=(), uncovered=uncovered, unknown_clauses=(), clauses=())
        assert [step.standing for step in rules.list_steps(has_people, is_drawn, check)] == expected


class TestRequireEditable:
    def test_what_was_asked_stays(self) -> None:
        rules.require_editable("draft", {"questionnaire_key", "margin"})
        rules.require_editable("launched", {"closes_at", "reminder_every_days"})
        with pytest.raises(rules.Launched, match="margin"):
            rules.require_editable("launched", {"closes_at", "margin"})
        with pytest.raises(IllegalTransition):
            rules.require_editable("closed", {"title"})


class TestCheckClauses:
    def test_items_and_waivers(self) -> None:
        """R84"""
        asked = content(
            {"kind": "rating", "key": "speed", "clauses": ["SLA-1/response", "SLA-1/repair"]},
            {"kind": "text", "key": "why", "clauses": ["SLA-1/repair"]},
        )
        clauses = promised("SLA-1/response", "SLA-1/repair", "SLA-1/backup", "SLA-2/a", "SLA-2/b", "SLA-3/a")
        waivers = [waiver("SLA-1/backup"), waiver("SLA-2/*", "not yet in force"), waiver("SLA-2/b", "own")]
        got = {one.clause: one for one in rules.check_clauses(clauses, asked, waivers)}
        assert list(got) == sorted(one.reference for one in clauses)
        assert got["SLA-1/repair"].items == ("speed", "why")
        reasons = {clause: one.waiver and one.waiver.reason for clause, one in got.items()}
        assert reasons == {
            "SLA-1/backup": "asked by phone",
            "SLA-1/repair": None,
            "SLA-1/response": None,
            "SLA-2/a": "not yet in force",
            "SLA-2/b": "own",
            "SLA-3/a": None,
        }
        assert [clause for clause, one in got.items() if not one.covered] == ["SLA-3/a"]

    def test_two_revisions_of_one_number_are_asked_about_once(self) -> None:
        assert len(rules.check_clauses(promised("SLA-1/a", "SLA-1/a"), content({"kind": "text", "key": "t"}), [])) == 1


class TestListExpectations:
    def test_servqual_asks_how_it_should_be(self) -> None:
        """R161"""
        asked = rules.list_expectations(BUILT_IN["servqual_22"])
        assert asked is not None
        statements = [item for item in asked.items if item.kind == "rating"]
        assert (len(statements), {(item.low, item.high) for item in statements}) == (22, {(1, 7)})
        assert statements[0].wording == BUILT_IN["servqual_22"].items[0].wording
        assert {item.dimension for item in statements} == {
            item.dimension for item in BUILT_IN["servqual_22"].items if item.dimension
        }
        assert "how it is" not in asked.model_dump_json()

    def test_what_hangs_on_an_experience_falls_away(self) -> None:
        asked = content(
            {"kind": "rating", "key": "csat"},
            {"kind": "text", "key": "why", "show_if": {"item": "csat", "one_of": [1]}},
            {"kind": "pair", "key": "fast", "dimension": "d"},
            {"kind": "text", "key": "wish"},
        )
        left = rules.list_expectations(asked)
        assert left is not None
        assert [item.key for item in left.items] == ["fast", "wish"]

    def test_where_nothing_is_expected(self) -> None:
        assert rules.list_expectations(BUILT_IN["nps"]) is None
