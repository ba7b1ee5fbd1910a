"""The process that holds SciPy: a line of JSON in (`questions.Asked`), a line of JSON out. Not imported by services.

It ends by itself when nothing is asked for as many seconds as its argument says, when an answer takes longer than
`MOST_SECONDS`, and when its owner is gone.
"""

import select
import signal
import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from services.metrics.analysis.changes import find_changes
from services.metrics.analysis.correlations import correlate
from services.metrics.analysis.descriptions import describe_values
from services.metrics.analysis.forecasts import forecast
from services.metrics.analysis.questions import Asked, Failure
from services.metrics.analysis.rules import assess_effect

MOST_SECONDS = 150
_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)
_ANSWERS: dict[str, Callable[[Any], BaseModel]] = {
    "assess": assess_effect,
    "describe": describe_values,
    "changes": find_changes,
    "correlate": correlate,
    "forecast": forecast,
}


def answer(line: bytes) -> BaseModel:
    """A question that breaks its code costs its own answer, not the process."""
    try:
        asked = _ASKED.validate_json(line)
        return _ANSWERS[asked.kind](asked)
    except Exception as error:
        return Failure(failed=repr(error)[:1000])


def main(idle_seconds: float) -> None:
    out = sys.stdout.buffer
    while select.select([sys.stdin], [], [], idle_seconds)[0]:
        line = sys.stdin.buffer.readline()
        if not line:
            return
        signal.alarm(MOST_SECONDS)
        out.write(answer(line).model_dump_json().encode() + b"\n")
        out.flush()
        signal.alarm(0)


if __name__ == "__main__":
    main(float(sys.argv[1]))
