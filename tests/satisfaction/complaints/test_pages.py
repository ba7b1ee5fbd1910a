import html
import re

import httpx
import pytest

from shared.auth import SESSION_COOKIE
from tests.satisfaction.complaints.building import NEW, NOBODYS, desk, do, engineer, receive
from tests.support.solo import Solo

PATH = "/satisfaction/complaints"
HOSTILE = '"><script>alert(1)</script>'


def as_browser(client: httpx.AsyncClient) -> httpx.AsyncClient:
    token = client.headers.pop("Authorization").removeprefix("Bearer ")
    client.cookies.set(SESSION_COOKIE, token)
    client.headers.update({"accept": "text/html", "sec-fetch-site": "same-origin"})
    return client


def alerts(answer: httpx.Response) -> list[str]:
    return re.findall(r'role="alert">([^<]*)<', answer.text)


class TestStaffPages:
    """R56: the course of a complaint, in a browser without JavaScript."""

    async def test_write_down_and_work_through(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            assert "There is no complaint here." in (await client.get(PATH)).text
            assert (await client.get(f"{PATH}/new")).status_code == 200
            made = await client.post(PATH, data=NEW)
            assert made.status_code == 200
            found = re.search(rf'href="({PATH}/[0-9a-f-]+)"', made.text)
            assert found is not None
            path = found[1]
            assert "Answer" in (await client.get(path)).text
            for step, typed, kind in [
                ("acknowledge", {"note": "We are at it."}, "Acknowledged"),
                ("pass-on", {"to": "chen.jie", "reason": "his"}, "Passed on"),
                ("escalate", {"complaint_class": "major", "reason": "third time"}, "Escalated"),
                ("supervise", {"supervised_by": "office", "progress_due_at": "2100-01-01T00:00"}, "Supervised"),
                ("progress", {"note": "half"}, "Progress report"),
                ("notes", {"note": "a note"}, "Note"),
                ("dispute", {"subject": "who pays", "due_at": "2100-01-01T00:00"}, "Dispute opened"),
                ("dispute-position", {"side": "customer", "position": "you"}, "Position"),
                ("dispute-settle", {"outcome": "half"}, "Dispute settled"),
            ]:
                answer = await client.post(f"{path}/{step}", data=typed)
                assert answer.status_code == 303, (step, alerts(answer))
                assert f"<td>{kind}" in (await client.get(path)).text
            assert "NEW" not in (await client.get(PATH)).text
            assert "Mail stood still" in (await client.get(PATH)).text

    async def test_a_refusal_is_shown_with_what_was_typed(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            as_browser(client)
            path = f"{PATH}/{body['id']}"
            answer = await client.post(f"{path}/pass-on", data={"to": "wang.fang", "reason": "kept words"})
            assert answer.status_code == 409
            assert "kept words" in answer.text
            assert alerts(answer) == ["This complaint is not offered to you, or they own it already."]
            empty = await client.post(f"{path}/answer", data={"answer": " "})
            assert (empty.status_code, alerts(empty)) == (422, ["Please fill in or mend: Answer (needed)"])
            assert (await client.post(f"{path}/nonsense")).status_code == 404
            wrong = await client.post(PATH, data={**NEW, "anonymous": "1"})
            assert wrong.status_code == 422
            assert "Without a name nobody is named" in wrong.text

    async def test_what_is_missing_is_named_in_chinese_too(self, solo: Solo) -> None:
        async with engineer(solo) as client:
            body = await receive(client, complaint_class="major")
            await do(client, body, "answer", answer="Mended.")
            await do(client, body, "accept")
            as_browser(client)
            client.headers["accept-language"] = "zh-CN"
            answer = await client.post(f"{PATH}/{body['id']}/close", data={})
        assert answer.status_code == 409
        assert "回访" in alerts(answer)[0]

    async def test_words_of_others_are_text(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, title=HOSTILE, description=HOSTILE, customer=HOSTILE)
            await do(client, body, "notes", note=HOSTILE)
            as_browser(client)
            for page in (PATH, f"{PATH}/{body['id']}"):
                assert "<script>alert" not in (await client.get(page)).text

    async def test_only_the_service_centre_sees_the_follow_up_call(self, solo: Solo) -> None:
        """R51."""
        async with desk(solo) as client, engineer(solo) as other:
            body = await receive(other, complaint_class="major")
            await do(other, body, "answer", answer="Mended.")
            as_browser(client)
            as_browser(other)
            path = f"{PATH}/{body['id']}"
            assert f"{path}/follow-up" in (await client.get(path)).text
            assert f"{path}/follow-up" not in (await other.get(path)).text
            refused = await other.post(f"{path}/follow-up", data={"satisfied": "yes", "note": "x"})
            assert refused.status_code == 403
            called = await client.post(f"{path}/follow-up", data={"satisfied": "yes", "note": "x", "score": "4"})
            assert called.status_code == 303

    async def test_the_list_shows_what_is_due_next(self, solo: Solo) -> None:
        async with desk(solo) as client:
            answered = await receive(client, title="Answered one")
            await do(client, answered, "answer", answer="x")
            await receive(client, title="Major one", complaint_class="major", department="ops")
            await receive(client, title="Late one", received_at="2026-03-02T10:00:00Z")
            as_browser(client)
            text = (await client.get(PATH)).text
            places = [text.index(title) for title in ("Late one", "Major one", "Answered one")]
            assert places == sorted(places)
            narrowed = (await client.get(PATH, params={"department": "ops"})).text
            assert "Major one" in narrowed
            assert "Late one" not in narrowed
            assert "There is no complaint here." in (await client.get(PATH, params={"unowned": "1"})).text

    async def test_what_cannot_be_done_says_why_in_both_languages(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            body = await receive(client, complaint_class="major")
            as_browser(other)
            path = f"{PATH}/{body['id']}"
            text = (await other.get(path)).text
            assert f"{path}/answer" not in text
            assert "<dt>Answer</dt><dd>Somebody else owns this complaint, or nobody does yet.</dd>" in text
            other.headers["accept-language"] = "zh-CN"
            assert "现在不能做的事及原因" in (await other.get(path)).text

    async def test_the_step_that_is_due_next_is_open(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client, complaint_class="major")
            as_browser(client)
            path = f"{PATH}/{body['id']}"
            opened = re.findall(r"<details open><summary><strong>([^<]+)<", (await client.get(path)).text)
            assert opened == ["Acknowledge it"]
            await client.post(f"{path}/acknowledge", data={"note": "x"})
            opened = re.findall(r"<details open><summary><strong>([^<]+)<", (await client.get(path)).text)
            assert opened == ["Write the plan"]

    async def test_what_it_did_by_itself_is_told_in_words(self, solo: Solo) -> None:
        """R60."""
        async with desk(solo) as client:
            body = await receive(client)
            for _ in range(2):
                await do(client, body, "answer", answer="x")
                await do(client, body, "reject", reason="x")
            as_browser(client)
            text = (await client.get(f"{PATH}/{body['id']}")).text
        assert "Escalated → Major → Operations manager" in text
        assert "the answers were rejected too often" in text

    async def test_what_was_written_down_is_mended_by_the_version_that_is_shown(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            as_browser(client)
            path = f"{PATH}/{body['id']}"
            text = (await client.get(path)).text
            version = re.search(r'name="version" value="([^"]+)"', text)
            assert version is not None
            assert f'value="{NEW["contact"]}"' in text
            shown = {"version": html.unescape(version[1]), "title": "Mail was late", "description": "x", "contact": ""}
            assert (await client.post(f"{path}/edit", data=shown)).status_code == 303
            mended = (await client.get(path)).text
            assert "Mail was late" in mended
            assert NEW["contact"] not in mended
            stale = await client.post(f"{path}/edit", data={**shown, "title": "kept words"})
            assert (stale.status_code, "kept words" in stale.text) == (412, True)
            empty = await client.post(f"{path}/edit", data={**shown, "title": " "})
            assert empty.status_code in (412, 422)

    @pytest.mark.parametrize("wrong", ["no-uuid", NOBODYS])
    async def test_unknown_ones_are_not_there(self, solo: Solo, wrong: str) -> None:
        async with desk(solo) as client:
            as_browser(client)
            assert (await client.get(f"{PATH}/{wrong}")).status_code in (404, 422)
            assert (await client.post(f"{PATH}/{wrong}/notes", data={"note": "x"})).status_code in (404, 422)
