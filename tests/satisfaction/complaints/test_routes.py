import asyncio

from tests.satisfaction.complaints.building import (
    REST,
    customer,
    desk,
    do,
    engineer,
    receive,
)
from tests.support.solo import Solo


class TestList:
    async def test_pages_and_narrows(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            old = await receive(client, received_at="2026-03-02T10:00:00Z", customer="bolt")
            mine = await receive(other, complaint_class="major")
            done = await receive(client)
            await do(client, done, "answer", answer="x")
            await do(client, old, "pass-on", to="chen.jie", reason="x")
            for given, expected in [
                ({}, [done, mine, old]),
                ({"overdue": "true"}, [old]),
                ({"overdue": "false"}, [done, mine]),
                ({"state": "answered"}, [done]),
                ({"complaint_class": "major"}, [mine]),
                ({"owner": "chen.jie"}, [mine]),
                ({"offered_to": "chen.jie"}, [old]),
                ({"customer": "bolt"}, [old]),
                ({"unowned": "true"}, []),
                ({"supervised": "true"}, []),
                ({"disputed": "false", "customer": "bolt"}, [old]),
            ]:
                answer = await client.get(REST, params=given)
                numbers = [item["number"] for item in answer.json()["items"]]
                assert numbers == [one["number"] for one in expected], given
            first = (await client.get(REST, params={"limit": 2})).json()
            rest = (await client.get(REST, params={"limit": 2, "cursor": first["next_cursor"]})).json()
            assert [item["number"] for item in rest["items"]] == [old["number"]]
            assert rest["next_cursor"] is None
            assert (await client.get(REST, params={"cursor": "x"})).status_code == 422

    async def test_what_is_due_next_comes_first(self, solo: Solo) -> None:
        async with desk(solo) as client:
            answered = await receive(client)
            await do(client, answered, "answer", answer="Mended.")
            major = await receive(client, complaint_class="major", department="ops")
            simple = await receive(client, complaint_class="simple")
            late = await receive(client, received_at="2026-03-02T10:00:00Z")
            seen: list[str] = []
            cursor: dict[str, str] = {}
            while True:
                page = (await client.get(REST, params={"order": "due", "limit": 1, **cursor})).json()
                seen += [one["id"] for one in page["items"]]
                if page["next_cursor"] is None:
                    break
                cursor = {"cursor": page["next_cursor"]}
            of = (await client.get(REST, params={"order": "due", "department": "ops"})).json()["items"]
        assert seen[0] == late["id"]
        assert set(seen[1:3]) == {simple["id"], major["id"]}
        assert seen[3:] == [answered["id"]], "it waits for nothing"
        assert [one["id"] for one in of] == [major["id"]]


class TestSteps:
    async def test_a_stale_etag_is_refused_where_one_is_given(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            tag = (await client.get(f"{REST}/{body['id']}")).headers["ETag"]
            await do(client, body, "notes", note="x")
            path = f"{REST}/{body['id']}/notes"
            answer = await client.post(path, json={"note": "y"}, headers={"If-Match": tag})
        assert (answer.status_code, answer.json()["type"]) == (412, "urn:ratchet:problem:lost-update")

    async def test_two_answers_at_once_one_counts(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = await receive(client)
            path = f"{REST}/{body['id']}/answer"
            answers = await asyncio.gather(*(client.post(path, json={"answer": f"{n}"}) for n in range(3)))
        assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
        assert len(await solo.events("complaint.answered")) == 1

    async def test_customers_take_none(self, solo: Solo) -> None:
        async with desk(solo) as client, customer(solo) as person:
            body = await receive(client)
            for step in ("answer", "close", "take-over", "accept", "notes", "dispute"):
                answer = await person.post(f"{REST}/{body['id']}/{step}", json={})
                assert answer.status_code == 403, step
            assert (await person.get(f"{REST}/{body['id']}")).status_code == 403
