import re

import httpx
import pytest

from services.satisfaction.tokens import Misses
from shared.app import Service
from tests.satisfaction.complaints.building import NEW, REST, customer, desk, do
from tests.satisfaction.complaints.test_pages import as_browser
from tests.support.solo import Solo

FORM = "/satisfaction/complain"
ANSWER = "/satisfaction/complaint-answer"
TYPED = {"title": "Mail stood still", "description": "Nobody called us.", "complainant": "Ms. Gao", "customer": "bank"}


@pytest.fixture(autouse=True)
def patience(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to wait for what another test did."""
    for port in ("complaint_misses", "complaint_filings"):
        monkeypatch.setitem(service.app.state._state, port, Misses(3))


async def complain(client: httpx.AsyncClient, **typed: str) -> tuple[str, str]:
    """Number and secret."""
    answer = await client.post(FORM, data={**TYPED, **typed})
    assert answer.status_code == 200, answer.text
    number, token = re.search(r"CMP-\d{6}", answer.text), re.search(r"<code>([^<]+)</code>", answer.text)
    assert number is not None
    assert token is not None
    return number[0], token[1]


class TestOpinionBox:
    """R182, R193: open to everybody, with a name or without."""

    async def test_without_a_name_nothing_of_who_it_is_is_kept(self, solo: Solo) -> None:
        async with customer(solo) as signed_in, desk(solo) as staff:
            as_browser(signed_in)
            number, _ = await complain(signed_in, anonymous="1")
            (item,) = (await staff.get(REST)).json()["items"]
            view = (await staff.get(f"{REST}/{item['id']}")).json()
        assert (view["number"], view["anonymous"], view["owner"]) == (number, True, None)
        assert (view["complainant"], view["customer"], view["contact"]) == (None, None, None)
        assert (view["received_by"], view["timeline"][0]["by"]) == ("complainant", "complainant")
        (event,) = await solo.events("complaint.received")
        assert (event.actor, event.data["complainant"]) == ("complainant", None)

    async def test_the_answer_is_read_and_rejected_and_accepted(self, solo: Solo) -> None:
        async with solo.client() as client, desk(solo) as staff:
            number, token = await complain(client)
            (item,) = (await staff.get(REST)).json()["items"]
            await do(staff, item, "take-over")
            await do(staff, item, "notes", note="between us")
            known = {"number": number, "token": token}
            assert "You have an answer by" in (await client.post(ANSWER, data=known)).text
            await do(staff, item, "answer", answer="Mended.")
            read = await client.post(ANSWER, data=known)
            assert "Mended." in read.text
            assert "between us" not in read.text
            empty = await client.post(ANSWER, data={**known, "action": "reject", "comment": " "})
            assert empty.status_code == 422
            await client.post(ANSWER, data={**known, "action": "reject", "comment": "No."})
            await do(staff, item, "answer", answer="Replaced.")
            done = await client.post(ANSWER, data={**known, "action": "accept"})
            assert "Accepted" in done.text
            again = await client.post(ANSWER, data={**known, "action": "accept"})
            assert again.status_code == 409
            assert (await staff.get(f"{REST}/{item['id']}")).json()["state"] == "accepted"

    @pytest.mark.parametrize("header", ["Cache-Control", "Referrer-Policy"])
    async def test_a_page_with_a_secret_is_kept_nowhere(self, solo: Solo, header: str) -> None:
        async with solo.client() as client:
            for answer in (await client.get(FORM), await client.get(ANSWER), await client.post(FORM, data=TYPED)):
                assert answer.headers[header] in ("no-store", "no-referrer")

    async def test_wrong_ones_answer_alike_and_then_wait(self, solo: Solo) -> None:
        async with solo.client() as client:
            number, token = await complain(client)
            answers = [
                await client.post(ANSWER, data=given)
                for given in (
                    {"number": number, "token": "x" * 43},
                    {"number": "CMP-999999", "token": token},
                    {"number": "nonsense", "token": token[:-1]},
                )
            ]
            assert {answer.status_code for answer in answers} == {404}
            texts = {re.sub(r'value="[^"]*"', "", answer.text) for answer in answers}
            assert len(texts) == 1
            assert (await client.post(ANSWER, data={"number": number, "token": token})).status_code == 429

    async def test_many_complaints_wait(self, solo: Solo) -> None:
        async with solo.client() as client:
            for _ in range(3):
                await complain(client)
            assert (await client.post(FORM, data=TYPED)).status_code == 429

    async def test_unsound_ones(self, solo: Solo) -> None:
        async with solo.client() as client:
            assert (await client.post(FORM, data={"title": "", "description": "x"})).status_code == 422
            assert (await client.post(FORM, data={**TYPED, "title": "x" * 201})).status_code == 422


class TestLink:
    """R182: whoever complained follows it by a link or a secret, named or not."""

    async def test_an_anonymous_one_follows_and_reacts(self, solo: Solo) -> None:
        async with solo.client() as client, desk(solo) as staff:
            made = await client.post(FORM, data={**TYPED, "anonymous": "1"})
            link = re.search(r'href="(http[^"]+token=[^"]+)"', made.text)
            assert link is not None
            (item,) = (await staff.get(REST)).json()["items"]
            await do(staff, item, "take-over")
            await do(staff, item, "answer", answer="Mended.")
            read = await client.get(link[1])
            assert "Mended." in read.text
            assert 'name="score"' not in read.text, "it names nobody who could rate"
            assert read.headers["Cache-Control"] == "no-store"
            token = httpx.URL(link[1]).params["token"]
            await client.post(ANSWER, data={"token": token.lower().replace("-", " "), "action": "accept"})
            assert (await staff.get(f"{REST}/{item['id']}")).json()["state"] == "accepted"
            await client.post(ANSWER, data={"token": token, "action": "reject", "comment": "It broke again."})
            assert (await staff.get(f"{REST}/{item['id']}")).json()["state"] == "open"

    async def test_a_score_rates_whoever_answered(self, solo: Solo) -> None:
        """R200."""
        async with solo.client() as client, desk(solo) as staff:
            received = (await staff.post(REST, json=NEW)).json()
            await do(staff, received, "answer", answer="Mended.")
            assert "How well did wang.fang answer you?" in (await client.get(received["link"])).text
            wrong = await client.post(ANSWER, data={"token": received["token"], "action": "accept", "score": "6"})
            assert wrong.status_code == 422
            await client.post(ANSWER, data={"token": received["token"], "action": "accept", "score": "4"})
            (rating,) = (await staff.get("/satisfaction/v1/staff-ratings")).json()["items"]
        assert (rating["staff"], rating["customer"], rating["score"]) == ("wang.fang", "harbour-bank", 4)

    async def test_whoever_did_not_sign_in_rates_for_no_customer(self, solo: Solo) -> None:
        """The customer that they name need not be theirs."""
        async with solo.client() as client, desk(solo) as staff:
            _, token = await complain(client, customer="harbour-bank")
            (item,) = (await staff.get(REST)).json()["items"]
            await do(staff, item, "take-over")
            await do(staff, item, "answer", answer="Mended.")
            await client.post(ANSWER, data={"token": token, "action": "accept", "score": "1"})
            assert (await staff.get("/satisfaction/v1/staff-ratings")).json()["items"] == []

    async def test_a_wrong_one_tells_nothing_and_counts(self, solo: Solo) -> None:
        async with solo.client() as client:
            texts = set()
            for token in ("XXXX-XXXX-XXXX-XXXX", "x", "Ｋ" * 300):
                answer = await client.get(ANSWER, params={"token": token})
                assert answer.status_code == 404
                texts.add(answer.text)
            assert len(texts) == 1
            assert (await client.get(ANSWER, params={"token": "x"})).status_code == 429

    async def test_in_chinese(self, solo: Solo) -> None:
        async with solo.client() as client, desk(solo) as staff:
            received = (await staff.post(REST, json=NEW)).json()
            read = await client.get(received["link"], headers={"accept-language": "zh-CN"})
        assert "处理经过" in read.text

    async def test_signed_in_the_customer_rates_what_came_without(self, solo: Solo) -> None:
        """R200."""
        async with solo.client() as client, desk(solo) as staff, customer(solo) as gao:
            await complain(client, customer="harbour-bank")
            (item,) = (await staff.get(REST)).json()["items"]
            await do(staff, item, "take-over")
            await do(staff, item, "answer", answer="Mended.")
            path = f"/satisfaction/v1/own-complaints/{item['id']}/accept"
            assert (await gao.post(path, json={"score": 3})).status_code == 200
            (rating,) = (await staff.get("/satisfaction/v1/staff-ratings")).json()["items"]
        assert (rating["customer"], rating["score"]) == ("harbour-bank", 3)
