"""R54, R70: results are assigned, found and answered on pages."""

from datetime import timedelta
from uuid import UUID

from shared.auth import Role
from tests.satisfaction.analysis.conftest import analyse as analyse
from tests.satisfaction.analysis.conftest import worker as worker
from tests.satisfaction.results.test_routes import TODAY
from tests.satisfaction.results.test_routes import campaign_id as campaign_id
from tests.support.solo import Solo

PATH = "/satisfaction/campaigns"
ALL = "/satisfaction/survey-results"


def typed(**changed: str) -> dict[str, str]:
    return {
        "what": "figure:csat",
        "department": "operations",
        "question": "What will <you> change?",
        "due_on": str(TODAY + timedelta(days=14)),
        **changed,
    }


class TestPages:
    async def test_from_the_question_to_the_answer(self, solo: Solo, campaign_id: UUID) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            form = (await manager.get(f"{PATH}/{campaign_id}/results")).text
            assert '<option value="figure:csat"' in form
            assert '<option value="risk:sampling_risk"' in form
            made = await manager.post(f"{PATH}/{campaign_id}/results", data=typed())
            assert made.status_code == 303
            again = await manager.post(f"{PATH}/{campaign_id}/results", data=typed(question="Again?"))
            assert (again.status_code, "Again?" in again.text) == (409, True)
            assert "asked about this result already" in again.text
            listed = (await manager.get(f"/satisfaction/v1/campaigns/{campaign_id}/results")).json()["items"]
            where = f"{PATH}/{campaign_id}/results/{listed[0]['id']}"
            assert "What will &lt;you&gt; change?" in (await manager.get(where)).text
            edited = await manager.post(where, data={**typed(person="li.wei"), "version": '"1"'})
            assert edited.status_code == 303
            stale = await manager.post(where, data={**typed(question="Late"), "version": '"1"'})
            assert (stale.status_code, "Somebody else has changed this" in stale.text) == (412, True)
        async with solo.client(Role.ENGINEER, departments=["operations"]) as colleague:
            page = (await colleague.get(where)).text
            assert ("li.wei answers this" in page, "<textarea" in page) == (True, False)
            assert (await colleague.post(f"{where}/answer", data={"answer": "me"})).status_code == 403
            assert "csat" not in (await colleague.get(ALL, params={"mine": "1"})).text
        async with solo.client(Role.ENGINEER, subject="li.wei") as asked:
            assert "csat" in (await asked.get(ALL, params={"mine": "1"})).text
            empty = await asked.post(f"{where}/answer", data={"answer": " "})
            assert (empty.status_code, "What comes of it?" in empty.text) == (422, True)
            assert (await asked.post(f"{where}/answer", data={"answer": "More <people>"})).status_code == 303
            assert "More &lt;people&gt;" in (await asked.get(where)).text
            assert "csat" not in (await asked.get(ALL)).text
            assert "csat" in (await asked.get(ALL, params={"state": "answered", "department": "operations"})).text

    async def test_what_cannot_be_asked_keeps_what_was_typed(self, solo: Solo, campaign_id: UUID) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            for changed in ({"what": "nonsense"}, {"what": "figure:no"}, {"due_on": "2020-01-01"}, {"due_on": "soon"}):
                refused = await manager.post(f"{PATH}/{campaign_id}/results", data=typed(**changed))
                assert (refused.status_code, "What will &lt;you&gt; change?" in refused.text) == (422, True)
            assert (await manager.get(ALL, params={"cursor": "x"})).status_code == 422
        async with solo.client(Role.AUDITOR) as auditor:
            assert "<textarea" not in (await auditor.get(f"{PATH}/{campaign_id}/results")).text
            assert (await auditor.post(f"{PATH}/{campaign_id}/results", data=typed())).status_code == 403

    async def test_speaks_chinese(self, solo: Solo, campaign_id: UUID) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            page = (await manager.get(f"{PATH}/{campaign_id}/results", headers={"Accept-Language": "zh-CN"})).text
        assert "要求答复" in page
