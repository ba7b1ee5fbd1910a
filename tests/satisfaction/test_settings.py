import pytest
from pydantic import ValidationError

from services.satisfaction.main import define
from services.satisfaction.settings import SatisfactionSettings
from shared.settings import Settings


class TestSatisfactionSettings:
    def test_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        monkeypatch.setenv("RATCHET_SATISFACTION_UNREACHABLE_AFTER_ATTEMPTS", "5")
        monkeypatch.setenv("RATCHET_SATISFACTION_DISSATISFIED_UP_TO_SCORE", "3")
        thresholds = define(settings).ports["thresholds"]
        assert (thresholds.unreachable_after_attempts, thresholds.dissatisfied_up_to_score) == (5, 3)

    @pytest.mark.parametrize(
        "wrong", [{"unreachable_after_attempts": 0}, {"dissatisfied_up_to_score": 5}, {"dissatisfied_up_to_score": 0}]
    )
    def test_a_threshold_that_means_nothing_is_refused(self, wrong: dict[str, int]) -> None:
        with pytest.raises(ValidationError):
            SatisfactionSettings(**wrong)  # type: ignore[arg-type]
