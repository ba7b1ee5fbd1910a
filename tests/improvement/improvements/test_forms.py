from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.improvement.improvements.forms import read_edit, show_edit
from services.improvement.improvements.models import Improvement
from services.improvement.improvements.schemas import Edit
from services.improvement.tasks.schemas import TaskView
from shared.ids import new_id
from tests.improvement.builders import PLAN

words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=10)
tasks = st.lists(
    st.fixed_dictionaries({"title": words, "owner": st.none() | words, "due": st.none() | st.just("2026-03-31")}),
    max_size=4,
)


def _view(number: int, **planned: Any) -> TaskView:
    left_out = dict.fromkeys(("phase", "description", "start", "approved_by", "done_at", "done_by"))
    fixed = {"id": new_id(), "version": 1, "state": "planned", "awaits_approval": False, "requested_by": "petra"}
    return TaskView(number=number, **fixed, **left_out, **planned)


class TestReadEdit:
    @given(tasks, st.none() | words)
    def test_reads_back_what_is_shown(self, planned: list[dict[str, str | None]], owner: str | None) -> None:
        plan = PLAN.model_dump(mode="json")
        record = Improvement(title="T", problem="P", owner=owner, verification_plan=plan)
        shown = [_view(number, **task) for number, task in enumerate(planned, 1)]
        body = Edit.model_validate(read_edit(show_edit(record, shown)))
        assert [task.model_dump(mode="json", include={"title", "owner", "due"}) for task in body.tasks] == planned
        assert body.owner == owner
        assert body.verification_plan.complete("sla_attainment", "all") == PLAN

    def test_a_field_left_empty_empties_it(self) -> None:
        assert read_edit({"owner": " ", "title": "T"}) == {"owner": None, "title": "T"}

    def test_without_a_window_there_is_no_plan(self) -> None:
        typed = {"direction": "higher_is_better", "baseline_from": "", "baseline_to": "", "alpha": "0.05"}
        assert read_edit(typed)["verification_plan"] is None

    def test_guards_are_parted_by_commas_or_blanks(self) -> None:
        typed = {"baseline_from": "2026-01-01", "baseline_to": "2026-02-01", "guard_measures": "a, b  c"}
        assert read_edit(typed)["verification_plan"]["guard_measures"] == ["a", "b", "c"]
