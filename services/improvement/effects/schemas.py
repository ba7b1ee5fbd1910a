"""What is signed."""

from shared.events.metrics import Verdict
from shared.fields import Body, Text


class Signature(Body):
    """What the operations manager signs; `reason` is needed where it differs from the computed verdict."""

    verdict: Verdict
    reason: Text | None = None
