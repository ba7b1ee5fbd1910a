"""The short-lived process that loads SciPy: one question as JSON on stdin, its answer as JSON on stdout."""

import sys

from services.metrics.analysis.evidence import Question
from services.metrics.analysis.rules import assess_effect

sys.stdout.write(assess_effect(Question.model_validate_json(sys.stdin.buffer.read())).model_dump_json())
