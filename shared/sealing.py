"""Secrets at rest: encrypted with a key from the environment, never answered by REST."""

import base64
import hashlib

from cryptography.fernet import Fernet


class Sealer:
    """Authenticated encryption of short secrets (Fernet: AES-128-CBC with HMAC-SHA256)."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

    def seal(self, secret: str) -> str:
        return self._fernet.encrypt(secret.encode()).decode()

    def unseal(self, sealed: str) -> str:
        """Raises `cryptography.fernet.InvalidToken` when it was sealed with another key."""
        return self._fernet.decrypt(sealed.encode()).decode()
