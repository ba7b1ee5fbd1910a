from hypothesis import given
from hypothesis import strategies as st

from services.improvement.improvements.forms import FIELDS, read_edit, show_edit
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import Edit
from tests.improvement.builders import PLAN

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)


class TestReadEdit:
    @given(st.none() | words, st.sampled_from([None, "low", "critical"]))
    def test_reads_back_what_is_shown(self, owner: str | None, severity: str | None) -> None:
        plan = PLAN.model_dump(mode="json")
        record = Improvement(title="T", problem="P", owner=owner, severity=severity, verification_plan=plan)
        body = Edit.model_validate(read_edit(show_edit(record)))
        assert (body.title, body.owner, body.severity) == ("T", owner, severity)
        assert body.verification_plan.complete("sla_attainment", "all") == PLAN

    def test_a_field_left_empty_empties_it(self) -> None:
        assert read_edit({"owner": " ", "title": "T"}) == {"owner": None, "title": "T"}

    def test_without_a_window_there_is_no_plan(self) -> None:
        typed = {"direction": "higher_is_better", "baseline_from": "", "baseline_to": "", "alpha": "0.05"}
        assert read_edit(typed)["verification_plan"] is None

    def test_guards_are_parted_by_commas_or_blanks(self) -> None:
        typed = {"baseline_from": "2026-01-01", "baseline_to": "2026-02-01", "guard_measures": "a, b  c"}
        assert read_edit(typed)["verification_plan"]["guard_measures"] == ["a", "b", "c"]

    def test_a_reason_of_the_change_is_told_where_there_is_one(self) -> None:
        assert read_edit({"title": "T", "change_reason": " dearer "}) == {"title": "T", "change_reason": "dearer"}
        assert "change_reason" not in read_edit({"title": "T", "change_reason": " "})


class TestShowEdit:
    def test_shows_every_field(self) -> None:
        assert set(show_edit(Improvement(title="T", problem="P"))) == set(FIELDS)
