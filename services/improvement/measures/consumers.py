"""What is heard of measures."""

from services.improvement.measures import service
from shared.events.metrics import MeasureDefined
from shared.inbox import Handler

handlers = (Handler("improvement.measures.note", MeasureDefined, service.note_measures),)
