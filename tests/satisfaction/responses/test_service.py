import asyncio
from typing import Any

import httpx
from sqlalchemy import text

from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.responses.service import Contents, Submission, mix, mix_responses, submit_together
from services.satisfaction.tokens import LinkUnusable, hash_token
from shared.problems import Problem
from tests.satisfaction.invitations.building import change, launch, read, send, tokens_of
from tests.support.solo import Solo


def form(token: str, **fields: str) -> Submission:
    return Submission(hash_token(token), {f"a.{name}": [value] for name, value in fields.items()}, "en")


def short(outcome: Any) -> Any:
    return type(outcome).__name__ if isinstance(outcome, Problem) else outcome


async def count(solo: Solo, table: str) -> int:
    [row] = await read(solo, f"SELECT count(*) AS rows FROM {table}")
    rows: int = row.rows
    return rows


class TestSubmitTogether:
    async def test_a_bad_one_harms_no_other(self, solo: Solo) -> None:
        campaign = await launch(solo, 3)
        other = await launch(solo, 1, content=BUILT_IN["nps"])
        one, two, three = await tokens_of(solo, campaign.id)
        [four] = await tokens_of(solo, other.id)
        batch = [form(one, csat="5"), form(two, csat="9"), form(three), form("guessed", csat="5"), form(four, nps="0")]
        outcomes = await submit_together(solo.database, Contents(), batch)
        expected = [campaign.id, "UnsoundAnswer", "AnswersMissing", "LinkUnusable", other.id]
        assert [short(outcome) for outcome in outcomes] == expected
        rows = await read(solo, "SELECT answers FROM survey_responses")
        assert sorted(str(row.answers) for row in rows) == ["{'csat': 5}", "{'nps': 0}"]

    async def test_of_two_with_one_link_the_first_counts(self, solo: Solo) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        batch = [form(token, csat="9"), form(token, csat="5"), form(token, csat="1")]
        outcomes = await submit_together(solo.database, Contents(), batch)
        assert [short(outcome) for outcome in outcomes] == ["UnsoundAnswer", campaign.id, "LinkUnusable"]
        [row] = await read(solo, "SELECT answers FROM survey_responses")
        assert row.answers == {"csat": 5}

    async def test_at_the_same_time_over_several_connections(self, solo: Solo) -> None:
        campaign = await launch(solo, 20)
        tokens = await tokens_of(solo, campaign.id)
        contents = Contents()
        given = [
            [form(token, csat="5") for token in order] for order in (tokens, tokens[::-1], tokens[7:] + tokens[:7])
        ]
        outcomes = await asyncio.gather(*(submit_together(solo.database, contents, batch) for batch in given))
        taken = [outcome for batch in outcomes for outcome in batch if not isinstance(outcome, LinkUnusable)]
        assert taken == [campaign.id] * 20
        assert await count(solo, "survey_responses") == 20

    async def test_an_answer_and_the_close_do_not_miss_each_other(self, solo: Solo) -> None:
        """After the close nothing comes in: what was analysed stays."""
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        async with solo.transaction() as session:
            await session.execute(text("UPDATE campaigns SET state = 'closed'"))
            waiting = asyncio.create_task(submit_together(solo.database, Contents(), [form(token, csat="5")]))
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
        assert [short(outcome) for outcome in await waiting] == ["LinkUnusable"]
        assert await count(solo, "survey_responses") == 0


class TestAnonymous:
    async def answer_all(self, solo: Solo, tokens: list[str]) -> None:
        async def each(token: str, number: int) -> httpx.Response:
            return await send(solo.client(), token, a_csat=str(number % 5 + 1), a_comment=f"of {number}")

        for number, token in enumerate(tokens):
            assert (await each(token, number)).status_code == 303

    async def test_nothing_of_an_answer_leads_to_its_invitation(self, solo: Solo) -> None:
        campaign = await launch(solo, 12, anonymous=True)
        await self.answer_all(solo, await tokens_of(solo, campaign.id))
        assert await count(solo, "survey_responses") == 0
        assert await mix_responses(solo.database) == 12
        answers = await read(solo, "SELECT *, xmin::text AS xmin FROM survey_responses")
        assert {(row.invitation_id, row.submitted_at) for row in answers} == {(None, None)}
        assert {row.id.version for row in answers} == {4}
        invitations = await read(solo, "SELECT *, xmin::text AS xmin FROM survey_invitations")
        assert {row.state for row in invitations} == {"answered"}
        assert len({row.xmin for row in (*answers, *invitations)}) == 1
        assert await count(solo, "survey_responses_unmixed") == 0
        told = b"".join(repr(event).encode() for event in await solo.events())
        assert b"of 1" not in told

    async def test_neither_place_nor_id_keeps_the_order(self, solo: Solo) -> None:
        """With 12 answers the chance of the old order in either is 1 in 479,001,600."""
        campaign = await launch(solo, 12, anonymous=True)
        await self.answer_all(solo, await tokens_of(solo, campaign.id))
        await mix_responses(solo.database)
        came = [f"of {number}" for number in range(12)]
        for order in ("ctid", "id"):
            rows = await read(solo, f"SELECT answers FROM survey_responses ORDER BY {order}")
            words = [row.answers["comment"] for row in rows]
            assert sorted(words) == sorted(came)
            assert words != came

    async def test_too_few_wait(self, solo: Solo) -> None:
        """At least five are mixed together."""
        campaign = await launch(solo, 6, anonymous=True)
        tokens = await tokens_of(solo, campaign.id)
        await self.answer_all(solo, tokens[:4])
        assert await mix_responses(solo.database) == 0
        await self.answer_all(solo, tokens[4:5])
        assert await mix_responses(solo.database) == 5
        await self.answer_all(solo, tokens[5:])
        assert await mix_responses(solo.database) == 0
        await change(solo, "campaigns", state="closed")
        assert await mix_responses(solo.database) == 1
        assert await count(solo, "survey_responses") == 6

    async def test_a_close_mixes_what_waits(self, solo: Solo) -> None:
        campaign = await launch(solo, 2, anonymous=True)
        await self.answer_all(solo, await tokens_of(solo, campaign.id))
        async with solo.transaction() as session:
            assert await mix(session, campaign.id) == 2
        assert await count(solo, "survey_responses") == 2
