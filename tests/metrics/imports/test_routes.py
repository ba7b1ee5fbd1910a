from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.support.solo import Solo

URL = "/metrics/v1/imports"
HEADER = "number,incident_state,sys_mod_count,opened_at,sys_updated_at,made_sla,reopen_count,resolved_at,closed_at"
ROWS = [
    "INC1,New,0,1/3/2016 10:00,1/3/2016 10:05,true,0,2/3/2016 9:00,7/3/2016 9:00",
    "INC1,Resolved,1,1/3/2016 10:00,2/3/2016 9:00,true,0,2/3/2016 9:00,7/3/2016 9:00",
    "INC1,-100,2,1/3/2016 10:00,3/3/2016 9:00,true,0,2/3/2016 9:00,7/3/2016 9:00",
    "INC1,Closed,3,1/3/2016 10:00,7/3/2016 9:00,false,0,2/3/2016 9:00,7/3/2016 9:00",
]


@pytest.fixture
def importer(solo: Solo) -> httpx.AsyncClient:
    return solo.client(Role.ADMINISTRATOR)


async def begin(client: httpx.AsyncClient, rows: int = len(ROWS), digest: str = "a") -> dict[str, Any]:
    body = {"format": "servicenow-csv", "filename": "log.csv", "digest": digest * 64, "rows": rows}
    answer = await client.post(URL, json=body)
    assert answer.status_code == 200, answer.text
    begun: dict[str, Any] = answer.json()
    return begun


async def send(client: httpx.AsyncClient, begun: dict[str, Any], offset: int, *rows: str) -> httpx.Response:
    content = "\n".join([HEADER, *rows])
    return await client.put(
        f"{URL}/{begun['id']}/chunks/{offset}", content=content, headers={"content-type": "text/csv"}
    )


class TestTakeChunk:
    async def test_a_malformed_row_is_kept_with_its_place_and_the_rest_goes_on(
        self, importer: httpx.AsyncClient
    ) -> None:
        begun = await begin(importer)
        assert (await send(importer, begun, 0, *ROWS[:2])).json()["accepted"] == 2
        second = (await send(importer, begun, 2, *ROWS[2:])).json()
        assert (second["rows_done"], second["accepted"], second["quarantined"]) == (4, 1, 1)
        (kept,) = (await importer.get("/metrics/v1/quarantine")).json()["items"]
        assert (kept["place"], "-100" in kept["reason"]) == ("log.csv data row 3", True)
        (ticket,) = (await importer.get("/metrics/v1/tickets")).json()["items"]
        assert (ticket["state"], ticket["sla_met"], ticket["resolution_number"]) == ("closed", False, 1)

    async def test_a_chunk_taken_before_has_no_effect(self, importer: httpx.AsyncClient) -> None:
        begun = await begin(importer)
        await send(importer, begun, 0, *ROWS[:2])
        assert (await send(importer, begun, 0, *ROWS[:2])).json() == {
            "rows_done": 2,
            "accepted": 0,
            "changed": 0,
            "quarantined": 0,
        }

    async def test_a_gap_names_where_to_go_on(self, importer: httpx.AsyncClient) -> None:
        begun = await begin(importer)
        answer = await send(importer, begun, 2, *ROWS[2:])
        assert (answer.status_code, answer.json()["expected"]) == (409, 0)

    @pytest.mark.parametrize(
        ("content", "word"),
        [(b"\xff\xfe", "UTF-8"), (b"a,b\n1,2", "incident_state"), (b'number,"x\n', "header"), (b"", "header")],
    )
    async def test_what_is_no_such_csv_is_422(self, importer: httpx.AsyncClient, content: bytes, word: str) -> None:
        begun = await begin(importer)
        answer = await importer.put(f"{URL}/{begun['id']}/chunks/0", content=content)
        assert answer.status_code == 422
        assert word in answer.json()["detail"] or "line" in answer.json()["detail"]

    @pytest.mark.parametrize("row", ["INC1,New", "INC1,New,0,1/3/2016 10:00,1/3/2016 10:05,true,0,,,extra", ""])
    async def test_a_row_of_another_length_is_kept(self, importer: httpx.AsyncClient, row: str) -> None:
        begun = await begin(importer)
        answer = await send(importer, begun, 0, ROWS[0], row or ",,,,,,,,")
        assert (answer.status_code, answer.json()["quarantined"]) == (200, 1)

    async def test_an_unknown_import_is_404(self, importer: httpx.AsyncClient) -> None:
        answer = await send(importer, {"id": "0199f0a0-0000-7000-8000-000000000001"}, 0, *ROWS)
        assert answer.status_code == 404


class TestFinishImport:
    async def test_refuses_while_rows_are_missing_and_is_final(self, importer: httpx.AsyncClient) -> None:
        begun = await begin(importer)
        await send(importer, begun, 0, *ROWS[:2])
        early = await importer.post(f"{URL}/{begun['id']}/finish")
        assert (early.status_code, early.json()["expected"]) == (409, 2)
        await send(importer, begun, 2, *ROWS[2:])
        for _ in range(2):
            assert (await importer.post(f"{URL}/{begun['id']}/finish")).json()["state"] == "finished"

    async def test_the_same_file_again_is_the_same_import(self, importer: httpx.AsyncClient) -> None:
        begun = await begin(importer)
        await send(importer, begun, 0, *ROWS)
        again = await begin(importer)
        assert (again["id"], again["rows_done"]) == (begun["id"], 4)
        other = await begin(importer, digest="b")
        assert other["id"] != begun["id"]
