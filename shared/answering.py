"""The child's side of a `shared.workers.Worker`: questions and answers are models, in JSON. Light to import."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.serving import serve_lines


class Failure(BaseModel):
    """The child's word that it could not answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    failed: str


def serve(asked: TypeAdapter[Any], answers: Mapping[str, Callable[[Any], BaseModel]], idle_seconds: float) -> None:
    """What is asked is read by `asked`, and answered by its `kind`. A question that breaks its code costs its own
    answer, not the process."""

    def answer(line: bytes) -> bytes:
        try:
            question = asked.validate_json(line)
            told = answers[question.kind](question)
        except Exception as error:
            told = Failure(failed=repr(error)[:1000])
        return told.model_dump_json().encode()

    serve_lines(answer, idle_seconds)
