"""Assessments run in a process of their own, so that no service holds SciPy and NumPy (70 MB) for good.

A plain child process, not a `ProcessPoolExecutor`: a spawned pool imports its parent's `__main__` again, which is the
whole of Ratchet, and keeps a resource tracker behind. This one imports the rules, answers once and gives all back.
"""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import services
from services.metrics.analysis.evidence import Answer, Question

TIMEOUT_SECONDS = 120.0
_ROOT = Path(services.__file__).parents[1]


class AssessmentFailed(RuntimeError):
    """The child ended without an answer: says how."""


async def assess_in_worker(question: Question, timeout_seconds: float = TIMEOUT_SECONDS) -> Answer:
    """`assess_effect` in a child process.

    Raises:
        AssessmentFailed: it crashed, or did not answer in time.
    """
    path = os.pathsep.join(part for part in (str(_ROOT), os.environ.get("PYTHONPATH")) if part)
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.metrics.analysis",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_seconds):
            out, complaint = await child.communicate(question.model_dump_json().encode())
    except TimeoutError as error:
        raise AssessmentFailed(f"no answer after {timeout_seconds:.0f} s") from error
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if child.returncode != 0:
        raise AssessmentFailed(f"exit {child.returncode}: {complaint.decode(errors='replace')[-1000:]}")
    return Answer.model_validate_json(out)
