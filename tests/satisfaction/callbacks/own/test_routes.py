import httpx

from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import ANSWERS, NOBODYS, items, problem, recently, scheduled
from tests.support.fleet import Fleet

OWN = "/satisfaction/v1/own-callbacks"


class TestOwnCallbacks:
    async def test_a_customer_sees_its_own_and_no_others(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service, recently(number=1, customer="acme"))
        others = await scheduled(service, recently(number=2, customer="bolt"))
        await scheduled(service, recently(number=3, customer=None))
        await client.post(f"{path}/attempts", json={"channel": "phone", "outcome": "busy", "note": "rude"})
        await client.post(f"{path}/complete", json={**ANSWERS, "comment": "Fine."})
        async with desk.client(Role.CUSTOMER, customer="acme") as customer:
            assert items(await customer.get(OWN)) == ["INC0000001"]
            assert items(await customer.get(OWN, params={"state": "due"})) == []
            own = (await customer.get(f"{OWN}/{path.rsplit('/', 1)[1]}")).json()
            assert (own["state"], own["score"], own["comment"], own["channel"]) == ("completed", 5, "Fine.", "phone")
            inner = {"resolver", "completed_by", "attempt_count", "claim", "escalation_level", "correlation_id"}
            assert not inner & set(own)
            for foreign in (others.rsplit("/", 1)[1], NOBODYS):
                problem(await customer.get(f"{OWN}/{foreign}"), 404, "callback-not-found")
            for inside in ("callbacks", f"callbacks/{others.rsplit('/', 1)[1]}", "callbacks/worklist"):
                assert (await customer.get(f"/satisfaction/v1/{inside}")).status_code == 403
            assert (await customer.get("/satisfaction/v1/callbacks/export.csv")).status_code == 403

    async def test_pages_by_cursor(self, service: Service, desk: Fleet) -> None:
        for number in range(3):
            await scheduled(service, recently(number=number))
        async with desk.client(Role.CUSTOMER, customer="acme") as customer:
            first = (await customer.get(OWN, params={"limit": 2})).json()
            rest = await customer.get(OWN, params={"cursor": first["next_cursor"]})
            seen = [one["external_id"] for one in first["items"]] + items(rest)
            assert sorted(seen) == ["INC0000000", "INC0000001", "INC0000002"]

    async def test_a_token_that_does_not_say_whose_is_refused(self, desk: Fleet, client: httpx.AsyncClient) -> None:
        async with desk.client(Role.CUSTOMER) as nobodys:
            problem(await nobodys.get(OWN), 403, "forbidden")
        assert (await client.get(OWN)).status_code == 403
