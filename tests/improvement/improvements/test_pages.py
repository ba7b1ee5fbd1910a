import httpx

from shared.auth import Role
from shared.events.metrics import GuardResult, MeasureDefined, Sample
from tests.improvement.browsing import HOSTILE, browser, shown, went_to
from tests.improvement.builders import READY, SLA, People, assess, hear, make_gap, rows, until
from tests.support.fleet import Fleet

PAGES = "/improvement/improvements"
FORM = {
    "title": "Evening shift",
    "problem": "nobody there",
    "measure_key": "sla_attainment",
    "scope": "all",
    **{name: READY[name] for name in ("plan", "owner", "resources")},
    "direction": "higher_is_better",
    "baseline_from": "2016-03-01",
    "baseline_to": "2016-04-01",
    "version": "*",
}


class TestShowList:
    async def test_shows_what_a_gap_opened_and_filters_by_state(self, alone: Fleet, author: httpx.AsyncClient) -> None:
        await hear(alone, make_gap(), SLA)
        page = shown(await author.get(PAGES))
        assert "SLA attainment: 39.86% instead of 75.00%" in page
        assert "IMP-" in page
        assert "39.86%" not in shown(await author.get(PAGES, params={"state": "closed"}))

    async def test_speaks_chinese(self, alone: Fleet) -> None:
        async with browser(alone, Role.AUDITOR, subject="a", language="zh-CN") as reader:
            page = shown(await reader.get(PAGES))
        assert "此处没有改进记录" in page
        assert "Propose" not in page

    async def test_pages_on(self, alone: Fleet, author: httpx.AsyncClient) -> None:
        await hear(alone, *(make_gap(scope=f"group={number:02}") for number in range(60)))
        first = shown(await author.get(PAGES))
        assert first.count("<tr>") == 51
        (link,) = [part.split('"')[0] for part in first.split('rel="next" href="')[1:]]
        assert shown(await author.get(link.replace("&amp;", "&"))).count("<tr>") == 11


class TestTheWholeWay:
    async def test_from_the_idea_to_the_closed_record_without_javascript(
        self,
        alone: Fleet,
        people: People,
        author: httpx.AsyncClient,
        supervisor: httpx.AsyncClient,
        manager: httpx.AsyncClient,
    ) -> None:
        shown(await author.get(f"{PAGES}/new"))
        path = went_to(await author.post(PAGES, data={"title": "Evening shift", "problem": "nobody there"}))
        id_ = path.rsplit("/", 1)[-1]
        refused = shown(await author.post(f"{path}/submit"), 409)
        assert "verification_plan" in refused
        assert went_to(await author.post(f"{path}/edit", data=FORM)) == path
        assert "2026" in shown(await author.get(path))
        went_to(await author.post(f"{path}/submit"))
        assert f'action="{path}/approve"' not in shown(await author.get(path))
        assert f'action="{path}/approve"' in shown(await supervisor.get(path))
        went_to(await supervisor.post(f"{path}/approve", data={"comment": ""}))
        await until(people, id_, "implementing")
        went_to(
            await manager.post(
                f"{path}/change/outcome",
                data={"state": "implemented", "implemented_at": "2016-04-01T00:00", "reason": ""},
            )
        )
        record = await until(people, id_, "monitoring")
        before = Sample(period_from="2016-03-01", period_to="2016-04-01", periods=1, n=10, value=5.0)
        guard = GuardResult(measure_key="mttr_mean", before=before, after=before, p_value=0.4, worse=False)
        await assess(people, alone, record, guards=(guard,), verdict="inconclusive")
        assert "n = 8,632" in shown(await manager.get(path))
        assert "give the reason" in shown(await manager.post(f"{path}/verify", data={"verdict": "effective"}), 409)
        went_to(await manager.post(f"{path}/verify", data={"verdict": "effective", "reason": "I saw it"}))
        went_to(await manager.post(f"{path}/close"))
        page = shown(await manager.get(path))
        assert "I saw it" in page
        assert "What can be done now" not in page


class TestTakeAction:
    async def test_a_refusal_says_why_and_changes_nothing(
        self, people: People, alone: Fleet, author: httpx.AsyncClient
    ) -> None:
        await people.open()
        other = await people.open(scope="group=7", verification_plan=None)
        path = f"{PAGES}/{other['id']}"
        page = shown(await author.post(f"{path}/edit", data={**FORM, "owner": "changed"}), 409)
        assert "have an open improvement already" in page
        assert (await people.read(other["id"]))["owner"] == other["owner"]

    async def test_shows_again_what_was_typed(self, people: People, author: httpx.AsyncClient) -> None:
        record = await people.open()
        page = shown(
            await author.post(f"{PAGES}/{record['id']}/edit", data={**FORM, "budget": "much", "plan": "typed words"}),
            422,
        )
        assert "Budget" in page
        assert "typed words" in page

    async def test_a_version_that_is_old_is_told(self, people: People, author: httpx.AsyncClient) -> None:
        record = await people.open()
        path = f"{PAGES}/{record['id']}"
        went_to(await author.post(f"{path}/edit", data={**FORM, "version": '"1"'}))
        assert "Somebody else" in shown(await author.post(f"{path}/edit", data={**FORM, "version": '"1"'}), 412)

    async def test_a_reason_that_is_missing_is_told(self, people: People, manager: httpx.AsyncClient) -> None:
        record = await people.open()
        assert "Reason" in shown(await manager.post(f"{PAGES}/{record['id']}/hold", data={"reason": " "}), 422)

    async def test_only_those_who_may(self, people: People, author: httpx.AsyncClient) -> None:
        record = await people.open()
        shown(await author.post(f"{PAGES}/{record['id']}/withdraw", data={"reason": "r"}), 403)
        assert (await author.post(f"{PAGES}/{record['id']}/explode")).status_code == 422
        author.headers["Sec-Fetch-Site"] = "cross-site"
        assert (await author.post(f"{PAGES}/{record['id']}/submit")).status_code == 403
        assert (await people.read(record["id"]))["state"] == "draft"

    async def test_hostile_words_are_words(self, people: People, manager: httpx.AsyncClient) -> None:
        record = await people.open(title=HOSTILE, problem=HOSTILE, plan=HOSTILE, owner=HOSTILE)
        await manager.post(f"{PAGES}/{record['id']}/hold", data={"reason": HOSTILE})
        for page in (shown(await manager.get(PAGES)), shown(await manager.get(f"{PAGES}/{record['id']}"))):
            assert "<script>alert" not in page
            assert "&lt;script&gt;" in page
            assert "{{ 7 * 7 }}" in page

    async def test_a_record_that_is_not_there_is_not_found(self, author: httpx.AsyncClient) -> None:
        missing = f"{PAGES}/0199f0a0-0000-7000-8000-000000000001"
        for answer in (await author.get(missing), await author.post(f"{missing}/submit")):
            shown(answer, 404)


class TestMeasures:
    async def test_the_newest_version_is_kept_whatever_comes_last(self, alone: Fleet) -> None:
        def measure(version: int, unit: str) -> MeasureDefined:
            return MeasureDefined(
                key="mttr",
                version=version,
                name="MTTR",
                aspect="quality",
                unit=unit,
                direction="lower_is_better",
                data_kind="duration",
                formula="f",
                parameters={},
                owner="o",
            )

        await hear(alone, measure(2, "hours"))
        await hear(alone, measure(1, "minutes"), measure(1, "minutes"))
        await hear(alone, measure(4, "days"), measure(3, "seconds"))
        assert await rows(alone, "SELECT key, version, unit FROM measures") == [
            {"key": "mttr", "version": 4, "unit": "days"}
        ]
