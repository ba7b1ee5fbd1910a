"""What surveys may follow: changes that were carried out, projects that were completed (R121)."""

from services.satisfaction.campaigns.triggers.service import note_changes, note_projects
from shared.events.catalogue import ProjectCompleted
from shared.events.improvement import ChangeImplemented
from shared.inbox import AnyHandler, Handler

handlers: tuple[AnyHandler, ...] = (
    Handler("satisfaction.triggers.note_changes", ChangeImplemented, note_changes),
    Handler("satisfaction.triggers.note_projects", ProjectCompleted, note_projects),
)
