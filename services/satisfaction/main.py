"""The satisfaction service put together."""

from pathlib import Path

from services.satisfaction.callbacks import consumers as callback_consumers
from services.satisfaction.callbacks import jobs as callback_jobs
from services.satisfaction.callbacks import pages as callback_pages
from services.satisfaction.callbacks import routes as callback_routes
from services.satisfaction.database import spine
from services.satisfaction.settings import SatisfactionSettings
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that satisfaction is made of."""
    return Definition(
        spine=spine,
        title="satisfaction: a callback after every resolution",
        migrations=Path(__file__).parent / "migrations",
        routers=(callback_routes.routes, callback_pages.pages),
        handlers=callback_consumers.handlers,
        jobs=callback_jobs.jobs,
        ports={"thresholds": SatisfactionSettings()},
        home="/callbacks",
    )
