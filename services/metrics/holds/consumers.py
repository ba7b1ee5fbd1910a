"""What keeps the original data, and what frees it."""

from services.metrics.holds import service
from shared.events.complaints import ComplaintDisputed, ComplaintDisputeSettled
from shared.inbox import Handler

handlers = (
    Handler("metrics.holds.hold", ComplaintDisputed, service.hold),
    Handler("metrics.holds.release", ComplaintDisputeSettled, service.release),
)
