"""The child's side of every process of ours that answers questions: a line in, a line out.

Imports nothing but the standard library: how long a child takes to start is what its own program loads.
"""

import select
import signal
import sys
from collections.abc import Callable

MOST_SECONDS = 150


def serve_lines(answer: Callable[[bytes], bytes], idle_seconds: float, most_seconds: int = MOST_SECONDS) -> None:
    """Answer each line of stdin by one of stdout.

    It ends by itself when nothing is asked for `idle_seconds`, when an answer takes longer than `most_seconds`, and
    when its owner is gone.
    """
    out = sys.stdout.buffer
    while select.select([sys.stdin], [], [], idle_seconds)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        signal.alarm(most_seconds)
        out.write(answer(line) + b"\n")
        out.flush()
        signal.alarm(0)
