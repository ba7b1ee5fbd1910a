"""The process that prints: a line of JSON in (`{"html": "…"}`), a line of JSON out (the PDF in Base64). Not imported by
services.

Nothing is fetched: what a document shows, it holds.
"""

import base64
import contextlib
import hashlib
import json
import re
import shutil
import subprocess
import sys
import warnings
from typing import Any

from shared.serving import serve_lines

IDLE_SECONDS = 60
MOST_SECONDS = 60
_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")


def _load() -> Any:
    """WeasyPrint, which finds Pango when it is imported; what it says of itself goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # older HarfBuzz without its subsetter does as well
        import weasyprint  # noqa: PLC0415 - where Pango is missing, this says so

    return weasyprint


def _has_chinese_font() -> bool:
    """Where nobody can say, it is there: missing glyphs are seen by whoever reads."""
    lister = shutil.which("fc-list")
    if lister is None:
        return True
    told = subprocess.run([lister, ":lang=zh-cn", "file"], capture_output=True, check=False)  # noqa: S603 - no input
    return bool(told.stdout.strip())


def _print(line: bytes) -> dict[str, str]:
    html = json.loads(line)["html"]
    try:
        weasyprint = _load()
    except OSError as error:
        return {"error": f"not installed: {error}"[:500]}
    if _IDEOGRAPH.search(html) and not _has_chinese_font():
        return {"error": "not installed: no font has Chinese"}
    try:
        identifier = hashlib.sha256(html.encode()).digest()[:16]
        document = weasyprint.HTML(string=html, url_fetcher=weasyprint.urls.URLFetcher(allowed_protocols=()))
        pdf = document.write_pdf(pdf_identifier=identifier, pdf_tags=True)
    except Exception as error:  # whatever it was, the next document is printed
        return {"error": f"{type(error).__name__}: {error}"[:500]}
    return {"answer": base64.b64encode(pdf).decode("ascii")}


if __name__ == "__main__":
    serve_lines(lambda line: json.dumps(_print(line)).encode(), IDLE_SECONDS, MOST_SECONDS)
