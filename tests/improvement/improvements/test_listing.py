from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.ids import new_id
from tests.improvement.builders import IMPROVEMENTS, ok
from tests.improvement.loop import Loop


async def fill(loop: Loop, *rows: dict[str, Any]) -> None:
    """Records of these columns, the first the oldest."""
    for place, row in enumerate(rows):
        body = {"title": f"record {place}", "problem": "p", **row.get("body", {})}
        record = ok(await loop.author.post(IMPROVEMENTS, json=body), 201)
        columns = row.get("columns", {})
        if columns:
            wanted = ", ".join(f"{name} = CAST(:{name} AS {kind})" for name, (kind, _) in columns.items())
            values = {name: value for name, (_, value) in columns.items()}
            await loop.change(f"UPDATE improvements SET {wanted} WHERE id = :id", id=record["id"], **values)


async def titles(loop: Loop, **query: Any) -> list[str]:
    """All pages, two rows each."""
    found: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2, **query, **({"cursor": cursor} if cursor else {})}
        page = ok(await loop.auditor.get(IMPROVEMENTS, params=params))
        found += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return [title.removeprefix("record ") for title in found]


def due(text: str | None) -> dict[str, Any]:
    moment = text and datetime.fromisoformat(text)
    return {"columns": {"state": ("text", "approved"), "next_due_at": ("timestamptz", moment)}}


