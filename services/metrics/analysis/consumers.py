"""What analysis hears."""

from services.metrics.analysis.service import take_requests
from shared.events.improvement import EffectRequested
from shared.inbox import Handler

handlers = (Handler("metrics.analysis.take_request", EffectRequested, take_requests),)
