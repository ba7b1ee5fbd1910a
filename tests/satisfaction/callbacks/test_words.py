import pytest

from services.satisfaction.callbacks.schemas import NewAttempt
from services.satisfaction.callbacks.words import find_number, read_form

TYPED = {"channel": "phone", "outcome": "busy"}


class TestReadForm:
    @pytest.mark.parametrize(
        ("typed", "zone", "utc"),
        [
            ("2026-03-28T12:00", "Europe/Berlin", "2026-03-28T11:00:00+00:00"),
            ("2026-03-29T12:00", "Europe/Berlin", "2026-03-29T10:00:00+00:00"),
            ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00+00:00"),
            ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),
            (" 2026-03-02T08:00 ", "Asia/Shanghai", "2026-03-02T00:00:00+00:00"),
            ("2026-03-02T08:00Z", "Asia/Shanghai", "2026-03-02T08:00:00+00:00"),
        ],
    )
    def test_times_are_by_the_desks_clock(self, typed: str, zone: str, utc: str) -> None:
        """Also on the days on which it changes."""
        attempt = NewAttempt.model_validate(read_form({**TYPED, "attempted_at": typed}, zone))
        assert attempt.attempted_at is not None
        assert attempt.attempted_at.isoformat() == utc

    @pytest.mark.parametrize("typed", ["soon", "0001-01-01T00:00", "9999-12-31T23:59", "2026-02-30T00:00"])
    def test_what_is_no_time_is_refused_as_such(self, typed: str) -> None:
        with pytest.raises(ValueError, match="attempted_at"):
            NewAttempt.model_validate(read_form({**TYPED, "attempted_at": typed}, "Asia/Shanghai"))

    def test_nothing_is_made_of_nothing(self) -> None:
        assert read_form({"score": " ", "conduct.courtesy": "", "comment": "x"}, "UTC") == {"comment": "x"}
        assert read_form({"score": "5", "conduct.courtesy": "4"}, "UTC") == {"score": 5, "conduct": {"courtesy": 4}}


class TestFindNumber:
    @pytest.mark.parametrize(
        ("contact", "number"),
        [
            ("Ms. Gao, +86 (21) 5555-0123", "+862155550123"),
            ("010 6666 7777, ask for room 12", "01066667777"),
            ("+49.30.1234567 (mornings)", "+49301234567"),
            ("room 12, ext. 4711", None),
            ("王女士", None),
            ("", None),
            (None, None),
        ],
    )
    def test_as_a_phone_dials_it(self, contact: str | None, number: str | None) -> None:
        assert find_number(contact) == number