class TestListImprovements:
    """R4, R20: every department finds its own, and what is late."""

    async def test_each_filter_narrows(self, loop: Loop) -> None:
        parent = ok(await loop.author.post(IMPROVEMENTS, json={"title": "record p", "problem": "p"}), 201)
        await fill(
            loop,
            {"body": {"department": "desk", "owner": "olga", "service": "mail", "severity": "critical"}},
            {"body": {"department": "desk", "customer": "bank", "project": "move", "impact": "low"}},
            {"body": {"measure_key": "sla_attainment", "scope": "group=7", "parent_id": parent["id"]}},
            {"columns": {"origin": ("text", "complaint"), "state": ("text", "closed")}},
            {"columns": {"origin": ("text", "survey"), "state": ("text", "rejected")}},
        )
        for query, expected in (
            ({"department": "desk"}, ["1", "0"]),
            ({"department": "desk", "owner": "olga"}, ["0"]),
            ({"service": "mail", "customer": "bank"}, []),
            ({"customer": "bank"}, ["1"]),
            ({"project": "move"}, ["1"]),
            ({"measure_key": "sla_attainment", "scope": "group=7"}, ["2"]),
            ({"parent_id": parent["id"]}, ["2"]),
            ({"state": "closed"}, ["3"]),
            ({"state": ["closed", "rejected"]}, ["4", "3"]),
            ({"origin": ["complaint", "survey"], "state": "rejected"}, ["4"]),
            ({"priority_at_most": 2}, ["0"]),
            ({"priority_at_most": 5}, ["1", "0"]),
            ({"opened_since": "2200-01-01T00:00:00Z"}, []),
            ({"updated_since": "2020-01-01T00:00:00+08:00", "owner": "olga"}, ["0"]),
        ):
            assert await titles(loop, **query) == expected, query

    async def test_words_are_found_in_title_and_number(self, loop: Loop) -> None:
        await fill(
            loop,
            {"body": {"title": "record Mail of the Evening"}},
            {"body": {"title": "record 夜班邮件 100 %"}},
            {"columns": {"number": ("bigint", 4711)}},
            {"columns": {"number": ("bigint", 12345678)}},
        )
        for words, expected in (
            ("evening", ["Mail of the Evening"]),
            ("L OF T", ["Mail of the Evening"]),
            ("of mail", []),
            ("邮件", ["夜班邮件 100 %"]),
            ("夜", ["夜班邮件 100 %"]),
            ("件邮", []),
            ("0 %", ["夜班邮件 100 %"]),
            ("%", ["夜班邮件 100 %"]),
            ("_", []),
            ("IMP-004711", ["2"]),
            ("4711", ["2"]),
            ("IMP-12345678", ["3"]),
            ("'; --", []),
        ):
            assert await titles(loop, q=words) == expected, words

    @settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=3, max_size=12), st.data())
    async def test_every_part_of_a_title_finds_it(self, loop: Loop, title: str, data: st.DataObject) -> None:
        mark = str(new_id())
        record = ok(await loop.author.post(IMPROVEMENTS, json={"title": f"{mark} {title}.", "problem": "p"}), 201)
        kept = record["title"]
        begin = data.draw(st.integers(0, len(kept) - 1))
        part = kept[begin : data.draw(st.integers(begin + 1, len(kept)))]
        found = ok(await loop.auditor.get(IMPROVEMENTS, params={"q": part, "limit": 500}))["items"]
        assert record["id"] in [item["id"] for item in found]
        only = ok(await loop.auditor.get(IMPROVEMENTS, params={"q": mark}))["items"]
        assert [item["id"] for item in only] == [record["id"]]

    async def test_by_priority_the_oldest_first_and_unknown_last(self, loop: Loop) -> None:
        await fill(
            loop,
            {},
            {"body": {"severity": "low", "impact": "low"}},
            {"body": {"severity": "critical", "impact": "high"}},
            {},
            {"body": {"severity": "critical", "impact": "high"}},
            {"body": {"severity": "high", "impact": "high"}},
        )
        assert await titles(loop, sort="priority") == ["2", "4", "5", "1", "0", "3"]
        assert await titles(loop, sort="priority", limit=1) == ["2", "4", "5", "1", "0", "3"]
        assert await titles(loop, sort="priority", limit=4) == ["2", "4", "5", "1", "0", "3"]
        assert await titles(loop, sort="priority", priority_at_most=1) == ["2", "4"]

    async def test_by_what_is_due_next(self, loop: Loop) -> None:
        """R20: overdue is what is past its day now."""
        late, later = due("2020-03-01T00:00:00Z"), due("2020-01-01T00:00:00.000001Z")
        await fill(loop, due(None), late, due("2199-01-01T00:00:00Z"), later, late)
        assert await titles(loop, sort="due") == ["3", "1", "4", "2", "0"]
        assert await titles(loop, sort="due", limit=1) == ["3", "1", "4", "2", "0"]
        assert await titles(loop, overdue=True) == ["4", "3", "1"]
        assert await titles(loop, overdue=True, state=["approved", "draft"]) == ["4", "3", "1"]
        assert await titles(loop, overdue=True, state="draft") == []
        assert await titles(loop, overdue=False) == ["2", "0"]

    async def test_a_cursor_of_another_order_is_refused(self, loop: Loop) -> None:
        await fill(loop, {}, {}, due("2020-03-01T00:00:00Z"), due("2020-03-01T00:00:00Z"))
        cursors = {
            sort: ok(await loop.auditor.get(IMPROVEMENTS, params={"sort": sort, "limit": 1}))["next_cursor"]
            for sort in ("newest", "priority", "due")
        }
        for sort in cursors:
            for other, cursor in cursors.items():
                answer = await loop.auditor.get(IMPROVEMENTS, params={"sort": sort, "cursor": cursor})
                assert answer.status_code == (200 if sort == other else 422), (sort, other)

    @pytest.mark.parametrize(
        "query",
        [
            "state=lost",
            "state=draft&state=lost",
            "origin=magic",
            "sort=size",
            "priority_at_most=0",
            "priority_at_most=six",
            "overdue=perhaps",
            "opened_since=yesterday",
            "opened_since=2020-01-01T00:00:00",
            "updated_since=0001-01-01T00:00:00Z",
            "parent_id=7",
            "q=",
            "owner=",
            "limit=501",
            "cursor=e30",
            "wanted=everything",
        ],
    )
    async def test_a_malformed_query_is_told(self, loop: Loop, query: str) -> None:
        assert (await loop.auditor.get(f"{IMPROVEMENTS}?{query}")).status_code == 422
