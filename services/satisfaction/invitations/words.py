"""What an invitation says, in the reader's language."""

from pathlib import Path
from typing import Any

from sqlalchemy import Row

from services.satisfaction.questionnaires.schemas import Content, wording_of
from shared.mail import Mail
from shared.pages import N_
from shared.pages.formats import format_moment
from shared.pages.languages import CHINESE, ENGLISH, LANGUAGES, load_catalogue

_CATALOGUES = {language: load_catalogue(language, [Path(__file__).parents[1]]) for language in LANGUAGES}
_GREETING = N_("Dear %(name)s,")
_REMINDER = N_("Reminder: %(title)s")
_LINK = N_("Your personal link, which works once:")
_PROMISE = N_("Your answers are kept without your name and cannot be traced back to you.")
_UNTIL = N_("You can answer until %(moment)s. You can save half-way and come back by the same link.")
_BACK = N_("You can save half-way and come back by the same link.")
_STOP = N_("If you do not want to be asked about this again:")


def choose_language(asked: str | None, content: Content) -> str:
    """The member's own, where it is known; else the one in which the questionnaire is written, English first."""
    tag = (asked or "").replace("_", "-").lower()
    if tag.startswith("zh"):
        return CHINESE
    if tag.startswith("en") or ENGLISH in content.title:
        return ENGLISH
    return CHINESE


def write_mail(row: Row[Any], content: Content, url: str) -> Mail:
    """The invitation, or from the second mail on the reminder."""
    language = choose_language(row.language, content)
    say = _CATALOGUES[language].gettext
    title = wording_of(content.title, language)
    until = say(_BACK)
    if row.closes_at is not None:
        until = say(_UNTIL) % {"moment": format_moment(row.closes_at, language)}
    paragraphs = [
        say(_GREETING) % {"name": row.name} if row.name else None,
        wording_of(content.introduction, language) if content.introduction else title,
        f"{say(_LINK)}\n{url}",
        until,
        say(_PROMISE) if row.anonymous else None,
        f"{say(_STOP)}\n{url}/stop",
    ]
    return Mail(
        to=row.email,
        subject=say(_REMINDER) % {"title": title} if row.sent else title,
        text="\n\n".join(part for part in paragraphs if part) + "\n",
        message_id=f"<{row.id}.{row.sent}@ratchet.invalid>",
        headers={"List-Unsubscribe": f"<{url}/stop>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
