from typing import Any

import pytest

from shared.auth import Role
from tests.improvement.builders import People, ok, rows
from tests.support.fleet import Fleet

CONNECTIONS = "/improvement/v1/change-connections"
SECRET = "whsec_" + "c2VjcmV0" * 6
GENERIC: dict[str, Any] = {
    "system": "generic",
    "url": "https://desk.example/changes",
    "secret": SECRET,
    "headers": {"Authorization": "Token hidden"},
    "body_template": {"summary": "${title}", "fields": [{"correlation": "${correlation_id}"}]},
}


class TestPutConnection:
    async def test_keeps_secrets_to_itself(self, people: People, alone: Fleet) -> None:
        answer = await people.administrator.put(f"{CONNECTIONS}/desk", json=GENERIC)
        shown = ok(answer)
        assert (shown["has_secret"], shown["headers"], shown["default"]) == (True, ["Authorization"], True)
        assert shown["body_template"] == GENERIC["body_template"]
        listed = await people.administrator.get(CONNECTIONS)
        (stored,) = await rows(alone, "SELECT change_connections::text AS row FROM change_connections")
        for told in (answer.text, listed.text, stored["row"]):
            assert "hidden" not in told
            assert SECRET not in told
            assert "c2VjcmV0" not in told

    async def test_the_stored_secret_stays_until_another_is_given(self, people: People) -> None:
        ok(await people.administrator.put(f"{CONNECTIONS}/desk", json=GENERIC))
        without = {name: value for name, value in GENERIC.items() if name != "secret"}
        kept = ok(await people.administrator.put(f"{CONNECTIONS}/desk", json={**without, "id_pointer": "/result/id"}))
        assert (kept["has_secret"], kept["version"], kept["id_pointer"]) == (True, 2, "/result/id")
        missing = await people.administrator.put(f"{CONNECTIONS}/other", json=without)
        assert "secret" in ok(missing, 422)["detail"]

    async def test_there_is_one_default(self, people: People) -> None:
        for key in ("one", "two"):
            ok(await people.administrator.put(f"{CONNECTIONS}/{key}", json=GENERIC))
        ok(await people.administrator.put(f"{CONNECTIONS}/three", json={**GENERIC, "default": False}))
        listed = ok(await people.administrator.get(CONNECTIONS))
        assert [(item["key"], item["default"]) for item in listed] == [("one", False), ("three", False), ("two", True)]

    async def test_a_lost_update_is_told(self, people: People) -> None:
        path = f"{CONNECTIONS}/desk"
        ok(await people.administrator.put(path, json=GENERIC))
        ok(await people.administrator.put(path, json=GENERIC, headers={"If-Match": '"1"'}))
        assert (await people.administrator.put(path, json=GENERIC, headers={"If-Match": '"1"'})).status_code == 412

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("url", "ftp://desk.example/"),
            ("url", "https://"),
            ("url", None),
            ("secret", "too short"),
            ("secret", "whsec_c2hvcnQ="),
            ("secret", "whsec_" + "*" * 48),
            ("headers", {"webhook-id": "mine"}),
            ("headers", {"a b": "c"}),
            ("headers", {"X": "line\nbreak"}),
            ("body_template", {"a": "\x00"}),
            ("body_template", {"a": 10**40}),
            ("id_pointer", "no-slash"),
            ("states", {"Done": "finished"}),
            ("system", "fax"),
        ],
    )
    async def test_a_malformed_connection_says_where(self, people: People, field: str, value: Any) -> None:
        answer = await people.administrator.put(f"{CONNECTIONS}/desk", json={**GENERIC, field: value})
        assert field in ok(answer, 422)["detail"]
        assert "hidden" not in answer.text

    async def test_only_an_administrator_may(self, people: People, alone: Fleet) -> None:
        for client in (people.manager, people.supervisor, people.reader):
            assert (await client.put(f"{CONNECTIONS}/desk", json=GENERIC)).status_code == 403
            assert (await client.get(CONNECTIONS)).status_code == 403
        async with alone.client(Role.ADMINISTRATOR) as client:
            assert (await client.get(f"{CONNECTIONS}/nowhere")).status_code == 404
            assert (await client.put(f"{CONNECTIONS}/Not-A-Key", json=GENERIC)).status_code == 422
