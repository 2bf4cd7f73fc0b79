"""Ten thousand requests that no page would send: every address, method and role, and no crash.

Without a schema: values are drawn from what breaks programs (control characters, numbers that are none, SQL,
markup, very long texts, JSON of every kind), and go wherever the protocol lets text go. The draws are seeded,
so a failure comes again; its message is the request.
"""

import random
import re
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Literal
from urllib.parse import quote

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from authlab.db import insert_user
from authlab.lab.apps import LabApp
from authlab.origins import csrf_token
from authlab.routes import ROUTES
from authlab.sessions.strategy import strategy
from authlab.tokens import verify_with_ring

REQUESTS = 10_000
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ROLES = ("guest", "user", "admin", "ended")
ORDINARY = ("1", "2", "3", "4", "ada@lab.test", "Eve", "member-1", "user", "admin", "engines", "/devices")
NASTY = (
    *(
        "",
        " ",
        "0",
        "-1",
        "007",
        "1.0",
        "1e9",
        "NaN",
        "null",
        "None",
        "true",
        "９",
        "٢",
        "9" * 40,
        "9" * 5000,
    ),
    *("\x00", "\r\n", "\t", "\u202e", "\ufeff", "é", "e\u0301", "😀" * 30, "ß", "\u212a"),
    *("' OR 1=1 --", '"; DROP TABLE users; --', "%", "_", "!", "a' UNION SELECT password_hash FROM users --"),
    *("<script>alert(1)</script>", "{{ 7*7 }}", "{% raw %}", "../../etc/passwd", "..\\..", "//evil.test"),
    *(
        "https:evil.test",
        "/%09/evil.test",
        "a" * 3000,
        "a.b.c",
        "..",
        "[]",
        "{}",
        '{"phone": 1}',
        '{"phone": "1"}',
    ),
)
FIELDS = (
    *(
        "name",
        "email",
        "password",
        "nonce",
        "next",
        "csrf",
        "id",
        "current",
        "new",
        "phone",
        "role",
        "team",
        "q",
    ),
    *("user_id", "changed", "\x00", "é"),
)


