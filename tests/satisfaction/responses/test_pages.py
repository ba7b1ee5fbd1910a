import re
import traceback
from datetime import timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from services.satisfaction.questionnaires.builtin import BUILT_IN
from services.satisfaction.tokens import derive_key, derive_token, hash_token
from shared.ids import new_id
from tests.satisfaction.invitations.building import (
    BRANCHING,
    LATER,
    NOW,
    change,
    launch,
    page_of,
    read,
    send,
    tokens_of,
)
from tests.support.processes import REPOSITORY
from tests.support.solo import Solo

HOSTILE = '"><script>alert(1)</script>=1+1'


@pytest.fixture
def customer(solo: Solo) -> httpx.AsyncClient:
    """Somebody who is not signed in, at an address of their own."""
    return solo.client(address=str(new_id()))


async def answers_of(solo: Solo) -> list[dict[str, object]]:
    return [row.answers for row in await read(solo, "SELECT answers FROM survey_responses ORDER BY id")]


def assert_dead(answer: httpx.Response) -> None:
    assert answer.status_code == 404
    assert "This link cannot be used" in answer.text
    assert "Satisfaction with the service" not in answer.text


class TestShowSurvey:
    async def test_asks_without_signing_in_and_chooses_nothing_beforehand(
        self, solo: Solo, customer: httpx.AsyncClient
    ) -> None:
        """R47, R83: a questionnaire by personal link, without a default score."""
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        answer = await customer.get(page_of(token))
        assert answer.status_code == 200
        radios = re.findall(r'<input type="radio"[^>]*>', answer.text)
        assert len(radios) == 5
        assert not any("checked" in radio for radio in radios)
        assert answer.text.count("<fieldset") == answer.text.count("<legend>") == 1
        assert "Our own name for it" not in answer.text
        assert "<script" not in answer.text
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    async def test_speaks_both_languages(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo, content=BUILT_IN["servqual_22"])
        [token] = await tokens_of(solo, campaign.id)
        page = (await customer.get(page_of(token), headers={"accept-language": "zh-CN"})).text
        assert '<html lang="zh-CN">' in page
        assert "求助所用的工具是先进的。" in page
        assert page.count("应当如何") == 23  # each of 22, and the introduction
        assert len(re.findall(r'type="radio"', page)) == 22 * 2 * 7


