from typing import Any

import pytest
from pydantic import ValidationError

from services.satisfaction.main import define
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Role
from shared.settings import Settings


class TestSatisfactionSettings:
    def test_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
        monkeypatch.setenv("RATCHET_SATISFACTION_UNREACHABLE_AFTER_ATTEMPTS", "5")
        monkeypatch.setenv("RATCHET_SATISFACTION_DISSATISFIED_UP_TO_SCORE", "3")
        thresholds = define(settings).ports["thresholds"]
        assert (thresholds.unreachable_after_attempts, thresholds.dissatisfied_up_to_score) == (5, 3)

    def test_levels_of_escalation_come_as_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """R80."""
        monkeypatch.setenv("RATCHET_SATISFACTION_ESCALATIONS", '[[-2.5, "service_desk"], [1, "top_management"]]')
        monkeypatch.setenv("RATCHET_SATISFACTION_QUIET_HOURS", "21:00-08:00")
        read = SatisfactionSettings()
        assert read.escalations == ((-2.5, Role.SERVICE_DESK), (1.0, Role.TOP_MANAGEMENT))
        assert read.quiet_hours == "21:00-08:00"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"unreachable_after_attempts": 0},
            {"dissatisfied_up_to_score": 5},
            {"dissatisfied_up_to_score": 0},
            {"time_zone": "Mars/Olympus"},
            {"quiet_hours": "21-8"},
            {"quiet_hours": "25:00-08:00"},
            {"claim_by": "agent"},
            {"claim_minutes": 0},
            {"escalations": ((4, "service_desk"), (4, "department_head"))},
            {"escalations": ((4, "the boss"),)},
            {"escalations": ((-25, "service_desk"),)},
            {"link_valid_days": 0},
            {"link_misses_per_minute": 0},
            {"public_url": "ratchet.example"},
        ],
    )
    def test_a_threshold_that_means_nothing_is_refused(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            SatisfactionSettings(**wrong)
