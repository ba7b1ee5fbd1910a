"""The satisfaction service put together."""

from pathlib import Path

from services.satisfaction.analysis import jobs as analysis_jobs
from services.satisfaction.analysis import pages as analysis_pages
from services.satisfaction.analysis import routes as analysis_routes
from services.satisfaction.analysis.worker import make_binder, make_worker
from services.satisfaction.callbacks import consumers as callback_consumers
from services.satisfaction.callbacks import jobs as callback_jobs
from services.satisfaction.callbacks import pages as callback_pages
from services.satisfaction.callbacks import routes as callback_routes
from services.satisfaction.callbacks.callers import routes as caller_routes
from services.satisfaction.callbacks.conduct import routes as conduct_routes
from services.satisfaction.callbacks.customers import consumers as customer_consumers
from services.satisfaction.callbacks.customers import pages as customer_pages
from services.satisfaction.callbacks.customers import routes as customer_routes
from services.satisfaction.callbacks.figures import pages as figure_pages
from services.satisfaction.callbacks.figures import routes as figure_routes
from services.satisfaction.callbacks.links import pages as link_pages
from services.satisfaction.callbacks.links import routes as link_routes
from services.satisfaction.callbacks.own import routes as own_routes
from services.satisfaction.callbacks.worklist import pages as worklist_pages
from services.satisfaction.callbacks.worklist import routes as worklist_routes
from services.satisfaction.callbacks.worklist.glance import Glances
from services.satisfaction.campaigns import jobs as campaign_jobs
from services.satisfaction.campaigns import pages as campaign_pages
from services.satisfaction.campaigns import routes as campaign_routes
from services.satisfaction.campaigns.cadence import jobs as cadence_jobs
from services.satisfaction.campaigns.drafts import pages as draft_pages
from services.satisfaction.campaigns.triggers import consumers as trigger_consumers
from services.satisfaction.campaigns.triggers import jobs as trigger_jobs
from services.satisfaction.campaigns.triggers import pages as trigger_pages
from services.satisfaction.campaigns.triggers import routes as trigger_routes
from services.satisfaction.complaints import jobs as complaint_jobs
from services.satisfaction.complaints import pages as complaint_pages
from services.satisfaction.complaints import routes as complaint_routes
from services.satisfaction.complaints.complainants import pages as complainant_pages
from services.satisfaction.complaints.complainants import routes as complainant_routes
from services.satisfaction.complaints.intake import pages as intake_pages
from services.satisfaction.complaints.ratings import pages as rating_pages
from services.satisfaction.complaints.ratings import routes as rating_routes
from services.satisfaction.database import spine
from services.satisfaction.followups import consumers as follow_up_consumers
from services.satisfaction.followups import jobs as follow_up_jobs
from services.satisfaction.followups import pages as follow_up_pages
from services.satisfaction.followups import routes as follow_up_routes
from services.satisfaction.index import pages as index_pages
from services.satisfaction.index import routes as index_routes
from services.satisfaction.interviews import pages as interview_pages
from services.satisfaction.interviews import routes as interview_routes
from services.satisfaction.invitations import jobs as invitation_jobs
from services.satisfaction.invitations import pages as invitation_pages
from services.satisfaction.invitations import routes as invitation_routes
from services.satisfaction.populations import routes as population_routes
from services.satisfaction.promises import consumers as promise_consumers
from services.satisfaction.questionnaires import routes as questionnaire_routes
from services.satisfaction.responses import jobs as response_jobs
from services.satisfaction.responses import pages as response_pages
from services.satisfaction.responses.service import Contents, answers_sealer
from services.satisfaction.results import jobs as result_jobs
from services.satisfaction.results import pages as result_pages
from services.satisfaction.results import routes as result_routes
from services.satisfaction.settings import SatisfactionSettings
from services.satisfaction.sheets import pages as sheet_pages
from services.satisfaction.sheets import routes as sheet_routes
from services.satisfaction.suggestions import jobs as suggestion_jobs
from services.satisfaction.suggestions import pages as suggestion_pages
from services.satisfaction.suggestions import routes as suggestion_routes
from services.satisfaction.tokens import Misses, derive_key
from shared.app import Definition
from shared.mail import SmtpMailer
from shared.settings import Settings


def define(settings: Settings) -> Definition:
    """Everything that satisfaction is made of."""
    thresholds = SatisfactionSettings()
    statistics, binder = make_worker(), make_binder()
    mailer = SmtpMailer(thresholds.smtp_url, thresholds.mail_from) if thresholds.smtp_url else None
    return Definition(
        spine=spine,
        title="satisfaction: a callback after every resolution",
        migrations=Path(__file__).parent / "migrations",
        routers=(
            response_pages.pages,  # first: it is asked most often, and routes are tried in this order
            questionnaire_routes.routes,
            campaign_routes.routes,
            trigger_routes.routes,
            population_routes.routes,
            sheet_routes.routes,
            analysis_routes.routes,
            result_routes.routes,
            index_routes.routes,
            invitation_routes.routes,
            worklist_routes.routes,
            figure_routes.routes,
            callback_routes.routes,
            conduct_routes.routes,
            customer_routes.routes,
            caller_routes.routes,
            link_routes.routes,
            own_routes.routes,
            complaint_routes.routes,
            complainant_routes.routes,
            rating_routes.routes,
            suggestion_routes.routes,
            interview_routes.routes,
            follow_up_routes.routes,
            draft_pages.pages,  # before the pages by id: `new` is none
            trigger_pages.pages,
            invitation_pages.pages,
            campaign_pages.pages,
            analysis_pages.pages,
            result_pages.pages,
            sheet_pages.pages,
            index_pages.pages,
            intake_pages.pages,  # before the pages by id: `new` is none
            complaint_pages.pages,
            complainant_pages.pages,
            rating_pages.pages,
            suggestion_pages.pages,
            interview_pages.pages,
            follow_up_pages.pages,
            worklist_pages.pages,
            callback_pages.pages,
            figure_pages.pages,
            customer_pages.pages,
            link_pages.pages,
        ),
        handlers=(
            *callback_consumers.make_handlers(thresholds),
            *customer_consumers.handlers,
            *promise_consumers.handlers,
            *trigger_consumers.handlers,
            *follow_up_consumers.make_handlers(thresholds),
        ),
        jobs=(
            *callback_jobs.make_jobs(thresholds),
            *campaign_jobs.jobs,
            *cadence_jobs.make_jobs(thresholds),
            *trigger_jobs.make_jobs(derive_key(settings)),
            *complaint_jobs.make_jobs(thresholds),
            *follow_up_jobs.make_jobs(thresholds),
            *suggestion_jobs.make_jobs(thresholds),
            *invitation_jobs.make_jobs(thresholds, mailer, derive_key(settings)),
            *response_jobs.make_jobs(answers_sealer(settings)),
            *analysis_jobs.make_jobs(statistics, thresholds),
            *result_jobs.make_jobs(thresholds),
        ),
        ports={
            "thresholds": thresholds,
            "binder": binder,
            "link_misses": Misses(thresholds.link_misses_per_minute),
            "complaint_misses": Misses(thresholds.link_misses_per_minute),
            "complaint_filings": Misses(thresholds.complaints_per_minute),
            "glances": Glances(),
            "contents": Contents(),
        },
        home="/callbacks",
        closers=(statistics.close, binder.close),
        larger_bodies=dict.fromkeys(
            (population_routes.LARGER_BODY, sheet_routes.LARGER_BODY), thresholds.population_limit_bytes
        ),
    )
