"""What these types let through, every service can store."""

from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError
from sqlalchemy import text

from shared.database import Database
from shared.fields import Body, Count, Key, Moment, Name, Written
from shared.fields import Text as LongText

anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=300)
    | st.datetimes(timezones=st.none() | st.timezones()).map(lambda moment: moment.isoformat())
)


COLUMNS: list[tuple[Any, str]] = [
    (Name, "text"),
    (LongText, "text"),
    (Key, "text"),
    (Count, "integer"),
    (Moment, "timestamptz"),
]


def read(field: Any, value: Any) -> Any:
    """What is let through, or None."""
    try:
        return TypeAdapter(field).validate_python(value)
    except ValidationError:
        return None


class TestFields:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(anything, min_size=20, max_size=60))
    async def test_what_passes_can_be_stored_and_read_again(self, database: Database, values: list[Any]) -> None:
        async with database.reading() as session:
            for field, type_ in (
                (Name, "text"),
                (LongText, "text"),
                (Key, "text"),
                (Count, "integer"),
                (Moment, "timestamptz"),
            ):
                for value in values:
                    passed = read(field, value)
                    if passed is not None:
                        question = text(f"SELECT CAST(:value AS {type_})")
                        assert (await session.execute(question, {"value": passed})).scalar_one() == passed

    @pytest.mark.parametrize("value", ["a\x00b", "\ud800", "", "   ", "x" * 201, 7, None])
    def test_a_name_is_a_line_of_text(self, value: Any) -> None:
        assert read(Name, value) is None

    def test_a_name_has_no_space_around_it(self) -> None:
        assert read(Name, "  Anna ") == "Anna"

    @pytest.mark.parametrize(
        "value", ["1970-01-01T00:00:00Z", "2026-01-01T00:00:00", "9999-12-31T23:59:59-23:59", 1e300]
    )
    def test_a_moment_is_a_time_that_somebody_meant(self, value: Any) -> None:
        assert read(Moment, value) is None

    def test_a_moment_is_kept_in_utc(self) -> None:
        moment = read(Moment, "2026-01-01T08:00:00+08:00")
        assert (moment, moment.tzinfo) == (datetime(2026, 1, 1, tzinfo=UTC), UTC)

    @pytest.mark.parametrize("value", [-1, 2**31, 1.5, "many"])
    def test_a_count_fits_its_column(self, value: Any) -> None:
        assert read(Count, value) is None


class TestBody:
    def test_tells_of_a_field_that_nobody_reads(self) -> None:
        class Note(Body):
            words: Name

        with pytest.raises(ValidationError, match="wrods"):
            Note.model_validate({"words": "a", "wrods": "b"})


class TestWritten:
    TELEPHONE: Any = Annotated[str, Field(max_length=20), Written(r"^\+[0-9]{3,15}$", "a number, as +8613800138000")]

    @pytest.mark.parametrize("value", ["+123", "+8613800138000"])
    def test_what_is_written_so_is_let_through(self, value: str) -> None:
        assert read(self.TELEPHONE, value) == value

    @pytest.mark.parametrize("value", ["", "123", "+12", "+123\n", " +123", "+１２３"])
    def test_what_is_not_is_told_what_would_be_right(self, value: str) -> None:
        with pytest.raises(ValidationError, match=r"must be a number, as \+8613800138000"):
            TypeAdapter(self.TELEPHONE).validate_python(value)

    def test_what_is_too_long_is_told_so_first(self) -> None:
        with pytest.raises(ValidationError, match="at most 20 characters"):
            TypeAdapter(self.TELEPHONE).validate_python("+" * 21)

    def test_the_schema_tells_the_form(self) -> None:
        assert TypeAdapter(self.TELEPHONE).json_schema() == {
            "type": "string",
            "maxLength": 20,
            "pattern": r"^\+[0-9]{3,15}$",
        }

    def test_a_key_that_is_none_is_told_with_one_that_is(self) -> None:
        with pytest.raises(ValidationError, match="must be a key, as vpn_access: lower case, a letter first"):
            TypeAdapter(Key).validate_python("VPN access")
