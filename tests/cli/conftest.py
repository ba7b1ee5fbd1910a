from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Running, make_folder, remove_folder


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """An empty data folder of this test's own."""
    folder = make_folder()
    yield folder
    remove_folder(folder)


@pytest.fixture(scope="module")
def served(module_database_url: str) -> Iterator[Running]:
    """`ratchet serve` without the demonstration, for the tests of one file; on the run's Postgres, which is quicker
    than one of its own."""
    folder = make_folder()
    with Running(folder, "serve", "--port", "0", "--no-demo", DATABASE_URL=module_database_url) as running:
        yield running
    remove_folder(folder)
