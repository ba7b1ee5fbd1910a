from tests.satisfaction.complaints.building import desk
from tests.satisfaction.complaints.test_pages import HOSTILE, alerts, as_browser
from tests.satisfaction.suggestions.test_routes import NEW, REST
from tests.support.solo import Solo

PATH = "/satisfaction/suggestions"


class TestSuggestionPages:
    """R184, R195."""

    async def test_what_is_to_be_answered_next_comes_first(self, solo: Solo) -> None:
        async with desk(solo) as client:
            await client.post(REST, json={**NEW, "title": "Fresh one"})
            await client.post(REST, json={**NEW, "title": "Late one", "received_at": "2026-03-02T10:00:00Z"})
            as_browser(client)
            text = (await client.get(PATH)).text
            late = (await client.get(PATH, params={"overdue": "1"})).text
            mine = (await client.get(PATH, params={"mine": "1"})).text
        assert text.index("Late one") < text.index("Fresh one")
        assert ("Late one" in late, "Fresh one" in late, "one" in mine.split("<table")[-1]) == (True, False, False)

    async def test_who_studies_it_is_set_by_the_version_that_is_shown(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = await client.post(REST, json=NEW)
            path = f"{PATH}/{made.json()['id']}"
            as_browser(client)
            shown = {"version": made.headers["ETag"], "owner": "chen.jie", "department": "ops"}
            assert (await client.post(f"{path}/study", data=shown)).status_code == 303
            assert "chen.jie" in (await client.get(path)).text
            stale = await client.post(f"{path}/study", data={**shown, "owner": "kim"})
            assert stale.status_code == 412
            assert "Somebody else has changed this meanwhile" in alerts(stale)[0]
            assert 'value="kim"' in stale.text

    async def test_what_is_missing_is_said_in_chinese_too(self, solo: Solo) -> None:
        async with desk(solo) as client:
            made = (await client.post(REST, json=NEW)).json()
            as_browser(client)
            client.headers["accept-language"] = "zh-CN"
            answer = await client.post(f"{PATH}/{made['id']}/answer", data={"outcome": "adopted", "reason": "x"})
        assert answer.status_code == 409
        assert "告知提出者的时间" in alerts(answer)[0]

    async def test_words_of_others_are_text(self, solo: Solo) -> None:
        async with desk(solo) as client:
            given = {**NEW, **dict.fromkeys(("title", "description", "suggested_by", "customer"), HOSTILE)}
            made = (await client.post(REST, json=given)).json()
            as_browser(client)
            for page in (PATH, f"{PATH}/{made['id']}"):
                assert "<script>alert" not in (await client.get(page)).text
