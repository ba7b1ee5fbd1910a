"""Somebody with a browser."""

import httpx

from shared.auth import SESSION_COOKIE, Role
from tests.support.fleet import Fleet

HOSTILE = "<script>alert('x')</script>{{ 7 * 7 }}"


def browser(fleet: Fleet, *roles: Role, subject: str, language: str = "en") -> httpx.AsyncClient:
    """Signed in by cookie, on our own site, reading HTML."""
    client = fleet.client(*roles, subject=subject)
    token = client.headers.pop("Authorization").removeprefix("Bearer ")
    client.cookies.set(SESSION_COOKIE, token)
    client.headers.update({"Accept": "text/html", "Accept-Language": language, "Sec-Fetch-Site": "same-origin"})
    return client


def shown(answer: httpx.Response, status: int = 200) -> str:
    """The page."""
    assert answer.status_code == status, answer.text[:2000]
    assert answer.headers["content-type"].startswith("text/html")
    return answer.text


def went_to(answer: httpx.Response) -> str:
    """Where a form that was taken leads."""
    assert answer.status_code == 303, answer.text[:2000]
    return answer.headers["location"]
