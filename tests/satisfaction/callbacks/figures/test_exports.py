import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.satisfaction.callbacks.figures import routes
from shared import clock
from shared.app import Service
from tests.satisfaction.callbacks.building import REST, hear, recently, reopened, scheduled

EXPORT = f"{REST}/export.csv"


def read(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200
    assert answer.text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


class TestExportCallbacks:
    async def test_a_row_a_resolution(self, service: Service, client: httpx.AsyncClient) -> None:
        """Every state is in it, as it counts for F23."""
        await client.put("/satisfaction/v1/callback-customers/acme", json={"desk": "Shanghai"})
        path = await scheduled(service, recently(number=1))
        answers = {"solved": "partly", "score": 4, "comment": "Fine.", "conduct": {"courtesy": 5, "explained": 2}}
        assert (await client.post(f"{path}/complete", json=answers)).status_code == 200
        await scheduled(service, recently(number=2))
        await hear(service, reopened(2))
        answer = await client.get(EXPORT)
        assert answer.headers["content-disposition"] == 'attachment; filename="callbacks.csv"'
        rows = {row["external_id"]: row for row in read(answer)}
        first, second = rows["INC0000001"], rows["INC0000002"]
        assert (first["state"], first["score"], first["solved"], first["on_time"]) == (
            "completed",
            "4",
            "partly",
            "yes",
        )
        assert (first["conduct"], first["channel"]) == ("courtesy=5; explained=2", "phone")
        assert (first["desk"], first["history"], first["attempt_count"]) == ("Shanghai", "no", "0")
        assert (second["state"], second["score"], second["on_time"]) == ("cancelled", "", "")
        assert second["cancelled_at"].endswith("Z")

    @pytest.mark.parametrize(
        "hostile",
        [
            "=1+1",
            "+1",
            "-1+1",
            "@SUM(A1)",
            "\t=1",
            " =cmd|' /C calc'!A0",
            '=HYPERLINK("http://x","y")',
            "＝1",
            "\r\n=1",
        ],
    )
    async def test_nothing_becomes_a_formula(self, service: Service, client: httpx.AsyncClient, hostile: str) -> None:
        """What customers and ticketing systems wrote stays text."""
        path = await scheduled(service, recently(number=1, title=hostile, resolver=hostile, customer=hostile))
        await client.post(f"{path}/complete", json={"solved": "yes", "score": 5, "comment": f"{hostile}<b>"})
        [row] = read(await client.get(EXPORT))
        for cell in (row["title"], row["resolver"], row["customer"], row["comment"]):
            assert cell.startswith("'")
            assert hostile.strip() in cell

    async def test_goes_on_block_by_block_and_narrows(
        self, service: Service, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(routes, "_BLOCK", 2)
        at = clock.now() - timedelta(hours=2)
        facts: list[Any] = [
            recently(number=n, resolved_at=at, group="a" if n < 4 else "b", customer=f"c{n}") for n in range(5)
        ]
        await hear(service, *facts)
        assert sorted(row["external_id"] for row in read(await client.get(EXPORT))) == [
            f"INC000000{n}" for n in range(5)
        ]
        assert [row["external_id"] for row in read(await client.get(EXPORT, params={"group": "b"}))] == ["INC0000004"]
        assert read(await client.get(EXPORT, params={"to": "2026-01"})) == []
        assert (await client.get(EXPORT, params={"from": "soon"})).status_code == 422
