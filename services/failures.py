"""What may go wrong when a person uses the command: told in words, never as a traceback."""


class Failure(RuntimeError):
    """Its text says what is wrong and what to do about it; the command ends with 1."""
