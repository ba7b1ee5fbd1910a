import pytest

from shared.auth import Role
from shared.pages import safe_path
from tests.shared.pages.conftest import Site


class TestRender:
    async def test_escapes_what_comes_from_outside(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            answer = await browser.get("/metrics/gaps", params={"note": "<script>alert(1)</script>\"'&"})
        assert "<script>" not in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;" in answer.text

    async def test_fills_words_in_and_takes_no_word_for_markup(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            english = (await browser.get("/metrics/gaps", params={"note": "<b>100 %s</b>"})).text
            browser.cookies.set("ratchet_language", "zh-CN")
            chinese = (await browser.get("/metrics/gaps")).text
        assert "75 % for a share; &lt;b&gt;100 %s&lt;/b&gt;; by &lt;b&gt;100 %s&lt;/b&gt;;\n" in english
        assert "2 gaps; 1 measure</p>" in english
        assert "2 个差距" in chinese

    async def test_lets_no_script_in_and_nobody_frame_it(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            answer = await browser.get("/metrics/gaps")
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe-inline" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert 'style="' not in answer.text

    async def test_names_who_is_signed_in_and_what_for(self, site: Site) -> None:
        async with site.browser(site.token(Role.TOP_MANAGEMENT, name="Anna <b>Li</b>")) as browser:
            answer = await browser.get("/metrics/gaps")
        assert "Anna &lt;b&gt;Li&lt;/b&gt;" in answer.text
        assert 'title="Top management"' in answer.text
        assert "Sign out" in answer.text

    async def test_marks_where_one_is(self, site: Site) -> None:
        async with site.browser(site.token()) as browser:
            text = (await browser.get("/metrics/gaps")).text
        assert '<a href="/metrics/" aria-current="true">Overview</a>' in text
        assert '<a href="/metrics/gaps" aria-current="page">here</a>' in text
        assert '<a href="/audit/">Ledger</a>' in text

    async def test_speaks_the_services_own_words(self, site: Site) -> None:
        async with site.browser(site.token(), **{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}) as browser:
            answer = await browser.get("/metrics/gaps")
        assert answer.headers["content-language"] == "zh-CN"
        assert '<html lang="zh-CN">' in answer.text
        assert "<h1>差距</h1>" in answer.text
        assert "服务改进" in answer.text

    async def test_an_undefined_name_is_an_error(self, site: Site) -> None:
        async with site.browser() as browser:
            assert (await browser.get("/metrics/wrong")).status_code == 500


class TestStatic:
    async def test_the_stylesheet_may_be_kept_for_good(self, site: Site) -> None:
        async with site.browser() as browser:
            answer = await browser.get("/metrics/static/style.css")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/css")
        assert "immutable" in answer.headers["cache-control"]

    async def test_no_rule_shows_what_is_hidden(self, site: Site) -> None:
        """A button that is only there for the Enter key stays unseen, though buttons have a display of their own."""
        async with site.browser() as browser:
            style = (await browser.get("/metrics/static/style.css")).text
        assert "[hidden] { display: none !important; }" in style

    async def test_gives_nothing_from_elsewhere(self, site: Site) -> None:
        async with site.browser() as browser:
            for path in ("..%2frendering.py", "%2e%2e/rendering.py", "nothing.css"):
                assert (await browser.get(f"/metrics/static/{path}")).status_code == 404


class TestSafePath:
    @pytest.mark.parametrize("path", ["/", "/metrics/gaps?scope=all&x=%2F%2Fevil.example", "/audit/trace/a:b"])
    def test_lets_our_own_paths_through(self, path: str) -> None:
        assert safe_path(path) == path

    @pytest.mark.parametrize(
        "path",
        [
            None,
            "",
            "gaps",
            "//evil.example/x",
            "/\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x=1",
            "/" + "a" * 2000,
        ],
    )
    def test_lets_nothing_else_through(self, path: str | None) -> None:
        assert safe_path(path) is None
