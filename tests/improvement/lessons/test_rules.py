import pytest

from services.improvement.lessons import rules


class TestRequireSigned:
    """R176: what worked is known when the effect is signed."""

    def test_of_a_verified_or_closed_record(self) -> None:
        assert rules.require_signed("verified", "ineffective") == "ineffective"
        assert rules.require_signed("closed", "effective") == "effective"

    @pytest.mark.parametrize(
        ("state", "verdict"), [("draft", None), ("monitoring", None), ("withdrawn", None), ("verified", None)]
    )
    def test_not_before(self, state: str, verdict: str | None) -> None:
        with pytest.raises(rules.NothingLearned, match="signed"):
            rules.require_signed(state, verdict)


class TestKeepsMark:
    def test_tags_and_service_are_no_words(self) -> None:
        assert rules.keeps_mark(["tags", "service"])
        assert not rules.keeps_mark(["tags", "reuse"])


class TestNormaliseTags:
    def test_lower_case_once_in_order(self) -> None:
        assert rules.normalise_tags(["Roster", "desk", "roster"]) == ["desk", "roster"]
