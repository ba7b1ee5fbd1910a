"""What the callbacks hear: resolutions and their undoing."""

from services.satisfaction.callbacks.service import cancel_callbacks, schedule_callbacks
from shared.events.metrics import IncidentReopened, IncidentResolved
from shared.inbox import AnyHandler, Handler

handlers: tuple[AnyHandler, ...] = (
    Handler("satisfaction.callbacks.schedule", IncidentResolved, schedule_callbacks),
    Handler("satisfaction.callbacks.cancel", IncidentReopened, cancel_callbacks),
)
