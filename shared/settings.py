"""Settings that every service has; each service adds its own in its `settings.py`."""

import json
import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment and `.env`; every option has its line in `.env.example`."""

    model_config = SettingsConfigDict(env_prefix="RATCHET_", env_file=".env", extra="ignore", frozen=True)

    environment: Literal["development", "production"] = "development"
    data_dir: Path = Path(".ratchet")
    database_url: str | None = Field(default=None, validation_alias=AliasChoices("DATABASE_URL"))
    amqp_url: str | None = Field(default=None, validation_alias=AliasChoices("AMQP_URL"))
    amqp_namespace: str = Field(default="ratchet", pattern=r"^[A-Za-z0-9_.-]{1,60}$")
    pool_size: int = Field(default=8, ge=3, le=100)
    jwt_key: str | None = Field(default=None, min_length=32)
    jwks_url: str | None = None
    jwt_audience: str | None = None
    seal_key: str | None = Field(default=None, min_length=32)
    body_limit_bytes: int = Field(default=4 * 1024 * 1024, ge=1024)
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @cached_property
    def keys(self) -> "Keys":
        """The keys that sign tokens and seal secrets.

        Raises:
            KeysMissing: in production, where nobody set them.
        """
        if self.jwt_key and self.seal_key:
            return Keys(self.jwt_key, self.seal_key)
        if self.environment == "production" and not (self.jwks_url and self.seal_key):
            raise KeysMissing
        local = _local_keys(self.data_dir)
        return Keys(self.jwt_key or local.jwt, self.seal_key or local.seal)


class KeysMissing(RuntimeError):
    """Ratchet has no default secret."""

    def __init__(self) -> None:
        super().__init__(
            "RATCHET_ENVIRONMENT=production needs RATCHET_SEAL_KEY and either RATCHET_JWT_KEY or RATCHET_JWKS_URL "
            "(make a key with: openssl rand -hex 32)"
        )


class Keys:
    """`jwt` signs and verifies local tokens (HS256); `seal` encrypts secrets at rest."""

    def __init__(self, jwt: str, seal: str) -> None:
        self.jwt = jwt
        self.seal = seal


def _local_keys(data_dir: Path) -> Keys:
    """Random keys of this data folder, made on first need and readable by its owner only."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "keys.json"
    if not path.exists():
        fresh = data_dir / f"keys.{secrets.token_hex(8)}.tmp"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps({"jwt": secrets.token_hex(32), "seal": secrets.token_hex(32)}))
        try:
            os.link(fresh, path)  # atomic, and the first of several starters wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    stored = json.loads(path.read_text())
    return Keys(stored["jwt"], stored["seal"])
