"""What a form that was refused says, and that nothing of it stays."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from shared.database import Database
from shared.fields import Body, Moment, Name
from shared.pages.forms import Refused, given, put_in_words, read_form, status_of, take_form
from shared.pages.rendering import Pages
from shared.problems import Forbidden, IllegalTransition, LostUpdate, Missing, NotFound


class Wrong(IllegalTransition):
    """A kind of its own."""


def asked(folder: Path, language: str = "en", form: bytes = b"", database: Any = None) -> Request:
    app = FastAPI()
    app.state.pages, app.state.database = Pages("metrics", folder), database

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": form, "more_body": False}

    headers = [(b"accept-language", language.encode()), (b"content-type", b"application/x-www-form-urlencoded")]
    return Request({"type": "http", "app": app, "method": "POST", "path": "/", "headers": headers}, receive)


class Form(Body):
    title: Name
    score: Annotated[int, Field(ge=1, le=5)] = 1
    day: date | None = None
    at: Moment | None = None
    kind: Literal["one", "two"] = "one"


LABELS = {"title": "Title", "score": "Score", "day": "Day", "at": "At"}


def refuse(**typed: Any) -> ValidationError:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate({"title": "x", **typed})
    return refused.value


class TestReadForm:
    async def test_reads_each_field_and_drops_what_cannot_be_stored(self, tmp_path: Path) -> None:
        typed = await read_form(asked(tmp_path, form=b"title=+a%00b+&note=&score=3"))
        assert typed == {"title": " ab ", "note": "", "score": "3"}
        assert given(typed, "title", "note", "place") == {"title": "ab"}


class TestPutInWords:
    @pytest.mark.parametrize(
        ("typed", "says"),
        [
            ({"title": ""}, "Title (needed)"),
            ({"title": "x" * 201}, "Title (at most 200 characters)"),
            ({"score": 0}, "Score (at least 1)"),
            ({"score": "6"}, "Score (at most 5)"),
            ({"score": "many"}, "Score (a number)"),
            ({"day": "tomorrow"}, "Day (a day, as 2026-03-31)"),
            ({"at": "noon"}, "At (a time, as 2026-03-31T09:00Z)"),
            ({"at": "2026-03-31T09:00"}, "At (a time, as 2026-03-31T09:00Z)"),
            ({"at": datetime(1970, 1, 1).astimezone()}, "At (must lie between 1990-01-01 and 2200-01-01)"),
            ({"kind": "three"}, "one of 'one' or 'two'"),
            ({"title": "", "score": 0}, "Title (needed); Score (at least 1)"),
        ],
        ids=str,
    )
    def test_a_field_is_named_with_what_would_be_right(self, tmp_path: Path, typed: dict[str, Any], says: str) -> None:
        told = put_in_words(asked(tmp_path), refuse(**typed), LABELS, {})
        assert told == f"Please fill in or mend: {says}"

    def test_in_chinese_too(self, tmp_path: Path) -> None:
        told = put_in_words(asked(tmp_path, "zh-CN"), refuse(title="", score=9), LABELS, {})
        assert told == "请填写或更正：Title（必填）；Score（不大于 5）"

    def test_the_innermost_field_that_has_a_label_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ValidationError) as refused:
            TypeAdapter(dict[str, list[Form]]).validate_python({"title": [{"title": "x", "score": 0}]})
        assert put_in_words(asked(tmp_path), refused.value, LABELS, {}) == "Please fill in or mend: Score (at least 1)"

    def test_a_problem_is_said_as_the_page_says_it(self, tmp_path: Path) -> None:
        wrong = Wrong("close", "open", ["edit"])
        assert put_in_words(asked(tmp_path), wrong, {}, {}) == "This has moved on meanwhile: it cannot be done now."
        assert put_in_words(asked(tmp_path), wrong, {}, {Wrong: "Not yet."}) == "Not yet."
        assert put_in_words(asked(tmp_path), wrong, {}, {Wrong: "Not yet:"}, (Wrong,)) == f"Not yet: {wrong.detail}"

    def test_what_is_missing_is_listed(self, tmp_path: Path) -> None:
        missing = Missing("submit", ["plan", "owner"])
        assert put_in_words(asked(tmp_path), missing, {}, {}) == "Something is missing: plan; owner"

    def test_a_problem_that_no_page_knows_speaks_for_itself(self, tmp_path: Path) -> None:
        assert put_in_words(asked(tmp_path), Forbidden("eva may not"), {}, {}) == "eva may not"

    def test_nothing_refused_is_nothing_said(self, tmp_path: Path) -> None:
        assert put_in_words(asked(tmp_path), None, {}, {}) is None


class TestStatusOf:
    def test_is_that_of_the_refusal(self) -> None:
        assert status_of(None) == 200
        assert status_of(refuse(score=0)) == 422
        assert status_of(LostUpdate("meanwhile")) == 412


class TestTakeForm:
    @pytest.fixture
    async def table(self, database: Database) -> None:
        async with database.transaction() as session:
            await session.execute(text("create table if not exists taken (word text)"))
            await session.execute(text("truncate taken"))

    async def words(self, database: Database) -> list[str]:
        async with database.reading() as session:
            return list((await session.execute(text("select word from taken"))).scalars())

    async def submit(self, database: Database, folder: Path, problem: Exception | None, missing: bool = False) -> Any:
        async def act(session: AsyncSession) -> int:
            await session.execute(text("insert into taken values ('done')"))
            if problem is not None:
                raise problem
            return 7

        async def again(session: AsyncSession, refusal: Refused) -> HTMLResponse:
            if missing:
                raise NotFound("there is no such record")
            found = list((await session.execute(text("select word from taken"))).scalars())
            return HTMLResponse(f"{found} {type(refusal).__name__}", status_of(refusal))

        return await take_form(asked(folder, database=database), act, lambda number: f"/records/{number}", again)

    async def test_goes_on_to_what_was_done(self, database: Database, table: None, tmp_path: Path) -> None:
        answer = await self.submit(database, tmp_path, None)
        assert (answer.status_code, answer.headers["location"]) == (303, "/metrics/records/7")
        assert await self.words(database) == ["done"]

    async def test_a_refusal_leaves_nothing_and_is_shown(self, database: Database, table: None, tmp_path: Path) -> None:
        answer = await self.submit(database, tmp_path, Forbidden("not you"))
        assert (answer.status_code, answer.body) == (403, b"[] Forbidden")
        unsound = await self.submit(database, tmp_path, refuse(score=0))
        assert (unsound.status_code, unsound.body) == (422, b"[] ValidationError")
        assert await self.words(database) == []

    async def test_a_page_that_is_not_there_is_no_page(self, database: Database, table: None, tmp_path: Path) -> None:
        with pytest.raises(NotFound):
            await self.submit(database, tmp_path, NotFound("there is no such record"), missing=True)

    async def test_a_fault_is_no_refusal(self, database: Database, table: None, tmp_path: Path) -> None:
        with pytest.raises(ZeroDivisionError):
            await self.submit(database, tmp_path, ZeroDivisionError())
        assert await self.words(database) == []
