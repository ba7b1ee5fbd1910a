"""The satisfaction service put together."""

from pathlib import Path

from services.satisfaction.database import spine
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that satisfaction is made of."""
    return Definition(
        spine=spine,
        title="satisfaction",
        migrations=Path(__file__).parent / "migrations",
        routers=(),
    )
