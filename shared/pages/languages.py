"""The two languages: which one a reader gets, and the catalogues of words (JSON: message → translation)."""

import json
from collections.abc import Iterable
from pathlib import Path

ENGLISH = "en"
CHINESE = "zh-CN"
LANGUAGES = {ENGLISH: "English", CHINESE: "中文"}
LANGUAGE_COOKIE = "ratchet_language"


def N_(message: str) -> str:  # noqa: N802 - gettext's name for it
    """Mark a message that is written down here and translated where it is shown."""
    return message


def choose_language(cookie: str | None, accept_language: str) -> str:
    """The reader's choice, else the first of the browser's languages that we speak (RFC 9110), else English."""
    if cookie in LANGUAGES:
        return cookie
    for tag in _by_preference(accept_language):
        primary = tag.split("-")[0].lower()
        if primary == "zh":
            return CHINESE
        if primary == "en":
            return ENGLISH
    return ENGLISH


def _by_preference(accept_language: str) -> list[str]:
    weighted = []
    for place, part in enumerate(accept_language[:500].split(",")):
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=")) if parameter else 1.0
        except ValueError:
            continue
        if tag and weight > 0:
            weighted.append((-weight, place, tag))
    return [tag for _, _, tag in sorted(weighted)]


class Catalogue:
    """Translations of one language; a message without one is shown as it is."""

    def __init__(self, messages: dict[str, str]) -> None:
        self._messages = messages

    def gettext(self, message: str) -> str:
        return self._messages.get(message, message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """Chinese has one form for all numbers: that of the singular message."""
        return self._messages.get(singular, singular if number == 1 else plural)

    def __contains__(self, message: str) -> bool:
        return message in self._messages


def load_catalogue(language: str, folders: Iterable[Path]) -> Catalogue:
    """The words of `<folder>/locales/<language>.json`, later folders over earlier ones."""
    messages: dict[str, str] = {}
    for folder in folders:
        path = folder / "locales" / f"{language}.json"
        if path.exists():
            messages |= json.loads(path.read_text("utf-8"))
    return Catalogue(messages)
