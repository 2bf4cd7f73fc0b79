"""Limits on how often something may be tried (lesson 11): guessing must not scale.

The counters are in the database, so that they hold for all processes and survive a restart.
"""

import hashlib
import ipaddress
import sqlite3
from collections.abc import Mapping
from typing import Any

from authlab.db import count_attempt, forget_attempts
from authlab.settings import Limit

UNKNOWN_ADDRESS = "unknown"  # who sends no address shares one counter with all who do so


class RateLimiter:
    """Counts attempts by key in windows of time: `limit.attempts` in `limit.window_seconds`.

    A window begins with the first attempt under its key, and is over when its seconds have passed: the next
    attempt then begins another. The counts are in the table `attempts` (key, count, window_ends_at), so that
    they outlive the request and hold for every process. Of two attempts at once on the last try one is
    refused, and an attempt that cannot be counted is let through in no case: what the database raises is
    the app's to answer.

    `authlab.db` has two functions for that table, which may be used: `count_attempt(db, key, now,
    window_ends_at)` and `forget_attempts(db, key)`. Statements of your own are as good.
    """

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self._db = db
        self._limit = limit

    def hit(self, key: str, now: int) -> int:
        """Count one attempt and return how many seconds to wait: 0 while it is within the limit.

        Counting and asking are one statement: of two attempts at once on the last try, one is refused.
        A window begins with its first attempt, and is over when its seconds have passed.
        """
        count, ends_at = count_attempt(self._db, key, now, now + self._limit.window_seconds)
        return 0 if count <= self._limit.attempts else ends_at - now

    def forget(self, key: str) -> None:
        """Begin at zero again, for one who has proven not to be guessing."""
        forget_attempts(self._db, key)


def login_key(email: str, device: str | None) -> str:
    """Return what guesses at one account are counted by: the account, or a known device of its owner.

    Guesses of strangers lock strangers out, and never the owner's own browser (see `devices`). The address is
    hashed: what somebody types into the field, be it a password by mistake, is not stored.

    Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".
    """
    account = hashlib.sha256(email.encode("utf-8", "surrogatepass")).hexdigest()
    return f"login {account} {device or 'from anywhere'}"


def client_ip(environ: Mapping[str, Any], hops: int) -> str:
    """Return the address that a request is counted by, behind `hops` proxies
    of our own.

    `environ["REMOTE_ADDR"]` is where the connection comes from: the visitor,
    or the last of our proxies. `environ["HTTP_X_FORWARDED_FOR"]` is the header
    X-Forwarded-For, if one came: addresses with commas between them. Each of
    our proxies adds the address that it saw at the end, and leaves what was
    there before, which is the visitor's own word. Either may be missing: a
    connection by a Unix socket has no `REMOTE_ADDR`.

    - An IPv4 address is returned as it is, `"192.0.2.7"`, and so is one that
      is written as IPv6 (`"::ffff:192.0.2.7"` or `"::ffff:c000:207"`, its
      `ipv4_mapped`).
    - Of an IPv6 address the network counts, `"2001:db8::/64"`: one visitor
      has 2**64 addresses in it.
    - Without an address that our proxies vouch for: `UNKNOWN_ADDRESS`, one
      count for all who come like that.
    """
    seen = str(environ.get("REMOTE_ADDR", ""))
    if hops > 0:
        forwarded = [entry.strip() for entry in str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        # Fewer entries than proxies: somebody reached us past them, and has no address that we believe.
        seen = forwarded[-hops] if len(forwarded) >= hops else ""
    try:
        address = ipaddress.ip_address(seen)
    except ValueError:
        return UNKNOWN_ADDRESS
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address.packed, 64), strict=False))
    return str(address)
