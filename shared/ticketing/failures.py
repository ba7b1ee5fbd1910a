"""How an exchange with a ticketing system fails."""


class RemoteFailed(Exception):
    """The ticketing system did not do it, or did not say whether it did: says why, in words for a person.

    `retry_after_seconds` is when to come again, where it said so; `is_lasting`: trying again changes nothing before a
    person has mended something (a wrong token, a wrong field).
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None, *, is_lasting: bool = False) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds
        self.is_lasting = is_lasting
