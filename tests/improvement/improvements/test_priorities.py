import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.improvement.improvements.priorities import IMPACTS, SEVERITIES, prioritise

EFFORTS = ("small", "medium", "large")


class TestPrioritise:
    """R4, R17: how urgent it is, and why."""

    @pytest.mark.parametrize(
        ("severity", "impact", "effort", "level"),
        [
            ("critical", "very_high", None, 1),
            ("critical", "high", None, 1),
            ("high", "very_high", "medium", 1),
            ("critical", "medium", None, 2),
            ("high", "high", None, 2),
            ("high", "medium", None, 3),
            ("medium", "medium", None, 3),
            ("low", "very_high", None, 3),
            ("low", "medium", None, 4),
            ("low", "low", None, 5),
            ("high", None, None, 3),
            (None, "very_high", None, 2),
            (None, "low", None, 4),
            ("high", "high", "small", 1),
            ("low", "low", "small", 4),
            ("critical", "very_high", "small", 1),
            ("critical", "very_high", "large", 1),
            ("high", "high", "large", 3),
            ("low", "low", "large", 5),
        ],
    )
    def test_by_hand(self, severity: str | None, impact: str | None, effort: str | None, level: int) -> None:
        assert prioritise(severity, impact, effort).level == level

    def test_nothing_known_gives_none_and_says_what_would_help(self) -> None:
        nothing = prioritise(None, None, "small")
        assert nothing.level is None
        assert "give one" in nothing.explanation

    def test_says_how_it_came(self) -> None:
        assert prioritise("high", None, "small").explanation == (
            "severity high (3) + impact unknown, taken as medium (2) = 5: level 3; small effort: 2"
        )

    @given(
        st.integers(0, 2),
        st.none() | st.sampled_from(IMPACTS),
        st.none() | st.sampled_from(EFFORTS),
    )
    def test_what_hurts_more_is_never_put_later(self, place: int, impact: str | None, effort: str | None) -> None:
        mild, worse = (prioritise(SEVERITIES[place + more], impact, effort).level for more in (0, 1))
        assert mild is not None
        assert worse is not None
        assert worse <= mild
