"""What surveys hear of agreements."""

from services.satisfaction.promises.service import note_signed, note_terminated
from shared.events.agreements import AgreementSigned, AgreementTerminated
from shared.inbox import AnyHandler, Handler

handlers: tuple[AnyHandler, ...] = (
    Handler("satisfaction.promises.note_signed", AgreementSigned, note_signed),
    Handler("satisfaction.promises.note_terminated", AgreementTerminated, note_terminated),
)
