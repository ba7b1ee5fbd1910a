"""R6-R10, R14, R101, R107, R150, R158, R175: what each event says in a record."""

from typing import Any
from uuid import UUID

import pytest

from services.improvement.sources import reading
from services.improvement.sources.rules import Told
from shared.events.audit import NonconformityRaised
from shared.events.envelope import Event, Fact
from shared.events.examples import example_of
from shared.ids import new_id
from tests.improvement.sources.builders import as_event


def read(name: str, **changes: Any) -> Told:
    """The published example, changed."""
    fact: Any = example_of(f"ratchet.{name}.v1").data.model_copy(update=changes)
    readers: dict[str, Any] = {
        "nonconformity.raised": reading.read_nonconformity,
        "decision.recorded": reading.read_decision,
        "risk.raised": reading.read_risk,
        "complaint.received": reading.read_complaint,
        "complaint.escalated": reading.read_complaint,
        "dissatisfaction.recorded": reading.read_dissatisfaction,
        "report.opinion_marked": reading.read_opinion,
        "renegotiation.requested": reading.read_renegotiation,
    }
    told: Told = readers[name](as_event(fact))
    return told


def survey(**changes: Any) -> Event[Any]:
    fact: Fact = example_of("ratchet.survey.analysed.v1").data.model_copy(update=changes)
    return as_event(fact)


class TestEach:
    @pytest.mark.parametrize(
        ("name", "kind", "severity", "told_by", "says"),
        [
            (
                "nonconformity.raised",
                "nonconformity",
                "high",
                "zhao.min",
                ["8.5.1", "31 Jul 2026", "zhao.min", "CHG0030012"],
            ),
            ("decision.recorded", "decision", "high", "liu.yang", ["Management review 2026", "halves", "chen.jie"]),
            (
                "risk.raised",
                "risk",
                "high",
                "zhao.min",
                ["1.6", "0.4", "240000.00 CNY", "3 assessors", "up from medium"],
            ),
            (
                "complaint.received",
                "complaint",
                "medium",
                "he.li",
                ["Ms. Gao", "hotline", "INC0045731", "nobody called"],
            ),
            (
                "complaint.escalated",
                "complaint",
                "high",
                "he.li",
                ["general before", "to chen.jie", "ending the agreement"],
            ),
            (
                "dissatisfaction.recorded",
                "dissatisfaction",
                "medium",
                "service:elsewhere",
                [
                    "harbour-bank: score 2 of 5 on incident INC0045731 (Mail cannot be sent from the branch)",
                    "resolved by li.wei, 3 Mar 2026, not solved, by phone, courtesy 4, explained 2",
                    "Nobody told me",
                ],
            ),
            (
                "report.opinion_marked",
                "report",
                "medium",
                "sun.lei",
                ["Monthly quality report", "1 May 2026", "have doubled"],
            ),
        ],
    )
    def test_says_who_what_and_when(self, name: str, kind: str, severity: str, told_by: str, says: list[str]) -> None:
        told = read(name)
        assert (told.kind, told.severity, told.told_by) == (kind, severity, told_by)
        for part in says:
            assert part in told.problem, part
        assert 0 < len(told.title) <= 200
        assert "\n" not in told.title

    def test_renegotiation_of_all_revisions_is_one_matter(self) -> None:
        first, second = read("renegotiation.requested"), read("renegotiation.requested", revision=9)
        assert first.keys == second.keys
        assert first.customer == example_of("ratchet.renegotiation.requested.v1").data.customer  # type: ignore[attr-defined]
        assert first.link is not None
        assert first.link in first.problem

    def test_a_complaint_that_escalates_stays_the_same(self) -> None:
        assert read("complaint.received").keys == read("complaint.escalated").keys

    @pytest.mark.parametrize(("given", "severity"), [("simple", "low"), ("general", "medium"), ("major", "high")])
    def test_a_complaints_class_is_its_severity(self, given: str, severity: str) -> None:
        """R199, R51."""
        assert read("complaint.received", complaint_class=given).severity == severity

    def test_complaints_of_nobody_are_about_nothing_in_common(self) -> None:
        told = read("complaint.received", anonymous=True, customer=None, complainant=None)
        assert told.subject is None
        assert "An anonymous caller" in told.problem

    def test_a_repeated_nonconformity_is_the_earlier_ones_matter_too(self) -> None:
        earlier = read("nonconformity.raised")
        again = read("nonconformity.raised", repeats=UUID(earlier.reference), grade="minor")
        assert earlier.keys[0] in again.keys
        assert again.severity == "medium"

    def test_a_decision_may_ask_for_none(self) -> None:
        assert not read("decision.recorded", opens_improvement=False).asks

    def test_a_score_without_more_says_no_more(self) -> None:
        bare = dict.fromkeys(("title", "resolver", "solved", "channel", "comment", "customer"))
        told = read("dissatisfaction.recorded", conduct={}, **bare)
        assert told.problem == "score 2 of 5 on incident INC0045731, 3 Mar 2026"

    def test_scores_are_grouped_by_service_else_by_group(self) -> None:
        assert read("dissatisfaction.recorded").keys == ("dissatisfaction:service=mail",)
        assert read("dissatisfaction.recorded", service=None).keys == ("dissatisfaction:group=messaging",)
        assert read("dissatisfaction.recorded", service=None, group=None).keys == ("dissatisfaction:all",)
        assert read("dissatisfaction.recorded", score=1).severity == "high"


