from tests.satisfaction.complaints.building import desk, receive
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
