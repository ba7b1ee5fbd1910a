from services.notifier.database import spine
from services.notifier.deliveries import models as _deliveries  # noqa: F401
from services.notifier.endpoints import models as _endpoints  # noqa: F401
from shared.migrations import run_environment

run_environment(spine.metadata)
