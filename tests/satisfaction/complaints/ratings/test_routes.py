import pytest

from tests.satisfaction.complaints.building import customer, desk, engineer
from tests.support.solo import Solo

REST = "/satisfaction/v1/staff-ratings"


class TestRatings:
    """R200: each customer can rate each staff member openly."""

    async def test_the_newest_of_each_customer_counts(self, solo: Solo) -> None:
        async with customer(solo) as gao, customer(solo, "bolt") as bolt, desk(solo) as staff:
            for client, score in [(gao, 1), (gao, 5), (bolt, 2)]:
                answer = await client.post(REST, json={"staff": "chen.jie", "score": score})
                assert answer.status_code == 201
            figures = (await bolt.get(f"{REST}/figures")).json()["items"]
            single = (await staff.get(REST, params={"customer": "harbour-bank"})).json()["items"]
        assert figures == [
            {"staff": "chen.jie", "n": 2, "mean": 3.5, "scores": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 1}}
        ]
        assert [one["score"] for one in single] == [5, 1]

    async def test_nobody_notes_their_own(self, solo: Solo) -> None:
        async with desk(solo) as client, engineer(solo) as other:
            own = await client.post(REST, json={"staff": "wang.fang", "score": 5, "customer": "bolt"})
            assert (own.status_code, own.json()["type"]) == (409, "urn:ratchet:problem:self-rating")
            assert (await other.post(REST, json={"staff": "kim", "score": 5, "customer": "bolt"})).status_code == 403
            assert (await client.post(REST, json={"staff": "kim", "score": 5})).status_code == 422

    async def test_not_for_another_customer(self, solo: Solo) -> None:
        async with customer(solo) as client:
            assert (await client.post(REST, json={"staff": "kim", "score": 5, "customer": "bolt"})).status_code == 403
            assert (await client.get(REST)).status_code == 403

    @pytest.mark.parametrize("score", [0, 6, "x", None, 10**30])
    async def test_scores_out_of_range(self, solo: Solo, score: object) -> None:
        async with customer(solo) as client:
            assert (await client.post(REST, json={"staff": "kim", "score": score})).status_code == 422
