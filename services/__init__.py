"""The services of Ratchet, and the `ratchet` command."""

__version__ = "0.1.0"
