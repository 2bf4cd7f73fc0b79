"""Everything the app is told from outside: secrets, time, random bytes, limits. It fails closed."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from authlab.clock import Clock, system_clock
from authlab.tokens import load_secret


@dataclass(frozen=True, slots=True)
class Settings:
    """What an app needs to run. Secrets have no default and are left out of `repr`."""

    session_key: bytes = field(repr=False)
    pepper: bytes = field(repr=False)
    database: Path
    bcrypt_rounds: int = 10
    session_lifetime_seconds: int = 7 * 24 * 60 * 60
    clock: Clock = system_clock
    random_bytes: Callable[[int], bytes] = os.urandom


def load_settings(env: Mapping[str, str], database: Path) -> Settings:
    """Return the settings in `env`; raises `SettingsError` when a secret is missing or weak."""
    return Settings(
        session_key=load_secret(env, "SESSION_SECRET"),
        pepper=load_secret(env, "PASSWORD_PEPPER"),
        database=database,
    )
