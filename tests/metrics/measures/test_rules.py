import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.measures.rules import (
    ALL,
    DIMENSIONS,
    Scope,
    UnsoundScope,
    canonical_scope,
    find_unsound_value,
    is_touched,
    parse_scope,
)

values = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=40).filter(
    lambda text: not any(f",{name}=" in text for name in DIMENSIONS)
)


class TestParseScope:
    @given(st.dictionaries(st.sampled_from(DIMENSIONS), values, max_size=3))
    def test_what_it_reads_is_what_it_writes(self, parts: dict[str, str]) -> None:
        ordered = [name for name in DIMENSIONS if name in parts]
        scope = Scope(tuple(ordered), tuple(parts[name] for name in ordered))
        assert parse_scope(str(scope)) == scope

    def test_dimensions_have_one_order(self) -> None:
        assert canonical_scope("priority=1 - Critical,customer=Harbour, Ltd.") == (
            "customer=Harbour, Ltd.,priority=1 - Critical"
        )

    @pytest.mark.parametrize(
        ("scope", "word"),
        [
            ("colour=red", "service"),
            ("service=", "service"),
            ("service=a,service=b", "twice"),
            ("service=a,customer=b,project=c,group=d", "at most 3"),
            ("", "all"),
        ],
    )
    def test_what_is_unsound_is_told_with_what_would_be_right(self, scope: str, word: str) -> None:
        with pytest.raises(UnsoundScope, match=word):
            parse_scope(scope)


class TestIsTouched:
    def test_every_part_must_be_touched(self) -> None:
        scope = parse_scope("service=mail,priority=1")
        assert is_touched(scope, {"service=mail", "priority=1", "group=x"})
        assert not is_touched(scope, {"service=mail", "priority=2"})
        assert is_touched(scope, None)
        assert is_touched(parse_scope(ALL), set())


class TestFindUnsoundValue:
    @pytest.mark.parametrize(
        ("kind", "value", "word"),
        [
            ("proportion", 75, "0.75"),
            ("proportion", -0.1, "0.75"),
            ("duration", -1, "negative"),
            ("count", -1, "never"),
        ],
    )
    def test_names_what_would_be_right(self, kind: str, value: float, word: str) -> None:
        assert word in (find_unsound_value(kind, value) or "")  # type: ignore[arg-type]

    def test_a_plain_value_may_be_negative(self) -> None:
        assert find_unsound_value("value", -3.0) is None
