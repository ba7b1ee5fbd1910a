"""The printable record (R1, R11, R38, R40, R120)."""

import re
from collections.abc import Iterator

import pytest

from shared.auth import Role
from shared.events.metrics import ChartSignal, GuardResult, LevelChange, Sample
from shared.pages import charts, printing
from shared.pages.children import ChildFailed
from tests.improvement.builders import IMPROVEMENTS, SLA, People, assess, hear, ok
from tests.support.fleet import Fleet
from tests.support.printing import provide_printing

HOSTILE = "<script>alert('x')</script>{{ 7 * 7 }}<img src=http://127.0.0.1:9/x.png>"


@pytest.fixture(scope="module", autouse=True)
def _printing() -> Iterator[None]:
    provide_printing()
    yield
    charts.renderer.close()
    printing.press.close()


async def signed(people: People, fleet: Fleet) -> str:
    """A record that has gone all the way, with evidence of every kind; returns its id."""
    await hear(fleet, SLA)
    record = await people.bring_to("monitoring", fleet, budget="1200.50")
    before = Sample(period_from="2016-03-01", period_to="2016-04-01", periods=1, n=10, value=5.0)
    await assess(
        people,
        fleet,
        record,
        guards=(GuardResult(measure_key="mttr_mean", before=before, after=before, p_value=0.4, worse=False),),
        signals=(ChartSignal(period="2016-04-01", rule="outlier", side="above"),),
        changes=(LevelChange(period="2016-04-01", before=0.3986, after=0.9, p_value=0.01, better=True),),
        verdict="inconclusive",
        reason="too few",
    )
    body = {"verdict": "effective", "reason": "I stood beside the desk"}
    ok(await people.manager.post(f"{IMPROVEMENTS}/{record['id']}/verify", json=body))
    return str(record["id"])


class TestShowRecord:
    async def test_holds_the_record_from_number_to_signature(self, people: People, alone: Fleet) -> None:
        """R1: number, version, approver, effective date, state, revision table. R38: the verdict signed beside the
        one computed. R40, R120: request, approval, execution and verification in one document."""
        id_ = await signed(people, alone)
        record = await people.read(id_)
        answer = await people.manager.get(f"{IMPROVEMENTS}/{id_}/record.html")
        assert answer.status_code == 200
        page = answer.text
        told = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
        for said in (
            record["number"],
            record["title"],
            "Service Improvement Record",
            "revision 1",
            record["problem"],
            "SLA attainment",
            "nobody there after six",
            "1,200.50",
            record["plan_hash"],
            "Inconclusive",
            "Effective",
            "I stood beside the desk",
            "mttr_mean",
            "a point beyond the limits",
            "from 39.86% to 90.00%",
            record["change"]["external_id"],
        ):
            assert said in told, said
        approver = record["approval_steps"][0]["decided_by"]
        assert re.search(rf"Approver {approver} \(", told)
        assert "<svg" in page
        assert "var(--" not in page.split("<svg")[1].split("</svg>")[0]
        assert page.startswith("\n<!doctype html>") or page.startswith("<!doctype html>")

    async def test_speaks_the_language_that_is_asked_for(self, people: People, alone: Fleet) -> None:
        id_ = await signed(people, alone)
        path = f"{IMPROVEMENTS}/{id_}/record.html"
        chosen = await people.manager.get(path, params={"language": "zh-CN"}, headers={"Accept-Language": "en"})
        assert "服务改进记录" in chosen.text
        assert 'lang="zh-CN"' in chosen.text
        by_browser = await people.manager.get(path, headers={"Accept-Language": "zh-Hans-CN, en;q=0.5"})
        assert by_browser.text == chosen.text
        assert by_browser.headers["content-language"] == "zh-CN"
        assert (await people.manager.get(path, params={"language": "fr"})).status_code == 422

    async def test_loads_nothing_and_runs_nothing(self, people: People) -> None:
        record = await people.open(title=HOSTILE, problem=HOSTILE, root_cause=HOSTILE, owner=HOSTILE)
        answer = await people.manager.get(f"{IMPROVEMENTS}/{record['id']}/record.html")
        assert "<script" not in answer.text
        assert "<img" not in answer.text
        assert "{{ 7 * 7 }}" in answer.text
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "src=" not in re.sub(r"&lt;.*?&gt;", "", answer.text)

    async def test_a_draft_says_what_there_is_not_yet(self, people: People) -> None:
        record = await people.open(verification_plan=None)
        page = (await people.manager.get(f"{IMPROVEMENTS}/{record['id']}/record.html")).text
        assert "Nothing is recorded." in page
        assert "<svg" not in page

    async def test_is_for_staff_and_for_records_that_are_there(self, people: People, alone: Fleet) -> None:
        record = await people.open()
        missing = "0199f0a0-0000-7000-8000-000000000001"
        for kind in ("html", "pdf"):
            assert (await people.manager.get(f"{IMPROVEMENTS}/{missing}/record.{kind}")).status_code == 404
            async with alone.client(Role.CUSTOMER, subject="c") as customer:
                assert (await customer.get(f"{IMPROVEMENTS}/{record['id']}/record.{kind}")).status_code == 403


class TestPrintRecord:
    async def test_the_same_record_gives_the_same_bytes(self, people: People, alone: Fleet) -> None:
        id_ = await signed(people, alone)
        path = f"{IMPROVEMENTS}/{id_}/record.pdf"
        answer = await people.manager.get(path, params={"language": "zh-CN"})
        assert answer.status_code == 200, answer.text[:500]
        assert answer.headers["content-type"] == "application/pdf"
        number = (await people.read(id_))["number"]
        assert answer.headers["content-disposition"] == f'inline; filename="{number}-1.pdf"'
        assert answer.content.startswith(b"%PDF-")
        printing.press.close()
        printing.press._kept.clear()
        again = await people.manager.get(path, params={"language": "zh-CN"})
        assert again.content == answer.content
        assert (await people.manager.get(path, params={"language": "en"})).content != answer.content

    async def test_says_what_to_install(self, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
        async def ask(_question: object) -> str:
            raise ChildFailed("not installed: cannot load library 'libpango-1.0-0'")

        monkeypatch.setattr(printing.press, "ask", ask)
        record = await people.open()
        answer = await people.manager.get(f"{IMPROVEMENTS}/{record['id']}/record.pdf")
        assert answer.status_code == 501
        problem = answer.json()
        assert problem["type"] == "urn:ratchet:problem:printing-not-installed"
        assert "apt-get install libpango-1.0-0 " in problem["detail"]
        assert (await people.manager.get(f"{IMPROVEMENTS}/{record['id']}/record.html")).status_code == 200

    async def test_one_that_cannot_be_printed_is_no_crash(
        self, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def ask(_question: object) -> str:
            raise ChildFailed("the process ended")

        monkeypatch.setattr(printing.press, "ask", ask)
        record = await people.open()
        answer = await people.manager.get(f"{IMPROVEMENTS}/{record['id']}/record.pdf")
        assert answer.status_code == 503
        assert answer.json()["title"] == "Printing failed"
