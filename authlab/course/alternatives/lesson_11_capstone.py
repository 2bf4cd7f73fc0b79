"""Right ways to send headers, to write logs, to guess and to prove, in other styles than the package's."""

import ipaddress
import sqlite3
from collections.abc import Mapping
from itertools import cycle
from typing import Any

from werkzeug.wrappers import Response

from authlab.course.bank import alternative
from authlab.course.kata.lesson_11_capstone import NOTE
from authlab.events import Event
from authlab.headers import SECURITY_HEADERS
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser
from authlab.limits import UNKNOWN_ADDRESS
from authlab.settings import Limit

LIMITER = "authlab.limits:RateLimiter"
CLIENT_IP = "authlab.limits:client_ip"
HARDEN = "authlab.headers:harden"
EVENT_LINE = "authlab.events:event_line"
GUESS = "authlab.course.kata.lesson_11_capstone:guess_from_everywhere"
PROOF = "authlab.course.kata.lesson_11_capstone:prove_guessing_is_limited"


@alternative(HARDEN)
def harden_line_by_line(response: Response) -> Response:
    """One header after the other, each with its line."""
    headers = response.headers
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    headers["Content-Security-Policy"] = "; ".join(f"{what} {source}" for what, source in policy.items())
    headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    if "Cache-Control" not in headers:
        headers["Cache-Control"] = "no-store"
    headers["Vary"] = ", ".join(sorted({*response.vary.as_set(), "Cookie"}))
    return response


@alternative(HARDEN)
def harden_with_a_copy(response: Response) -> Response:
    """Another response with the same body, and headers that are put together from the old ones."""
    ours = {name.lower() for name in SECURITY_HEADERS}
    kept = [(name, value) for name, value in response.headers if name.lower() not in {*ours, "vary"}]
    answer = Response(response.get_data(), response.status, [*kept, *SECURITY_HEADERS.items()])
    if not any(name.lower() == "cache-control" for name, _ in kept):
        answer.headers.set("Cache-Control", "private, no-store, max-age=0")
    answer.headers["Vary"] = ", ".join(dict.fromkeys([*response.vary, "Cookie"]))
    return answer


@alternative(HARDEN)
def harden_by_attributes(response: Response) -> Response:
    """Werkzeug's own attributes for caches, and one assignment for each header."""
    for name in SECURITY_HEADERS:
        response.headers[name] = SECURITY_HEADERS[name]
    if response.headers.get("Cache-Control") is None:
        response.cache_control.no_store = True
    response.vary.update(["Cookie"])
    return response


@alternative(EVENT_LINE)
def line_fact_by_fact(event: Event, **facts: int | str | None) -> str:
    """The event first, then one fact after the other; what is no plain character is written as its code."""
    line = str(event)
    for name, value in facts.items():
        if value is not None:
            line += f"; {name}={value}"
    return "".join(
        letter if " " <= letter <= "~" and letter != "\\" else f"\\U{ord(letter):08x}" for letter in line
    )


@alternative(EVENT_LINE)
def line_by_repr(event: Event, **facts: int | str | None) -> str:
    """`ascii` escapes what is no plain character; the quotes that it puts around are taken off."""
    told = (f"{name}={ascii(str(value))[1:-1]}" for name, value in facts.items() if value is not None)
    return "; ".join((event, *told))


# 11.3


@alternative(LIMITER)
class HoldsTheDatabase:
    """The lock is taken before the first look, by hand: who asks next waits until the count is written."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self._db, self._limit = db, limit

    def hit(self, key: str, now: int) -> int:
        """Look and count between BEGIN IMMEDIATE and COMMIT."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            found = self._db.execute(
                "SELECT count, window_ends_at FROM attempts WHERE key = ?", (key,)
            ).fetchone()
            count, ends_at = found if found and found[1] > now else (0, now + self._limit.window_seconds)
            self._db.execute("REPLACE INTO attempts VALUES (?, ?, ?)", (key, count + 1, ends_at))
            self._db.execute("COMMIT")
        except sqlite3.Error:
            self._db.execute("ROLLBACK")
            raise
        return 0 if count < self._limit.attempts else int(ends_at) - now

    def forget(self, key: str) -> None:
        """Take the row away."""
        self._db.execute("DELETE FROM attempts WHERE key = ?", (key,))


