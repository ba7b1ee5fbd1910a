import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
import uvloop

from services.metrics.analysis.evidence import Proportion, Question
from services.metrics.analysis.questions import (
    Changes,
    Correlate,
    Correlations,
    DescribeValues,
    Description,
    FindChanges,
    Forecast,
    Foresee,
)
from services.metrics.analysis.rules import assess_effect
from services.metrics.analysis.worker import assess_in_worker, make_worker
from shared.workers import AnalysisBusy, AssessmentFailed, Worker
from tests.support.waiting import eventually

QUESTION = Question(
    direction="higher_is_better",
    before=Proportion(successes=3585, n=8995),
    after=Proportion(successes=11905, n=15442),
    target=0.75,
)
VALUES = DescribeValues(values=(1.0, 2.0, 3.0, 4.0))


@pytest.fixture(scope="session")
async def worker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Worker]:
    """One warm child for all; it works wherever the service was started."""
    shared = make_worker()
    with contextlib.chdir(tmp_path_factory.mktemp("elsewhere")):
        await shared.ask(VALUES, Description)
    yield shared
    await shared.close()


NUMBERS = ["mean", "variance", "standard_deviation", "median", "minimum", "maximum"]
ONE_LINE_A_QUESTION = f"""
import json, sys
for line in sys.stdin:
    told = dict.fromkeys({NUMBERS}, 0) | {{"n": len(json.loads(line)["values"]), "quantiles": {{}}}}
    print(json.dumps(told), flush=True)
"""
LIGHT = ("-c", ONE_LINE_A_QUESTION)
"""A child that starts at once."""


class TestAssessInWorker:
    async def test_answers_as_the_rules_do(self, worker: Worker) -> None:
        assert await assess_in_worker(worker, QUESTION) == assess_effect(QUESTION)

    async def test_does_not_wait_for_ever(self) -> None:
        slow = make_worker()
        with pytest.raises(AssessmentFailed, match="no answer after 0 s"):
            await assess_in_worker(slow, QUESTION, timeout_seconds=0.01)
        assert slow.pid is None

    async def test_says_how_the_child_failed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PYTHONHASHSEED", "nonsense")
        with pytest.raises(AssessmentFailed, match=r"exit 1: .*PYTHONHASHSEED"):
            await assess_in_worker(make_worker(), QUESTION)

    def test_its_caller_holds_no_scipy(self) -> None:
        heavy = ("scipy", "numpy", "ruptures")
        code = f"import sys, services.metrics.main; print([name for name in {heavy} if name in sys.modules])"
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert told.stdout.strip() == "[]"


class TestAsk:
    async def test_answers_every_kind_of_question(self, worker: Worker) -> None:
        places = tuple((at, float(at * at % 7)) for at in range(12))
        assert (await worker.ask(VALUES, Description)).mean == 2.5
        assert (await worker.ask(FindChanges(values=(1.0,) * 8 + (9.0,) * 8), Changes)).changes[0].index == 8
        assert (await worker.ask(Correlate(a=places, b=places), Correlations)).strongest == 0
        assert len((await worker.ask(Foresee(points=places, horizon=2), Forecast)).points) == 2

    async def test_stays_for_the_next_question(self, worker: Worker) -> None:
        await worker.ask(VALUES, Description)
        pid = worker.pid
        await worker.ask(VALUES, Description)
        assert pid is not None
        assert worker.pid == pid

    async def test_takes_many_at_once_one_after_the_other(self, worker: Worker) -> None:
        asked = [DescribeValues(values=(float(at),)) for at in range(20)]
        told = await asyncio.gather(*(worker.ask(question, Description) for question in asked))
        assert [description.mean for description in told] == list(range(20))

    async def test_refuses_when_too_many_wait(self, worker: Worker) -> None:
        told = await asyncio.gather(*(worker.ask(VALUES, Description) for _ in range(40)), return_exceptions=True)
        refused = [answer for answer in told if isinstance(answer, AnalysisBusy)]
        assert len(refused) == 8
        assert sum(isinstance(answer, Description) for answer in told) == 32

    async def test_a_question_that_it_cannot_answer_costs_only_itself(self, worker: Worker) -> None:
        await worker.ask(VALUES, Description)
        pid = worker.pid
        with pytest.raises(AssessmentFailed, match="union_tag"):
            await worker.ask(Proportion(successes=1, n=2), Description)
        assert worker.pid == pid

    async def test_a_large_question_and_answer_fit_through(self, worker: Worker) -> None:
        values = tuple(float(at) for at in range(300_000))
        assert (await worker.ask(DescribeValues(values=values), Description)).n == 300_000

    async def test_one_that_died_is_started_again(self) -> None:
        mortal = make_worker(program=LIGHT)
        await mortal.ask(VALUES, Description)
        first = mortal.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert (await mortal.ask(VALUES, Description)).n == 4
        assert mortal.pid not in (None, first)
        await mortal.close()
        assert mortal.pid is None
        with pytest.raises(AssessmentFailed, match="stopping"):
            await mortal.ask(VALUES, Description)

    def test_one_that_died_is_noticed_under_uvloop(self) -> None:
        """Uvloop's closed pipes raise something else than asyncio's."""

        async def ask_twice() -> tuple[Description, Description]:
            worker = make_worker(program=LIGHT)
            first = await worker.ask(VALUES, Description)
            assert worker._child is not None
            worker._child.kill()
            await worker._child.wait()
            assert worker._child.stdin is not None
            worker._child.stdin.transport.abort()
            await asyncio.sleep(0)
            second = await worker.ask(VALUES, Description)
            await worker.close()
            return first, second

        first, second = uvloop.run(ask_twice())
        assert first == second

    async def test_giving_up_ends_the_child_and_the_next_question_starts_another(self) -> None:
        deaf = make_worker(program=("-c", "import sys; sys.stdin.read()"))
        asking = asyncio.create_task(deaf.ask(VALUES, Description))
        await eventually(lambda: _there(deaf))
        first = deaf.pid
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert deaf.pid is None
        with pytest.raises(AssessmentFailed, match="no answer after 0 s"):
            await deaf.ask(VALUES, Description, 0.05)
        assert first is not None
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)

    async def test_closing_ends_a_child_in_the_middle_of_an_answer(self) -> None:
        deaf = make_worker(program=("-c", "import sys; sys.stdin.read()"))
        asking = asyncio.create_task(deaf.ask(VALUES, Description))
        await eventually(lambda: _there(deaf))
        await deaf.close()
        with pytest.raises(AssessmentFailed, match="stopping"):
            await asking

    async def test_ends_itself_when_nobody_asks(self) -> None:
        brief = make_worker(idle_seconds=0.01)
        await brief.ask(VALUES, Description)
        await eventually(lambda: _gone(brief))
        await brief.close()


async def _there(worker: Worker) -> bool:
    return worker.pid is not None


async def _gone(worker: Worker) -> bool:
    return worker.pid is None
