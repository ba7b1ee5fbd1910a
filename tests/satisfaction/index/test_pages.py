"""R186, R204: the satisfaction index on a page."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from shared.auth import Role
from shared.pages import charts
from tests.satisfaction.index.test_routes import MAY, answer
from tests.support.solo import Solo

PATH = "/satisfaction/index"


@pytest.fixture(autouse=True, scope="module")
def _no_process_left() -> Iterator[None]:
    yield
    charts.renderer.close()


class TestShowIndex:
    async def test_phone_and_link_are_told_apart(self, solo: Solo) -> None:
        may = datetime(2026, 5, 10, tzinfo=UTC)
        await answer(solo, may, 5, "phone", "gold")
        await answer(solo, may, 2, "phone", "<silver>")
        await answer(solo, may, 4, "link", "gold")
        async with solo.client(Role.AUDITOR) as reader:
            page = (await reader.get(PATH, params=MAY)).text
            assert "<figcaption>By phone</figcaption>" in page
            assert "May 2026: 62.5 (n = 2)" in page
            assert "<figcaption>By link after a callback</figcaption>" in page
            assert "May 2026: 75 (n = 1)" in page
            apart = (await reader.get(PATH, params={**MAY, "by": "segment"})).text
            assert ("&lt;silver&gt;" in apart, "<figcaption>" in apart) == (True, False)

    @pytest.mark.parametrize("query", [{"from": "2026-07", "to": "2026-06"}, {"from": "soon"}, {"to": "1066-10"}])
    async def test_says_what_a_span_is(self, solo: Solo, query: dict[str, str]) -> None:
        async with solo.client(Role.AUDITOR) as reader:
            page = await reader.get(PATH, params=query)
            assert (page.status_code, "Name two months" in page.text) == (422, True)
            assert (await reader.get(PATH, params={"from": "", "to": "", "by": "x"})).status_code == 200
