"""The process that holds SciPy, as this service asks it."""

from collections.abc import Sequence

from services.metrics.analysis.evidence import Answer, Question
from shared.workers import IDLE_SECONDS, TIMEOUT_SECONDS, Worker

_PROGRAM = ("-m", "services.metrics.analysis")


def make_worker(*, idle_seconds: float = IDLE_SECONDS, program: Sequence[str] = _PROGRAM) -> Worker:
    """The child that answers `questions.Asked`; the first question starts it."""
    return Worker(program, idle_seconds=idle_seconds)


async def assess_in_worker(worker: Worker, question: Question, timeout_seconds: float = TIMEOUT_SECONDS) -> Answer:
    """`assess_effect` in the child process.

    Raises:
        AssessmentFailed, AnalysisBusy.
    """
    return await worker.ask(question, Answer, timeout_seconds)
