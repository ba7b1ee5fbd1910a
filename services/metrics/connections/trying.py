"""The test of a connection: what it can do, tried without keeping or changing anything."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from services.metrics.connections.service import Opened, Sources
from shared import clock
from shared.ticketing.facts import Unmappable
from shared.ticketing.failures import RemoteFailed
from shared.ticketing.findings import Finding
from shared.ticketing.sources import IncidentSource, Position
from shared.ticketing.systems import SYSTEMS

TEST_WINDOW = timedelta(days=1)


async def try_connection(sources: Sources, row: Row[Any]) -> list[Finding]:
    """What works of the connection; nothing is kept, nothing there is changed. No transaction is open.

    Raises:
        SecretUnreadable
    """
    found = await _try_poll(sources.open_row(row), row.base_url is not None)
    return [*found, _tell_reopening(sources, row)]


def _tell_reopening(sources: Sources, row: Row[Any]) -> Finding:
    if SYSTEMS[row.system].reopener is None:
        detail = f"incidents of {row.system} cannot be reopened from here: a dispute is to be settled there by hand"
        return Finding("reopen", True, detail)
    if row.reopening is None:
        detail = "not configured: a disputed incident stays as it is there; 'reopening' changes that"
        return Finding("reopen", True, detail)
    try:
        sources.open_reopener(row)
    except ValueError as error:
        return Finding("reopen", False, f"reopening.options: {error}")
    where = row.reopening["base_url"] or row.base_url or "the address in its options"
    detail = f"not tried: that would reopen an incident; configured at {where}, and used with the first dispute"
    return Finding("reopen", True, detail)


async def _try_poll(opened: Opened, is_polled: bool) -> list[Finding]:
    """Reach the system, sign in, and read what it changed in the last day; nothing is kept. No transaction is open."""
    if not is_polled:
        detail = "it is not polled: it sends webhooks, and its payloads tell what came"
        return [Finding("poll", True, detail)]
    try:
        page = await opened.source.poll(Position(clock.now() - TEST_WINDOW))
    except RemoteFailed as error:
        return [Finding("poll", False, str(error))]
    count = len(page.elements)
    found = [Finding("poll", True, f"signed in; {count} records changed in the last day were read")]
    unread = _find_unread(opened.source, page.elements)
    if unread:
        found.append(Finding("map", False, f"{len(unread)} of {count} mean nothing: {unread[0]}"))
    elif count:
        found.append(Finding("map", True, "all of them were understood"))
    return found


def _find_unread(source: IncidentSource, elements: Sequence[Any]) -> list[str]:
    unread = []
    for element in elements:
        try:
            source.read(element)
        except Unmappable as error:
            unread.append(str(error))
    return unread
