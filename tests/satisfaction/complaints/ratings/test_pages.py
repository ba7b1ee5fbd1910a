from tests.satisfaction.complaints.building import customer, desk
from tests.satisfaction.complaints.ratings.test_routes import REST
from tests.satisfaction.complaints.test_pages import HOSTILE, as_browser
from tests.support.solo import Solo

PATH = "/satisfaction/staff-ratings"


class TestShowRatings:
    """R200: openly."""

    async def test_means_and_the_latest_words(self, solo: Solo) -> None:
        async with customer(solo) as gao, customer(solo, "bolt") as bolt, desk(solo) as staff:
            as_browser(staff)
            assert "No customer has rated anybody yet." in (await staff.get(PATH)).text
            await gao.post(REST, json={"staff": "chen.jie", "score": 5, "comment": HOSTILE})
            await bolt.post(REST, json={"staff": "chen.jie", "score": 2})
            text = (await staff.get(PATH)).text
            assert (await gao.get(PATH)).status_code == 403
        assert "3.50" in text
        assert "<script>alert" not in text
