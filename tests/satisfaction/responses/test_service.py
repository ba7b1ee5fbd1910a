import asyncio
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import InvalidToken
from sqlalchemy import text

from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.responses.service import (
    Contents,
    Submission,
    answers_sealer,
    open_anonymous,
    submit_together,
)
from services.satisfaction.tokens import LinkUnusable, hash_token
from shared.problems import Problem
from shared.sealing import Sealer
from tests.satisfaction.invitations.building import change, launch, read, send, tokens_of
from tests.support.solo import Solo


def form(token: str, **fields: str) -> Submission:
    return Submission(hash_token(token), {f"a.{name}": [value] for name, value in fields.items()}, "en")


def short(outcome: Any) -> Any:
    return type(outcome).__name__ if isinstance(outcome, Problem) else outcome


def sealer(solo: Solo) -> Sealer:
    return answers_sealer(solo.settings)


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
        outcomes = await submit_together(solo.database, Contents(), sealer(solo), batch)
        expected = [campaign.id, "UnsoundAnswer", "AnswersMissing", "LinkUnusable", other.id]
        assert [short(outcome) for outcome in outcomes] == expected
        rows = await read(solo, "SELECT answers FROM survey_responses")
        assert sorted(str(row.answers) for row in rows) == ["{'csat': 5}", "{'nps': 0}"]

    async def test_of_two_with_one_link_the_first_counts(self, solo: Solo) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        batch = [form(token, csat="9"), form(token, csat="5"), form(token, csat="1")]
        outcomes = await submit_together(solo.database, Contents(), sealer(solo), batch)
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
        outcomes = await asyncio.gather(
            *(submit_together(solo.database, contents, sealer(solo), batch) for batch in given)
        )
        taken = [outcome for batch in outcomes for outcome in batch if not isinstance(outcome, LinkUnusable)]
        assert taken == [campaign.id] * 20
        assert await count(solo, "survey_responses") == 20

    async def test_an_answer_and_the_close_do_not_miss_each_other(self, solo: Solo) -> None:
        """After the close nothing comes in: what was analysed stays."""
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        async with solo.transaction() as session:
            await session.execute(text("UPDATE campaigns SET state = 'closed'"))
            waiting = asyncio.create_task(
                submit_together(solo.database, Contents(), sealer(solo), [form(token, csat="5")])
            )
            done, _ = await asyncio.wait([waiting], timeout=0.05)
            assert not done
        assert [short(outcome) for outcome in await waiting] == ["LinkUnusable"]
        assert await count(solo, "survey_responses") == 0


async def open_all(solo: Solo) -> int:
    """Let the job run until there is nothing left to do."""
    opened = 0
    while many := await open_anonymous(solo.database, sealer(solo)):
        opened += many
    return opened


async def dump(solo: Solo) -> dict[str, set[str]]:
    """Every row of every table of the service as text: what somebody with a backup has."""
    tables = await read(solo, "SELECT tablename FROM pg_tables WHERE schemaname = 'satisfaction'")
    return {
        table.tablename: {str(row[0]) for row in await read(solo, f"SELECT t::text FROM {table.tablename} AS t")}
        for table in tables
    }


