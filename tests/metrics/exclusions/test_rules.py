import pytest

from services.metrics.exclusions.rules import (
    Stretch,
    UnknownExemption,
    UnsoundInterval,
    check_exemption,
    check_interval,
    find_overlaps,
    other_party,
)
from shared.ids import new_id
from tests.metrics.clauses.builders import on

CLAUSE, OTHER, TICKET = new_id(), new_id(), new_id()


def stretch(begin: int, end: int, clause: object = None, tickets: object = None) -> Stretch:
    return Stretch(new_id(), clause, on(begin), on(end), tickets)  # type: ignore[arg-type]


class TestGuards:
    """R168."""

    def test_an_exemption_must_be_in_the_agreement(self) -> None:
        check_exemption("flood", {"flood"})
        with pytest.raises(UnknownExemption, match="it has flood, war"):
            check_exemption("rain", {"war", "flood"})
        with pytest.raises(UnknownExemption, match="it has none"):
            check_exemption("rain", set())

    @pytest.mark.parametrize(
        ("begin", "end", "what"),
        [(on(5), on(5), "before"), (on(5), on(11), "not come yet"), (on(1, month=2), on(5), "counts from")],
    )
    def test_an_interval_must_be_sound_past_and_within_the_term(self, begin: object, end: object, what: str) -> None:
        check_interval(on(5), on(6), on(1), on(1, month=4), on(10))
        with pytest.raises(UnsoundInterval, match=what):
            check_interval(begin, end, on(1), on(1, month=4), on(10))  # type: ignore[arg-type]

    def test_overlaps_are_of_the_same_time_clause_and_ticket(self) -> None:
        new = stretch(5, 8, CLAUSE)
        same, everything = stretch(7, 9, CLAUSE), stretch(4, 6)
        beside, another = stretch(8, 9, CLAUSE), stretch(5, 8, OTHER)
        assert find_overlaps(new, [same, everything, beside, another]) == [same.id, everything.id]
        of_ticket, of_other = stretch(5, 8, CLAUSE, frozenset({TICKET})), stretch(5, 8, CLAUSE, frozenset({OTHER}))
        assert find_overlaps(of_ticket, [of_other]) == []
        assert find_overlaps(of_ticket, [new]) == [new.id]

    def test_the_other_party_decides(self) -> None:
        assert (other_party("provider"), other_party("customer")) == ("customer", "provider")
