"""The improvement service put together."""

from pathlib import Path

from services.improvement.benefits import routes as benefit_routes
from services.improvement.changes import consumers as change_consumers
from services.improvement.changes import jobs as change_jobs
from services.improvement.changes import routes as change_routes
from services.improvement.connections import routes as connection_routes
from services.improvement.connections.service import Ticketing
from services.improvement.database import spine
from services.improvement.discussion import routes as discussion_routes
from services.improvement.effects import consumers as effect_consumers
from services.improvement.effects import routes as effect_routes
from services.improvement.gaps import consumers as gap_consumers
from services.improvement.improvements import pages as improvement_pages
from services.improvement.improvements import routes as improvement_routes
from services.improvement.links import routes as link_routes
from services.improvement.measures import consumers as measure_consumers
from services.improvement.participants import routes as participant_routes
from services.improvement.printed import routes as printed_routes
from services.improvement.settings import ImprovementSettings
from services.improvement.sources import consumers as source_consumers
from services.improvement.sources import routes as source_routes
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
            printed_routes.routes,
            effect_routes.routes,
            source_routes.routes,
            change_routes.routes,
            connection_routes.routes,
            benefit_routes.routes,
            discussion_routes.routes,
            link_routes.routes,
            participant_routes.routes,
            improvement_pages.pages,
        ),
        handlers=(
            *gap_consumers.handlers,
            *source_consumers.handlers,
            *effect_consumers.handlers,
            *change_consumers.handlers,
            *measure_consumers.handlers,
        ),
        jobs=change_jobs.make_jobs(ticketing, own),
        ports={"ticketing": ticketing},
        home="/improvements",
    )
