"""What the callbacks hear of customers."""

from services.satisfaction.callbacks.customers.service import note_customers
from shared.events.catalogue import CustomerRegistered
from shared.inbox import AnyHandler, Handler

handlers: tuple[AnyHandler, ...] = (
    Handler("satisfaction.callbacks.note_customers", CustomerRegistered, note_customers),
)
