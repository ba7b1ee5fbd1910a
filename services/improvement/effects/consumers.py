"""What moves a record after its approval: its change's course, the evidence, the new baseline."""

from services.improvement.effects import service
from shared.events import improvement, metrics
from shared.inbox import Handler

handlers = (
    Handler("improvement.effects.note_raised", improvement.ChangeRaised, service.note_changes_raised),
    Handler("improvement.effects.note_accepted", improvement.ChangeAccepted, service.note_changes_accepted),
    Handler("improvement.effects.note_failed", improvement.ChangeFailed, service.note_changes_failed),
    Handler("improvement.effects.note_implemented", improvement.ChangeImplemented, service.note_changes_implemented),
    Handler("improvement.effects.keep_assessment", metrics.EffectAssessed, service.keep_assessments),
    Handler("improvement.effects.note_baseline", metrics.BaselineSet, service.note_baselines),
)
