"""The improvement service put together."""

from pathlib import Path

from services.improvement.approvals import jobs as approval_jobs
from services.improvement.approvals import pages as approval_pages
from services.improvement.approvals import routes as approval_routes
from services.improvement.benefits import pages as benefit_pages
from services.improvement.benefits import routes as benefit_routes
from services.improvement.changes import consumers as change_consumers
from services.improvement.changes import jobs as change_jobs
from services.improvement.changes import pages as change_pages
from services.improvement.changes import routes as change_routes
from services.improvement.connections import routes as connection_routes
from services.improvement.connections.service import Ticketing
from services.improvement.database import spine
from services.improvement.discussion import pages as discussion_pages
from services.improvement.discussion import routes as discussion_routes
from services.improvement.effects import consumers as effect_consumers
from services.improvement.effects import pages as effect_pages
from services.improvement.effects import routes as effect_routes
from services.improvement.gaps import consumers as gap_consumers
from services.improvement.improvements import pages as improvement_pages
from services.improvement.improvements import routes as improvement_routes
from services.improvement.lessons import pages as lesson_pages
from services.improvement.lessons import routes as lesson_routes
from services.improvement.links import pages as link_pages
from services.improvement.links import routes as link_routes
from services.improvement.measures import consumers as measure_consumers
from services.improvement.meetings import pages as meeting_pages
from services.improvement.meetings import routes as meeting_routes
from services.improvement.participants import pages as participant_pages
from services.improvement.participants import routes as participant_routes
from services.improvement.printed import routes as printed_routes
from services.improvement.settings import ImprovementSettings
from services.improvement.sources import consumers as source_consumers
from services.improvement.sources import routes as source_routes
from services.improvement.sustain import consumers as sustain_consumers
from services.improvement.sustain import jobs as sustain_jobs
from services.improvement.sustain import routes as sustain_routes
from services.improvement.tasks import jobs as task_jobs
from services.improvement.tasks import pages as task_pages
from services.improvement.tasks import routes as task_routes
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
            source_routes.routes,
            improvement_routes.routes,
            approval_routes.routes,
            task_routes.routes,
            discussion_routes.routes,
            participant_routes.routes,
            link_routes.routes,
            benefit_routes.routes,
            change_routes.routes,
            connection_routes.routes,
            effect_routes.routes,
            sustain_routes.routes,
            meeting_routes.routes,
            lesson_routes.routes,
            printed_routes.routes,
            approval_pages.pages,
            task_pages.pages,
            discussion_pages.pages,
            participant_pages.pages,
            link_pages.pages,
            benefit_pages.pages,
            change_pages.pages,
            effect_pages.pages,
            improvement_pages.pages,  # takes whatever action of a record the nouns before it did not
            meeting_pages.pages,
            lesson_pages.pages,
        ),
        handlers=(
            *source_consumers.handlers,
            *gap_consumers.handlers,
            *measure_consumers.handlers,
            *change_consumers.handlers,
            *effect_consumers.handlers,
            *sustain_consumers.handlers,
        ),
        jobs=(*approval_jobs.jobs, *task_jobs.jobs, *change_jobs.make_jobs(ticketing, own), *sustain_jobs.jobs),
        ports={"ticketing": ticketing},
        home="/improvements",
    )
