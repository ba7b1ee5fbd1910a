import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Row, text

from services.satisfaction.invitations.service import expire_invitations, issue, send_mails
from services.satisfaction.questionnaires.schemas import Content
from services.satisfaction.tokens import derive_key
from shared.auth import Role
from shared.mail import Mail, MemoryMailer, Outcome, write_message
from tests.satisfaction.invitations.building import LATER, NOW, change, launch, page_of, read, send, tokens_of
from tests.support.solo import Solo

BASE = "https://ratchet.example"
RETRIES = [timedelta(minutes=5)]
_PASS = text("UPDATE survey_invitations SET next_mail_at = now() - interval '1 s' WHERE next_mail_at IS NOT NULL")


async def mail(solo: Solo, mailer: MemoryMailer, most: int = 20) -> int:
    return await send_mails(solo.database, mailer, derive_key(solo.settings), BASE, RETRIES, most)


async def pass_time(solo: Solo) -> None:
    """Whatever was planned is due."""
    async with solo.transaction() as session:
        await session.execute(_PASS)


class TestIssue:
    async def test_every_drawn_member_once(self, solo: Solo) -> None:
        campaign = await launch(solo, 3)
        async with solo.transaction() as session:
            assert await issue(session, campaign, NOW, derive_key(solo.settings)) == 0
        rows = await read(solo, "SELECT * FROM survey_invitations ORDER BY member_id")
        assert [(row.state, row.channel, row.sent) for row in rows] == [("open", "email", 0)] * 3
        assert len(set(await tokens_of(solo, campaign.id))) == 3

    async def test_who_was_not_drawn_is_not_asked(self, solo: Solo) -> None:
        campaign = await launch(solo, 0)
        async with solo.transaction() as session:
            await session.execute(
                text(
                    "INSERT INTO survey_members (campaign_id, reference, stratum, contact_hash, drawn) "
                    "VALUES (:id, 'a', 's', '\\x01', false), (:id, 'b', 's', '\\x02', true)"
                ),
                {"id": campaign.id},
            )
            assert await issue(session, campaign, NOW, derive_key(solo.settings)) == 1
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert (row.contact_hash, row.channel, row.next_mail_at) == (b"\x02", "link", None)

    async def test_no_mail_goes_before_the_campaign_opens(self, solo: Solo) -> None:
        opens = (NOW + timedelta(days=3)).date()
        await launch(solo, opens_on=opens)
        [row] = await read(solo, "SELECT next_mail_at FROM survey_invitations")
        assert row.next_mail_at == datetime(opens.year, opens.month, opens.day, tzinfo=UTC)


class TestSendMails:
    async def test_each_gets_their_own_link_in_their_language(self, solo: Solo) -> None:
        campaign = await launch(solo, 2, closes_at=datetime(2099, 5, 4, 8, tzinfo=UTC), anonymous=True)
        await change(solo, "survey_members", language="zh-CN")
        mailer = MemoryMailer()
        assert await mail(solo, mailer) == 2
        tokens = await tokens_of(solo, campaign.id)
        assert [each.to for each in mailer.mails] == ["p1@example.org", "p2@example.org"]
        for each, token in zip(mailer.mails, tokens, strict=True):
            assert f"\n{BASE}/satisfaction/survey/{token}\n" in each.text
            assert each.subject == "服务满意度"
            assert "2099年5月4日" in each.text
            assert "不记名" in each.text
            assert each.headers["List-Unsubscribe"] == f"<{BASE}/satisfaction/survey/{token}/stop>"
            assert sum(other in each.text for other in tokens) == 1

    async def test_reminds_until_answered_or_often_enough(self, solo: Solo) -> None:
        campaign = await launch(solo, 2, reminders_at_most=1)
        mailer = MemoryMailer()
        assert await mail(solo, mailer) == 2
        assert await mail(solo, mailer) == 0
        rows = await read(solo, "SELECT next_mail_at FROM survey_invitations")
        assert all(timedelta(days=6.9) < row.next_mail_at - NOW < timedelta(days=7.1) for row in rows)
        first, _ = await tokens_of(solo, campaign.id)
        assert (await send(solo.client(), first, a_csat="5")).status_code == 303
        await pass_time(solo)
        assert await mail(solo, mailer) == 1
        assert (mailer.mails[-1].to, mailer.mails[-1].subject[:10]) == ("p2@example.org", "Reminder: ")
        await pass_time(solo)
        assert await mail(solo, mailer) == 0

    async def test_who_stopped_is_left_alone(self, solo: Solo) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        await solo.client().post(f"{page_of(token)}/stop")
        await pass_time(solo)
        assert await mail(solo, MemoryMailer()) == 0

    async def test_a_bounce_is_recorded_and_never_tried_again(self, solo: Solo) -> None:
        campaign = await launch(solo)
        mailer = MemoryMailer()
        mailer.outcomes = [Outcome("refused", "550 5.1.1 no such user")]
        assert await mail(solo, mailer) == 1
        await pass_time(solo)
        assert await mail(solo, mailer) == 0
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert (row.state, row.sent, row.next_mail_at, row.last_error) == ("open", 0, None, "550 5.1.1 no such user")
        [token] = await tokens_of(solo, campaign.id)
        assert (await solo.client().get(page_of(token))).status_code == 200

    async def test_two_senders_never_mail_the_same(self, solo: Solo) -> None:
        """However many replicas there are: one mail for each step."""
        await launch(solo, 30)
        mailer = MemoryMailer()
        done = await asyncio.gather(*(mail(solo, mailer, 10) for _ in range(4)))
        while await mail(solo, mailer, 10):
            pass
        assert sum(done) <= 30
        assert sorted(each.to for each in mailer.mails) == sorted(f"p{n}@example.org" for n in range(1, 31))

    async def test_an_interrupted_mail_counts_as_sent(self, solo: Solo) -> None:
        """Never two mails for one step, whoever ended between sending and recording."""

        class Dying(MemoryMailer):
            async def send(self, mails: Sequence[Mail]) -> list[Outcome]:
                await super().send(mails)
                raise KeyboardInterrupt

        await launch(solo)
        dying, mailer = Dying(), MemoryMailer()
        with pytest.raises(KeyboardInterrupt):
            await mail(solo, dying)
        assert len(dying.mails) == 1
        assert await mail(solo, mailer) == 0
        await change(solo, "survey_invitations", leased_until=NOW - LATER)
        assert await mail(solo, mailer) == 1
        assert mailer.mails == []
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert (row.sent, row.leased_until) == (1, None)
        assert "interrupted" in row.last_error
        await pass_time(solo)
        await mail(solo, mailer)
        assert mailer.mails[0].subject.startswith("Reminder: ")

    async def test_a_title_cannot_write_headers(self, solo: Solo) -> None:
        content = Content.model_validate(
            {
                "title": {"en": "x\nBcc: all@example.org"},
                "items": [{"key": "a", "kind": "text", "wording": {"en": "?"}}],
            }
        )
        await launch(solo, content=content)
        mailer = MemoryMailer()
        await mail(solo, mailer)
        message = write_message(mailer.mails[0], "desk@example.org")
        assert message["Bcc"] is None
        assert message["Subject"] == "x Bcc: all@example.org"


