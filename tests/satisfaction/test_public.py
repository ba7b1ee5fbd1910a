import re

from services.satisfaction.questionnaires.schemas import Content
from tests.satisfaction.invitations.building import BRANCHING, launch
from tests.support.solo import Solo


class TestEnd:
    async def test_own_thanks_are_shown_as_they_were_written(self, solo: Solo) -> None:
        """Words of our own are no message to be filled in, and no HTML."""
        wording = {"en": "100 % thanks: <b>you</b> %(who)s"}
        content = Content.model_validate({**BRANCHING.model_dump(), "thanks": wording})
        campaign = await launch(solo, content=content)
        answer = await solo.client().get(f"/satisfaction/survey-answered/{campaign.id}")
        assert answer.status_code == 200
        assert "<p>100 % thanks: &lt;b&gt;you&lt;/b&gt; %(who)s</p>" in answer.text


class TestRefuse:
    async def test_links_of_callbacks_and_surveys_are_refused_in_the_same_words(self, solo: Solo) -> None:
        """What kind of link somebody guesses at is not told either."""
        customer = solo.client(address="198.51.100.77")
        answers = [
            await customer.get("/satisfaction/answer", params={"token": "x"}),
            await customer.get("/satisfaction/survey/x"),
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert len({re.sub(r"back=[^\"]*", "", answer.text) for answer in answers}) == 1
        for answer in answers:
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert "nothing more to do" in answer.text

    async def test_switching_the_language_comes_back_to_the_same_link(self, solo: Solo) -> None:
        """And not to the page that says thank you."""
        customer = solo.client(address="198.51.100.78")
        answer = await customer.get("/satisfaction/answer", params={"token": "x&y"})
        assert "back=%2Fsatisfaction%2Fanswer%3Ftoken%3Dx%2526y" in answer.text
