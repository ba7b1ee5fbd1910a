from datetime import timedelta
from typing import Any

from services.satisfaction.settings import SatisfactionSettings
from shared import clock
from tests.satisfaction.complaints.building import NOBODYS, customer, desk, engineer, moment
from tests.satisfaction.complaints.test_pages import as_browser
from tests.support.solo import Solo

REST = "/satisfaction/v1/suggestions"
NEW: dict[str, Any] = {
    "title": "Two spare switches",
    "description": "One in Suzhou.",
    "channel": "visit",
    "suggested_by": "Ms. Gao",
    "customer": "harbour-bank",
    "supervisor": True,
}


class TestSuggestions:
    """R184, R195: studied, answered in time, rewarded, and whoever made it told."""

    async def test_a_reply_is_due_in_working_days(self, solo: Solo) -> None:
        assert SatisfactionSettings().suggestion_reply == "5d"
        async with desk(solo) as client:
            made = (await client.post(REST, json={**NEW, "received_at": "2026-03-02T10:00:00Z"})).json()
            late = (await client.get(REST, params={"overdue": "true"})).json()["items"]
        assert made["due_at"] == "2026-03-10T00:00:00Z"  # Monday and five working days, to their end
        assert [one["id"] for one in late] == [made["id"]]
        (event,) = await solo.events("suggestion.received")
        assert (event.data["number"], event.data["supervisor"]) == (made["number"], True)

    async def test_adopted_with_a_reward(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = (await client.post(REST, json=NEW)).json()
            path = f"{REST}/{made['id']}"
            reply = {"outcome": "adopted", "reason": "Ordered.", "reward": "a letter of thanks"}
            untold = await client.post(f"{path}/answer", json=reply)
            assert (untold.status_code, untold.json()["type"]) == (409, "urn:ratchet:problem:missing")
            told_at = clock.now().isoformat()
            done = await client.post(f"{path}/answer", json={**reply, "contacted_at": told_at})
            again = await client.post(f"{path}/answer", json={**reply, "contacted_at": told_at})
            figures = (await client.get(f"{REST}/figures")).json()
        assert (done.json()["state"], done.json()["outcome"]) == ("answered", "adopted")
        assert again.status_code == 409
        assert [figures[name] for name in ("received", "adopted", "rewarded", "on_time_share")] == [1, 1, 1, 1.0]
        (event,) = await solo.events("suggestion.answered")
        assert (event.data["outcome"], event.data["on_time"], event.sequence) == ("adopted", True, 2)

    async def test_told_before_the_receipt_or_later_than_now(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = (await client.post(REST, json=NEW)).json()
            for hours in (-1, 1):
                at = (moment(made["received_at"]) + timedelta(hours=hours)).isoformat()
                reply = {"outcome": "declined", "reason": "x", "contacted_at": at}
                assert (await client.post(f"{REST}/{made['id']}/answer", json=reply)).status_code == 422

    async def test_an_anonymous_one_names_nobody_and_needs_no_contact(self, solo: Solo) -> None:
        async with desk(solo) as client:
            assert (await client.post(REST, json={**NEW, "anonymous": True})).status_code == 422
            nameless = {**NEW, "anonymous": True, "suggested_by": None, "customer": None}
            made = (await client.post(REST, json=nameless)).json()
            done = await client.post(f"{REST}/{made['id']}/answer", json={"outcome": "declined", "reason": "x"})
        assert done.status_code == 200

    async def test_customers_make_and_see_their_own(self, solo: Solo) -> None:
        async with customer(solo) as gao, customer(solo, "bolt") as other, desk(solo) as staff:
            own = {"title": "x", "description": "y", "channel": "web"}
            made = (await gao.post(REST, json=own)).json()
            assert (made["customer"], made["suggested_by"]) == ("harbour-bank", "Ms. Gao")
            assert (await other.get(f"{REST}/{made['id']}")).status_code == 404
            assert (await other.get(REST)).json()["items"] == []
            assert (await other.post(REST, json=NEW)).status_code == 403
            assert (await gao.get(REST)).json()["items"][0]["id"] == made["id"]
            assert (await staff.get(f"{REST}/{NOBODYS}")).status_code == 404

    async def test_edit_takes_the_etag(self, solo: Solo) -> None:
        async with engineer(solo) as client:
            path = (await client.post(REST, json=NEW)).headers["Location"]
            assert (await client.patch(path, json={"owner": "chen.jie"})).status_code == 428
            edited = await client.patch(path, json={"owner": "chen.jie"}, headers={"If-Match": '"1"'})
            assert (edited.json()["owner"], edited.headers["ETag"]) == ("chen.jie", '"2"')
            assert (await client.patch(path, json={}, headers={"If-Match": '"1"'})).status_code == 412

    async def test_pages(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            assert "There is no suggestion here." in (await client.get("/satisfaction/suggestions")).text
            assert (await client.get("/satisfaction/suggestions/new")).status_code == 200
            typed = {**NEW, "title": "<script>x", "supervisor": "1"}
            made = await client.post("/satisfaction/suggestions", data=typed)
            assert made.status_code == 303
            page = await client.get(made.headers["location"])
            assert "&lt;script&gt;x" in page.text
            assert "&lt;script&gt;x" in (await client.get("/satisfaction/suggestions")).text
            reply = {"outcome": "adopted", "reason": "Ordered."}
            refused = await client.post(f"{made.headers['location']}/answer", data=reply)
            assert refused.status_code == 409
            assert "Ordered." in refused.text
            bad = await client.post("/satisfaction/suggestions", data={**typed, "title": ""})
            assert (bad.status_code, "Please fill in or mend: Title" in bad.text) == (422, True)
