"""Who stands in the table of requests: each answers "who am I" for a signed-in visitor, in its own process.

    python contenders.py NAME     reads a number a line, makes so many requests, and says how long they took

A request is a WSGI call in this process: no socket, no server, nobody else's time. Each asks its own SQLite
file for the user. Flask and Django come as their tutorials have them, with sessions as secure as they can be.
"""

import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any

KEY = b"a key of thirty-two bytes, or so"
Run = Callable[[], None]


def main() -> None:
    """Be the contender that the first argument names."""
    with tempfile.TemporaryDirectory(prefix="authlab-bench-") as folder:
        run = CONTENDERS[sys.argv[1]](Path(folder))
        for _ in range(50):
            run()
        print("ready", flush=True)
        for line in sys.stdin:
            started = time.perf_counter()
            for _ in range(int(line)):
                run()
            print(time.perf_counter() - started, flush=True)


def caller(app: Any, path: str, cookie: str, host: str = "lab.test") -> Run:
    """Return a function that makes one request, and stops at any answer but 200."""

    def run() -> None:
        status = []
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "",
            "SERVER_NAME": host, "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": host,
            "HTTP_COOKIE": cookie, "REMOTE_ADDR": "192.0.2.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "https", "wsgi.input": BytesIO(), "wsgi.errors": sys.stderr,
            "wsgi.multithread": False, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip
        answer: Iterable[bytes] = app(environ, lambda line, headers, error=None: status.append(line))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        if not status[0].startswith("200") or b"Ada" not in body:
            raise SystemExit(f"expected 200 and a page with Ada in it, got {status[0]}: {body[:200]!r}")

    return run


def with_ada(path: Path) -> Path:
    """Make a database whose one user is Ada."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, role TEXT)")
        db.execute("INSERT INTO users VALUES (1, 'Ada Lovelace', 'ada@lab.test', 'user')")
        db.commit()
    return path


def bare(folder: Path) -> Run:
    """Werkzeug's request, router and response, PyJWT's verify, one SELECT: the least that does it."""
    import jwt
    from werkzeug.routing import Map, Rule
    from werkzeug.wrappers import Request, Response

    path = with_ada(folder / "bare.sqlite")
    urls = Map([Rule("/api/me", endpoint="me")])

    def app(environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        urls.bind_to_environ(environ).match()
        claims = jwt.decode(request.cookies["session"], KEY, algorithms=["HS256"])
        with closing(sqlite3.connect(path)) as db:
            row = db.execute(
                "SELECT id, name, email, role FROM users WHERE id = ?", (claims["sub"],)
            ).fetchone()
        body = json.dumps(dict(zip(("id", "name", "email", "role"), row, strict=True)))
        return Response(body, mimetype="application/json")(environ, start_response)

    token = jwt.encode({"sub": "1", "exp": int(time.time()) + 10**6}, KEY, algorithm="HS256")
    return caller(app, "/api/me", f"session={token}")


def bare_kept_open(folder: Path) -> Run:
    """The bare route beside one connection that stays open, as the app's `Database` has it."""
    run = bare(folder)
    stays = sqlite3.connect(folder / "bare.sqlite")
    stays.execute("SELECT count(*) FROM users").fetchone()

    def beside() -> None:
        run()
        _ = stays  # for as long as it is asked

    return beside


def authlab(folder: Path, path: str) -> Run:
    """authlab: database session, middleware, data access layer, DTO, security headers."""
    from authlab.app import App
    from authlab.db import insert_user
    from authlab.passwords import hash_password
    from authlab.sessions.strategy import strategy
    from authlab.settings import Settings

    settings = Settings(
        session_keys={"bench": KEY}, pepper=KEY, database=folder / "authlab.sqlite", hosts=("lab.test",)
    )
    app = App(settings)
    with closing(app.database.connect()) as db:
        hashed = hash_password("analytical-engine-1843", rounds=4, pepper=KEY)
        insert_user(db, name="Ada Lovelace", email="ada@lab.test", password_hash=hashed, now=settings.clock())
        token = strategy(settings).create(db, 1, "bench")
    return caller(app, path, f"__Host-session={token}")


def flask(folder: Path) -> Run:
    """Flask with Flask-Login: the user's id in Flask's signed cookie, one SELECT by the user loader."""
    from flask import Flask, jsonify
    from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

    path = with_ada(folder / "flask.sqlite")

    class User(UserMixin):  # type: ignore[misc]
        def __init__(self, row: tuple[Any, ...]) -> None:
            self.id, self.name, self.email, self.role = row

    app = Flask("bench")
    app.config.update(SECRET_KEY=KEY, SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Lax")
    manager = LoginManager(app)

    @manager.user_loader
    def load(user_id: str) -> User:
        with closing(sqlite3.connect(path)) as db:
            row = db.execute("SELECT id, name, email, role FROM users WHERE id = ?", (user_id,)).fetchone()
        return User(row)

    @app.get("/login")
    def login() -> str:
        login_user(load("1"))
        return "Ada"

    @app.get("/api/me")
    @login_required
    def me() -> Any:
        return jsonify(
            id=current_user.id, name=current_user.name, email=current_user.email, role=current_user.role
        )

    client = app.test_client()
    client.get("/login", base_url="https://lab.test")
    cookie = client.get_cookie("session", domain="lab.test")
    return caller(app.wsgi_app, "/api/me", f"session={cookie.value}")


def django(folder: Path) -> Run:
    """Django with its database sessions, its auth and its default security middleware."""
    os.environ["DJANGO_SETTINGS_MODULE"] = ""
    import django as package
    from django.conf import settings

    settings.configure(
        SECRET_KEY=KEY.decode(), ALLOWED_HOSTS=["lab.test"], ROOT_URLCONF=__name__, USE_TZ=True,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": folder / "django.sqlite"}},
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        SESSION_COOKIE_SECURE=True, PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    )  # fmt: skip
    package.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.core.wsgi import get_wsgi_application
    from django.test import Client

    call_command("migrate", verbosity=0)
    ada = User.objects.create_user("ada", "ada@lab.test", "analytical-engine-1843", first_name="Ada Lovelace")
    client = Client()
    client.force_login(ada)
    return caller(get_wsgi_application(), "/api/me", f"sessionid={client.cookies['sessionid'].value}")


class _Routes:
    """Django's list of addresses, made when Django asks this module for it."""

    def __iter__(self) -> Any:
        from django.contrib.auth.decorators import login_required
        from django.http import HttpRequest, JsonResponse
        from django.urls import path

        def me(request: HttpRequest) -> JsonResponse:
            user: Any = request.user
            return JsonResponse({"id": user.id, "name": user.first_name, "email": user.email})

        yield path("api/me", login_required(me))


urlpatterns = _Routes()

CONTENDERS: dict[str, Callable[[Path], Run]] = {
    "bare": bare,
    "bare, kept open": bare_kept_open,
    "authlab": lambda folder: authlab(folder, "/api/me"),
    "authlab dashboard": lambda folder: authlab(folder, "/dashboard"),
    "flask": flask,
    "django": django,
}

if __name__ == "__main__":
    main()
