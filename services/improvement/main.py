"""The improvement service put together."""

from pathlib import Path

from services.improvement.database import spine
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that improvement is made of."""
    return Definition(
        spine=spine,
        title="improvement",
        migrations=Path(__file__).parent / "migrations",
        routers=(),
    )
