"""Every system that changes can be raised in, with its own options, as an administrator configures and tries it."""

from typing import Any

import pytest

from services.improvement.connections.schemas import System
from shared.ticketing.sinks import SINKS
from tests.improvement.builders import People, ok
from tests.support.rabbitmq import free_port
from tests.support.solo import Solo

PATH = "/improvement/v1/change-connections/desk"
OPTIONS: dict[str, dict[str, Any]] = {
    "generic": {},
    "servicenow": {"kind": "emergency", "fields": {"assignment_group": "Change Board"}},
    "jira": {"project": "OPS"},
    "itop": {"organization": "Demo"},
    "glpi": {"app_token": "an-application-token-of-glpi", "entity": 3},
    "zammad": {"group": "Changes", "customer": "ratchet@example.com"},
    "request_tracker": {"queue": "Changes"},
    "redmine": {"project": "ops", "tracker": "Change"},
}
SECRETS = {"basic": "robot:the-sign-in-secret"}
each_system = pytest.mark.parametrize("system", sorted(SINKS))


def body_of(system: str, url: str) -> dict[str, Any]:
    if system == "generic":
        signing = "whsec_" + "c2VjcmV0" * 6
        return {"system": system, "secret": signing, "url": f"{url}/changes", "find_url": f"{url}/${{correlation_id}}"}
    access = SINKS[system].accesses[0]  # type: ignore[index]
    secret = SECRETS.get(access, "the-sign-in-secret")
    return {"system": system, "base_url": url, "secret": secret, "options": OPTIONS[system]}


class TestEverySystem:
    def test_none_is_missing(self) -> None:
        named = System.__args__  # type: ignore[attr-defined]
        assert set(named) == {"memory", *SINKS}
        assert set(OPTIONS) == set(SINKS)

    @each_system
    async def test_is_configured_tried_and_keeps_its_secrets(self, solo: Solo, system: str) -> None:
        people = People(solo)
        url = f"http://127.0.0.1:{free_port()}"
        answer = await people.administrator.put(PATH, json=body_of(system, url))
        shown = ok(answer)
        for secret in ("the-sign-in-secret", "an-application-token", "c2VjcmV0"):
            assert secret not in answer.text
        for name, value in OPTIONS[system].items():
            assert shown["options"].get(name, value) == value
        assert shown["secret_options"] == (["app_token"] if system == "glpi" else [])
        told = ok(await people.administrator.post(f"{PATH}/test"))
        assert told["works"] is False  # nobody listens there
        assert not told["findings"][0]["ok"]
        await people.close()

    @each_system
    async def test_an_option_that_it_does_not_have_is_named(self, solo: Solo, system: str) -> None:
        people = People(solo)
        body = body_of(system, "https://desk.invalid")
        body["options"] = {**body.get("options", {}), "colour": "red"}
        refused = ok(await people.administrator.put(PATH, json=body), 422)
        assert "colour: there is no such option" in refused["detail"]
        await people.close()

    @each_system
    async def test_what_it_needs_is_named(self, solo: Solo, system: str) -> None:
        people = People(solo)
        refused = ok(await people.administrator.put(PATH, json={"system": system}), 422)["detail"]
        assert "secret: " in refused
        needed = [name for name, field in SINKS[system].options.model_fields.items() if field.is_required()]  # type: ignore[index]
        if needed:
            assert needed[0] in refused
        await people.close()
