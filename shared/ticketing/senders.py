"""How senders prove themselves. Secrets are compared in constant time."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache

from standardwebhooks import Webhook, WebhookVerificationError

from shared.ticketing.sources import Authentication, NotProven


def find_unsound_secret(authentication: Authentication, secret: str) -> str | None:
    """Why this cannot be the secret of that scheme, or None."""
    if authentication == "standard_webhooks":
        try:
            b64decode(secret.removeprefix("whsec_"), validate=True)
        except ValueError:
            return "not base64, with or without 'whsec_' before it"
    if authentication == "basic" and not all(secret.partition(":")):
        return "basic authentication needs user:password"
    return None


def verify_sender(
    authentication: Authentication,
    secret: str | None,
    headers: Mapping[str, str],
    query: Mapping[str, str],
    body: bytes,
) -> None:
    """Raises `NotProven`, saying what was looked at and what would be right."""
    if authentication == "none" or secret is None:
        raise NotProven("this connection takes no webhooks: it is polled, or its authentication must be set first")
    match authentication:
        case "standard_webhooks":
            _verify_standard_webhooks(secret, headers, body)
        case "bearer":
            _compare(headers.get("authorization", ""), f"Bearer {secret}", "the Authorization header (Bearer SECRET)")
        case "basic":
            _verify_basic(secret, headers)
        case "hub_sha1":
            expected = "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
            _compare(headers.get("x-hub-signature", ""), expected, "X-Hub-Signature (sha1=…, an HMAC of the body)")
        case "hub_sha256":
            expected = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
            _compare(headers.get("x-hub-signature", ""), expected, "X-Hub-Signature (sha256=…, an HMAC of the body)")
        case "glpi_sha256":
            stamp = headers.get("x-glpi-timestamp", "")
            expected = hmac.new(secret.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
            place = "X-GLPI-signature (an HMAC-SHA256 of the body and X-GLPI-timestamp)"
            _compare(headers.get("x-glpi-signature", "").lower(), expected, place)
        case "url_secret":
            _compare(query.get("secret", ""), secret, "the URL's query (?secret=SECRET)")


def _compare(given: str, expected: str, place: str) -> None:
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise NotProven(f"{place} does not hold this connection's secret")


def _verify_basic(secret: str, headers: Mapping[str, str]) -> None:
    scheme, _, told = headers.get("authorization", "").partition(" ")
    try:
        given = b64decode(told.strip(), validate=True) if scheme.lower() == "basic" else b""
    except ValueError:
        given = b""
    if not hmac.compare_digest(given, secret.encode()):
        raise NotProven("the Authorization header (Basic) does not hold this connection's user and password")


@lru_cache(maxsize=256)
def _webhook(secret: str) -> Webhook:
    return Webhook(secret)


def _verify_standard_webhooks(secret: str, headers: Mapping[str, str], body: bytes) -> None:
    try:
        _webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, ValueError, UnicodeDecodeError) as error:
        raise NotProven(
            f"webhook-id, webhook-timestamp and webhook-signature do not prove this connection's secret: {error}"
        ) from error
