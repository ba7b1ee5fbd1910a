from datetime import timedelta

import pytest

from services.metrics.reopens.rules import allow_retry, retry_delay, write_note
from shared.problems import IllegalTransition


class TestWriteNote:
    def test_tells_what_the_customer_answered(self) -> None:
        """R81: what the engineer reads who finds the incident open again."""
        note = write_note("partly", "The printer still jams", "c1")
        assert note == (
            "Reopened: in the callback the customer answered that this is solved only in part. "
            'They said: "The printer still jams" (callback c1)'
        )
        assert "They said" not in write_note("no", None, "c1")


class TestRetryDelay:
    @pytest.mark.parametrize(
        ("failures", "asked", "luck", "seconds"),
        [
            (1, None, 0.0, 30),
            (1, None, 1.0, 33),
            (2, None, 0.0, 300),
            (1, 120.0, 0.0, 120),
            (2, 120.0, 0.0, 300),
            (1, 10**9, 0.0, 86_400),
        ],
    )
    def test_the_schedule_or_what_the_system_asks_for_up_to_a_day(
        self, failures: int, asked: float | None, luck: float, seconds: float
    ) -> None:
        assert retry_delay(failures, (30, 300), asked, luck) == timedelta(seconds=seconds)

    def test_ends_with_the_schedule(self) -> None:
        assert retry_delay(3, (30, 300), 5.0, 0.5) is None
        assert retry_delay(1, (), None, 0.5) is None


class TestAllowRetry:
    @pytest.mark.parametrize("state", ["due", "reopened", "already_open"])
    def test_what_is_under_way_or_done_is_not_begun_again(self, state: str) -> None:
        with pytest.raises(IllegalTransition):
            allow_retry(state)

    @pytest.mark.parametrize("state", ["failed", "not_configured"])
    def test_what_did_not_go_may_be_tried_again(self, state: str) -> None:
        allow_retry(state)
