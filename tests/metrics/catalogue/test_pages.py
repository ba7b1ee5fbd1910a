import httpx
import pytest

from services.metrics.gaps.models import gaps
from shared import clock
from shared.auth import Role
from shared.ids import new_id
from tests.support.solo import Solo

ENTRY = {
    "name": "邮件 <Mail>",
    "service_class": "core",
    "owner": "wang.fang",
    "level": "gold",
    "criticality": "critical",
}
PAGE = "/metrics/catalogue"


async def open_gap(solo: Solo, measure_key: str, scope: str, state: str = "open") -> None:
    now = clock.now()
    async with solo.transaction() as session:
        await session.execute(
            gaps.insert().values(
                id=new_id(),
                measure_key=measure_key,
                scope=scope,
                state=state,
                detection="target_missed",
                period=now.date().replace(day=1),
                expected=0.9,
                actual=0.8,
                n=10,
                size=0.1,
                severity="low",
                impact={},
                occurrences=1,
                version=1,
                detected_at=now,
            )
        )


class TestShowCatalogue:
    @pytest.fixture
    async def editor(self, solo: Solo) -> httpx.AsyncClient:
        client = solo.client(Role.PROCESS_OWNER)
        await client.put("/metrics/v1/services/mail", json=ENTRY)
        await client.put("/metrics/v1/services/wiki", json={**ENTRY, "name": "wiki", "visible_to": ["engineer"]})
        return client

    async def test_lists_services_with_their_open_gaps(self, solo: Solo, editor: httpx.AsyncClient) -> None:
        """R109: the portfolio with who answers for it, how critical it is, and where it misses its promises."""
        await open_gap(solo, "sla_attainment", "service=mail")
        await open_gap(solo, "sla_attainment", "service=mail,customer=bank")
        await open_gap(solo, "reopen_rate", "service=mail", "closed")
        await open_gap(solo, "sla_attainment", "all")
        page = await editor.get(PAGE, headers={"Accept": "text/html", "Accept-Language": "en"})
        assert page.status_code == 200
        mail, wiki = (row for row in page.text.split("<tr>") if "wang.fang" in row)
        for word in ("邮件 &lt;Mail&gt;", "<small>mail</small>", "Core", "gold", "Draft", "critical", '"number">2<'):
            assert word in mail
        assert '"number">0<' in wiki

    async def test_speaks_chinese(self, editor: httpx.AsyncClient) -> None:
        page = await editor.get(PAGE, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
        for word in ("服务目录", "类别", "核心", "草稿", "重要程度", "严重", "评价周期（月）", "未关闭的差距"):
            assert word in page.text

    async def test_a_reader_sees_what_is_visible_to_its_role(self, solo: Solo, editor: httpx.AsyncClient) -> None:
        await editor.post("/metrics/v1/services/wiki/publish")
        accept = {"Accept": "text/html", "Accept-Language": "en"}
        seen = (await solo.client(Role.ENGINEER).get(PAGE, headers=accept)).text
        assert "wiki" in seen
        assert "Mail" not in seen
        nothing = (await solo.client(Role.AUDITOR).get(PAGE, headers=accept)).text
        assert "holds no service that you may see" in nothing
        assert (await solo.client(Role.CUSTOMER).get(PAGE, headers=accept)).status_code == 403

    async def test_goes_on_where_the_page_ends(self, editor: httpx.AsyncClient) -> None:
        for number in range(100):
            answer = await editor.put(f"/metrics/v1/services/a%20b{number:03}", json=ENTRY)
            assert answer.status_code == 200
        first = (await editor.get(PAGE, headers={"Accept": "text/html"})).text
        assert "/metrics/catalogue?after=a+b099" in first
        rest = (await editor.get(PAGE, params={"after": "a b099"}, headers={"Accept": "text/html"})).text
        assert rest.count("wang.fang") == 2
