from typing import Any

import httpx
import pytest

from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import ANSWERS, ATTEMPT, problem, recently, scheduled
from tests.support.fleet import Fleet

CALLERS = "/satisfaction/v1/callback-callers"
HERSELF = f"{CALLERS}/wang.fang"


class TestSetCallbackCaller:
    """R81: caller ≠ resolver, whatever the ticketing system calls them."""

    async def test_nobody_asks_about_their_own_work_under_another_name(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        path = await scheduled(service, recently(resolver="EXAMPLE\\u10234"))
        assert (await client.post(f"{path}/claim")).status_code == 200
        assert (await client.post(f"{path}/release")).status_code == 200
        async with desk.client(Role.OPERATIONS_MANAGER) as manager:
            set_ = await manager.put(HERSELF, json={"names": ["u10234", "F. Wang"]})
            assert (set_.status_code, set_.json()["names"], set_.headers["etag"]) == (200, ["u10234", "F. Wang"], '"1"')
        refused = [
            await client.post(f"{path}/claim"),
            await client.post(f"{path}/attempts", json=ATTEMPT),
            await client.post(f"{path}/complete", json=ANSWERS),
            await client.post(f"{path}/unreachable", json={"reason": "gone"}),
            await client.post(f"{path}/link"),
        ]
        for answer in refused:
            problem(answer, 409, "caller-is-resolver")
        problem(await client.post("/satisfaction/v1/callbacks/claim-next"), 404, "nobody-to-call")
        page = await client.get(path.replace("/v1/", "/"), headers={"accept": "text/html"})
        assert "You resolved this incident yourself" in page.text

    async def test_is_not_overwritten_unread(self, desk: Fleet) -> None:
        async with desk.client(Role.QUALITY_MANAGER) as manager:
            first = await manager.put(HERSELF, json={"names": ["a"]})
            assert (await manager.put(HERSELF, json={"names": []})).status_code == 428
            stale = await manager.put(HERSELF, json={"names": []}, headers={"If-Match": '"7"'})
            assert stale.status_code == 412
            emptied = await manager.put(HERSELF, json={"names": []}, headers={"If-Match": first.headers["etag"]})
            assert (emptied.status_code, emptied.json()["version"]) == (200, 2)
            assert (await manager.get(HERSELF)).json() == emptied.json()
            assert [one["subject"] for one in (await manager.get(CALLERS)).json()["items"]] == ["wang.fang"]

    @pytest.mark.parametrize(
        "body",
        [{}, {"names": "a"}, {"names": [""]}, {"names": ["x\x00"]}, {"names": ["a"] * 21}, {"n": 1}],
    )
    async def test_a_malformed_body_is_told_so(self, desk: Fleet, body: Any) -> None:
        async with desk.client(Role.QUALITY_MANAGER) as manager:
            assert (await manager.put(HERSELF, json=body)).status_code == 422

    async def test_who_calls_does_not_say_it_of_themselves(self, client: httpx.AsyncClient) -> None:
        assert (await client.put(HERSELF, json={"names": []})).status_code == 403

    async def test_there_may_be_none(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(HERSELF)).status_code == 404
