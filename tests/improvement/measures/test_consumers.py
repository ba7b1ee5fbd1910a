"""R23: the newest definition of each measure is known here, so that values are written as people write them."""

from itertools import permutations

import pytest

from shared.events.examples import example_of
from tests.improvement.loop import Loop

DEFINED = example_of("ratchet.measure.defined.v1").data
VERSIONS = [DEFINED.model_copy(update={"version": number, "name": f"version {number}"}) for number in (1, 2, 3)]


class TestNoteMeasures:
    @pytest.mark.parametrize("order", list(permutations(range(3))))
    async def test_the_newest_version_stays_whatever_the_order(self, loop: Loop, order: tuple[int, ...]) -> None:
        first, *rest = (VERSIONS[position] for position in order)
        await loop.hear(first)
        await loop.hear(*rest)
        rows = await loop.rows("SELECT version, name FROM measures")
        assert rows == [{"version": 3, "name": "version 3"}]

    async def test_each_measure_by_itself(self, loop: Loop) -> None:
        await loop.hear(DEFINED, DEFINED.model_copy(update={"key": "another"}))
        assert len(await loop.rows("SELECT key FROM measures")) == 2
