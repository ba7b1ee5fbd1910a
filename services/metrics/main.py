"""The metrics service put together."""

from pathlib import Path

from services.metrics.agreements import jobs as agreement_jobs
from services.metrics.agreements import pages as agreement_pages
from services.metrics.agreements import routes as agreements
from services.metrics.analysis import consumers as analysis
from services.metrics.analysis import jobs as analysis_jobs
from services.metrics.analysis import pages as analysis_pages
from services.metrics.analysis import routes as analysis_routes
from services.metrics.analysis.worker import make_worker
from services.metrics.attainments import jobs as attainment_jobs
from services.metrics.attainments import routes as attainments
from services.metrics.calendars import jobs as calendar_jobs
from services.metrics.calendars import routes as calendars
from services.metrics.callbacks import consumers as callbacks
from services.metrics.catalogue import pages as catalogue_pages
from services.metrics.catalogue import routes as catalogue
from services.metrics.clauses import jobs as clause_jobs
from services.metrics.clauses import pages as clause_pages
from services.metrics.clauses import routes as clauses
from services.metrics.connections import jobs as connection_jobs
from services.metrics.connections import routes as connections
from services.metrics.connections.service import Sources
from services.metrics.costs import routes as costs
from services.metrics.database import spine
from services.metrics.evaluation import jobs as evaluation_jobs
from services.metrics.exclusions import routes as exclusions
from services.metrics.expectations import consumers as baselines
from services.metrics.expectations import routes as expectations
from services.metrics.feasibility import routes as feasibility
from services.metrics.gaps import routes as gaps
from services.metrics.holds import consumers as hold_consumers
from services.metrics.imports import routes as imports
from services.metrics.improvements import consumers as improvements
from services.metrics.inbound import jobs as inbound_jobs
from services.metrics.inbound import routes as inbound
from services.metrics.measures import jobs as measure_jobs
from services.metrics.measures import pages as measure_pages
from services.metrics.measures import routes as measures
from services.metrics.measures.service import define_builtin_measures
from services.metrics.negotiations import routes as negotiations
from services.metrics.observations import routes as observations
from services.metrics.reopens import consumers as reopen_consumers
from services.metrics.reopens import jobs as reopen_jobs
from services.metrics.reopens import pages as reopen_pages
from services.metrics.reopens import routes as reopens
from services.metrics.reports import consumers as report_consumers
from services.metrics.reports import jobs as report_jobs
from services.metrics.reports import routes as reports
from services.metrics.scorecards import routes as scorecards
from services.metrics.segments import routes as segments
from services.metrics.settings import MetricsSettings
from services.metrics.settlements import routes as settlements
from services.metrics.standards import jobs as standard_jobs
from services.metrics.standards import routes as standards
from services.metrics.tickets import routes as tickets
from services.metrics.watches import jobs as watch_jobs
from shared.app import Definition
from shared.sealing import Sealer
from shared.settings import Settings


def define(settings: Settings) -> Definition:
    """Everything that metrics is made of."""
    own = MetricsSettings()
    statistics = make_worker()
    sources = Sources(Sealer(settings.keys.seal))
    return Definition(
        spine=spine,
        title="metrics: what was promised, what was delivered, where the gap is",
        migrations=Path(__file__).parent / "migrations",
        routers=(
            tickets.routes,
            connections.routes,
            inbound.routes,
            reopens.routes,
            reopen_pages.pages,
            imports.routes,
            measures.routes,
            observations.routes,
            expectations.routes,
            reports.routes,
            scorecards.routes,
            gaps.routes,
            analysis_routes.routes,
            calendars.routes,
            catalogue.routes,
            catalogue_pages.pages,
            segments.routes,
            agreements.routes,
            clauses.routes,
            clause_pages.pages,
            attainments.routes,
            exclusions.routes,
            settlements.routes,
            agreement_pages.pages,
            negotiations.routes,
            feasibility.routes,
            costs.routes,
            standards.routes,
            measure_pages.pages,
            analysis_pages.pages,
        ),
        home="/overview",
        handlers=(
            *callbacks.handlers,
            *baselines.handlers,
            *improvements.handlers,
            *analysis.handlers,
            *reopen_consumers.handlers,
            *hold_consumers.handlers,
            *report_consumers.handlers,
        ),
        jobs=(
            *evaluation_jobs.make_jobs(own),
            *measure_jobs.jobs,
            *report_jobs.jobs,
            *analysis_jobs.make_jobs(statistics),
            *calendar_jobs.jobs,
            *standard_jobs.jobs,
            *agreement_jobs.jobs,
            *clause_jobs.jobs,
            *watch_jobs.jobs,
            *attainment_jobs.make_jobs(own),
            *connection_jobs.make_jobs(sources, own),
            *inbound_jobs.make_jobs(sources, own),
            *reopen_jobs.make_jobs(sources, own),
        ),
        ports={"sources": sources, "statistics": statistics},
        seed=define_builtin_measures,
        closers=(statistics.close,),
    )
