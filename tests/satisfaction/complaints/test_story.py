from tests.satisfaction.complaints.building import desk, do, receive
from tests.support.fleet import Fleet
from tests.support.waiting import eventually


class TestMajorComplaint:
    async def test_opens_an_improvement(self, fleet: Fleet) -> None:
        """R8, R51, R60: what was complained of stands in the record."""
        async with desk(fleet) as client:
            complaint = await receive(client, complaint_class="major")

            async def opened() -> list[str]:
                answer = await client.get("/improvement/v1/improvements")
                return [item["title"] for item in answer.json()["items"] if complaint["number"] in item["title"]]

            assert await eventually(opened) == [f"{complaint['number']}: Mail stood still"]

    async def test_one_that_becomes_major_opens_exactly_one(self, fleet: Fleet) -> None:
        """R60: rejected until it is major, then escalated by a person: told three times, one record."""
        async with desk(fleet) as client:
            complaint = await receive(client, complaint_class="general")
            for _ in range(2):
                await do(client, complaint, "answer", answer="Mended.")
                complaint = await do(client, complaint, "reject", reason="It is not.")
            assert complaint["complaint_class"] == "major"
            await do(client, complaint, "escalate", to="sun.li", reason="the customer speaks of leaving")

            async def told() -> list[str]:
                answer = await client.get("/improvement/v1/sources", params={"kind": "complaint"})
                outcomes = [item["outcome"] for item in answer.json()["items"] if item["label"] == complaint["number"]]
                assert len(outcomes) == 3, outcomes
                return sorted(outcomes)

            assert await eventually(told) == ["attached", "opened", "suppressed"]
            records = (await client.get("/improvement/v1/improvements")).json()["items"]
            (record,) = [item for item in records if complaint["number"] in item["title"]]
            problem = (await client.get(f"/improvement/v1/improvements/{record['id']}")).json()["problem"]
        assert "its answers were rejected 2 times" in problem
        assert complaint["description"] in problem
