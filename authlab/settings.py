"""Everything the app is told from outside: secrets, time, random bytes, limits. It fails closed."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from authlab.clock import Clock, system_clock
from authlab.errors import SettingsError
from authlab.events import to_the_log
from authlab.tokens import load_secret

DAY = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be tried: `attempts` in a window of `window_seconds`."""

    attempts: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What an app needs to run. Secrets have no default and are left out of `repr`."""

    # The ring of session keys, id -> key. The first one signs; the tokens of all of them hold.
    session_keys: Mapping[str, bytes] = field(repr=False)
    pepper: bytes = field(repr=False)
    database: Path
    # The names under which the app may be asked for; ".localhost" stands for every name that ends so.
    hosts: tuple[str, ...] = ("localhost", ".localhost", "127.0.0.1")
    # How many proxies of ours stand before the app. Each adds to X-Forwarded-For, by which visitors are
    # counted; the scheme and the host that the app believes are those of the request that reaches it.
    trusted_proxies: int = 0
    bcrypt_rounds: int = 10
    passwords: Literal["guide", "modern"] = "modern"  # which rules a new password must keep

    sessions: Literal["stateless", "database"] = "database"
    session_lifetime_seconds: int = 7 * DAY  # unused for so long, it is over; use moves its end ...
    session_cap_seconds: int = 30 * DAY  # ... up to here: then its owner logs in again
    session_refresh_seconds: int = DAY  # a token older than this is replaced when it is used
    session_idle_seconds: int = DAY  # database sessions only: unused for a day, they are over
    session_cache_seconds: int = 0  # database sessions only: see `sessions.cache`; 0 is off

    logins_per_account: Limit = Limit(10, 15 * 60)
    logins_per_address: Limit = Limit(100, 15 * 60)
    signups_per_address: Limit = Limit(50, 60 * 60)
    lookups_per_address: Limit = Limit(60, 60)  # of /signup/available: one a second, as fast as people type

    clock: Clock = system_clock
    random_bytes: Callable[[int], bytes] = os.urandom
    log: Callable[[str], None] = to_the_log  # of security events, a line each: see `events`

    @property
    def signing_key_id(self) -> str:
        """The id of the key that signs."""
        return next(iter(self.session_keys))

    @property
    def signing_key(self) -> bytes:
        """The key that signs, and that tokens for one session only are made with."""
        return self.session_keys[self.signing_key_id]


def load_settings(env: Mapping[str, str], database: Path) -> Settings:
    """Return the settings in `env`; raises `SettingsError` when a secret is missing or weak.

    `SESSION_SECRET` signs. `SESSION_SECRET_BEFORE`, if there is one, is the key that it replaced: its tokens
    hold until they run out or the line is deleted.
    """
    strategy = env.get("AUTHLAB_SESSIONS", "database")
    if strategy not in ("stateless", "database"):
        raise SettingsError(
            f"AUTHLAB_SESSIONS: expected stateless or database, got {strategy!r}. Mend it in .env"
        )
    policy = env.get("AUTHLAB_PASSWORDS", "modern")
    if policy not in ("guide", "modern"):
        raise SettingsError(f"AUTHLAB_PASSWORDS: expected guide or modern, got {policy!r}. Mend it in .env")
    names = ["SESSION_SECRET", *(name for name in ("SESSION_SECRET_BEFORE",) if env.get(name))]
    keys = [load_secret(env, name) for name in names]
    return Settings(
        session_keys={_key_id(key): key for key in keys},
        pepper=load_secret(env, "PASSWORD_PEPPER"),
        database=database,
        sessions="stateless" if strategy == "stateless" else "database",
        passwords="guide" if policy == "guide" else "modern",
    )


def _key_id(key: bytes) -> str:
    """Return an id that stays with a key, so that nobody has to name it. It tells nothing of the key."""
    return hashlib.sha256(b"authlab key id " + key).hexdigest()[:8]
