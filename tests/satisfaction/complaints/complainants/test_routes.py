from tests.satisfaction.complaints.building import NOBODYS, customer, desk, do, receive
from tests.support.solo import Solo

OWN = "/satisfaction/v1/own-complaints"


class TestOwn:
    """R56, R182, R200: customers see and answer their own."""

    async def test_complain_and_accept(self, solo: Solo) -> None:
        async with customer(solo) as client, desk(solo) as staff:
            answer = await client.post(OWN, json={"title": "Slow", "description": "Mail is slow."})
            assert answer.status_code == 201
            got = await client.get(answer.headers["Location"])
            assert (got.json()["number"][:4], got.json()["state"]) == ("CMP-", "open")
            mine = {"id": got.json()["id"]}
            view = await do(staff, mine, "take-over")
            assert (view["owner"], view["customer"], view["complainant"]) == ("wang.fang", "harbour-bank", "Ms. Gao")
            await do(staff, mine, "notes", note="between us")
            await do(staff, mine, "answer", answer="Mended.")
            seen = (await client.get(f"{OWN}/{mine['id']}")).json()
            assert [entry["kind"] for entry in seen["timeline"]] == ["received", "answered"]
            accepted = await client.post(f"{OWN}/{mine['id']}/accept", json={"score": 5, "comment": "Thanks."})
            assert accepted.json()["state"] == "accepted"
            rated = (await staff.get("/satisfaction/v1/staff-ratings")).json()["items"]
        assert [(one["staff"], one["customer"], one["score"]) for one in rated] == [("wang.fang", "harbour-bank", 5)]
        (event,) = await solo.events("complaint.accepted")
        assert (event.data["score"], event.data["answered_by"]) == (5, "wang.fang")

    async def test_reject(self, solo: Solo) -> None:
        async with customer(solo) as client, desk(solo) as staff:
            body = await receive(staff)
            await do(staff, body, "answer", answer="Mended.")
            answer = await client.post(f"{OWN}/{body['id']}/reject", json={"reason": "No."})
            assert (answer.status_code, answer.json()["state"]) == (200, "open")

    async def test_anothers_answers_as_none(self, solo: Solo) -> None:
        async with customer(solo, "bolt") as client, desk(solo) as staff:
            body = await receive(staff)
            await do(staff, body, "answer", answer="Mended.")
            for id_ in (body["id"], NOBODYS):
                assert (await client.get(f"{OWN}/{id_}")).status_code == 404
                assert (await client.post(f"{OWN}/{id_}/accept", json={})).status_code == 404
                assert (await client.post(f"{OWN}/{id_}/reject", json={"reason": "x"})).status_code == 404
            assert (await client.get(OWN)).json()["items"] == []

    async def test_pages_with_the_timeline(self, solo: Solo) -> None:
        async with customer(solo) as client, desk(solo) as staff:
            made = [(await receive(staff))["number"] for _ in range(3)]
            first = (await client.get(OWN, params={"limit": 2})).json()
            rest = (await client.get(OWN, params={"limit": 2, "cursor": first["next_cursor"]})).json()
        numbers = [one["number"] for one in first["items"] + rest["items"]]
        assert numbers == made[::-1]
        assert all(len(one["timeline"]) == 1 for one in first["items"])

    async def test_a_token_that_names_no_customer(self, solo: Solo) -> None:
        async with customer(solo, "") as client, desk(solo) as staff:
            assert (await client.get(OWN)).status_code == 403
            assert (await staff.get(OWN)).status_code == 403
