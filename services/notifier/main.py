"""The notifier service put together."""

from pathlib import Path

from services.notifier.database import spine
from services.notifier.deliveries import consumers as delivery_consumers
from services.notifier.deliveries import routes as delivery_routes
from services.notifier.deliveries.jobs import Dispatcher, make_jobs
from services.notifier.deliveries.sender import Sender
from services.notifier.endpoints import pages as endpoint_pages
from services.notifier.endpoints import routes as endpoint_routes
from services.notifier.settings import NotifierSettings
from services.notifier.targets import Guard, Resolve, make_resolver
from shared.app import Definition
from shared.sealing import Sealer
from shared.settings import Settings


def define(settings: Settings, resolve: Resolve | None = None) -> Definition:
    """Everything that notifier is made of."""
    own = NotifierSettings.beside(settings)
    guard = Guard(resolve or make_resolver(own.concurrency), allow_private=own.allows_private_targets)
    sealer = Sealer(own.keys.seal)
    dispatcher = Dispatcher(Sender(guard, own.attempt_timeout_seconds), sealer, own)
    return Definition(
        spine=spine,
        title="notifier: webhooks for every event",
        migrations=Path(__file__).parent / "migrations",
        routers=(endpoint_routes.routes, delivery_routes.routes, endpoint_pages.pages),
        handlers=delivery_consumers.handlers,
        jobs=make_jobs(dispatcher, own),
        ports={"guard": guard, "sealer": sealer},
        home="/endpoints",
    )
