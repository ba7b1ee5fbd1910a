import pytest

from services.metrics.reopens.rules import allow_retry, write_note
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


class TestAllowRetry:
    @pytest.mark.parametrize("state", ["due", "reopened", "already_open"])
    def test_what_is_under_way_or_done_is_not_begun_again(self, state: str) -> None:
        with pytest.raises(IllegalTransition):
            allow_retry(state)

    @pytest.mark.parametrize("state", ["failed", "not_configured"])
    def test_what_did_not_go_may_be_tried_again(self, state: str) -> None:
        allow_retry(state)
