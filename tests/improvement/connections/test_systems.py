"""Connections of real systems: their own options, secrets that stay at home, the test, and the end."""

from typing import Any

import pytest
from sqlalchemy import text

from shared.auth import Role
from shared.sealing import Sealer
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from tests.improvement.builders import People, ok
from tests.improvement.changes.builders import CONNECTED, WEBHOOK_SECRET, Desk, approve, raise_due, raised
from tests.support.solo import Solo

CONNECTIONS = "/improvement/v1/change-connections"
PATH = f"{CONNECTIONS}/desk"


@pytest.fixture
async def staff(solo: Solo) -> Any:
    made = People(solo)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk()
    made.serve(monkeypatch)
    return made


async def put(staff: People, **changes: Any) -> Any:
    body = {name: value for name, value in {**CONNECTED, **changes}.items() if value is not None}
    return await staff.administrator.put(PATH, json=body)


class TestPutConnection:
    async def test_shows_everything_but_its_secrets(self, solo: Solo, staff: People) -> None:
        answer = await put(staff, time_zone="Asia/Shanghai")
        shown = ok(answer)
        assert (shown["base_url"], shown["authentication"], shown["webhook_authentication"]) == (
            "https://desk.invalid",
            "api_key",
            "url_secret",
        )
        assert (shown["options"], shown["states"], shown["time_zone"]) == (
            {"project": "ops", "tracker": None},
            {"Shipped": "implemented"},
            "Asia/Shanghai",
        )
        assert (shown["has_secret"], shown["has_webhook_secret"], shown["secrets_readable"]) == (True, True, True)
        async with solo.database.reading() as session:
            row = (await session.execute(text("SELECT change_connections::text FROM change_connections"))).scalar()
        for told in (answer.text, (await staff.administrator.get(CONNECTIONS)).text, str(row)):
            assert "the-api-key" not in told
            assert WEBHOOK_SECRET not in told

    async def test_the_adapter_gets_what_was_said(self, solo: Solo, staff: People, desk: Desk) -> None:
        await put(staff, time_zone="Asia/Shanghai", authentication="basic", secret="robot:pass word")
        await approve(solo, staff)
        await raise_due(solo)
        config = desk.config
        assert config is not None
        assert config.access is not None
        assert (config.access.base_url, config.access.authentication, config.access.secret) == (
            "https://desk.invalid",
            "basic",
            "robot:pass word",
        )
        assert (config.authentication, config.secret, config.zone.key) == (
            "url_secret",
            WEBHOOK_SECRET,
            "Asia/Shanghai",
        )
        assert config.options.project == "ops"

    async def test_secrets_stay_for_the_same_address_only(self, staff: People) -> None:
        ok(await put(staff))
        kept = ok(await put(staff, secret=None, webhook_secret=None))
        assert (kept["version"], kept["has_secret"], kept["has_webhook_secret"]) == (2, True, True)
        for moved in ({"base_url": "https://evil.invalid"}, {"authentication": "basic"}):
            refused = ok(await put(staff, secret=None, **moved), 422)
            assert "no other host" in refused["detail"]
        other = ok(await put(staff, webhook_authentication="bearer", webhook_secret=None), 422)
        assert "webhook_secret" in other["detail"]

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"base_url": None}, "base_url: is needed"),
            ({"base_url": "ftp://desk.invalid"}, "base_url: "),
            ({"base_url": "https://user:pass@desk.invalid"}, "base_url: "),
            ({"authentication": "zammad_token"}, "authentication: redmine takes api_key, basic"),
            ({"secret": None}, "secret: is needed"),
            ({"secret": "tabs\there"}, "secret: must be printable"),
            ({"authentication": "basic", "secret": "nobody"}, "user:password"),
            ({"webhook_authentication": "hub_sha1"}, "webhook_authentication: redmine proves itself by"),
            ({"webhook_secret": "short"}, "webhook_secret: must be at least 16"),
            ({"webhook_secret": None}, "webhook_secret: is needed"),
            ({"time_zone": "Mars/Olympus"}, "Asia/Shanghai"),
            ({"options": {}}, "options.project: is needed"),
            ({"options": {"project": "ops", "colour": "red"}}, "options.colour: there is no such option; there are"),
            ({"options": {"project": 7}}, "options.project: "),
            ({"options": {"project": "a\x00"}}, "NUL"),
            ({"options": {"project": "x" * 30_000}}, "20,000 bytes"),
            ({"url": "https://desk.invalid/changes"}, "url: redmine has no such option"),
            ({"states": {"Done": "finished"}}, "states"),
            ({"options": {"a": 10**40}}, "options"),
            ({"system": "fax"}, "system"),
        ],
    )
    async def test_what_cannot_work_is_named_with_what_would(
        self, staff: People, changes: dict[str, Any], says: str
    ) -> None:
        answer = await put(staff, **changes)
        assert says in ok(answer, 422)["detail"], answer.text
        assert "the-api-key" not in answer.text

    async def test_every_fault_is_named_at_once(self, staff: People) -> None:
        told = ok(await put(staff, base_url=None, secret=None, options={"colour": "red"}), 422)["detail"]
        for field in ("base_url", "secret", "options.project", "options.colour"):
            assert f"{field}: " in told

    async def test_the_flat_form_and_options_of_generic_are_the_same(self, staff: People) -> None:
        secret = "whsec_" + "c2VjcmV0" * 6
        url = "https://desk.example/changes"
        flat = {"system": "generic", "secret": secret, "url": url, "headers": {"X-Gate": "open-sesame"}}
        nested = {"system": "generic", "secret": secret, "options": {"url": url, "headers": {"X-Gate": "open-sesame"}}}
        shown = []
        for body in (flat, nested):
            answer = await staff.administrator.put(PATH, json=body)
            assert "open-sesame" not in answer.text
            shown.append({**ok(answer), "version": 0, "updated_at": ""})
        assert shown[0] == shown[1]
        assert (shown[0]["url"], shown[0]["headers"], shown[0]["id_pointer"]) == (url, ["X-Gate"], "/id")
        twice = await staff.administrator.put(PATH, json={**flat, "options": {"url": url}})
        assert "say it once" in ok(twice, 422)["detail"]

    async def test_unreadable_secrets_are_told_and_can_be_put_again(self, solo: Solo, staff: People) -> None:
        ok(await put(staff))
        async with solo.transaction() as session:
            sealed = Sealer("another key").seal("{}")
            await session.execute(text("UPDATE change_connections SET sealed = :sealed"), {"sealed": sealed})
        shown = ok(await staff.administrator.get(PATH))
        assert (shown["secrets_readable"], shown["has_secret"]) == (False, False)
        assert "RATCHET_SEAL_KEY" in ok(await staff.administrator.post(f"{PATH}/test"), 409)["detail"]
        assert ok(await put(staff, secret=None), 422)["detail"].startswith("secret: is needed")
        assert ok(await put(staff))["secrets_readable"] is True


