from datetime import UTC, datetime, timedelta

import pytest

from services.satisfaction.invitations.rules import Rhythm, Step, find_reminder, follow_mail, is_usable
from shared.mail import Outcome

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
WEEKLY = Rhythm(every_days=7, at_most=2, closes_at=None)
RETRIES = [timedelta(minutes=5), timedelta(hours=2)]


class TestIsUsable:
    @pytest.mark.parametrize(
        ("invitation", "campaign", "closes_in", "expected"),
        [
            ("open", "launched", None, True),
            ("open", "launched", 1, True),
            ("open", "launched", 0, False),
            ("answered", "launched", 1, False),
            ("stopped", "launched", 1, False),
            ("expired", "launched", 1, False),
            ("open", "closed", 1, False),
            ("open", "draft", 1, False),
        ],
    )
    def test_once_while_the_campaign_runs(
        self, invitation: str, campaign: str, closes_in: int | None, expected: bool
    ) -> None:
        closes_at = None if closes_in is None else NOW + timedelta(hours=closes_in)
        assert is_usable(invitation, campaign, closes_at, NOW) is expected


class TestFindReminder:
    def test_repeats_until_it_was_asked_often_enough(self) -> None:
        """Invitation and two reminders are three mails."""
        assert find_reminder(1, WEEKLY, NOW) == datetime(2026, 3, 9, 9, tzinfo=UTC)
        assert find_reminder(2, WEEKLY, NOW) == datetime(2026, 3, 9, 9, tzinfo=UTC)
        assert find_reminder(3, WEEKLY, NOW) is None

    def test_without_a_limit_it_goes_on(self) -> None:
        assert find_reminder(50, Rhythm(1, None, None), NOW) == datetime(2026, 3, 3, 9, tzinfo=UTC)

    def test_none_is_asked_for(self) -> None:
        assert find_reminder(1, Rhythm(0, None, None), NOW) is None
        assert find_reminder(1, Rhythm(7, 0, None), NOW) is None

    def test_not_when_the_campaign_is_over(self) -> None:
        assert find_reminder(1, Rhythm(7, None, NOW + timedelta(days=7)), NOW) is None
        assert find_reminder(1, Rhythm(7, None, NOW + timedelta(days=8)), NOW) is not None


class TestFollowMail:
    def test_sent(self) -> None:
        step = follow_mail(Outcome("sent"), 0, 1, WEEKLY, NOW, RETRIES)
        assert step == Step(1, 0, NOW + timedelta(days=7), None)

    def test_refused_for_good(self) -> None:
        """A bounce: recorded, and nobody writes there again."""
        step = follow_mail(Outcome("refused", "550 no such user"), 0, 0, WEEKLY, NOW, RETRIES)
        assert step == Step(0, 1, None, "550 no such user")

    def test_failed_is_tried_again_by_the_schedule_and_then_waits(self) -> None:
        failed = Outcome("failed", "451 later")
        first = follow_mail(failed, 0, 0, WEEKLY, NOW, RETRIES)
        assert first == Step(0, 1, NOW + timedelta(minutes=5), "451 later")
        assert follow_mail(failed, 0, 1, WEEKLY, NOW, RETRIES) == Step(0, 2, NOW + timedelta(hours=2), "451 later")
        assert follow_mail(failed, 0, 2, WEEKLY, NOW, RETRIES) == Step(0, 0, NOW + timedelta(days=7), "451 later")

    def test_what_may_have_gone_out_is_not_sent_twice(self) -> None:
        step = follow_mail(Outcome("unknown", "broke"), 1, 0, WEEKLY, NOW, RETRIES)
        assert step == Step(2, 0, NOW + timedelta(days=7), "broke")
