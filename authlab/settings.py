"""Everything the app is told from outside: secrets, time, random bytes, limits. It fails closed."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from authlab.clock import Clock, system_clock
from authlab.errors import SettingsError
from authlab.tokens import load_secret


@dataclass(frozen=True, slots=True)
class Settings:
    """What an app needs to run. Secrets have no default and are left out of `repr`."""

    session_key: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    database: Path
    # The names under which the app may be asked for; ".localhost" stands for every name that ends so.
    hosts: tuple[str, ...] = ("localhost", ".localhost", "127.0.0.1")
    bcrypt_rounds: int = 10
    sessions: Literal["stateless", "database"] = "database"
    session_lifetime_seconds: int = 7 * 24 * 60 * 60
    session_idle_seconds: int = 24 * 60 * 60  # database sessions only: unused for a day, they are over
    clock: Clock = system_clock
    random_bytes: Callable[[int], bytes] = os.urandom


def load_settings(env: Mapping[str, str], database: Path) -> Settings:
    """Return the settings in `env`; raises `SettingsError` when a secret is missing or weak."""
    strategy = env.get("AUTHLAB_SESSIONS", "database")
    if strategy not in ("stateless", "database"):
        raise SettingsError(
            f"AUTHLAB_SESSIONS: expected stateless or database, got {strategy!r}. Mend it in .env"
        )
    return Settings(
        session_key=load_secret(env, "SESSION_SECRET"),
        sessions="stateless" if strategy == "stateless" else "database",
        pepper=load_secret(env, "PASSWORD_PEPPER"),
        database=database,
    )
