"""R83: answer sheets are handed in on a page."""

from shared.auth import Role
from tests.satisfaction.sheets.building import ask, write_table
from tests.satisfaction.sheets.test_routes import CONTENT, PEOPLE
from tests.support.solo import Solo


class TestTakeFile:
    async def test_tells_what_became_of_the_rows(self, solo: Solo) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            where = (await ask(manager, CONTENT, PEOPLE)).replace("/v1", "") + "/sheets"
            page = (await manager.get(where)).text
            assert "reference, language, overall, quick.expectation, quick.perception" in page
            table = write_table(["reference", "overall"], [["p1", 5], ["<p9>", 5]])
            refused = await manager.post(where, files={"file": ("a.csv", table)})
            assert (refused.status_code, "Nothing was taken" in refused.text) == (422, True)
            assert "&#39;&lt;p9&gt;&#39; is nobody of this campaign" in refused.text
            taken = await manager.post(where, files={"file": ("a.csv", table)}, data={"skip_flawed": "true"})
            assert (taken.status_code, "1 sheets were taken; 1 of 6 have answered." in taken.text) == (200, True)
            assert (await manager.post(where, data={"skip_flawed": "true"})).status_code == 422

    async def test_not_for_others(self, solo: Solo) -> None:
        async with solo.client(Role.QUALITY_MANAGER) as manager:
            where = (await ask(manager, CONTENT, PEOPLE)).replace("/v1", "") + "/sheets"
        async with solo.client(Role.AUDITOR) as auditor:
            assert (await auditor.get(where)).status_code == 403
        async with solo.client(Role.SERVICE_DESK) as desk:
            table = write_table(["reference", "overall"], [["p1", 5]])
            assert (await desk.post(where, files={"file": ("a.csv", table)})).status_code == 403
