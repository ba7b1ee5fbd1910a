"""Statistics run in a process of their own, so that no service holds SciPy and NumPy (110 MB) for good.

A plain child process, not a `ProcessPoolExecutor`: a spawned pool imports its parent's `__main__` again, which is the
whole of Ratchet, and keeps a resource tracker behind. Importing SciPy takes a second or two, so the child stays for the
next question, and ends itself when none comes. A child reads a line of JSON for each question and writes one for each
answer: `shared.serving` is its loop.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

import shared
from shared import problems
from shared.answering import Failure

TIMEOUT_SECONDS = 120.0
IDLE_SECONDS = 60.0
_STOPPING = "the service is stopping"
_MOST_WAITING = 32
_LONGEST_ANSWER = 4 * 2**20
_ROOT = Path(shared.__file__).parents[1]

Answered = TypeVar("Answered", bound=BaseModel)


class AssessmentFailed(problems.Problem):
    """The child gave no answer: says how."""

    status = 503


class AnalysisBusy(problems.Problem):
    """Too many questions wait already."""

    status = 503


class Worker:
    """The child, started by the first question. One question at a time, the others wait in line; a child that dies,
    takes too long or is given up in the middle of an answer is ended, and the next question starts another.

    `program` are Python's arguments, as `("-m", "services.metrics.analysis")`; the idle seconds are added to them.
    """

    def __init__(self, program: Sequence[str], *, idle_seconds: float = IDLE_SECONDS) -> None:
        self._arguments = (*program, str(idle_seconds))
        self._child: Process | None = None
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._is_closed = False

    @property
    def pid(self) -> int | None:
        """The child's process id, where there is one."""
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    async def prepare(self) -> None:
        """Start the child unless there is one: it loads while the question is still being gathered."""
        if self._is_closed or self._turn.locked():
            return
        async with self._turn:
            if self.pid is None:
                await self._end()
                self._child = await self._start()

    async def ask(self, asked: BaseModel, kind: type[Answered], timeout_seconds: float = TIMEOUT_SECONDS) -> Answered:
        """The child's answer; the time in line does not count.

        Raises:
            AssessmentFailed: it crashed, could not answer, or did not do so in time.
            AnalysisBusy: too many wait already.
        """
        if self._waiting >= _MOST_WAITING:
            raise AnalysisBusy(f"{self._waiting} questions wait for the statistics already; ask again in a minute")
        self._waiting += 1
        try:
            async with self._turn:
                line = await self._answer(asked.model_dump_json().encode() + b"\n", timeout_seconds)
        finally:
            self._waiting -= 1
        try:
            return kind.model_validate_json(line)
        except ValidationError as error:
            raise AssessmentFailed(_read_failure(line)) from error

    async def close(self) -> None:
        """End the child, if there is one, and start none any more."""
        self._is_closed = True
        _kill(self._child)
        async with self._turn:
            await self._end()

    async def _answer(self, line: bytes, timeout_seconds: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_seconds):
                return await self._exchange(line)
        except BaseException as error:
            await self._end()
            if isinstance(error, TimeoutError):
                raise AssessmentFailed(f"no answer after {timeout_seconds:.0f} s") from error
            raise

    async def _exchange(self, line: bytes) -> bytes:
        """That a child has ended for want of work is known only when it is asked: a fresh one is asked once more."""
        was_there = self._child is not None
        answer = await self._try(line)
        if answer is None and was_there:
            await self._end()
            answer = await self._try(line)
        if answer is None:
            raise AssessmentFailed(_STOPPING if self._is_closed else await self._last_words())
        return answer

    async def _try(self, line: bytes) -> bytes | None:
        """The child's answer, or None when it has ended."""
        if self._is_closed:
            raise AssessmentFailed(_STOPPING)
        if self._child is None:
            self._child = await self._start()
        stdin, stdout = self._child.stdin, self._child.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(line)
            await stdin.drain()
            answer = await stdout.readline()
        except (OSError, RuntimeError):  # uvloop's word for a pipe that is closed
            return None
        return answer if answer.endswith(b"\n") else None

    async def _start(self) -> Process:
        path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH")) if part)
        alone = {"PYTHONPATH": path, "PYTHONWARNINGS": "ignore", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *self._arguments,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env={**os.environ, **alone},
            start_new_session=True,
            limit=_LONGEST_ANSWER,
        )

    async def _last_words(self) -> str:
        assert self._child is not None
        assert self._child.stderr is not None
        complaint = await self._child.stderr.read()
        return f"exit {await self._child.wait()}: {complaint.decode(errors='replace')[-1000:]}"

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            _kill(child)
            await child.communicate()


def _kill(child: Process | None) -> None:
    if child is not None and child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()


def _read_failure(line: bytes) -> str:
    try:
        return Failure.model_validate_json(line).failed
    except ValidationError:
        return f"not an answer: {line[:200]!r}"
