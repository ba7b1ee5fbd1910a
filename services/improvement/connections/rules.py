"""What makes a connection to change management sound; each verdict names the field and says what would be right."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import BaseModel

from services.improvement.connections.schemas import FLAT, ConnectionBody
from shared.ticketing.access import RemoteAuthentication
from shared.ticketing.options import read_options
from shared.ticketing.remote import find_unsound_url
from shared.ticketing.senders import find_unsound_secret
from shared.ticketing.sinks import SINKS, SinkSystem
from shared.ticketing.sources import Authentication

SIGNED = ("memory", "generic")
"""Systems with one secret, of Standard Webhooks, for both directions."""
SECRET_OPTIONS = frozenset({"headers", "app_token"})
"""Options that are kept as secrets, whichever system they are of."""
_MOST_OPTION_BYTES = 20_000
_SHORTEST_WEBHOOK_SECRET = 16
_PRINTABLE = re.compile(r"[\x20-\x7e]+")


class Stored(NamedTuple):
    """What is kept of the connection as it was: of the same system, else nothing."""

    base_url: str | None = None
    authentication: str | None = None
    webhook_authentication: str = "none"
    secrets: Mapping[str, Any] = {}
    options: Mapping[str, Any] = {}


class Chosen(NamedTuple):
    """What becomes of a body: how to sign in, how outcomes are proven, the options apart from those kept secret."""

    base_url: str | None
    authentication: RemoteAuthentication | None
    webhook_authentication: Authentication
    secrets: dict[str, Any]
    options: dict[str, Any]


class Unsound(ValueError):
    """Every fault of a body, in words."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))


