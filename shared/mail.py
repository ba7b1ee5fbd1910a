"""E-mail: a port, its SMTP adapter, and its twin that keeps what it is given."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Literal, Protocol
from urllib.parse import unquote, urlsplit

import aiosmtplib

from shared import clock

_MAIL_SECONDS = 60.0
_WHOLE_LINES = SMTP.clone(max_line_length=998, cte_type="7bit")
"""A long address in a header is not folded: what is folded is encoded, and no mail program follows it then."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A plain text for one reader. `message_id` is the same however often it is tried."""

    to: str
    subject: str
    text: str
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sent`: the server took it. `refused`: it will never take it. `failed`: it did not go out; try again. `unknown`:
    the connection broke when it may have been taken. `detail` says why, for people."""

    result: Literal["sent", "refused", "failed", "unknown"]
    detail: str | None = None


class Mailer(Protocol):
    """Sends mail; what becomes of each is an outcome, never an exception."""

    async def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        """Each of these, in order, over one connection. Takes at most a minute for each."""
        ...


def write_message(mail: Mail, sender: str) -> EmailMessage:
    """Raises `ValueError` when the address is none: one mail goes to one reader."""
    try:
        reader = Address(addr_spec=mail.to.strip())
    except (MessageError, ValueError, IndexError) as error:
        raise ValueError(f"{mail.to!r} is no address of one reader") from error
    message = EmailMessage(_WHOLE_LINES)
    message["To"] = reader
    message["From"] = sender
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = clock.now()
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(mail.text)
    return message


class SmtpMailer:
    """A server named by `smtp://user:password@host:587` (STARTTLS where it is offered) or `smtps://…:465`."""

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        self._sender = sender
        self._options = {
            "hostname": parts.hostname,
            "port": parts.port or (465 if parts.scheme == "smtps" else 587),
            "username": unquote(parts.username) if parts.username else None,
            "password": unquote(parts.password) if parts.password else None,
            "use_tls": parts.scheme == "smtps",
            "timeout": _MAIL_SECONDS / 2,
        }

    async def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        client = aiosmtplib.SMTP(**self._options)  # type: ignore[arg-type]
        try:
            await client.connect()
        except (aiosmtplib.SMTPException, OSError) as error:
            return [Outcome("failed", _say(error))] * len(mails)
        outcomes: list[Outcome] = []
        try:
            for mail in mails:
                outcomes.append(await self._send_one(client, mail))
                if not client.is_connected:
                    break
        finally:
            client.close()
        return outcomes + [Outcome("failed", "the connection to the mail server broke")] * (len(mails) - len(outcomes))

    async def _send_one(self, client: aiosmtplib.SMTP, mail: Mail) -> Outcome:
        try:
            message = write_message(mail, self._sender)
        except ValueError as error:
            return Outcome("refused", _say(error))
        try:
            async with asyncio.timeout(_MAIL_SECONDS):
                await client.sendmail(self._sender, [mail.to.strip()], message.as_bytes())
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _judge(error.recipients[0].code, error.recipients[0].message)
        except aiosmtplib.SMTPSenderRefused as error:  # ours to mend: the reader's address is none the worse for it
            return Outcome("failed", f"the sender {self._sender} is refused: {error.code} {error.message}"[:500])
        except aiosmtplib.SMTPResponseException as error:
            return _judge(error.code, error.message)
        except (aiosmtplib.SMTPException, OSError) as error:
            client.close()
            return Outcome("unknown", f"whether it went out is not known: {_say(error)}")
        except ValueError as error:  # what cannot be written as a mail harms no other
            return Outcome("refused", _say(error))
        return Outcome("sent")


class MemoryMailer:
    """Keeps what it is given. `outcomes` are those of the next mails; when they are used up every mail is sent."""

    def __init__(self) -> None:
        self.mails: list[Mail] = []
        self.outcomes: list[Outcome] = []

    async def send(self, mails: Sequence[Mail]) -> list[Outcome]:
        self.mails += mails
        return [self.outcomes.pop(0) if self.outcomes else Outcome("sent") for _ in mails]


def _judge(code: int, message: str) -> Outcome:
    """RFC 5321, 4.2.1: 5xx is for good, 4xx for now."""
    return Outcome("refused" if code >= 500 else "failed", f"{code} {message}"[:500])


def _say(error: Exception) -> str:
    return (str(error) or type(error).__name__)[:500]
