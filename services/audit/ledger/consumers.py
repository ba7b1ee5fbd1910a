"""What the ledger hears: everything."""

from services.audit.ledger.service import append_events
from shared.inbox import Listener

handlers = (Listener("audit.ledger.append", append_events),)