class TestAnonymous:
    """Somebody has the whole database, its backups of before and after each answer, and all events."""

    async def answer(self, solo: Solo, token: str, number: int) -> None:
        comment = f"unmistakable {number} " + "x" * (150 * number)
        answer = await send(solo.client(), token, a_csat=str(number % 5 + 1), a_comment=comment)
        assert answer.status_code == 303

    async def answer_all(self, solo: Solo, campaign_id: UUID) -> list[str]:
        tokens = await tokens_of(solo, campaign_id)
        for number, token in enumerate(tokens):
            await self.answer(solo, token, number)
        return tokens

    async def test_backups_of_before_and_after_an_answer_differ_by_nothing_that_tells_of_it(self, solo: Solo) -> None:
        """All that changes is that an invitation is answered, and that one more sealed answer waits, as long as each
        other: a short and a long one cannot be told apart."""
        campaign = await launch(solo, 6, anonymous=True)
        lengths = set()
        for number, token in enumerate(await tokens_of(solo, campaign.id)):
            before = await dump(solo)
            await self.answer(solo, token, number)
            after = await dump(solo)
            changed = {table: after[table] - before[table] for table in after if after[table] != before[table]}
            assert changed.keys() == {"survey_invitations", "survey_responses_unmixed"}
            assert not any("unmistakable" in row for rows in changed.values() for row in rows)
            [waiting] = changed["survey_responses_unmixed"]
            lengths.add(len(waiting.split(",")[-1]))
        assert len(lengths) == 1

    async def test_nothing_of_an_answer_leads_to_its_invitation(self, solo: Solo) -> None:
        campaign = await launch(solo, 12, anonymous=True)
        await self.answer_all(solo, campaign.id)
        assert await open_all(solo) == 0
        await change(solo, "campaigns", state="closed")
        assert await open_all(solo) == 12
        answers = await read(solo, "SELECT * FROM survey_responses")
        assert {(row.invitation_id, row.submitted_at, row.language) for row in answers} == {(None, None, "und")}
        assert {row.id.version for row in answers} == {4}
        assert sorted(row.answers["comment"][:16].strip("x ") for row in answers) == sorted(
            f"unmistakable {number}" for number in range(12)
        )
        assert await count(solo, "survey_responses_unmixed") == 0
        told = b"".join(repr(event).encode() for event in await solo.events())
        assert b"unmistakable" not in told

    async def test_neither_place_nor_id_nor_transaction_keeps_the_order(self, solo: Solo) -> None:
        """With 12 answers in two strata the chance of the old order in either is 1 in 6! squared."""
        campaign = await launch(solo, 12, anonymous=True)
        await self.answer_all(solo, campaign.id)
        await change(solo, "campaigns", state="closed")
        await open_all(solo)
        found = []
        for stratum, came in (("north", range(0, 12, 2)), ("south", range(1, 12, 2))):
            written = await read(solo, f"SELECT DISTINCT xmin::text FROM survey_responses WHERE stratum = '{stratum}'")
            assert len(written) == 1
            for order in ("ctid", "id"):
                rows = await read(
                    solo, f"SELECT answers FROM survey_responses WHERE stratum = '{stratum}' ORDER BY {order}"
                )
                numbers = [int(row.answers["comment"].split()[1]) for row in rows]
                assert sorted(numbers) == list(came)
                found.append(numbers)
        assert [list(range(0, 12, 2)), list(range(1, 12, 2))] not in (found[::2], found[1::2])

    async def test_a_stratum_in_which_few_answered_is_told_apart_no_more(self, solo: Solo) -> None:
        """Who answered is known: of three in the south somebody could be found by their stratum."""
        campaign = await launch(solo, 12, anonymous=True)
        tokens = await tokens_of(solo, campaign.id)
        for number in (0, 2, 4, 6, 8, 10, 1, 3, 5):  # six of the north, three of the south
            await self.answer(solo, tokens[number], number)
        await change(solo, "campaigns", state="closed")
        assert await open_all(solo) == 9
        assert [row.stratum for row in await read(solo, "SELECT DISTINCT stratum FROM survey_responses")] == [
            "north + south"
        ]
        assert [row.stratum for row in await read(solo, "SELECT DISTINCT stratum FROM survey_members")] == [
            "north + south"
        ]

    async def test_too_few_to_hide_among_are_deleted_unopened(self, solo: Solo) -> None:
        campaign = await launch(solo, 4, anonymous=True)
        await self.answer_all(solo, campaign.id)
        await change(solo, "campaigns", state="closed")
        assert await open_all(solo) == 4
        assert await count(solo, "survey_responses_unmixed") == 0
        assert await count(solo, "survey_responses") == 0

    async def test_two_replicas_open_each_answer_once(self, solo: Solo) -> None:
        campaign = await launch(solo, 12, anonymous=True)
        await self.answer_all(solo, campaign.id)
        await change(solo, "campaigns", state="closed")
        assert sum(await asyncio.gather(open_all(solo), open_all(solo))) == 12
        assert await count(solo, "survey_responses") == 12

    async def test_another_key_opens_nothing_and_loses_nothing(self, solo: Solo) -> None:
        campaign = await launch(solo, 6, anonymous=True)
        await self.answer_all(solo, campaign.id)
        await change(solo, "campaigns", state="closed")
        with pytest.raises(InvalidToken):
            await open_anonymous(solo.database, Sealer("another"))
        assert await open_all(solo) == 6