class TestTakeSurvey:
    async def test_an_answer_is_kept_with_its_invitation_and_uses_up_the_link(
        self, solo: Solo, customer: httpx.AsyncClient
    ) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        answer = await send(customer, token, a_csat="4", a_comment=HOSTILE, a_else="x")
        assert answer.status_code == 303
        thanks = await customer.get(answer.headers["location"])
        assert "Thank you. Your answers have arrived." in thanks.text
        [row] = await read(solo, "SELECT * FROM survey_responses")
        assert row.answers == {"csat": 4, "comment": HOSTILE}
        assert (row.stratum, row.language) == ("north", "en")
        [invitation] = await read(solo, "SELECT * FROM survey_invitations")
        assert (invitation.id, invitation.state, invitation.next_mail_at) == (row.invitation_id, "answered", None)
        assert_dead(await customer.get(page_of(token)))
        assert_dead(await send(customer, token, a_csat="5"))
        assert await answers_of(solo) == [{"csat": 4, "comment": HOSTILE}]

    @pytest.mark.parametrize("score", ["", "0", "6", "-1", "4.0", "四", "٤", "9" * 400, "x\x00"])
    async def test_nothing_is_made_up(self, solo: Solo, customer: httpx.AsyncClient, score: str) -> None:
        """Scores out of range, and no default."""
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        answer = await send(customer, token, a_csat=score, a_comment=HOSTILE)
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        assert 'href="#q-csat"' in answer.text
        assert 'id="q-csat"' in answer.text
        assert "<script" not in answer.text
        assert "&lt;script&gt;" in answer.text
        assert await answers_of(solo) == []
        assert (await send(customer, token, a_csat="5")).status_code == 303

    async def test_a_pair_needs_both_halves(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo, content=BUILT_IN["servqual_22"])
        [token] = await tokens_of(solo, campaign.id)
        given = {f"a_s{n:02d}.{half}": "5" for n in range(1, 23) for half in ("expectation", "perception")}
        lacking = {name: value for name, value in given.items() if name != "a_s07.perception"}
        answer = await send(customer, token, **lacking)
        assert answer.status_code == 422
        assert re.findall(r'href="#q-(\w+)"', answer.text) == ["s07"]
        assert (await send(customer, token, **given)).status_code == 303

    async def test_an_answer_leads_to_more_questions_before_anything_is_sent(
        self, solo: Solo, customer: httpx.AsyncClient
    ) -> None:
        campaign = await launch(solo, content=BRANCHING)
        [token] = await tokens_of(solo, campaign.id)
        first = (await customer.get(page_of(token))).text
        assert "What went wrong?" not in first
        shown = re.findall(r'name="shown" value="([^"]*)"', first)[0]
        assert shown == "score words"
        second = await send(customer, token, a_score="2", shown=shown)
        assert second.status_code == 422
        assert "Your answers lead to more questions" in second.text
        assert 'href="#q-why"' in second.text
        assert re.findall(r'name="shown" value="([^"]*)"', second.text) == ["score why words"]
        assert (await send(customer, token, a_score="2", shown="score why words")).status_code == 422
        assert (await send(customer, token, a_score="2", a_why=["nothing"])).status_code == 422
        third = await send(customer, token, a_score="2", a_why=["slow", "broken"], shown="score why words")
        assert third.status_code == 303
        assert "That helps us." in (await customer.get(third.headers["location"])).text
        assert await answers_of(solo) == [{"score": 2, "why": ["slow", "broken"]}]

    async def test_what_hangs_on_another_answer_is_not_kept(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo, content=BRANCHING)
        [token] = await tokens_of(solo, campaign.id)
        assert (await send(customer, token, a_score="5", a_why=["slow"])).status_code == 303
        assert await answers_of(solo) == [{"score": 5}]

    async def test_text_has_its_length(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo, content=BRANCHING)
        [token] = await tokens_of(solo, campaign.id)
        assert (await send(customer, token, a_score="5", a_words="w" * 51)).status_code == 422
        assert (await send(customer, token, a_score="5", a_words="w" * 50)).status_code == 303

    async def test_a_form_of_thousands_of_fields_is_refused(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        answer = await customer.post(page_of(token), content=b"&".join(b"a=%d" % n for n in range(3000)))
        assert answer.status_code == 422
        assert (await customer.post(page_of(token), content=b"\xff\xfe%%%=&&a.csat=%ff")).status_code == 422


class TestSave:
    async def test_half_way_and_back_by_the_same_link(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo, content=BRANCHING)
        [token] = await tokens_of(solo, campaign.id)
        saved = await send(customer, token, a_score="2", a_words=HOSTILE, action="save")
        assert saved.status_code == 303
        page = (await customer.get(saved.headers["location"])).text
        assert "Your answers are saved" in page
        assert re.search(r'name="a.score" value="2" checked', page)
        assert "What went wrong?" in page
        assert "<script" not in page
        assert await answers_of(solo) == []
        assert (await send(customer, token, a_score="4")).status_code == 303
        [row] = await read(solo, "SELECT draft FROM survey_invitations")
        assert row.draft is None

    async def test_the_other_language_loses_nothing(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo, content=BRANCHING)
        [token] = await tokens_of(solo, campaign.id)
        answer = await send(customer, token, a_score="5", action="zh-CN")
        assert answer.status_code == 303
        customer.cookies.update(answer.cookies)
        page = (await customer.get(answer.headers["location"])).text
        assert '<html lang="zh-CN">' in page
        assert re.search(r'name="a.score" value="5" checked', page)
        await send(customer, token, a_score="5")
        [row] = await read(solo, "SELECT language FROM survey_responses")
        assert row.language == "zh-CN"

    async def test_an_anonymous_draft_is_opened_by_its_token_only(
        self, solo: Solo, customer: httpx.AsyncClient
    ) -> None:
        campaign = await launch(solo, anonymous=True)
        [token] = await tokens_of(solo, campaign.id)
        await send(customer, token, a_csat="2", a_comment="unmistakable", action="save")
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert row.draft is None
        assert b"unmistakable" not in bytes(row.sealed_draft)
        assert "unmistakable" in (await customer.get(page_of(token))).text
        await send(customer, token, a_csat="2")
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert row.sealed_draft is None


class TestUnusable:
    async def test_used_stopped_closed_ended_guessed_and_truncated_links_answer_alike(
        self, solo: Solo, customer: httpx.AsyncClient
    ) -> None:
        """The answer tells nothing."""
        campaign = await launch(solo, 2)
        used, stopped = await tokens_of(solo, campaign.id)
        assert (await send(customer, used, a_csat="5")).status_code == 303
        assert (await customer.post(f"{page_of(stopped)}/stop")).status_code == 303
        [fresh] = await tokens_of(solo, (await launch(solo)).id)
        guessed = derive_token(b"another key", new_id())
        seen = set()
        for number, token in enumerate([used, stopped, guessed, used[:20], f"{used}x", "", "%00", "a/b", "é"]):
            somebody = solo.client(address=f"10.0.0.{number}")
            for answer in (
                await somebody.get(page_of(token)),
                await somebody.post(page_of(token), data={"a.csat": "5"}),
            ):
                if token == "%00":
                    assert answer.status_code == 422
                    continue
                assert_dead(answer)
                seen.add(re.sub(r"back=[^\"]*", "", answer.text))
        assert len(seen) == 1
        assert (await customer.get(page_of(fresh))).status_code == 200

    @pytest.mark.parametrize(
        "change_of",
        [{"state": "closed"}, {"state": "cancelled"}, {"closes_at": NOW - timedelta(minutes=1)}],
    )
    async def test_a_campaign_that_is_over_takes_nothing(
        self, solo: Solo, customer: httpx.AsyncClient, change_of: dict[str, object]
    ) -> None:
        campaign = await launch(solo, closes_at=NOW + LATER)
        [token] = await tokens_of(solo, campaign.id)
        await change(solo, "campaigns", **change_of)
        assert_dead(await customer.get(page_of(token)))
        assert_dead(await send(customer, token, a_csat="5"))
        assert_dead(await send(customer, token, a_csat="5", action="save"))
        assert_dead(await customer.get(f"{page_of(token)}/stop"))
        assert await answers_of(solo) == []

    async def test_who_tries_many_has_to_wait_and_learns_nothing(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        for _ in range(10):
            assert_dead(await customer.get(page_of(derive_token(b"guess", new_id()))))
        for path in (page_of(token), page_of("x" * 43), f"{page_of(token)}/stop"):
            answer = await customer.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert (await send(customer, token, a_csat="5")).status_code == 429
        pretending = await customer.get(page_of(token), headers={"x-forwarded-for": "10.1.1.1"})
        assert pretending.status_code == 429
        assert (await solo.client(address="10.1.1.1").get(page_of(token))).status_code == 200

    async def test_the_database_holds_no_token(self, solo: Solo) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        assert re.fullmatch(r"[A-Za-z0-9_-]{43}", token)
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert bytes(row.token_hash) == hash_token(token)
        assert token not in str(tuple(row))
        assert derive_token(derive_key(solo.settings), row.id) == token


class TestStop:
    async def test_opening_the_address_stops_nothing(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        assert "Do not ask me" in (await customer.get(f"{page_of(token)}/stop")).text
        assert (await customer.get(page_of(token))).status_code == 200

    async def test_stops_this_campaign(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        one_click = {"List-Unsubscribe": "One-Click"}
        answer = await customer.post(f"{page_of(token)}/stop", data=one_click)
        assert answer.status_code == 303
        assert "You will not be asked again" in (await customer.get(answer.headers["location"])).text
        [row] = await read(solo, "SELECT * FROM survey_invitations")
        assert (row.state, row.next_mail_at) == ("stopped", None)
        assert row.stopped_at is not None
        assert await read(solo, "SELECT * FROM survey_declined") == []

    async def test_and_every_other_survey_where_that_is_asked(self, solo: Solo, customer: httpx.AsyncClient) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        await customer.post(f"{page_of(token)}/stop", data={"for_ever": "yes"})
        [declined] = await read(solo, "SELECT * FROM survey_declined")
        [invitation] = await read(solo, "SELECT * FROM survey_invitations")
        assert declined.contact_hash == invitation.contact_hash


class TestSecrecy:
    async def test_a_crash_writes_no_token_into_the_log(
        self, solo: Solo, customer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)

        async def crash(*_arguments: object) -> None:
            raise RuntimeError("the database is on fire")

        monkeypatch.setattr("services.satisfaction.invitations.repository.find", crash)
        with capture_logs() as logs:
            assert (await customer.get(page_of(token))).status_code == 500
        assert [line["event"] for line in logs] == ["request_crashed"]
        assert logs[0]["path"] == "/survey/{token:path}"
        assert token not in "".join(traceback.format_exception(logs[0]["exc_info"]))
        assert token not in str({name: value for name, value in logs[0].items() if name != "exc_info"})

    def test_the_gateway_logs_no_survey_page(self) -> None:
        """The token is part of the address."""
        configuration = (REPOSITORY / "deploy" / "gateway" / "nginx.conf").read_text()
        block = configuration.split("location ^~ /satisfaction/survey/ {")[1].split("}")[0]
        assert "access_log off;" in block
        assert "error_log /dev/null;" in block
