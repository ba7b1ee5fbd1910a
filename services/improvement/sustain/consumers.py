"""What plans sustain checks, and what decides them."""

from services.improvement.sustain import service
from shared.events import improvement, metrics
from shared.inbox import Handler

handlers = (
    Handler("improvement.sustain.plan", improvement.ImprovementClosed, service.plan_checks),
    Handler("improvement.sustain.take_answer", metrics.EffectAssessed, service.take_answers),
)
"""The second runs after `effects` kept the answer as evidence: both lock the record, in the same order."""
