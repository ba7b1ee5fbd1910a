"""What opens records by itself, and what ends drafts that nobody touched."""

from services.improvement.gaps import service
from shared.events import metrics
from shared.inbox import Handler

handlers = (
    Handler("improvement.gaps.open", metrics.GapDetected, service.take_gaps),
    Handler("improvement.gaps.recur", metrics.GapRecurred, service.take_gaps),
    Handler("improvement.gaps.dismiss", metrics.GapDismissed, service.settle_gaps),
    Handler("improvement.gaps.close", metrics.GapClosed, service.settle_gaps),
)
