from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from shared.auth import SESSION_COOKIE
from tests.shared.pages.conftest import Site

OURS = {"Sec-Fetch-Site": "same-origin"}


def cookie_of(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


class TestSignInByLink:
    async def test_goes_on_with_a_cookie_and_without_the_token(self, site: Site) -> None:
        token = site.token(lifetime=timedelta(hours=2))
        async with site.browser() as browser:
            answer = await browser.get("/metrics/sign-in", params={"token": token, "next": "/metrics/gaps?note=x"})
            page = await browser.get(answer.headers["location"])
        assert answer.status_code == 303
        assert answer.headers["location"] == "/metrics/gaps?note=x"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        cookie = cookie_of(answer)[SESSION_COOKIE]
        assert cookie["httponly"]
        assert cookie["samesite"] == "lax"
        assert cookie["path"] == "/"
        assert not cookie["secure"]
        assert 7190 <= int(cookie["max-age"]) <= 7200
        assert page.status_code == 200

    async def test_over_https_the_cookie_stays_on_https(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.get("https://ratchet.test/metrics/sign-in", params={"token": site.token()})
        assert cookie_of(answer)[SESSION_COOKIE]["secure"]

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
    async def test_sends_nobody_to_another_site(self, site: Site, target: str) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/sign-in", params={"token": site.token(), "next": target})
        assert answer.headers["location"] == "/"

    @pytest.mark.parametrize("token", ["nonsense", "a.b.c", "", " "])
    async def test_says_what_is_wrong_with_a_bad_token(self, site: Site, token: str) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/sign-in", params={"token": token})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert ("the token is not valid" in answer.text) == bool(token.strip())

    async def test_says_that_a_token_has_expired(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/sign-in", params={"token": site.token(lifetime=timedelta(seconds=-1))})
        assert answer.status_code == 401
        assert "the token has expired" in answer.text


class TestSignInByForm:
    async def test_takes_a_pasted_token(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.post(
                "/metrics/sign-in", data={"token": f"  {site.token()}\n", "next": "/metrics/gaps"}, headers=OURS
            )
        assert answer.status_code == 303
        assert answer.headers["location"] == "/metrics/gaps"
        assert SESSION_COOKIE in cookie_of(answer)

    async def test_no_other_site_signs_anybody_in(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.post(
                "/metrics/sign-in", data={"token": site.token()}, headers={"Sec-Fetch-Site": "cross-site"}
            )
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers


class TestSignOut:
    async def test_forgets_the_cookie(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            answer = await browser.post("/metrics/sign-out", headers=OURS)
        assert answer.status_code == 303
        assert cookie_of(answer)[SESSION_COOKIE]["max-age"] == "0"

    async def test_not_for_another_site(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            answer = await browser.post("/metrics/sign-out", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403


class TestChoose:
    async def test_is_remembered_over_what_the_browser_prefers(self, site: Site) -> None:
        async with site.browser(site.token(), **{"Accept-Language": "en"}) as browser:
            page = (await browser.get("/metrics/gaps?note=a%26b")).text
            switch = page.split('hreflang="zh-CN" href="')[1].split('"')[0].replace("&amp;", "&")
            answer = await browser.get(switch)
            assert answer.headers["location"] == "/metrics/gaps?note=a%26b"
            assert '<html lang="zh-CN">' in (await browser.get(answer.headers["location"])).text

    async def test_an_unknown_language_and_another_site_lead_home(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/language", params={"to": "xx", "back": "//evil.example"})
        assert answer.headers["location"] == "/"
        assert "set-cookie" not in answer.headers


class TestShowSignIn:
    async def test_whoever_is_not_known_comes_back_to_what_was_asked_for(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/gaps?note=a%26b")
        assert answer.status_code == 401
        assert "ratchet token --role" in answer.text
        hidden = answer.text.split('name="next" value="')[1].split('"')[0]
        assert urlsplit(hidden).path == "/metrics/gaps"
        assert parse_qs(urlsplit(hidden).query) == {"note": ["a&b"]}
