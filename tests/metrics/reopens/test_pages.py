"""R81: the desk sees which incident is not open again, why, and tries again."""

import re
from html import unescape

import httpx
import pytest

from shared.auth import Role
from shared.ids import new_id
from shared.ticketing.failures import RemoteFailed
from tests.metrics.reopens.builders import Desk, connect, dispute, run
from tests.support.solo import Solo

PAGE = "/metrics/reopens"
CHINESE = {"Accept-Language": "zh-CN"}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    made.serve(monkeypatch)
    return made


def told(answer: httpx.Response, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def path_of(answer: httpx.Response) -> str:
    (path,) = set(re.findall(rf'href="({PAGE}/[0-9a-f-]+)"', answer.text))
    return str(path)


async def refused(solo: Solo, desk: Desk) -> None:
    """One dispute whose reopening needs somebody to mend something."""
    await connect(solo)
    desk.answers = [RemoteFailed("answered 403: <this user> may not do that", is_lasting=True)]
    await solo.hear(dispute(comment="It <b>fails</b> again"))
    await run(solo)


class TestList:
    async def test_nothing_disputed_is_told_in_words(self, solo: Solo) -> None:
        async with solo.client(Role.AUDITOR) as client:
            assert "No resolution is disputed here." in told(await client.get(PAGE))

    async def test_shows_state_and_last_error(self, solo: Solo, desk: Desk) -> None:
        await refused(solo, desk)
        await solo.hear(dispute(external_id="4712", solved="partly", comment=None))
        async with solo.client(Role.SERVICE_DESK) as client:
            answer = await client.get(PAGE)
            page = told(answer)
            chinese = told(await client.get(PAGE, headers=CHINESE))
        for shown in (
            "4711",
            "4712",
            "Not reopened 1",
            "Being reopened 1",
            "answered 403: <this user> may not do that",
        ):
            assert shown in page
        assert "not solved: It <b>fails</b> again" in page
        assert "solved only in part" in page
        assert "<b>fails" not in answer.text
        assert "有异议的解决结果" in chinese
        assert "未能重新打开 1" in chinese

    async def test_of_one_state(self, solo: Solo, desk: Desk) -> None:
        await refused(solo, desk)
        async with solo.client(Role.AUDITOR) as client:
            assert "4711" in told(await client.get(f"{PAGE}?state=failed"))
            assert "4711" not in told(await client.get(f"{PAGE}?state=due"))
            assert (await client.get(f"{PAGE}?state=lost")).status_code == 422

    async def test_by_the_page(self, solo: Solo, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.metrics.reopens.pages._ON_A_PAGE", 2)
        for number in (11, 12, 13):
            await solo.hear(dispute(external_id=f"47{number}"))
        async with solo.client(Role.AUDITOR) as client:
            answer = await client.get(f"{PAGE}?state=due")
            (following,) = re.findall(r'rel="next" href="([^"]+)"', answer.text)
            other = await client.get(unescape(following))
        seen = [re.findall(r">(47\d\d)</a>", one.text) for one in (answer, other)]
        assert [len(one) for one in seen] == [2, 1]
        assert sorted(seen[0] + seen[1]) == ["4711", "4712", "4713"]


class TestShow:
    async def test_shows_every_attempt(self, solo: Solo, desk: Desk) -> None:
        await refused(solo, desk)
        async with solo.client(Role.AUDITOR) as client:
            page = told(await client.get(path_of(await client.get(PAGE))))
        assert "Incident 4711 Not reopened" in page
        assert "The customer says: not solved" in page
        assert "Failed lasting answered 403: <this user> may not do that" in page
        assert "Try again" not in page

    async def test_one_that_is_not_there(self, solo: Solo) -> None:
        async with solo.client(Role.AUDITOR) as client:
            told(await client.get(f"{PAGE}/{new_id()}"), 404)
            told(await client.get(f"{PAGE}/none"), 422)


class TestRetry:
    async def test_the_desk_tries_again_once_it_is_mended(self, solo: Solo, desk: Desk) -> None:
        await refused(solo, desk)
        async with solo.client(Role.SERVICE_DESK) as client:
            path = path_of(await client.get(PAGE))
            assert f'action="{path}/retry"' in (await client.get(PAGE)).text
            assert f'action="{path}/retry"' in (await client.get(path)).text
            answer = await client.post(f"{path}/retry")
            assert (answer.status_code, answer.headers["location"]) == (303, path)
            assert "Being reopened" in told(await client.get(path))
            assert await run(solo) == 1
            page = told(await client.get(path))
        assert "Incident 4711 Reopened" in page
        assert len(desk.calls) == 2

    async def test_what_is_under_way_is_not_begun_again(self, solo: Solo, desk: Desk) -> None:
        await solo.hear(dispute())
        async with solo.client(Role.SERVICE_DESK) as client:
            path = path_of(await client.get(PAGE))
            assert f'action="{path}/retry"' not in (await client.get(path)).text
            page = told(await client.post(f"{path}/retry"), 409)
            chinese = told(await client.post(f"{path}/retry", headers=CHINESE), 409)
        assert "It is being reopened, or is open: there is nothing to try again." in page
        assert "正在重新打开或已打开，无需重试。" in chinese

    async def test_who_may_only_look_does_not_try_again(self, solo: Solo, desk: Desk) -> None:
        await refused(solo, desk)
        async with solo.client(Role.AUDITOR) as client:
            path = path_of(await client.get(PAGE))
            assert "Try again" not in (await client.get(PAGE)).text
            told(await client.post(f"{path}/retry"), 403)

    async def test_one_that_is_not_there(self, solo: Solo) -> None:
        async with solo.client(Role.SERVICE_DESK) as client:
            told(await client.post(f"{PAGE}/{new_id()}/retry"), 404)
