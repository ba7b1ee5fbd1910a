from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.notifier.deliveries.rules import (
    Answer,
    Schedule,
    Verdict,
    judge_answer,
    read_retry_after,
    sign,
    signs,
    thin_body,
)
from services.notifier.endpoints.service import make_secret
from shared.ids import new_id

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEDULE = Schedule((5, 300, 1800), 0.1, 86_400)


def answered(status: int | None, retry_after: str | None = None) -> Answer:
    return Answer(NOW, 20, status, None if status else "no answer", "", retry_after)


def wait_of(verdict: Verdict) -> float:
    assert verdict.state == "pending"
    assert verdict.next_attempt_at is not None
    return (verdict.next_attempt_at - NOW).total_seconds()


class TestJudgeAnswer:
    @pytest.mark.parametrize("status", [200, 201, 204, 299])
    def test_2xx_is_success(self, status: int) -> None:
        assert judge_answer(answered(status), 0, SCHEDULE, NOW, 0.5) == Verdict("succeeded")

    @pytest.mark.parametrize("status", [None, 301, 400, 404, 429, 500])
    def test_anything_else_waits_by_the_schedule(self, status: int | None) -> None:
        waits = [wait_of(judge_answer(answered(status), failures, SCHEDULE, NOW, 0.5)) for failures in range(3)]
        assert waits == [5, 300, 1800]

    def test_after_the_last_delay_it_is_exhausted(self) -> None:
        assert judge_answer(answered(500), 3, SCHEDULE, NOW, 0.5) == Verdict("exhausted")

    def test_gone_is_the_end(self) -> None:
        assert judge_answer(answered(410), 0, SCHEDULE, NOW, 0.5) == Verdict("failed")

    @given(st.integers(0, 2), st.floats(0, 1))
    def test_jitter_stays_within_its_share(self, failures: int, chance: float) -> None:
        wait = wait_of(judge_answer(answered(500), failures, SCHEDULE, NOW, chance))
        delay = SCHEDULE.delays_seconds[failures]
        assert 0.9 * delay - 0.001 <= wait <= 1.1 * delay + 0.001

    def test_retry_after_makes_it_wait_longer_never_shorter(self) -> None:
        assert wait_of(judge_answer(answered(503, "60"), 0, SCHEDULE, NOW, 0.5)) == 60
        assert wait_of(judge_answer(answered(503, "60"), 1, SCHEDULE, NOW, 0.5)) == 300

    @given(st.integers(0, 10**14).map(str))
    def test_retry_after_is_clamped(self, seconds: str) -> None:
        assert wait_of(judge_answer(answered(503, seconds), 0, SCHEDULE, NOW, 0.5)) <= 86_400


class TestReadRetryAfter:
    def test_seconds(self) -> None:
        assert read_retry_after("120", NOW) == 120

    def test_a_date(self) -> None:
        assert read_retry_after(format_datetime(NOW + timedelta(hours=1), usegmt=True), NOW) == 3600

    def test_a_date_in_the_past_is_now(self) -> None:
        assert read_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", NOW) == 0

    @pytest.mark.parametrize("value", [None, "", "-5", "soon", "1e9", "٣", "9" * 400, "Sun, 99 Nov 99999 08:49:37 GMT"])
    def test_what_is_neither_is_ignored(self, value: str | None) -> None:
        assert read_retry_after(value, NOW) is None

    @given(st.text())
    def test_nothing_breaks_it(self, value: str) -> None:
        assert (read_retry_after(value, NOW) or 0) >= 0


class TestThinBody:
    def test_keeps_all_but_the_data(self) -> None:
        body = orjson.dumps({"id": "1", "type": "t", "data": {"a": 1}})
        assert orjson.loads(thin_body(body)) == {"id": "1", "type": "t"}
        assert thin_body(body) == thin_body(body)


class TestSigns:
    def test_until_its_grace_is_over(self) -> None:
        entry = {"secret": "sealed", "valid_until": NOW.isoformat()}
        assert signs(entry, NOW - timedelta(microseconds=1))
        assert not signs(entry, NOW)


class TestSign:
    @pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-5))])
    def test_the_library_verifies_it_whatever_the_zone(self, zone: timezone) -> None:
        secret, event_id, at = make_secret(), new_id(), datetime.now(zone)
        headers = {
            "webhook-id": str(event_id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": sign([secret], event_id, at, '{"a":"é"}'.encode()),
        }
        assert Webhook(secret).verify('{"a":"é"}'.encode(), headers) == {"a": "é"}

    def test_a_changed_body_or_a_foreign_secret_is_refused(self) -> None:
        secret, event_id, at = make_secret(), new_id(), datetime.now(UTC)
        headers = {
            "webhook-id": str(event_id),
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": sign([secret], event_id, at, b"{}"),
        }
        for reader, body in ((secret, b"[]"), (make_secret(), b"{}")):
            with pytest.raises(WebhookVerificationError):
                Webhook(reader).verify(body, headers)
