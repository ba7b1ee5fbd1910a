from datetime import date, timedelta
from typing import Any
from uuid import uuid4

from services.satisfaction.followups.rules import compute_due_at
from shared import clock
from shared.events.catalogue import ProjectCompleted
from shared.events.examples import example_of
from shared.working_days import working_days
from tests.satisfaction.complaints.building import NOBODYS, desk, engineer, manager, moment
from tests.satisfaction.complaints.test_pages import as_browser
from tests.support.solo import Solo

REST = "/satisfaction/v1/follow-ups"


def completed(key: str = "branches", **changes: Any) -> ProjectCompleted:
    example = ProjectCompleted.model_validate(example_of(ProjectCompleted.TYPE).data)
    given = {"key": key, "completed_on": clock.now().date() - timedelta(days=1), "manager": "chen.jie", **changes}
    return example.model_copy(update=given)


async def heard(solo: Solo, client: Any, **changes: Any) -> dict[str, Any]:
    key = f"project-{uuid4()}"
    await solo.hear(completed(key, **changes), key)
    (item,) = (await client.get(REST, params={"project": key})).json()["items"]
    found: dict[str, Any] = item
    return found


class TestFollowUps:
    """R88: the customer of every completed project is asked."""

    async def test_one_for_each_completion_however_often_told(self, solo: Solo) -> None:
        for _ in range(2):
            await solo.hear(completed(), "branches")
        async with desk(solo) as client:
            (item,) = (await client.get(REST)).json()["items"]
        assert (item["project"], item["state"], item["manager"]) == ("branches", "due", "chen.jie")

    def test_due_by_hand(self) -> None:
        """Completed on Friday, heard on Monday 2 March 2026 at 10:00: five working days after that Monday."""
        calendar = working_days("UTC", None, moment("2026-03-02T10:00:00+00:00"))
        due = compute_due_at(calendar, date(2026, 2, 27), moment("2026-03-02T10:00:00+00:00"), "5d")
        assert due == moment("2026-03-10T00:00:00+00:00")

    async def test_answers_and_figures(self, solo: Solo) -> None:
        async with desk(solo) as client:
            for score, department in ((5, "a"), (2, "a"), (4, "b")):
                item = await heard(solo, client, department=department)
                answer = await client.post(f"{REST}/{item['id']}/answers", json={"score": score, "comment": "x"})
                assert answer.json()["state"] == "done"
            gone = await heard(solo, client, department="b")
            await client.post(f"{REST}/{gone['id']}/unreachable", json={"reason": "moved"})
            await heard(solo, client, department="b")
            figures = (await client.get(f"{REST}/figures")).json()
        total, of = figures["total"], {one["value"]: one for one in figures["of"]}
        assert (total["done"], total["due"], total["unreachable"], total["on_time"]) == (3, 1, 1, 3)
        assert (round(total["mean"], 4), total["coverage"]) == (3.6667, 0.75)
        assert (of["a"]["satisfied_share"], of["b"]["satisfied_share"]) == (0.5, 1.0)

    async def test_not_by_whoever_managed_it(self, solo: Solo) -> None:
        async with desk(solo) as client, manager(solo) as boss, engineer(solo) as other:
            item = await heard(solo, client, manager="Wang.Fang")
            path = f"{REST}/{item['id']}"
            own = await client.post(f"{path}/answers", json={"score": 5})
            assert (own.status_code, own.json()["type"]) == (409, "urn:ratchet:problem:asker-managed-it")
            assert (await other.post(f"{path}/answers", json={"score": 5})).status_code == 403
            assert (await boss.post(f"{path}/answers", json={"score": 5})).status_code == 200
            assert (await boss.post(f"{path}/answers", json={"score": 1})).status_code == 409

    async def test_unsound_answers(self, solo: Solo) -> None:
        async with desk(solo) as client:
            item = await heard(solo, client)
            path = f"{REST}/{item['id']}"
            future = (clock.now() + timedelta(days=1)).isoformat()
            for wrong in ({}, {"score": 0}, {"score": 6}, {"score": 5, "done_at": "2020-01-01T00:00:00Z"},
                          {"score": 5, "done_at": future}):  # fmt: skip
                assert (await client.post(f"{path}/answers", json=wrong)).status_code == 422
            assert (await client.get(f"{REST}/{NOBODYS}")).status_code == 404
            backwards = {"from": "2026-03-02", "to": "2026-03-01"}
            assert (await client.get(f"{REST}/figures", params=backwards)).status_code == 422
            assert (await client.get(f"{REST}/figures", params={"to": "0001-01-01"})).status_code == 422

    async def test_pages(self, solo: Solo) -> None:
        async with desk(solo) as client:
            item = await heard(solo, client)
            as_browser(client)
            path = f"/satisfaction/follow-ups/{item['id']}"
            assert item["name"] in (await client.get("/satisfaction/follow-ups")).text
            assert (await client.get(path)).status_code == 200
            bad = await client.post(f"{path}/answers", data={"score": "9", "comment": "kept"})
            assert (bad.status_code, "kept" in bad.text) == (422, True)
            assert (await client.post(f"{path}/answers", data={"score": "5"})).status_code == 303
            assert (await client.post(f"{path}/unreachable", data={"reason": "x"})).status_code == 409
