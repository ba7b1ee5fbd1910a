"""Who was invited, in a browser."""

import httpx

from shared.auth import Role
from shared.ids import new_id
from tests.satisfaction.invitations.building import change, launch, page_of, read, send, tokens_of
from tests.support.solo import Solo


def page(campaign: object) -> str:
    return f"/satisfaction/campaigns/{campaign}/invitations"


def desk_of(solo: Solo) -> httpx.AsyncClient:
    client = solo.client(Role.SERVICE_DESK)
    client.headers["accept"] = "text/html"
    return client


class TestShowInvitations:
    async def test_tells_what_became_of_each_and_of_its_mail(self, solo: Solo) -> None:
        campaign = await launch(solo, 2)
        first, _ = await tokens_of(solo, campaign.id)
        await change(solo, "survey_invitations", last_error="550 <b>no such user</b>")
        await send(solo.client(), first, a_csat="4")
        shown = (await desk_of(solo).get(page(campaign.id))).text
        assert "550 &lt;b&gt;no such user&lt;/b&gt;" in shown
        assert (shown.count('badge good">Answered'), "p2" in shown, first in shown) == (2, True, False)
        answered = (await desk_of(solo).get(page(campaign.id), params={"state": "answered"})).text
        assert (">p1<" in answered, ">p2<" in answered) == (True, False)

    async def test_is_for_who_runs_surveys(self, solo: Solo) -> None:
        campaign = await launch(solo)
        assert (await solo.client(Role.ENGINEER).get(page(campaign.id))).status_code == 403
        assert (await desk_of(solo).get(page(new_id()))).status_code == 404


class TestTakeStop:
    async def test_somebody_who_asked_by_phone_is_asked_no_more(self, solo: Solo) -> None:
        campaign = await launch(solo)
        [token] = await tokens_of(solo, campaign.id)
        [row] = await read(solo, "SELECT id FROM survey_invitations")
        for _ in range(2):  # once more does no harm
            answer = await desk_of(solo).post(f"{page(campaign.id)}/{row.id}/stop")
            assert answer.status_code == 303
        assert (await solo.client().get(page_of(token))).status_code == 404
        assert (await desk_of(solo).post(f"{page(campaign.id)}/{new_id()}/stop")).status_code == 404
