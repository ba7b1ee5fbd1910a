"""The notifier service put together."""

from pathlib import Path

from services.notifier.database import spine
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that notifier is made of."""
    return Definition(
        spine=spine,
        title="notifier",
        migrations=Path(__file__).parent / "migrations",
        routers=(),
    )
