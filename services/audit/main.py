"""The audit service put together."""

from pathlib import Path

from services.audit.database import spine
from services.audit.ledger import consumers as ledger_consumers
from services.audit.ledger import pages as ledger_pages
from services.audit.ledger import routes as ledger_routes
from shared.app import Definition
from shared.settings import Settings


def define(_settings: Settings) -> Definition:
    """Everything that audit is made of."""
    return Definition(
        spine=spine,
        title="audit: the ledger of every event",
        migrations=Path(__file__).parent / "migrations",
        routers=(ledger_routes.routes, ledger_pages.pages),
        handlers=ledger_consumers.handlers,
        home="/ledger",
    )