class TestMeasure:
    def test_is_taken_over_with_its_scope(self) -> None:
        told = read("report.opinion_marked")
        assert (told.measure_key, told.scope) == ("reopen_rate", "service=branch-desk")
        assert read("report.opinion_marked", scope=None).scope == "all"

    @pytest.mark.parametrize(
        "wrong", [{"measure_key": "No Measure"}, {"scope": "moon=full"}, {"scope": "service="}, {"measure_key": None}]
    )
    def test_what_is_no_measure_is_left_out(self, wrong: dict[str, Any]) -> None:
        told = read("report.opinion_marked", **wrong)
        assert (told.measure_key, told.scope) == (None, None)


class TestTitle:
    def test_is_one_line_that_a_record_can_take(self) -> None:
        told = read("nonconformity.raised", title="long " * 100 + "\nand two lines")
        assert len(told.title) == 200
        assert told.title.endswith("…")


class TestSurvey:
    """R10, R54, R175: only what is significantly worse than expected."""

    def test_each_significant_negative_gap_is_one(self) -> None:
        (told,) = reading.read_survey(survey())
        assert told.severity == "medium"  # 1.1 of a scale of 6 is 18 %
        for part in ("expected 6.2", "perceived 5.1", "-1.1", "-1.4", "-0.8", "n = 156", "0.86", "156 of 240"):
            assert part in told.problem, part
        assert told.title == "Responsiveness: perceived 5.1, expected 6.2"

    def test_what_is_not_significant_or_better_than_expected_is_none(self) -> None:
        gap = example_of("ratchet.survey.analysed.v1").data.gaps[0]  # type: ignore[attr-defined]
        better = gap.model_copy(update={"gap": 0.5, "low": 0.2, "high": 0.8})
        unsure = gap.model_copy(update={"significant": False, "high": 0.1})
        contradictory = gap.model_copy(update={"high": 0.1})
        assert reading.read_survey(survey(gaps=(better, unsure, contradictory))) == []

    def test_the_same_dimension_of_another_campaign_is_another_thing_on_one_subject(self) -> None:
        (first,) = reading.read_survey(survey())
        (second,) = reading.read_survey(survey(campaign_id=new_id()))
        assert first.keys != second.keys
        assert first.subject == second.subject

    @pytest.mark.parametrize(("scale_to", "severity"), [(4, "high"), (7, "medium"), (11, "low")])
    def test_severity_is_the_share_of_the_scale(self, scale_to: float, severity: str) -> None:
        (told,) = reading.read_survey(survey(scale_to=scale_to))
        assert told.severity == severity


class TestMinimal:
    def test_an_event_with_nothing_but_what_must_be(self) -> None:
        full = example_of("ratchet.nonconformity.raised.v1").data.model_dump()
        needed = {name for name, field in NonconformityRaised.model_fields.items() if field.is_required()}
        bare = NonconformityRaised(**{name: full[name] for name in needed})
        told = reading.read_nonconformity(as_event(bare))
        assert "None" not in told.problem
