"""A desk of one system that really listens, keeps what is created there, and fails as it is told."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from shared.ticketing.changes import ChangeSink
from tests.shared.ticketing.listener import Answer, Asked, Listener, listening
from tests.shared.ticketing.sink_cases import Case


class Desk:
    """A system that really listens, and fails as it is told: `instead` answers in its place, `losing` does what is
    asked where that creates something, and lets the answer come to nothing."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.fake = case.make()
        self.instead: Answer | None = None
        self.losing: Callable[[], Answer] | None = None
        self.url = ""
        self.listener: Listener

    def answer(self, asked: Asked) -> Answer:
        if self.instead is not None:
            return self.instead
        before = self.case.count(self.fake)
        answer: Answer = self.fake.answer(asked)
        if self.losing is not None and self.case.count(self.fake) > before:
            return self.losing()
        return answer

    def open(self, **changes: Any) -> ChangeSink:
        return self.case.open(self.url, **changes)

    def count(self) -> int:
        return self.case.count(self.fake)


@asynccontextmanager
async def open_desk(case: Case) -> AsyncIterator[Desk]:
    desk = Desk(case)
    async with listening(desk.answer) as listener:
        desk.url, desk.listener = listener.url, listener
        yield desk
