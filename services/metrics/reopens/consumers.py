"""What is to be reopened."""

from services.metrics.reopens import service
from shared.events.callbacks import ResolutionDisputed
from shared.inbox import Handler

handlers = (Handler("metrics.reopens.note_dispute", ResolutionDisputed, service.note_disputes),)