class TestTryConnection:
    async def test_tells_what_the_system_s_own_check_found(self, staff: People, desk: Desk) -> None:
        ok(await put(staff))
        desk.findings = [Finding("sign in", True, "as robot"), Finding("project", False, "'ops': there is web, mail")]
        told = ok(await staff.administrator.post(f"{PATH}/test"))
        assert told["works"] is False
        assert told["findings"][:2] == [
            {"what": "sign in", "ok": True, "detail": "as robot"},
            {"what": "project", "ok": False, "detail": "'ops': there is web, mail"},
        ]
        assert "inbound/desk" in told["findings"][2]["detail"]

    async def test_a_check_that_crashes_is_a_finding(self, staff: People, desk: Desk) -> None:
        ok(await put(staff))
        desk.findings = RemoteFailed("a mistake of ours")
        told = ok(await staff.administrator.post(f"{PATH}/test"))
        assert (told["works"], "a mistake of ours" in told["findings"][0]["detail"]) == (False, True)

    async def test_the_built_in_one_says_what_it_is(self, staff: People) -> None:
        told = ok(await staff.administrator.post(f"{CONNECTIONS}/memory/test"))
        assert (told["works"], told["findings"][0]["what"]) == (True, "memory")

    async def test_only_an_administrator_may_and_it_must_be_there(self, staff: People) -> None:
        assert (await staff.manager.post(f"{PATH}/test")).status_code == 403
        assert (await staff.administrator.post(f"{PATH}/test")).status_code == 404


class TestRemoveConnection:
    async def test_only_while_no_open_change_goes_by_it(self, solo: Solo, staff: People) -> None:
        ok(await put(staff))
        await raised(solo, staff)
        refused = ok(await staff.administrator.delete(PATH), 409)
        assert "changes?connection=desk" in refused["detail"]
        async with solo.transaction() as session:
            await session.execute(text("UPDATE change_requests SET state = 'implemented'"))
        assert (await staff.administrator.delete(PATH, headers={"If-Match": '"9"'})).status_code == 412
        assert (await staff.administrator.delete(PATH)).status_code == 204
        assert (await staff.administrator.get(PATH)).status_code == 404
        assert (await staff.administrator.delete(PATH)).status_code == 404

    async def test_only_an_administrator_may(self, solo: Solo) -> None:
        async with solo.client(Role.OPERATIONS_MANAGER) as client:
            assert (await client.delete(PATH)).status_code == 403
