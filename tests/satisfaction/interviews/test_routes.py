from datetime import timedelta
from typing import Any

import pytest

from shared import clock
from tests.satisfaction.complaints.building import NOBODYS, customer, desk
from tests.satisfaction.complaints.test_pages import as_browser
from tests.support.solo import Solo

REST = "/satisfaction/v1/interviews"
NEW: dict[str, Any] = {
    "customer": "harbour-bank",
    "interviewee": "Ms. Gao",
    "interviewer": "wang.fang",
    "held_at": "2026-03-02T10:00:00Z",
    "notes": [{"topic": "mail", "note": "slow", "score": 2}, {"topic": "desk", "note": "kind"}],
}


class TestInterviews:
    """R137: satisfaction by survey and by interview, with notes by topic."""

    async def test_recorded_found_by_topic_and_written_anew(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = await client.post(REST, json=NEW)
            assert made.status_code == 201
            assert made.json()["notes"][0] == {"topic": "mail", "note": "slow", "score": 2}
            for given, found in (({"topic": "desk"}, 1), ({"topic": "print"}, 0), ({"customer": "bolt"}, 0)):
                assert len((await client.get(REST, params=given)).json()["items"]) == found
            path = made.headers["Location"]
            assert (await client.put(path, json=NEW)).status_code == 428
            again = await client.put(path, json={**NEW, "summary": "good"}, headers={"If-Match": '"1"'})
            assert (again.json()["summary"], again.headers["ETag"]) == ("good", '"2"')
            assert (await client.put(path, json=NEW, headers={"If-Match": '"1"'})).status_code == 412

    async def test_pages_by_cursor(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = [(await client.post(REST, json=NEW)).json()["number"] for _ in range(3)]
            first = (await client.get(REST, params={"limit": 2})).json()
            rest = (await client.get(REST, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        assert [one["number"] for one in first["items"] + rest["items"]] == made[::-1]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"notes": []},
            {"notes": [{"topic": "x", "note": "y", "score": 6}]},
            {"held_at": (clock.now() + timedelta(days=1)).isoformat()},
            {"customer": "x\x00"},
        ],
    )
    async def test_unsound_ones(self, solo: Solo, wrong: dict[str, Any]) -> None:
        async with desk(solo) as client:
            assert (await client.post(REST, json={**NEW, **wrong})).status_code == 422

    async def test_for_staff_alone(self, solo: Solo) -> None:
        async with customer(solo) as client, desk(solo) as staff:
            assert (await client.get(REST)).status_code == 403
            assert (await staff.get(f"{REST}/{NOBODYS}")).status_code == 404

    async def test_pages(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            assert "No interview is recorded yet." in (await client.get("/satisfaction/interviews")).text
            assert (await client.get("/satisfaction/interviews/new")).status_code == 200
            typed = {"customer": "<b>", "interviewee": "Gao", "interviewer": "me", "held_at": "2026-03-02T10:00"}
            none = await client.post("/satisfaction/interviews", data=typed)
            assert (none.status_code, "Notes by topic" in none.text) == (422, True)
            notes = {"topic.1": "mail", "note.1": "slow", "score.1": "2"}
            made = await client.post("/satisfaction/interviews", data={**typed, **notes})
            assert made.status_code == 303
            assert "slow" in (await client.get(made.headers["location"])).text
            assert "&lt;b&gt;" in (await client.get("/satisfaction/interviews")).text
