import re

import httpx
import pytest

from services.satisfaction.tokens import Misses
from shared.app import Service
from tests.satisfaction.complaints.building import REST, customer, desk, do
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
