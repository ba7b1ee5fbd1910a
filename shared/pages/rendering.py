"""From a template's name to an answer: environments by language, safety headers, who reads."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

from shared.auth import Principal
from shared.pages import formats
from shared.pages.languages import LANGUAGE_COOKIE, LANGUAGES, N_, Catalogue, choose_language, load_catalogue
from shared.pages.words import ROLES

_HERE = Path(__file__).parent
_HERE_MARK = Markup(' aria-current="page"')
_VERSIONS = {path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12] for path in (_HERE / "static").iterdir()}
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; script-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Language, Cookie",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One of the five services in the navigation."""

    service: str
    title: str


NAVIGATION = (
    Place("metrics", N_("Overview")),
    Place("improvement", N_("Improvements")),
    Place("satisfaction", N_("Callbacks")),
    Place("notifier", N_("Webhooks")),
    Place("audit", N_("Ledger")),
)


class Pages:
    """One service's pages. `folder` holds its nouns, each with its `templates/`."""

    def __init__(self, service: str, folder: Path) -> None:
        self.service = service
        nouns: dict[str, BaseLoader] = {
            templates.parent.name: FileSystemLoader(templates) for templates in sorted(folder.glob("*/templates"))
        }
        loader = ChoiceLoader(
            [PrefixLoader(nouns), FileSystemLoader(folder / "templates"), FileSystemLoader(_HERE / "templates")]
        )
        self.catalogues = {language: load_catalogue(language, [_HERE, folder]) for language in LANGUAGES}
        self._environments = {
            language: _make_environment(loader, language, catalogue) for language, catalogue in self.catalogues.items()
        }

    def url(self, path: str) -> str:
        """A path of this service as the browser asks for it."""
        return f"/{self.service}{path}"

    def render(self, language: str, template: str, context: dict[str, Any]) -> str:
        return self._environments[language].get_template(template).render(context)


def render(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page in the reader's language."""
    pages: Pages = request.app.state.pages
    language = language_of(request)
    principal: Principal | None = getattr(request.state, "principal", None)
    surroundings = {
        "service": pages.service,
        "path": _asked_for(request),
        "principal": principal,
        "navigation": NAVIGATION,
        "languages": LANGUAGES,
        "url": pages.url,
        "here": partial(_mark_here, request.url.path, pages),
        "static": lambda name: pages.url(f"/static/{name}?v={_VERSIONS[name]}"),
    }
    html = pages.render(language, template, {**surroundings, **context})
    return HTMLResponse(html, status, headers={**_HEADERS, "Content-Language": language})


def language_of(request: Request) -> str:
    """The language that this reader gets."""
    cookie = request.cookies.get(LANGUAGE_COOKIE)
    return choose_language(cookie, request.headers.get("accept-language", ""))


def translate(request: Request, message: str) -> str:
    """This message in the reader's language."""
    pages: Pages = request.app.state.pages
    return pages.catalogues[language_of(request)].gettext(message)


def safe_path(path: str | None) -> str | None:
    """This path if it leads to a page of this site, else None: nobody is sent elsewhere by a link to us."""
    if not path or len(path) > 2000 or not path.startswith("/") or path.startswith("//"):
        return None
    if "\\" in path or any(ord(character) <= 32 or ord(character) == 127 for character in path):
        return None
    try:
        parts = urlsplit(path)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else path


def _asked_for(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _mark_here(current: str, pages: Pages, path: str) -> Markup:
    """The attribute that marks the link to the page that one is on, or to the list that it belongs to."""
    own = pages.url(path)
    return _HERE_MARK if current == own or current.startswith(f"{own}/") else Markup()


def _make_environment(loader: BaseLoader, language: str, catalogue: Catalogue) -> Environment:
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    environment.newstyle_gettext = True  # type: ignore[attr-defined]
    environment.globals |= {
        "gettext": lambda message, **values: _fill(catalogue.gettext(message), values),
        "ngettext": lambda one, many, num, **values: _fill(catalogue.ngettext(one, many, num), {"num": num, **values}),
        "language": language,
        "query": urlencode,
    }
    filters: dict[str, Callable[..., Any]] = {
        "moment": partial(_moment, language=language),
        "local": lambda value, zone: _tell(value, formats.format_local(value, language, zone)),
        "date": partial(formats.format_date, language=language),
        "month": partial(formats.format_month, language=language),
        "number": lambda value, decimals=None: formats.format_number(value, language, decimals),
        "percent": lambda share, decimals=2: formats.format_percent(share, language, decimals),
        "duration": partial(formats.format_duration, language=language),
        "quantity": lambda value, unit: formats.format_quantity(value, unit, language),
        "relative": lambda value, now: formats.format_relative(value, now, language),
        "role": lambda role: catalogue.gettext(ROLES[role]),
    }
    environment.filters |= {name: _or_no_data(filter_) for name, filter_ in filters.items()}
    return environment


def _fill(message: str, values: dict[str, Any]) -> Markup:
    """Fill in what the message names; one that is given nothing may hold a plain %.

    Jinja's own would take the message for markup: here a label that comes from data is escaped as all else.
    """
    escaped = escape(message)
    return escaped % values if values else Markup(escaped.replace("%%", "%"))  # noqa: S704 - escaped above


def _or_no_data(filter_: Callable[..., Any]) -> Callable[..., Any]:
    def format_value(value: Any, *arguments: Any) -> Any:
        return formats.NO_DATA if value is None else filter_(value, *arguments)

    return format_value


def _moment(value: datetime, language: str) -> Markup:
    return _tell(value, formats.format_moment(value, language))


def _tell(value: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(timespec="seconds"), text)
