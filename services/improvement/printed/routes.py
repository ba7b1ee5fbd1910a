"""The printable 服务改进记录 / Service Improvement Record (R40): a document by itself, as HTML and as PDF."""

import base64
import hashlib
import re
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from services.improvement.improvements import words
from services.improvement.printed import service
from services.improvement.printed.charts import effect_chart
from shared.auth import Staff
from shared.http import Reading, router
from shared.pages import language_of
from shared.pages.printing import print_pdf
from shared.pages.rendering import Pages

routes = router("improvements")

Language = Annotated[
    Literal["zh-CN", "en"] | None, Query(description="Left out: the first of `Accept-Language` that there is.")
]

_STYLE = (Path(__file__).parent / "record.css").read_text("utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode("ascii")
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept-Language, Cookie",
}
_COLOURS = dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", _STYLE))
_FONT = re.findall(r"font-family:\s*([^;]+);", _STYLE)[0].replace('"', "'")


@routes.get(
    "/improvements/{improvement_id}/record.html",
    response_class=HTMLResponse,
    responses={200: {"content": {"text/html": {}}, "description": "The document."}},
)
async def show_record(
    request: Request, improvement_id: UUID, session: Reading, _caller: Staff, language: Language = None
) -> HTMLResponse:
    """The printable record; it holds all that it shows, so that it can be kept as one file."""
    spoken = language or language_of(request)
    sheet = await service.gather_sheet(session, improvement_id)
    return HTMLResponse(await _compose(request, sheet, spoken), headers={**_HEADERS, "Content-Language": spoken})


@routes.get(
    "/improvements/{improvement_id}/record.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}, "description": "The document, A4."}},
)
async def print_record(
    request: Request, improvement_id: UUID, session: Reading, _caller: Staff, language: Language = None
) -> Response:
    """The same as PDF; the same data give the same bytes. 501 names what to install where the system lacks it."""
    spoken = language or language_of(request)
    sheet = await service.gather_sheet(session, improvement_id)
    await session.close()  # printing takes a second: no snapshot is held for it
    pdf = await print_pdf(await _compose(request, sheet, spoken))
    headers = {
        "Content-Disposition": f'inline; filename="{sheet.number}-{sheet.record.revision}.pdf"',
        "Content-Language": spoken,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Cookie",
    }
    return Response(pdf, media_type="application/pdf", headers=headers)


async def _compose(request: Request, sheet: service.Sheet, language: str) -> str:
    pages: Pages = request.app.state.pages
    chart = None
    if sheet.evidence is not None:
        title = pages.catalogues[language].gettext(words.EVIDENCE_CHART)
        chart = await effect_chart(
            title, sheet.evidence, sheet.record.implemented_at, unit=sheet.unit, language=language
        )
    return pages.render(
        language,
        "printed/record.html",
        {"sheet": sheet, "chart": chart and _settle(chart), "style": Markup(_STYLE), "words": words},  # noqa: S704 - our own file
    )


def _settle(chart: Markup) -> Markup:
    """The drawing with its colours and font written out: what prints SVG knows no variables of the page."""
    drawn = re.sub(r"var\(--([\w-]+)\)", lambda found: _COLOURS[found[1]], chart)
    return Markup(drawn.replace('font-family="inherit"', f'font-family="{_FONT}"'))  # noqa: S704 - it was markup
