from typing import Any

import httpx
import pytest

from shared.app import Service
from shared.auth import Role
from tests.satisfaction.callbacks.building import ANSWERS, problem, recently, scheduled, told
from tests.support.fleet import Fleet

PATH = "/satisfaction/v1/conduct-items"
ITEM = {"dimension": "assurance", "wording_en": "Wore a badge", "wording_zh": "佩戴工牌"}


class TestListConductItems:
    async def test_courtesy_no_argument_and_explanation_are_built_in(self, client: httpx.AsyncClient) -> None:
        """R185."""
        listed = {item["key"]: item for item in (await client.get(PATH)).json()}
        assert {"courtesy", "no_argument", "explained"} <= set(listed)
        assert all(item["version"] == 1 and item["wording_zh"] and item["wording_en"] for item in listed.values())
        assert listed["courtesy"]["dimension"] == "assurance"


class TestOwnItems:
    async def test_are_asked_from_then_on_and_stored_with_their_wording(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        """R185: items of one's own, versioned."""
        before = await scheduled(service, recently(number=1))
        refused = await client.post(f"{before}/complete", json={**ANSWERS, "conduct": {"badge": 5}})
        assert "courtesy" in problem(refused, 422, "malformed")
        async with desk.client(Role.QUALITY_MANAGER) as manager:
            answer = await manager.post(PATH, json={"key": "badge", **ITEM})
            assert (answer.status_code, answer.headers["location"]) == (201, f"{PATH}/badge")
            reworded = {**ITEM, "wording_en": "Wore a badge that could be read"}
            problem(await manager.put(f"{PATH}/badge", json=reworded), 428, "precondition-required")
            first = await client.post(f"{before}/complete", json={**ANSWERS, "conduct": {"badge": 5}})
            answer = await manager.put(f"{PATH}/badge", json=reworded, headers={"If-Match": '"1"'})
            assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
            problem(await manager.put(f"{PATH}/badge", json=ITEM, headers={"If-Match": '"1"'}), 412, "lost-update")
        after = await scheduled(service, recently(number=2))
        second = await client.post(f"{after}/complete", json={**ANSWERS, "conduct": {"badge": 4, "courtesy": 3}})
        assert [first.json()["conduct_versions"], second.json()["conduct_versions"]] == [
            {"badge": 1},
            {"badge": 2, "courtesy": 1},
        ]
        versions = (await client.get(f"{PATH}/badge")).json()["versions"]
        assert [one["wording_en"] for one in versions] == ["Wore a badge", "Wore a badge that could be read"]
        completed = [event for event in await told(service) if event.type == "ratchet.callback.completed.v1"]
        assert [event.data["conduct"] for event in completed] == [{"badge": 5}, {"badge": 4, "courtesy": 3}]

    async def test_a_built_in_one_is_reworded_and_retired_like_them(
        self, service: Service, desk: Fleet, client: httpx.AsyncClient
    ) -> None:
        async with desk.client(Role.QUALITY_MANAGER) as manager:
            reworded = await manager.put(f"{PATH}/courtesy", json=ITEM, headers={"If-Match": '"1"'})
            assert reworded.json()["version"] == 2
            retired = await manager.post(f"{PATH}/courtesy/retire", headers={"If-Match": '"2"'})
            assert (retired.json()["retired"], retired.json()["version"]) == (True, 3)
            again = await manager.put(f"{PATH}/courtesy", json=ITEM, headers={"If-Match": '"3"'})
            problem(again, 409, "item-retired")
        path = await scheduled(service)
        problem(await client.post(f"{path}/complete", json={**ANSWERS, "conduct": {"courtesy": 5}}), 422, "malformed")
        versions = (await client.get(f"{PATH}/courtesy")).json()["versions"]
        assert [one["version"] for one in versions] == [1, 2, 3]

    async def test_a_key_names_one_item(self, desk: Fleet) -> None:
        async with desk.client(Role.QUALITY_MANAGER) as manager:
            problem(await manager.post(PATH, json={"key": "courtesy", **ITEM}), 409, "item-exists")
            assert (await manager.post(PATH, json={"key": "badge", **ITEM})).status_code == 201
            problem(await manager.post(PATH, json={"key": "badge", **ITEM}), 409, "item-exists")
            problem(await manager.get(f"{PATH}/nothing"), 404, "conduct-item-not-found")
            answer = await manager.put(f"{PATH}/nothing", json=ITEM, headers={"If-Match": "*"})
            problem(answer, 404, "conduct-item-not-found")

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"key": "badge"},
            {"key": "Badge!", **ITEM},
            {"key": "b" * 61, **ITEM},
            {"key": "badge", **ITEM, "dimension": "charm"},
            {"key": "badge", **ITEM, "wording_en": " "},
            {"key": "badge", **ITEM, "wording_zh": "\x00"},
            {"key": "badge", **ITEM, "version": 3},
        ],
    )
    async def test_a_malformed_body_is_told_so(self, desk: Fleet, body: Any) -> None:
        async with desk.client(Role.QUALITY_MANAGER) as manager:
            problem(await manager.post(PATH, json=body), 422, "malformed")

    async def test_the_desk_reads_and_does_not_write(self, client: httpx.AsyncClient) -> None:
        assert (await client.get(PATH)).status_code == 200
        assert (await client.post(PATH, json={"key": "badge", **ITEM})).status_code == 403