@alternative(LIMITER)
class MakesRoomFirst:
    """Three statements in autocommit: an old window goes, an empty one is there, and it is counted up."""

    def __init__(self, db: sqlite3.Connection, limit: Limit) -> None:
        self._db, self._limit = db, limit

    def hit(self, key: str, now: int) -> int:
        """Count only where there is room, in one statement; read the wait where there is none."""
        self._db.execute("DELETE FROM attempts WHERE key = ? AND window_ends_at <= ?", (key, now))
        fresh = (key, now + self._limit.window_seconds)
        self._db.execute("INSERT OR IGNORE INTO attempts VALUES (?, 0, ?)", fresh)
        room = "UPDATE attempts SET count = count + 1 WHERE key = ? AND count < ?"
        if self._db.execute(room, (key, self._limit.attempts)).rowcount == 1:
            return 0
        (ends_at,) = self._db.execute("SELECT window_ends_at FROM attempts WHERE key = ?", (key,)).fetchone()
        return max(1, int(ends_at) - now)

    def forget(self, key: str) -> None:
        """Let the window be over."""
        self._db.execute("DELETE FROM attempts WHERE key = ?", (key,))


# 11.2


@alternative(CLIENT_IP)
def client_ip_from_the_end(environ: Mapping[str, Any], hops: int) -> str:
    """Cuts one entry after the other from the end; the network is what is left of the number."""
    rest = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
    seen = str(environ.get("REMOTE_ADDR") or "")
    for _ in range(hops):
        rest, _, seen = rest.rpartition(",")
    try:
        address = ipaddress.ip_address(seen.strip())
    except ValueError:
        return UNKNOWN_ADDRESS
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 4:
        return str(address)
    return f"{ipaddress.IPv6Address(int(address) >> 64 << 64)}/64"


# 11.1


@alternative(GUESS)
def guess_with_a_password_for_an_address(mallory: Browser) -> str:
    """No address at all: any text in the header is another visitor. And no look at the answers."""
    for password in NOTE:
        form = {"email": "alan@lab.test", "password": password}
        mallory.post("/login", data=form, headers={"x-forwarded-for": password})
    return mallory.get("/profile").text


@alternative(GUESS)
def guess_from_many_lines(mallory: Browser) -> str:
    """A botnet: it really comes from elsewhere, from three addresses in turn."""
    lines = cycle(("198.51.100.1", "198.51.100.2", "198.51.100.3"))
    for password in reversed(NOTE):
        mallory.address = next(lines)
        if mallory.post("/login", {"email": "alan@lab.test", "password": password}).is_redirect:
            page = mallory.get("/profile")
            return page.text
    return "nothing found"


# 11.5


@alternative(PROOF)
def prove_as_a_story(app: LabApp) -> None:
    """A morning at the lab, minute by minute."""
    wrong = {"email": ADA[1], "password": "difference-engine-1822"}
    right, graces = {**wrong, "password": ADA[2]}, {"email": GRACE[1], "password": GRACE[2]}

    for day in range(2):  # she mistypes on two days, and nobody holds it against her
        for slip in range(9):
            answer = app.browser(address=f"192.0.2.{day}{slip}").post("/login", wrong)
            assert answer.status_code == 401, "a slip is a slip"
        assert app.browser().post("/login", right).status_code == 303, "she remembers"

    for number in range(10):  # Mallory has ten lines, and an account to put counts back with
        assert app.browser(address=f"198.51.100.{number}").post("/login", wrong).status_code == 401
    assert app.browser().post("/login", graces).status_code == 303, "Grace is not concerned"

    for minute in range(15):
        refused = app.browser(address=f"203.0.113.{minute}").post("/login", right)
        assert refused.status_code == 429, "eleven is one too many"
        app.clock.advance(minutes=1)
    app.clock.advance(seconds=-1)
    assert app.browser().post("/login", right).status_code == 429
    app.clock.advance(seconds=1)
    assert app.browser().post("/login", right).status_code == 303, "the quarter of an hour is over"


@alternative(PROOF)
def prove_with_a_table_of_steps(app: LabApp) -> None:
    """Who tries what after how many seconds, and what must come of it: one table and one loop."""
    right, wrong = ADA[2], "wrong-password-1"
    steps = [
        *[(0, ADA[1], wrong, 401)] * 4,
        (5, ADA[1], right, 303),
        *[(0, ADA[1], wrong, 401)] * 10,
        (10, GRACE[1], GRACE[2], 303),
        (0, ADA[1], wrong, 429),
        (889, ADA[1], right, 429),
        (1, ADA[1], right, 303),
    ]
    got = []
    for number, (seconds, email, password, _) in enumerate(steps):
        app.clock.advance(seconds=seconds)
        visitor = app.browser(address=f"10.0.{number}.1")
        got.append(visitor.post("/login", {"email": email, "password": password}).status_code)
    assert got == [expected for *_, expected in steps]
