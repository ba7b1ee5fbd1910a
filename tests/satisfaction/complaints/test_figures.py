from datetime import timedelta

from shared import clock
from tests.satisfaction.complaints.building import (
    REST,
    desk,
    do,
    engineer,
    receive,
)
from tests.support.solo import Solo


class TestFigures:
    """R193, R199: complaints by class, on time, passed on, reopened."""

    async def test_by_hand(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            late = await receive(client, received_at=(clock.now() - timedelta(days=20)).isoformat())
            await do(client, late, "answer", answer="x")
            again = await receive(client, complaint_class="simple")
            await do(client, again, "pass-on", to="chen.jie", reason="x")
            await do(other, again, "take-over")
            await do(other, again, "answer", answer="x")
            await do(client, again, "reject", reason="x")
            await receive(client, complaint_class="major")
            answer = await client.get(f"{REST}/figures")
            by = await client.get(f"{REST}/figures", params={"by": "owner"})
            wrong = await client.get(
                f"{REST}/figures", params={"from": "2026-03-02T00:00:00Z", "to": "2026-03-01T00:00:00Z"}
            )
        total, of = answer.json()["total"], {one["value"]: one for one in answer.json()["of"]}
        assert (total["received"], total["open"], total["answered"], total["judged"]) == (3, 2, 1, 2)
        assert (total["on_time"], total["on_time_share"]) == (1, 0.5)
        assert (of["simple"]["pass_ons"], of["simple"]["passed_on"], of["simple"]["reopened"]) == (1, 1, 1)
        assert (of["general"]["on_time"], of["general"]["on_time_share"]) == (0, 0.0)
        assert (of["major"]["judged"], of["major"]["on_time_share"]) == (0, None)
        assert {one["value"]: one["received"] for one in by.json()["of"]} == {"wang.fang": 2, "chen.jie": 1}
        assert wrong.status_code == 422

    async def test_nothing_is_no_share(self, solo: Solo) -> None:
        async with desk(solo) as client:
            body = (await client.get(f"{REST}/figures")).json()
        assert (body["total"]["received"], body["total"]["on_time_share"], body["of"]) == (0, None, [])
