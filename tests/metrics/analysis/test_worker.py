import subprocess
import sys

import pytest

from services.metrics.analysis.evidence import Proportion, Question
from services.metrics.analysis.rules import assess_effect
from services.metrics.analysis.worker import AssessmentFailed, assess_in_worker

QUESTION = Question(
    direction="higher_is_better",
    before=Proportion(successes=3585, n=8995),
    after=Proportion(successes=11905, n=15442),
    target=0.75,
)


class TestAssessInWorker:
    async def test_answers_as_the_rules_do(self) -> None:
        assert await assess_in_worker(QUESTION) == assess_effect(QUESTION)

    async def test_works_wherever_the_service_was_started(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
        assert (await assess_in_worker(QUESTION)).verdict == "effective"

    async def test_does_not_wait_for_ever(self) -> None:
        with pytest.raises(AssessmentFailed, match="no answer after 0 s"):
            await assess_in_worker(QUESTION, timeout_seconds=0.01)

    async def test_says_how_the_child_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONHASHSEED", "nonsense")
        with pytest.raises(AssessmentFailed, match="PYTHONHASHSEED"):
            await assess_in_worker(QUESTION)

    def test_its_caller_holds_no_scipy(self) -> None:
        code = "import sys, services.metrics.analysis.worker; print('scipy' in sys.modules, 'numpy' in sys.modules)"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert told.stdout.split() == ["False", "False"]
