from datetime import timedelta

from shared.auth import Role
from tests.shared.pages.conftest import Site

OURS = {"Sec-Fetch-Site": "same-origin"}


class TestInstall:
    async def test_a_person_reads_why_a_form_was_refused(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            answer = await browser.post("/metrics/gaps", data={"reason": "refuse"}, headers=OURS)
        assert answer.status_code == 409
        assert answer.headers["content-type"].startswith("text/html")
        assert "cannot dismiss from state &#39;closed&#39;" in answer.text
        assert "This cannot be done now" in answer.text

    async def test_a_person_reads_which_field_was_malformed(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            answer = await browser.post("/metrics/gaps", data={"reason": "far too long"}, headers=OURS)
        assert answer.status_code == 422
        assert "body.reason" in answer.text

    async def test_a_write_from_another_site_is_refused(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            for headers in (
                {"Sec-Fetch-Site": "cross-site"},
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {},
            ):
                answer = await browser.post("/metrics/gaps", data={"reason": "fine"}, headers=headers)
                assert answer.status_code == 403
            assert (await browser.post("/metrics/gaps", data={"reason": "fine"}, headers=OURS)).status_code == 303

    async def test_a_person_without_the_role_stays_signed_in(self, site: Site) -> None:
        async with site.browser(site.token(Role.CUSTOMER, name="Carl")) as browser:
            answer = await browser.get("/metrics/gaps")
        assert answer.status_code == 403
        assert "Carl" in answer.text
        assert "needs one of these roles" in answer.text

    async def test_an_expired_session_says_so(self, site: Site) -> None:
        async with site.browser(site.token(lifetime=timedelta(seconds=-1))) as browser:
            answer = await browser.get("/metrics/gaps")
        assert answer.status_code == 401
        assert "the token has expired" in answer.text

    async def test_an_address_that_leads_nowhere_is_told_in_the_readers_language(self, site: Site) -> None:
        async with site.browser(**{"Accept-Language": "zh"}) as browser:
            answer = await browser.get("/metrics/nothing/here")
        assert answer.status_code == 404
        assert "该地址没有内容" in answer.text

    async def test_a_crash_tells_no_secret(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/wrong")
        assert answer.status_code == 500
        assert "undefined_name" not in answer.text
        assert "Ratchet failed here" in answer.text

    async def test_programs_get_problem_documents(self, site: Site) -> None:
        async with site.browser() as browser:
            for path, status in (("/metrics/v1/crash", 500), ("/metrics/v1/nothing", 404)):
                answer = await browser.get(path)
                assert answer.status_code == status
                assert answer.headers["content-type"] == "application/problem+json"
            answer = await browser.get("/metrics/gaps", headers={"Accept": "*/*"})
        assert answer.status_code == 401
        assert answer.headers["content-type"] == "application/problem+json"
