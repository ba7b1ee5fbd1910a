"""R10, R54, R175: a survey told by REST alone ends in an improvement that says what was found."""

from typing import Any

from shared.auth import Role
from tests.satisfaction.sheets.building import CSV, ask, write_table
from tests.support.fleet import Fleet
from tests.support.waiting import eventually

_V1 = "/improvement/v1/improvements"
_CONTENT = {
    "title": {"en": "Service desk"},
    "items": [
        {"kind": "pair", "key": key, "wording": {"en": key}, "dimension": dimension, "process": process}
        for key, dimension, process in (
            ("quick", "responsiveness", "incident management"),
            ("ready", "responsiveness", "incident management"),
            ("modern", "tangibles", "request fulfilment"),
        )
    ],
}


class TestFromTheSurveyToTheImprovement:
    async def test_a_significant_gap_opens_one_that_says_what_was_found(self, fleet: Fleet) -> None:
        """Eight people expect 7 and 6 of the desk's quickness and perceive 4 and 3 or 5 and 4; of its tools they get
        what they expect, or one more or less. The job that analyses, the relay and the inbox run as they do."""
        rows = [[f"p{n}", 7, 4 + n % 2, 6, 3 + n % 2, 5, 4 + n % 3] for n in range(8)]
        header = ["reference", *(f"{half}{n}" for n in (1, 2, 3) for half in "EP")]
        async with fleet.client(Role.QUALITY_MANAGER) as manager:
            people = write_table(["reference"], [[row[0]] for row in rows])
            terms = {"service": "service desk", "kind": "ad_hoc", "level": "company", "occasion": "Release 7"}
            where = await ask(manager, _CONTENT, people, key="desk", **terms)
            answer = await manager.post(f"{where}/sheets", content=write_table(header, rows), headers=CSV)
            assert answer.json()["taken"] == 8, answer.text
            assert (await manager.post(f"{where}/close")).is_success

            async def opened() -> list[dict[str, Any]]:
                found: list[dict[str, Any]] = (await manager.get(_V1, params={"origin": "survey"})).json()["items"]
                return found if len(found) == 2 else []

            records = await eventually(opened)
            assert {record["title"].partition(":")[0] for record in records} == {
                "responsiveness",
                "incident management",
            }
            record = (await manager.get(f"{_V1}/{records[0]['id']}")).json()
            # gaps −3 and −2, half of them each: −2.5 of the scale's six steps
            assert "customers expected 6.5 and perceived 4" in record["problem"]
            assert "a gap of -2.5, interval" in record["problem"]
            assert "n = 8" in record["problem"]
            assert "8 of 8 who were asked answered" in record["problem"]
            assert (record["service"], record["severity"]) == ("service desk", "high")
            campaign = (await manager.get(where)).json()
            assert record["correlation_id"] == campaign["id"]
