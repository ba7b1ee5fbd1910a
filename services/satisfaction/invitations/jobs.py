"""What invitations do when nobody asks: go out by e-mail, and end with their campaign."""

from datetime import timedelta

from services.satisfaction.invitations.service import MAILS, expire_invitations, send_mails
from services.satisfaction.settings import SatisfactionSettings
from shared.database import Database
from shared.jobs import Job
from shared.mail import Mailer

_EXPIRED = 5000
_MAILS = 20


def make_jobs(thresholds: SatisfactionSettings, mailer: Mailer | None, key: bytes) -> tuple[Job, ...]:
    """Without a mail server there are no mails: links are exported."""
    retries = [timedelta(minutes=minutes) for minutes in thresholds.mail_retry_minutes]

    async def expire(database: Database) -> int:
        return await expire_invitations(database, _EXPIRED)

    ending = Job("invitations.expired", 60.0, expire)
    if mailer is None:
        return (ending,)
    sender = mailer

    async def send(database: Database) -> int:
        return await send_mails(database, sender, key, thresholds.public_url, retries, _MAILS)

    return ending, Job(MAILS, 15.0, send)