def find_zone(name: str) -> ZoneInfo | None:
    """The zone of that name, or None."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def choose(body: ConnectionBody, stored: Stored) -> Chosen:
    """What to keep of this body beside what is stored.

    Raises:
        Unsound: names every field that is wrong.
    """
    faults = [] if find_zone(body.time_zone) else [f"time_zone: {body.time_zone!r} is no zone like Asia/Shanghai"]
    if body.system in SIGNED:
        chosen = _choose_signed(body, stored, faults)
    else:
        chosen = _choose_signed_in(body, _system_of(body.system), stored, faults)
    if faults:
        raise Unsound(faults)
    return chosen


def model_of(system: str) -> type[BaseModel] | None:
    """Of its options; None for the built-in one, which has none."""
    return None if system == "memory" else _system_of(system).options


def _system_of(name: str) -> SinkSystem:
    return SINKS[name]  # type: ignore[index]


def _choose_signed(body: ConnectionBody, stored: Stored, faults: list[str]) -> Chosen:
    faults += [
        f"{name}: {body.system} has none; its one secret signs what is sent and what comes back"
        for name in ("base_url", "authentication", "webhook_authentication", "webhook_secret")
        if getattr(body, name) is not None
    ]
    given = None if body.secret is None else body.secret.get_secret_value()
    if given is not None:
        _check_signing_secret(given, faults)
    secret = given or stored.secrets.get("secret")
    if secret is None and body.system == "generic":
        faults.append("secret: a generic connection needs one, to sign what it sends")
    options, hidden = _choose_options(body, stored, faults)
    secrets = {"secret": secret, "webhook_secret": None, "options": hidden}
    return Chosen(None, None, "standard_webhooks" if secret else "none", secrets, options)


def _choose_signed_in(body: ConnectionBody, system: SinkSystem, stored: Stored, faults: list[str]) -> Chosen:
    authentication = body.authentication or system.accesses[0]
    unsound = "is needed: where the system is" if body.base_url is None else find_unsound_url(body.base_url)
    if unsound is not None:
        faults.append(f"base_url: {unsound}")
    if authentication not in system.accesses:
        faults.append(f"authentication: {body.system} takes {', '.join(system.accesses)}")
    stays = (stored.base_url, stored.authentication) == (body.base_url, authentication)
    secret = _choose_secret(body, authentication, stored.secrets.get("secret") if stays else None, faults)
    webhook_authentication, webhook_secret = _choose_proof(body, system, stored, faults)
    options, hidden = _choose_options(body, stored if stored.base_url == body.base_url else Stored(), faults)
    secrets = {"secret": secret, "webhook_secret": webhook_secret, "options": hidden}
    return Chosen(body.base_url, authentication, webhook_authentication, secrets, options)


def _choose_secret(body: ConnectionBody, authentication: str, stored: str | None, faults: list[str]) -> str | None:
    if body.secret is None:
        if stored is None:
            faults.append(
                "secret: is needed to sign in; a stored one stays only for the same base_url and authentication, so "
                "that it goes to no other host"
            )
        return stored
    given = body.secret.get_secret_value()
    if not _PRINTABLE.fullmatch(given):
        faults.append("secret: must be printable ASCII characters")
    if authentication == "basic" and not all(given.partition(":")):
        faults.append("secret: basic authentication needs user:password")
    return given


def _choose_proof(
    body: ConnectionBody, system: SinkSystem, stored: Stored, faults: list[str]
) -> tuple[Authentication, str | None]:
    """How the sender of outcomes proves itself, and its secret."""
    given = None if body.webhook_secret is None else body.webhook_secret.get_secret_value()
    known: str | None = stored.secrets.get("webhook_secret")
    usual: Authentication = next((sender for sender in system.senders if sender != "none"), "none")
    if body.webhook_authentication is not None:
        chosen: Authentication = body.webhook_authentication
    elif given is not None:
        chosen = usual
    else:
        chosen = stored.webhook_authentication if known is not None else "none"  # type: ignore[assignment]
    if chosen == "none":
        if given is not None:
            faults.append(f"webhook_secret: {body.system} sends no webhooks that it could prove; leave it out")
        return "none", None
    if chosen not in system.senders:
        choices = ", ".join(dict.fromkeys((*system.senders, "none")))
        faults.append(f"webhook_authentication: {body.system} proves itself by one of {choices}")
        return chosen, given
    secret = given or (known if chosen == stored.webhook_authentication else None)
    if secret is None:
        faults.append(f"webhook_secret: is needed, so that the sender can prove itself by {chosen}")
    elif given is not None:
        unsound = find_unsound_secret(chosen, given)
        if unsound is None and (len(given) < _SHORTEST_WEBHOOK_SECRET or not _PRINTABLE.fullmatch(given)):
            unsound = f"must be at least {_SHORTEST_WEBHOOK_SECRET} printable ASCII characters"
        if unsound is not None:
            faults.append(f"webhook_secret: {unsound}")
    return chosen, secret


def _choose_options(body: ConnectionBody, stored: Stored, faults: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options as the system's model keeps them, and apart from them those that are secrets."""
    flat = _read_flat(body)
    twice = sorted(set(flat) & set(body.options))
    if twice:
        faults.append(f"{', '.join(twice)}: stands both in options and beside it; say it once")
    given = {**body.options, **flat}
    model = model_of(body.system)
    if model is None or (flat and body.system != "generic"):
        faults += [f"{name}: {body.system} has no such option" for name in sorted(given if model is None else flat)]
        return {}, {}
    try:
        raw = orjson.dumps(given)
    except TypeError as error:
        faults.append(f"{'body_template' if 'body_template' in given else 'options'}: cannot be kept as JSON: {error}")
        return {}, {}
    if len(raw) > _MOST_OPTION_BYTES or b"\\u0000" in raw:
        where = "body_template" if "body_template" in given else "options"
        faults.append(f"{where}: must be at most 20,000 bytes of JSON without NUL characters")
        return {}, {}
    if body.system != "generic":
        kept = stored.secrets.get("options", {})
        given = {**{name: kept[name] for name in kept if name not in given}, **given}
    try:
        read = read_options(model, given, "" if flat else "options")
    except ValueError as error:
        faults.append(str(error))
        return {}, {}
    options = read.model_dump(mode="json")
    hidden = {name: options.pop(name) for name in sorted(SECRET_OPTIONS & set(options)) if options[name]}
    for name in SECRET_OPTIONS:
        options.pop(name, None)
    return options, hidden


def _read_flat(body: ConnectionBody) -> dict[str, Any]:
    """Options that stand beside `options`, where they are said."""
    flat = {name: getattr(body, name) for name in FLAT if name in body.model_fields_set}
    if "headers" in flat:
        flat["headers"] = {name: value.get_secret_value() for name, value in (body.headers or {}).items()}
    return flat


def _check_signing_secret(secret: str, faults: list[str]) -> None:
    try:
        size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
    except binascii.Error:
        size = 0
    if not secret.startswith("whsec_") or not 24 <= size <= 64:
        faults.append("secret: must be 'whsec_' and 24 to 64 bytes in base64 (echo whsec_$(openssl rand -base64 32))")
