"""Programs of ours that are too heavy for a service: each in a process of its own, started when first asked.

A program reads a line of JSON for each question and writes one for each answer: `{"answer": "…"}` or `{"error": "…"}`.
It ends by itself when nobody asks (`shared.serving`); the next question starts another.
"""

import asyncio
import atexit
import hashlib
import json
import os
import subprocess
import sys
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import shared

_ROOT = str(Path(shared.__file__).parents[1])


class ChildFailed(RuntimeError):
    """The program could not answer: says why."""


class Child:
    """Asks one question at a time, and keeps the newest `most_kept` answers by the hash of their question."""

    def __init__(self, program: Path, most_kept: int) -> None:
        self._program = program
        self._most_kept = most_kept
        self._kept: OrderedDict[bytes, str] = OrderedDict()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        atexit.register(self.close)

    async def ask(self, question: dict[str, Any]) -> str:
        """The program's answer.

        Raises:
            ChildFailed: it refused, ended, or took too long.
        """
        line = json.dumps(question, sort_keys=True)
        key = hashlib.sha256(line.encode()).digest()
        kept = self._kept.get(key)
        return kept if kept is not None else await asyncio.to_thread(self._ask, key, line)

    def close(self) -> None:
        """End the process, if there is one; the next question starts another."""
        with self._lock:
            self._end()

    def _ask(self, key: bytes, line: str) -> str:
        with self._lock:
            answer = self._kept.get(key)
            if answer is None:
                # a process that ended itself for want of work is seen only when asked: ask a fresh one once more
                told = self._exchange(line) if self._process is not None else None
                told = json.loads(told or self._exchange(line) or '{"error": "the process ended"}')
                if "error" in told:
                    raise ChildFailed(told["error"])
                answer = self._kept[key] = str(told["answer"])
            self._kept.move_to_end(key)
            while len(self._kept) > self._most_kept:
                self._kept.popitem(last=False)
            return answer

    def _exchange(self, line: str) -> str | None:
        """The answer's line, or None when the process has ended."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own file
                [sys.executable, "-P", str(self._program)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (_ROOT, os.environ.get("PYTHONPATH"))))},
                start_new_session=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except OSError:
            answer = ""
        if not answer:
            self._end()
        return answer or None

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            try:
                self._process.communicate()
            except OSError:  # what was not written yet has nobody to read it
                self._process.wait()
            self._process = None
