"""R54, R70: results assigned to departments and people, with a day by which they answer."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from services.satisfaction.results.service import notice_overdue
from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from shared.auth import Role
from tests.satisfaction.analysis.building import make_campaign, score
from tests.satisfaction.analysis.conftest import Analyse
from tests.satisfaction.analysis.conftest import analyse as analyse
from tests.satisfaction.analysis.conftest import worker as worker
from tests.support.solo import Solo

PATH = "/satisfaction/v1/campaigns"
TODAY = datetime.now(UTC).date()


def body(**changed: object) -> dict[str, object]:
    return {
        "aspect": "figure",
        "key": "csat",
        "department": "operations",
        "question": "What will you change?",
        "due_on": str(TODAY + timedelta(days=14)),
        **changed,
    }


@pytest.fixture
async def campaign_id(solo: Solo, analyse: Analyse) -> UUID:
    made = await make_campaign(solo, {"all": (20, 10, score(5, 5))})
    await analyse(solo)
    return made


class TestAssign:
    async def test_from_the_question_to_the_answer(self, solo: Solo, campaign_id: UUID) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            made = await manager.post(f"{PATH}/{campaign_id}/results", json=body())
            assert made.status_code == 201
            where = made.headers["Location"]
            assert (await manager.get(where)).json()["overdue"] is False
            assert (await manager.post(f"{PATH}/{campaign_id}/results", json=body())).status_code == 409
            assert (await manager.patch(where, json={"person": "li.wei"})).status_code == 428
            changed = await manager.patch(where, json={"person": "li.wei"}, headers={"If-Match": made.headers["ETag"]})
            assert (changed.json()["person"], changed.json()["version"]) == ("li.wei", 2)
        answer = {"answer": "Two more people in the morning"}
        async with solo.client(Role.ENGINEER, departments=["operations"]) as colleague:
            assert (await colleague.post(f"{where}/answer", json=answer)).status_code == 403
        async with solo.client(Role.ENGINEER, subject="li.wei") as asked:
            told = await asked.post(f"{where}/answer", json=answer)
            assert (told.json()["answered_by"], told.json()["on_time"]) == ("li.wei", True)
            assert (await asked.post(f"{where}/answer", json=answer)).status_code == 409
            listed = (await asked.get("/satisfaction/v1/survey-results", params={"person": "li.wei"})).json()["items"]
            assert [one["id"] for one in listed] == [told.json()["id"]]
            still = (await asked.get(f"{PATH}/{campaign_id}/results", params={"open": True})).json()["items"]
            assert still == []
        facts = await solo.events("survey.result_assigned", "survey.result_answered")
        assert [(fact.sequence, fact.data["person"]) for fact in facts] == [(1, None), (2, "li.wei"), (3, "li.wei")]

    async def test_anybody_of_the_department_answers_where_nobody_was_named(
        self, solo: Solo, campaign_id: UUID
    ) -> None:
        async with solo.client(Role.SERVICE_DESK) as desk:
            where = (await desk.post(f"{PATH}/{campaign_id}/results", json=body())).headers["Location"]
            assert (await desk.post(f"{where}/answer", json={"answer": "no"})).status_code == 403
        async with solo.client(Role.ENGINEER, departments=["operations"]) as colleague:
            assert (await colleague.post(f"{where}/answer", json={"answer": "yes"})).status_code == 200

    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            ({"key": "nonsense"}, "one of: csat"),
            ({"aspect": "dimension", "key": "tangibles"}, "there is none"),
            ({"due_on": "2020-01-01"}, "is over"),
            ({"due_on": "9999-01-01"}, "2199"),
            ({"department": "a\x00b"}, "pattern"),
        ],
    )
    async def test_says_what_would_be_right(
        self, solo: Solo, campaign_id: UUID, changed: dict[str, str], says: str
    ) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            refused = await manager.post(f"{PATH}/{campaign_id}/results", json=body(**changed))
        assert (refused.status_code, says in refused.json()["detail"]) == (422, True)

    async def test_only_what_was_analysed(self, solo: Solo) -> None:
        waiting = await make_campaign(solo, {"all": (3, 3, [])})
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            assert (await manager.post(f"{PATH}/{waiting}/results", json=body())).status_code == 409
            assert (await manager.post(f"{PATH}/{uuid4()}/results", json=body())).status_code == 404
            assert (await manager.get(f"{PATH}/{waiting}/results/{uuid4()}")).status_code == 404


class TestNoticeOverdue:
    async def test_tells_once(self, solo: Solo, campaign_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            await manager.post(f"{PATH}/{campaign_id}/results", json=body(due_on=str(TODAY)))
        async with solo.transaction() as session:
            assert await notice_overdue(session, SatisfactionSettings(), 10) == 0
        later = clock.now() + timedelta(days=2)
        monkeypatch.setattr(clock, "now", lambda: later)
        for expected in (1, 0):
            async with solo.transaction() as session:
                assert await notice_overdue(session, SatisfactionSettings(), 10) == expected
        (fact,) = await solo.events("survey.result_overdue")
        assert (fact.data["department"], fact.data["due_on"], fact.sequence) == ("operations", str(TODAY), 2)
