from services.audit.ledger.rules import GENESIS, chain_hash, extend_chain, find_break


def entries(*bodies: bytes) -> list[tuple[int, bytes, bytes]]:
    return [
        (position, body, hash_)
        for position, (body, hash_) in enumerate(zip(bodies, extend_chain(GENESIS, bodies), strict=True), 1)
    ]


class TestChainHash:
    def test_covers_all_that_came_before(self) -> None:
        assert chain_hash(chain_hash(GENESIS, b"a"), b"b") != chain_hash(chain_hash(GENESIS, b"x"), b"b")

    def test_does_not_confuse_where_one_event_ends(self) -> None:
        assert list(extend_chain(GENESIS, [b"ab", b"c"]))[-1] != list(extend_chain(GENESIS, [b"a", b"bc"]))[-1]


class TestFindBreak:
    def test_an_untouched_chain_has_none(self) -> None:
        assert find_break(GENESIS, entries(b"a", b"b", b"c"), 1) is None

    def test_names_the_first_changed_entry(self) -> None:
        chain = entries(b"a", b"b", b"c")
        chain[1] = (2, b"B", chain[1][2])
        assert find_break(GENESIS, chain, 1) == 2

    def test_names_a_missing_entry(self) -> None:
        chain = entries(b"a", b"b", b"c")
        del chain[1]
        assert find_break(GENESIS, chain, 1) == 2

    def test_names_swapped_entries(self) -> None:
        first, second, third = entries(b"a", b"b", b"c")
        assert find_break(GENESIS, [second, first, third], 1) == 1
