"""R85: the sample that a margin needs. Expected sizes are Cochran's, worked by hand."""

from datetime import UTC, datetime

import pytest

from services.satisfaction.populations.planning import (
    Counted,
    EmptyStratum,
    NoPopulation,
    Terms,
    UnknownStratum,
    find_cut,
    note_drawn,
    plan,
)

TERMS = Terms(margin=0.05, confidence=0.95, expected_response_rate=0.3, minimum_per_stratum=10)


def terms(**other: object) -> Terms:
    fields = {name: getattr(TERMS, name) for name in Terms.__slots__}
    return Terms(**{**fields, **other})


class TestPlan:
    @pytest.mark.parametrize(
        ("population", "required", "planned"),
        [
            (10_000, 370, 1234),  # 384.15 / (1 + 383.15 / 10,000) = 369.98; 370 / 0.3 = 1,233.3
            (1_000_000, 384, 1280),  # 384.15 / (1 + 383.15 / 1,000,000) = 384.00; 384 / 0.3 = 1,280
            (100, 80, 100),  # 79.5; 267 invitations, and there are 100
            (1, 1, 1),
        ],
    )
    def test_answers_and_the_invitations_that_bring_them(self, population: int, required: int, planned: int) -> None:
        made = plan([Counted("all", population)], TERMS)
        assert (made.required, made.planned, made.census) == (required, planned, planned == population)

    def test_each_stratum_keeps_the_margin(self) -> None:
        made = plan([Counted("big", 10_000), Counted("small", 100)], TERMS)
        assert [(one.stratum, one.required, one.planned, one.census) for one in made.strata] == [
            ("big", 370, 1234, False),
            ("small", 80, 100, True),
        ]
        assert (made.population, made.required, made.planned, made.census) == (10_100, 450, 1334, False)

    def test_never_fewer_than_the_minimum_and_never_more_than_there_are(self) -> None:
        made = plan([Counted("a", 10_000), Counted("b", 30)], terms(margin=0.4, minimum_per_stratum=50))
        # 6.002 / (1 + 5.002 / 10,000) = 5.9991: 6 answers, 20 invitations; the minimum is 50
        assert [(one.required, one.planned) for one in made.strata] == [(6, 50), (6, 30)]

    def test_who_rests_is_not_asked(self) -> None:
        (one,) = plan([Counted("a", 100, resting=40)], TERMS).strata
        assert (one.population, one.resting, one.planned, one.census) == (100, 40, 60, False)

    def test_an_empty_stratum_is_named(self) -> None:
        with pytest.raises(EmptyStratum, match="'south'") as raised:
            plan([Counted("north", 5)], terms(strata=("north", "south")))
        assert raised.value.extra == {"strata": ["south"]}

    def test_a_stratum_of_which_everybody_rests_is_named(self) -> None:
        with pytest.raises(EmptyStratum, match="everybody of stratum 'south'"):
            plan([Counted("north", 5), Counted("south", 3, resting=3)], terms(rest_days=30))

    def test_a_stratum_that_the_campaign_does_not_name(self) -> None:
        with pytest.raises(UnknownStratum, match="'east'"):
            plan([Counted("east", 1), Counted("north", 5)], terms(strata=("north",)))

    def test_nobody(self) -> None:
        with pytest.raises(NoPopulation):
            plan([], TERMS)


class TestNoteDrawn:
    def test_says_how_it_was_drawn(self) -> None:
        at = datetime(2026, 5, 1, tzinfo=UTC)
        made = note_drawn(plan([Counted("a", 20), Counted("b", 30)], TERMS), {"a": 20, "b": 30}, "s", "li.na", at)
        assert (made.drawn, made.seed, made.drawn_at, made.drawn_by) == (50, "s", at, "li.na")
        assert [one.drawn for one in made.strata] == [20, 30]


class TestFindCut:
    def test_a_few_more_than_are_planned(self) -> None:
        # (1,000 + 6 * 31.6 + 10) / 50,000 = 2.4%, and 0.024 * 16 = 0.38
        assert float.fromhex(f"0x0.{find_cut(1000, 50_000)}") == pytest.approx(0.024, abs=0.0001)

    def test_everybody_where_nearly_all_are_asked(self) -> None:
        assert find_cut(50, 60) == find_cut(1, 1) == "g"
        assert all(f"{digit:x}" < "g" for digit in range(16))
