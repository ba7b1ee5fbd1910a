import re

from shared.events.catalogue import CustomerRegistered
from shared.events.examples import example_of
from tests.satisfaction.complaints.building import REST, desk
from tests.satisfaction.complaints.test_pages import PATH, as_browser
from tests.support.solo import Solo

WORDS = "Mail stood still again, and nobody told us when it would be back.\nThird time this month."


class TestShowNew:
    """R193: written down while somebody is on the phone."""

    async def test_what_happened_is_enough(self, solo: Solo) -> None:
        """Called by its first words, over the hotline, general."""
        async with desk(solo) as client:
            token = client.headers["Authorization"]
            as_browser(client)
            made = await client.post(PATH, data={"description": WORDS})
            assert made.status_code == 200
            client.headers["Authorization"] = token
            (item,) = (await client.get(REST)).json()["items"]
        assert item["title"] == "Mail stood still again, and nobody told us when it would be back."
        assert (item["channel"], item["complaint_class"], item["owner"]) == ("hotline", "general", "wang.fang")

    async def test_number_secret_and_link_are_shown_and_kept_nowhere(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            made = await client.post(PATH, data={"description": WORDS})
            assert made.headers["Cache-Control"] == "no-store"
            link = re.search(r"<code>(http[^<]+)</code>", made.text)
            assert link is not None
            async with solo.client() as anybody:
                read = await anybody.get(link[1])
        assert read.status_code == 200
        assert "Mail stood still again" in read.text

    async def test_says_until_when_each_class_is_answered(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            text = (await client.get(f"{PATH}/new")).text
        assert text.count('name="complaint_class"') == 3
        assert re.search(r"Acknowledgement: <time[^>]*>[^<]+</time> · Plan: <time", text)

    async def test_the_address_fills_in_and_a_refusal_keeps_what_was_typed(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            text = (await client.get(f"{PATH}/new", params={"customer": "<bank>", "external_id": "INC1"})).text
            assert 'value="&lt;bank&gt;"' in text
            assert 'value="INC1"' in text
            refused = await client.post(PATH, data={"description": WORDS, "title": "x" * 201, "complainant": "Ms. Gao"})
            assert refused.status_code == 422
            assert "Title (at most 200 characters)" in refused.text
            assert 'value="Ms. Gao"' in refused.text

    async def test_about_whoever_writes_it_down(self, solo: Solo) -> None:
        async with desk(solo) as client:
            as_browser(client)
            made = await client.post(PATH, data={"description": WORDS, "complained_about": "wang.fang"})
        assert "somebody else has to take it over" in made.text

    async def test_customers_that_are_known_are_proposed(self, solo: Solo) -> None:
        example = example_of(CustomerRegistered.TYPE).data
        assert isinstance(example, CustomerRegistered)
        await solo.hear(example.model_copy(update={"key": "harbour-bank", "name": "Harbour <Bank>"}), "harbour-bank")
        async with desk(solo) as client:
            as_browser(client)
            text = (await client.get(f"{PATH}/new")).text
        assert '<option value="harbour-bank">Harbour &lt;Bank&gt;</option>' in text
