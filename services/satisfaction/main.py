"""The satisfaction service put together."""

from pathlib import Path

from services.satisfaction.callbacks import consumers as callback_consumers
from services.satisfaction.callbacks import jobs as callback_jobs
from services.satisfaction.callbacks import pages as callback_pages
from services.satisfaction.callbacks import routes as callback_routes
from services.satisfaction.callbacks.conduct import routes as conduct_routes
from services.satisfaction.callbacks.customers import consumers as customer_consumers
from services.satisfaction.callbacks.customers import routes as customer_routes
from services.satisfaction.callbacks.figures import pages as figure_pages
from services.satisfaction.callbacks.figures import routes as figure_routes
from services.satisfaction.callbacks.links import pages as link_pages
from services.satisfaction.callbacks.links import routes as link_routes
from services.satisfaction.callbacks.links.rules import Misses
from services.satisfaction.callbacks.worklist import pages as worklist_pages
from services.satisfaction.callbacks.worklist import routes as worklist_routes
from services.satisfaction.callbacks.worklist.glance import Glances
from services.satisfaction.database import spine
from services.satisfaction.questionnaires import routes as questionnaire_routes
from services.satisfaction.settings import SatisfactionSettings
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that satisfaction is made of."""
    thresholds = SatisfactionSettings()
    return Definition(
        spine=spine,
        title="satisfaction: a callback after every resolution",
        migrations=Path(__file__).parent / "migrations",
        routers=(
            questionnaire_routes.routes,
            worklist_routes.routes,
            figure_routes.routes,
            callback_routes.routes,
            conduct_routes.routes,
            customer_routes.routes,
            link_routes.routes,
            worklist_pages.pages,
            callback_pages.pages,
            figure_pages.pages,
            link_pages.pages,
        ),
        handlers=(*callback_consumers.handlers, *customer_consumers.handlers),
        jobs=callback_jobs.make_jobs(thresholds),
        ports={
            "thresholds": thresholds,
            "link_misses": Misses(thresholds.link_misses_per_minute),
            "glances": Glances(),
        },
        home="/callbacks",
    )
