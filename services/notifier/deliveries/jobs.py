"""Sends what is due, and forgets what is old."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from cryptography.fernet import InvalidToken
from prometheus_client import Counter as Metric
from prometheus_client import Histogram
from sqlalchemy import Row

from services.notifier.deliveries import repository, rules, service
from services.notifier.deliveries.repository import Outcome
from services.notifier.deliveries.sender import Request, Sender
from services.notifier.endpoints.service import SENDING
from services.notifier.settings import NotifierSettings
from shared import clock
from shared.bus.packing import SINGLE
from shared.database import Database
from shared.jobs import Job
from shared.sealing import Sealer

_log = structlog.get_logger(__name__)

FORGETTING_EVERY_SECONDS = 3600.0
_FORGET_AT_ONCE = 2000
_ATTEMPTS = Metric("ratchet_webhook_attempts", "Webhook attempts", ["result"])
_ATTEMPT_SECONDS = Histogram("ratchet_webhook_attempt_seconds", "Webhook attempts, from resolving to the answer")


class Dispatcher:
    """Keeps attempts under way: so many in all, and so many to each endpoint, so that a slow one holds up no other.

    What comes back is settled in one transaction with the next claim; between claim and settling no transaction is
    open. An attempt whose process dies is made again when its lease is over: delivered at least once.
    """

    def __init__(self, sender: Sender, sealer: Sealer, settings: NotifierSettings) -> None:
        self._sender = sender
        self._sealer = sealer
        self._settings = settings
        self._schedule = rules.Schedule(
            settings.retry_delays_seconds, settings.retry_jitter, settings.retry_after_limit_seconds
        )
        self._busy: Counter[UUID] = Counter()
        self._returned: list[Outcome] = []

    async def run(self, database: Database) -> int:
        """Send until nothing is due and nothing under way: then nothing is left to do. Cancelled, it cancels what is
        under way."""
        self._busy.clear()
        async with asyncio.TaskGroup() as group:
            while True:
                claimed = await self._settle_and_claim(database)
                for row in claimed:
                    self._busy[row.endpoint_id] += 1
                    group.create_task(self._attempt(row, database))
                if not self._busy and not self._returned:
                    return 0
                if not self._returned:
                    await database.signals.wait(SENDING, self._settings.poll_seconds)

    async def _settle_and_claim(self, database: Database) -> list[Row[Any]]:
        settings = self._settings
        returned = list(self._returned)
        now = clock.now()
        async with database.transaction() as session:
            if returned:
                await service.settle_outcomes(session, returned, timedelta(hours=settings.disable_after_hours), now)
            await repository.reclaim(session, now)
            claimed = await repository.claim(
                session,
                self._busy,
                settings.concurrency_per_endpoint,
                max(settings.concurrency - self._busy.total(), 0),
                now,
                now + timedelta(seconds=settings.lease_seconds),
            )
        del self._returned[: len(returned)]
        return list(claimed)

    async def _attempt(self, row: Row[Any], database: Database) -> None:
        try:
            answer = await self._send(row)
            verdict = rules.judge_answer(answer, row.failures, self._schedule, clock.now(), random.random())
            self._returned.append(
                Outcome(
                    row.id,
                    row.endpoint_id,
                    row.event_id,
                    row.type,
                    row.leased_until,
                    answer,
                    verdict,
                    row.body,
                )
            )
            _ATTEMPTS.labels("succeeded" if answer.succeeded else "failed").inc()
            _ATTEMPT_SECONDS.observe(answer.latency_ms / 1000)
        finally:
            self._busy[row.endpoint_id] -= 1
            if not self._busy[row.endpoint_id]:
                del self._busy[row.endpoint_id]
            database.signals.wake(SENDING)

    async def _send(self, row: Row[Any]) -> rules.Answer:
        try:
            request = self._make_request(row)
        except (InvalidToken, ValueError) as error:
            _log.exception("delivery_not_signed", delivery=str(row.id), endpoint=str(row.endpoint_id))
            return rules.Answer(clock.now(), 0, error=f"cannot be signed: {type(error).__name__}; rotate the secret")
        return await self._sender.send(request)

    def _make_request(self, row: Row[Any]) -> Request:
        now = clock.now()
        body = rules.thin_body(row.body) if row.thin else bytes(row.body)
        old = [entry["secret"] for entry in row.old_secrets if rules.signs(entry, now)]
        secrets = [self._sealer.unseal(secret) for secret in (row.secret, *old)]
        headers = {
            "content-type": SINGLE,
            "user-agent": "Ratchet (webhooks)",
            "accept": "*/*",
            "accept-encoding": "identity",
            "webhook-id": str(row.event_id),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": rules.sign(secrets, row.event_id, now, body),
            "ratchet-event-type": _plain(row.type),
            "ratchet-subject": _plain(row.subject),
            "ratchet-sequence": str(row.sequence),
        }
        return Request(row.url, headers | ({"webhook-test": "true"} if row.is_test else {}), body)


def _plain(value: str) -> str:
    """A header holds visible ASCII only; the body has the subject as it is."""
    return "".join(character if " " < character <= "~" else "?" for character in value)


def make_jobs(dispatcher: Dispatcher, settings: NotifierSettings) -> tuple[Job, ...]:
    """The jobs of the deliveries."""

    async def forget(database: Database) -> int:
        async with database.transaction() as session:
            before = clock.now() - timedelta(days=settings.retention_days)
            return await repository.forget(session, before, _FORGET_AT_ONCE)

    return (
        Job(SENDING, settings.poll_seconds, dispatcher.run),
        Job("notifier.deliveries.forget", FORGETTING_EVERY_SECONDS, forget),
    )
