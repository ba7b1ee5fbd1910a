"""What becomes a change request."""

from services.improvement.changes import service
from shared.events.improvement import ImprovementApproved
from shared.inbox import Handler

handlers = (Handler("improvement.changes.request", ImprovementApproved, service.request_changes),)