class Fuzz:
    """Draws requests and sends them to one app, as whichever role."""

    def __init__(self, sessions: Literal["stateless", "database"], seed: int) -> None:
        self.app = LabApp(sessions=sessions, cached=True)
        self.draw = random.Random(seed)
        self.sessions = strategy(self.app.settings)
        self.db = self.app._app.database.connect()

    def close(self) -> None:
        self.db.close()
        self.app.close()

    def text(self) -> str:
        return self.draw.choice(ORDINARY if self.draw.random() < 0.5 else NASTY)

    def path(self, pattern: str) -> str:
        """The address with something in its places, sometimes spelled in another way."""
        path = re.sub(r"<int:\w+>", lambda _: str(self.draw.randint(1, 5)), pattern)
        path = re.sub(r"<slug>", lambda _: f"member-{self.draw.randint(1, 5)}", path)
        path = re.sub(
            r"<name>", lambda _: self.draw.choice(("style.css", "index.html", "floor-plan.png")), path
        )
        if self.draw.random() < 0.1:
            path += self.draw.choice(("/", "/x", "%00", ".png", "/" + quote(self.text()[:50])))
        return path

    def cookie(self, role: str) -> tuple[str, str]:
        """A session of that role, and the token its forms carry."""
        if role == "guest":
            return ("" if self.draw.random() < 0.7 else f"__Host-session={quote(self.text()[:99])}"), ""
        row = self.db.execute(
            "SELECT id FROM users WHERE role = ?", ("admin" if role == "admin" else "user",)
        )
        found = row.fetchone()
        user_id = found[0] if found else self.new_user(role)
        token = self.sessions.create(self.db, user_id, "fuzz")
        session = verify_with_ring(token, self.app.settings.session_keys, self.app.clock.now)
        assert session is not None
        if role == "ended":
            self.sessions.delete(self.db, session)
        return f"__Host-session={token}", csrf_token(session.session_id, self.app.settings.signing_key)

    def new_user(self, role: str) -> int:
        email = f"{role}{self.draw.randint(0, 10**9)}@lab.test"
        stored = "$2b$04$" + "." * 53
        return insert_user(
            self.db,
            name="Fuzz",
            email=email,
            password_hash=stored,
            now=1,
            role="admin" if role == "admin" else "user",
        )

    def request(self, endpoint: str, method: str, role: str) -> tuple[dict[str, Any], str]:
        _, pattern, _ = ROUTES[endpoint]
        cookie, csrf = self.cookie(role)
        fields = {self.draw.choice(FIELDS): self.text() for _ in range(self.draw.randint(0, 5))}
        if csrf and self.draw.random() < 0.9:
            fields["csrf"] = csrf
        encoded = "&".join(
            f"{quote(name, errors='replace')}={quote(value, errors='replace')}"
            for name, value in fields.items()
        )
        body, content_type = encoded.encode(), "application/x-www-form-urlencoded"
        odd = self.draw.random()
        if odd < (0.7 if endpoint.startswith("api.") else 0.1):
            body, content_type = self.text().encode("utf-8", "surrogatepass"), "application/json"
        elif odd < 0.2:
            content_type = self.draw.choice(
                ("text/plain", "multipart/form-data; boundary=x", "", "é/é", "a" * 999)
            )
        headers = {"Cookie": cookie, "Content-Type": content_type, "X-CSRF-Token": csrf}
        if self.draw.random() < 0.9:
            headers["Origin"] = "https://lab.test"
        if self.draw.random() < 0.2:
            name = self.draw.choice(("X-Forwarded-For", "User-Agent", "Accept", "Referer", "Range", "Expect"))
            headers[name] = re.sub(r"[^\x20-\xff]", "?", self.text())
        environ = create_environ(
            method=method, base_url="https://lab.test", headers={k: v for k, v in headers.items() if v}
        )
        environ["PATH_INFO"] = self.path(pattern)
        environ["QUERY_STRING"] = quote(self.text(), safe="=&%", errors="replace") if odd > 0.8 else ""
        environ["REMOTE_ADDR"] = self.draw.choice(("", "x", "::1", f"192.0.2.{self.draw.randint(0, 255)}"))
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body), str(len(body))
        told = (
            f"{role} {method} {environ['PATH_INFO']!r}?{environ['QUERY_STRING']!r} {headers} {body[:200]!r}"
        )
        return environ, told


@pytest.fixture(params=["stateless", "database"])
def fuzz(request: pytest.FixtureRequest) -> Iterator[Fuzz]:
    fuzz = Fuzz(request.param, seed=20260105)
    yield fuzz
    fuzz.close()


def test_no_request_crashes_the_app(fuzz: Fuzz) -> None:
    """Every route x method x role has its turn, most requests get past the router, and none is a 500."""
    turns = [(e, m, r) for e in ROUTES for m in METHODS for r in ROLES]
    # The methods that a route has, more often: what the router turns away says little about the rest.
    turns += [(e, ROUTES[e][0], r) for e in ROUTES for r in ROLES for _ in range(24)]
    fuzz.draw.shuffle(turns)
    statuses: Counter[int] = Counter()
    for number in range(REQUESTS // 2):  # the other half is the other strategy's
        environ, told = fuzz.request(*turns[number % len(turns)])
        content, status, headers = run_wsgi_app(fuzz.app, environ, buffered=True)
        code = int(status.split()[0])
        statuses[code] += 1
        assert code < 500, f"{status} for {told}; {fuzz.app.crashes}"
        assert headers["X-Content-Type-Options"] == "nosniff", told
        assert b"Traceback" not in b"".join(content), told
        if number % 500 == 0:
            fuzz.app.clock.advance(minutes=20)
    past_the_router = sum(count for code, count in statuses.items() if code not in (404, 405))
    assert past_the_router > REQUESTS // 2 * 0.6, statuses
    assert {200, 303, 401, 403, 404, 405, 415, 422, 429} <= set(statuses), statuses
    assert fuzz.app.crashes == []