class TestExpireInvitations:
    async def test_open_ones_of_a_closed_campaign(self, solo: Solo) -> None:
        campaign = await launch(solo, 2)
        first, second = await tokens_of(solo, campaign.id)
        await send(solo.client(), first, a_csat="5")
        await send(solo.client(), second, a_csat="5", action="save")
        assert await expire_invitations(solo.database, 10) == 0
        await change(solo, "campaigns", state="closed")
        assert await expire_invitations(solo.database, 10) == 1
        rows = await read(solo, "SELECT state, draft, next_mail_at FROM survey_invitations ORDER BY member_id")
        assert [tuple(row) for row in rows] == [("answered", None, None), ("expired", None, None)]


class TestFollowRhythm:
    """A campaign's rhythm is changed while people are asked."""

    async def edit(self, solo: Solo, campaign: Row[Any], **changes: object) -> None:
        path = f"/satisfaction/v1/campaigns/{campaign.id}"
        async with solo.client(Role.SERVICE_DESK) as desk:
            tag = (await desk.get(path)).headers["etag"]
            edited = await desk.patch(path, json=changes, headers={"If-Match": tag})
            assert edited.status_code == 200, edited.text

    async def next_mails(self, solo: Solo) -> list[datetime | None]:
        rows = await read(solo, "SELECT next_mail_at FROM survey_invitations ORDER BY member_id")
        return [row.next_mail_at for row in rows]

    async def test_who_was_mailed_is_reminded_as_it_is_wanted_now(self, solo: Solo) -> None:
        campaign = await launch(solo, 3, reminder_every_days=0, reminders_at_most=None)
        first, *_ = await tokens_of(solo, campaign.id)
        mailer = MemoryMailer()
        mailer.outcomes = [Outcome("sent"), Outcome("refused", "550 none"), Outcome("sent")]
        await mail(solo, mailer)
        await send(solo.client(), first, a_csat="5")
        assert await self.next_mails(solo) == [None, None, None]
        await self.edit(solo, campaign, reminder_every_days=2)
        answered, refused, waiting = await self.next_mails(solo)
        assert (answered, refused) == (None, None)
        assert waiting is not None
        assert timedelta(days=1.9) < waiting - datetime.now(UTC) <= timedelta(days=2)
        await self.edit(solo, campaign, reminder_every_days=0)
        assert await self.next_mails(solo) == [None, None, None]

    async def test_a_later_end_gives_room_for_a_reminder(self, solo: Solo) -> None:
        campaign = await launch(solo, closes_at=NOW + timedelta(days=3))
        await mail(solo, MemoryMailer())
        assert await self.next_mails(solo) == [None]
        await self.edit(solo, campaign, closes_at=(NOW + timedelta(days=30)).isoformat())
        assert None not in await self.next_mails(solo)

    async def test_fewer_reminders_silence_who_had_as_many(self, solo: Solo) -> None:
        campaign = await launch(solo, reminders_at_most=5)
        for _ in range(2):
            await mail(solo, MemoryMailer())
            await pass_time(solo)
        await self.edit(solo, campaign, reminders_at_most=1)
        assert await self.next_mails(solo) == [None]
        await self.edit(solo, campaign, reminders_at_most=None)
        assert None not in await self.next_mails(solo)

    async def test_a_first_mail_that_is_due_later_waits_for_its_day(self, solo: Solo) -> None:
        campaign = await launch(solo, opens_on=date(2099, 1, 1))
        before = await self.next_mails(solo)
        await self.edit(solo, campaign, reminder_every_days=1)
        assert await self.next_mails(solo) == before
