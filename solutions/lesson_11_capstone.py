# Derived from authlab/course/kata/lesson_11_capstone.py, authlab/headers.py, authlab/limits.py by: authlab dev build
"""Lesson 11: Defences need tests that fail.

The package's own answers.
"""

import ipaddress
import sqlite3
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from authlab.course.kata.lesson_11_capstone import NOTE
from authlab.db import count_attempt, forget_attempts
from authlab.headers import SECURITY_HEADERS
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.limits import UNKNOWN_ADDRESS
from authlab.settings import Limit


# 11.1  break: A guess from everywhere  (5 minutes)
# write the attack: it wins where the hole is, and only there
def guess_from_everywhere(mallory: Browser) -> str:
    """Return the text of the page `/profile` of member 3, which shows the
    name of whoever is signed in.

    You get `mallory`, a browser that has never signed in, and `NOTE`, 25
    passwords, one of which opens the account "alan@lab.test". The app allows
    10 guesses in 15 minutes for each address that they come from, and counts
    nothing else. It stands behind no proxy, and takes an address from wherever
    it is told one.

    - `mallory.post("/login", {"email": ..., "password": ...})` sends the form;
      `headers={"Name": "value"}` as a further argument goes along. The answer
      has a `.status_code`: 303 is a login, 401 a wrong password, 429 "not now".
    - `mallory.get("/profile")` opens the page; the answer's `.text` is its
      HTML.

    Against the app that counts by account the same requests bring nothing,
    and must not crash: return what comes.
    """
    for number, password in enumerate(NOTE):
        form = {"email": "alan@lab.test", "password": password}
        answer = mallory.post("/login", form, headers={"X-Forwarded-For": f"198.51.100.{number}"})
        if answer.status_code == 303:
            break
    return mallory.get("/profile").text


# 11.2  build: Where it comes from, in whose words  (7 minutes, an extra)
# write the part from its description
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


# 11.3  fix: A count that two can read  (6 minutes)
# it runs, and it is wrong: make it right
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


# 11.4  build: On every response  (5 minutes)
# write the part from its description
def harden(response: Response) -> Response:
    """Return `response` with the security headers, and kept out of every
    cache unless it says otherwise.

    - Each of `SECURITY_HEADERS` is in it once, with the value it has there:
      in pages, redirects, errors and JSON alike.
    - A response that says nothing of caches gets `Cache-Control: no-store`: a
      page behind a login that a cache keeps is a page for everybody. One that
      has a `Cache-Control` of its own keeps it. (Our own style sheet says
      `no-cache`: keep a copy, and ask before you use it.)
    - `Vary` names `Cookie`, beside what it named before: whoever keeps a copy
      all the same learns that it is for one visitor.

    Everything else stays as it is: status, body, other headers, and every
    cookie that the response sets.

    Source: ASVS 3.4, 14.2.2, 14.3.2; RFC 9111, section 5.2.
    """
    response.headers.update(SECURITY_HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response


# 11.5  prove: A test that wrong limits do not survive  (10 minutes)
# write the test: it catches what is wrong and spares what is right
def prove_guessing_is_limited(app: LabApp) -> None:
    """Prove with `assert` that guessing passwords is limited in `app`. Return
    nothing.

    Your proof gets an app, as `open_app()` makes one, with Ada and Grace as
    members. It is run on apps with wrong limiters, each of which must make one
    of your assertions fail, and on apps with right ones, which must pass. Only
    a failing `assert` counts: a proof that crashes has proven nothing.

    What must hold, for `POST /login` from browsers that are not known:

    - Ten guesses at an account are answered with 401. From the eleventh on it
      is 429, for the right password as well, and whatever address they come
      from.
    - Fifteen minutes after the first of them the right password is let in
      again (303), and not a second earlier, whoever has tried meanwhile.
    - A login that succeeds begins the count of its account at zero, and no
      other's.
    - Other accounts are not concerned.

    `app.browser(address="198.51.100.7")` is a new browser that comes from
    there, `app.clock.advance(minutes=15, seconds=-1)` moves the time.
    `ADA` and `GRACE` are (name, e-mail, password).
    """
    hers = {"email": ADA[1], "password": ADA[2]}
    graces = {"email": GRACE[1], "password": GRACE[2]}
    count = 0

    def ask(form: dict[str, str]) -> int:
        nonlocal count
        count += 1
        return app.browser(address=f"198.51.100.{count}").post("/login", form).status_code

    def guess() -> int:
        return ask({**hers, "password": "not-hers-1"})

    assert [guess() for _ in range(9)] == [401] * 9
    assert ask(hers) == 303
    assert [guess() for _ in range(10)] == [401] * 10
    assert ask(hers) == 429
    assert ask(graces) == 303
    assert ask(hers) == 429
    app.clock.advance(minutes=15, seconds=-1)
    assert ask(hers) == 429
    app.clock.advance(seconds=1)
    assert ask(hers) == 303
