"""Use cases of the customers' links."""

import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from services.satisfaction import tokens
from services.satisfaction.callbacks import repository as callbacks
from services.satisfaction.callbacks import rules as callback_rules
from services.satisfaction.callbacks.callers.service import list_names
from services.satisfaction.callbacks.links import repository, rules
from services.satisfaction.callbacks.recording import complete_by_link
from services.satisfaction.callbacks.schemas import Completion
from services.satisfaction.callbacks.service import describe, tell
from services.satisfaction.settings import SatisfactionSettings
from shared.auth import Principal
from shared.events.callbacks import CallbackLinkIssued
from shared.ids import new_id

PATH = "/satisfaction/answer"


async def issue_link(
    session: AsyncSession, callback: Row[Any], caller: Principal, now: datetime, thresholds: SatisfactionSettings
) -> tuple[Row[Any], str]:
    """Make the customer's link, in place of an earlier one; returns it and its token, which is known only here.

    Raises:
        CallerIsResolver: whoever resolved the incident would hold the customer's answer in hand.
        IllegalTransition
    """
    callback_rules.check_caller(await list_names(session, caller), callback.resolver)
    callback_rules.check_open("make a link", callback.state)
    await repository.withdraw(session, callback.id, now)
    token = secrets.token_urlsafe(32)
    link = await repository.add(
        session,
        {
            "id": new_id(),
            "callback_id": callback.id,
            "token_hash": tokens.hash_token(token),
            "issued_at": now,
            "issued_by": caller.subject,
            "expires_at": now + timedelta(days=thresholds.link_valid_days),
        },
    )
    callback = await callbacks.update(session, callback.id, {"version": callback.version + 1})
    issued = CallbackLinkIssued(
        **describe(callback), issued_at=now, issued_by=caller.subject, expires_at=link.expires_at
    )
    await tell(session, callback, [issued])
    return link, token


def write_url(base: str, token: str) -> str:
    """The link as the customer gets it."""
    return base.rstrip("/") + write_path(token)


def write_path(token: str) -> str:
    """The token is in the query: addresses are written to logs without it."""
    return f"{PATH}?{urlencode({'token': token})}"


async def open_link(session: AsyncSession, token: str, now: datetime) -> tuple[Row[Any], Row[Any]]:
    """The link and its callback, which waits for an answer.

    Raises:
        LinkUnusable
    """
    link = await _find(session, token)
    callback = await callbacks.get(session, link.callback_id)
    return _check(link, callback, now)


async def lock_link(session: AsyncSession, token: str, now: datetime) -> tuple[Row[Any], Row[Any]]:
    """The same, both held until the transaction ends. The callback comes first, as for everybody who records.

    Raises:
        LinkUnusable
    """
    link = await _find(session, token)
    callback = await callbacks.lock(session, link.callback_id)
    return _check(await repository.lock(session, link.id), callback, now)


async def save_draft(session: AsyncSession, link: Row[Any], typed: dict[str, str], now: datetime) -> None:
    """Keep what the customer has typed so far; the link stays."""
    await repository.write(session, link.id, {"draft": typed, "draft_saved_at": now})


async def answer(
    session: AsyncSession,
    link: Row[Any],
    callback: Row[Any],
    completion: Completion,
    now: datetime,
    thresholds: SatisfactionSettings,
) -> None:
    """R81, R82: the customer's own answers complete the callback, and the link is used up."""
    await complete_by_link(session, callback, completion, now, thresholds)
    await repository.write(session, link.id, {"used_at": now, "draft": None, "draft_saved_at": None})


async def _find(session: AsyncSession, token: str) -> Row[Any]:
    link = await repository.find(session, tokens.hash_token(token))
    if link is None:
        raise _unusable()
    return link


def _check(link: Row[Any], callback: Row[Any] | None, now: datetime) -> tuple[Row[Any], Row[Any]]:
    usable = rules.is_usable(link.expires_at, link.used_at, link.withdrawn_at, now)
    if callback is None or callback.state != "due" or not usable:
        raise _unusable()
    return link, callback


def _unusable() -> tokens.LinkUnusable:
    return tokens.LinkUnusable("this link cannot be used")
