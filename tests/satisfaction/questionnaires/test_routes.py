"""R84, R175: the builder by REST."""

from typing import Any

from shared.auth import Role
from tests.support.solo import Solo

PATH = "/satisfaction/v1/questionnaires"
BODY: dict[str, Any] = {
    "title": {"en": "After the move", "zh-CN": "搬迁之后"},
    "items": [
        {"kind": "rating", "key": "stars", "wording": {"en": "How was it?"}, "required": True, "measures": "csat"},
        {"kind": "text", "key": "why", "wording": {"en": "Why?"}, "show_if": {"item": "stars", "one_of": [1, 2]}},
    ],
}


class TestBuilder:
    async def test_from_draft_to_the_next_version(self, solo: Solo) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as author:
            draft = await author.put(f"{PATH}/move", json=BODY)
            assert (draft.status_code, draft.json()["version"], draft.json()["state"]) == (200, 1, "draft")
            assert (await author.put(f"{PATH}/move", json=BODY)).status_code == 428
            changed = {**BODY, "title": {"en": "After the big move"}}
            again = await author.put(f"{PATH}/move", json=changed, headers={"If-Match": draft.headers["ETag"]})
            assert again.json()["version"] == 1
            stale = await author.post(f"{PATH}/move/publish", headers={"If-Match": draft.headers["ETag"]})
            assert stale.status_code == 412
            published = await author.post(f"{PATH}/move/publish", headers={"If-Match": again.headers["ETag"]})
            assert (published.json()["state"], published.json()["published_by"]) == ("published", "quality_manager")
            assert (await author.post(f"{PATH}/move/publish")).status_code == 409
            second = await author.put(f"{PATH}/move", json=BODY, headers={"If-Match": published.headers["ETag"]})
            assert (second.json()["version"], second.json()["state"]) == (2, "draft")
            first = (await author.get(f"{PATH}/move", params={"version": 1})).json()
            assert (first["state"], first["content"]["title"]) == ("published", {"en": "After the big move"})
            assert first["digest"] != second.json()["digest"]

    async def test_lists_what_is_built_in_and_your_own(self, solo: Solo) -> None:
        async with solo.client(Role.SERVICE_DESK) as desk:
            await desk.put(f"{PATH}/move", json=BODY)
            listed = (await desk.get(PATH)).json()
            assert [one["key"] for one in listed] == ["servqual_22", "csat", "nps", "ces", "move"]
            assert [one["built_in"] for one in listed] == [True] * 4 + [False]
            servqual = (await desk.get(f"{PATH}/servqual_22")).json()
            assert len(servqual["content"]["items"]) == 23

    async def test_options_stay_in_the_order_in_which_they_were_written(self, solo: Solo) -> None:
        options = {"phone": {"en": "Phone"}, "mail": {"en": "Mail"}, "at_the_desk": {"en": "At the desk"}}
        choice = {"kind": "choice", "key": "way", "wording": {"en": "How?"}, "options": options}
        turned = {**choice, "options": dict(reversed(options.items()))}
        async with solo.client(Role.QUALITY_MANAGER) as author:
            first = (await author.put(f"{PATH}/way", json={**BODY, "items": [choice]})).json()
            second = (await author.put(f"{PATH}/yaw", json={**BODY, "items": [turned]})).json()
            for written, asked in ((first, options), (second, turned["options"])):
                read = (await author.get(f"{PATH}/{written['key']}")).json()
                assert list(read["content"]["items"][0]["options"]) == list(asked)
            assert first["digest"] != second["digest"]

    async def test_says_what_is_wrong(self, solo: Solo) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as author:
            assert (await author.put(f"{PATH}/csat", json=BODY)).status_code == 409
            unsound = {**BODY, "items": list(reversed(BODY["items"]))}
            refused = await author.put(f"{PATH}/move", json=unsound)
            assert (refused.status_code, "no item before it" in refused.json()["detail"]) == (422, True)
            nps = {**BODY["items"][0], "measures": "nps"}
            assert "from 0 to 10" in (await author.put(f"{PATH}/move", json={**BODY, "items": [nps]})).text
            assert (await author.get(f"{PATH}/nothing")).status_code == 404
            assert (await author.get(f"{PATH}/csat", params={"version": 2})).status_code == 404
            assert (await author.post(f"{PATH}/nothing/publish")).status_code == 404
        async with solo.client(Role.ENGINEER) as engineer:
            assert (await engineer.put(f"{PATH}/move", json=BODY)).status_code == 403
