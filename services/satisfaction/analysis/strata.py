"""Who belongs to which stratum, and how many people each has."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


class Strata:
    """Cuts what is known of respondents, a row each, into their strata, in the order of `populations`."""

    def __init__(self, of_rows: Sequence[str], populations: Mapping[str, int]) -> None:
        self.names = list(populations)
        self.populations = np.array(list(populations.values()), dtype=np.float64)
        numbers = {name: number for number, name in enumerate(self.names)}
        self.of_rows: NDArray[np.int64] = np.array([numbers[name] for name in of_rows], dtype=np.int64)
        self.sizes = np.bincount(self.of_rows, minlength=len(self.names))
        self._order = np.argsort(self.of_rows, kind="stable")
        self._cuts = np.cumsum(self.sizes)[:-1]

    def split(self, rows: NDArray[Any]) -> list[NDArray[Any]]:
        """The rows of each stratum."""
        return np.split(rows[self._order], self._cuts)

    def sum(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the rows of each stratum add up to."""
        return np.bincount(self.of_rows, weights=rows, minlength=len(self.names)).astype(np.float64)
