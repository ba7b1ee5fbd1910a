"""The process that holds SciPy: a line of JSON in (`questions.Asked`), a line of JSON out. Not imported by services."""

import sys
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from services.metrics.analysis.changes import find_changes
from services.metrics.analysis.correlations import correlate
from services.metrics.analysis.descriptions import describe_values
from services.metrics.analysis.forecasts import forecast
from services.metrics.analysis.questions import Asked
from services.metrics.analysis.rules import assess_effect
from shared.answering import serve

_ASKED: TypeAdapter[Asked] = TypeAdapter(Asked)
_ANSWERS: dict[str, Callable[[Any], BaseModel]] = {
    "assess": assess_effect,
    "describe": describe_values,
    "changes": find_changes,
    "correlate": correlate,
    "forecast": forecast,
}


if __name__ == "__main__":
    serve(_ASKED, _ANSWERS, float(sys.argv[1]))
