"""The metrics service put together."""

from pathlib import Path

from services.metrics.database import spine
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that metrics is made of."""
    return Definition(
        spine=spine,
        title="metrics",
        migrations=Path(__file__).parent / "migrations",
        routers=(),
    )
