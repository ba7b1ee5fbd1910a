"""The improvement service put together."""

from pathlib import Path

from services.improvement.changes import consumers as change_consumers
from services.improvement.changes import jobs as change_jobs
from services.improvement.changes import routes as change_routes
from services.improvement.connections import routes as connection_routes
from services.improvement.connections.service import Ticketing
from services.improvement.database import spine
from services.improvement.effects import consumers as effect_consumers
from services.improvement.effects import routes as effect_routes
from services.improvement.gaps import consumers as gap_consumers
from services.improvement.improvements import pages as improvement_pages
from services.improvement.improvements import routes as improvement_routes
from services.improvement.measures import consumers as measure_consumers
from services.improvement.settings import ImprovementSettings
from shared.app import Definition
from shared.sealing import Sealer
from shared.settings import Settings


def define(settings: Settings) -> Definition:
    """Everything that improvement is made of."""
    own = ImprovementSettings()
    ticketing = Ticketing(Sealer(settings.keys.seal))
    return Definition(
        spine=spine,
        title="improvement: from the gap to the signed effect",
        migrations=Path(__file__).parent / "migrations",
        routers=(
            improvement_routes.routes,
            effect_routes.routes,
            change_routes.routes,
            connection_routes.routes,
            improvement_pages.pages,
        ),
        handlers=(
            *gap_consumers.handlers,
            *effect_consumers.handlers,
            *change_consumers.handlers,
            *measure_consumers.handlers,
        ),
        jobs=change_jobs.make_jobs(ticketing, own),
        ports={"ticketing": ticketing},
        home="/improvements",
    )
