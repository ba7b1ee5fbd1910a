import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from shared.pages import printing
from shared.pages.children import Child
from shared.pages.printing import PrintingFailed, PrintingNotInstalled, print_pdf
from tests.support.printing import provide_printing

PRESS = Path(printing.__file__).with_name("press.py")


@pytest.fixture(autouse=True, scope="module")
def _printing() -> Iterator[None]:
    provide_printing()
    yield
    printing.press.close()


@pytest.fixture
async def fresh(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Child]:
    """A press of the test's own, which sees its environment."""
    made = Child(PRESS, most_kept=1)
    monkeypatch.setattr(printing, "press", made)
    yield made
    made.close()


def document(body: str, language: str = "en") -> str:
    return f"<!doctype html><html lang='{language}'><head><title>T</title></head><body>{body}</body></html>"


class TestPrintPdf:
    async def test_prints_pages_with_chinese_and_the_same_bytes_again(self) -> None:
        html = document("<h1>服务改进记录</h1>" + "<p>一段文字 and words</p>" * 200, "zh-CN")
        pdf = await print_pdf(html)
        assert pdf.startswith(b"%PDF-")
        printing.press.close()
        printing.press._kept.clear()
        assert await print_pdf(html) == pdf
        assert await print_pdf(document("another")) != pdf

    async def test_fetches_nothing(self) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            listener.setblocking(False)
            there = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
            links = f"<link rel=stylesheet href='{there}.css'><img src='{there}.png'><img src='file:///etc/passwd'>"
            pdf = await print_pdf(document(f"{links}<style>@import url('{there}2.css')</style><p>words</p>"))
            assert pdf.startswith(b"%PDF-")
            with pytest.raises(BlockingIOError):
                listener.accept()

    async def test_says_what_to_install_where_pango_is_missing(
        self, fresh: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "weasyprint.py").write_text("raise OSError(\"cannot load library 'libpango-1.0-0'\")\n")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(PrintingNotInstalled, match=r"apt-get install libpango-1\.0-0 ") as refusal:
            await print_pdf(document("words"))
        assert refusal.value.status == 501
        assert "libpango-1.0-0" in refusal.value.extra["packages"]

    async def test_says_what_to_install_where_no_font_has_chinese(
        self, fresh: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lister = tmp_path / "fc-list"
        lister.write_text("#!/bin/sh\n")
        lister.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
        with pytest.raises(PrintingNotInstalled, match="no font has Chinese"):
            await print_pdf(document("中文"))
        assert (await print_pdf(document("English needs none"))).startswith(b"%PDF-")

    async def test_what_cannot_be_printed_fails_and_the_next_is_printed(
        self, fresh: Child, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "weasyprint.py").write_text(
            "class urls:\n    URLFetcher = dict\n"
            "class HTML:\n"
            "    def __init__(self, string, **_):\n        self.string = string\n"
            "    def write_pdf(self, **_):\n"
            "        if 'bad' in self.string:\n            raise ValueError('no')\n"
            "        return b'%PDF-fine'\n"
        )
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        with pytest.raises(PrintingFailed):
            await print_pdf(document("bad"))
        assert await print_pdf(document("good")) == b"%PDF-fine"
