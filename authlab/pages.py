"""Pages: what GET shows. A page asks the data access layer, and never the database."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab import dal
from authlab.forms import FormState
from authlab.request import Request

_HERE = Path(__file__).parent
_STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def home(request: Request) -> Response:
    """Show what this app is."""
    return render("home.html", user=dal.get_user_or_none(request))


def static(request: Request, name: str) -> Response:
    """Return a stylesheet or script: one of the files that are there, so that no path leads elsewhere."""
    files = {path.name: path for path in (_HERE / "static").iterdir()}
    if name not in files:
        raise NotFound
    response = Response(files[name].read_bytes(), content_type=_STATIC_TYPES[files[name].suffix])
    response.headers["Cache-Control"] = "no-cache"  # the same for everybody: kept, and asked for again
    return response


def signup(request: Request, state: FormState | None = None, status: int = 200) -> Response:
    """Show the sign-up form, empty or with what was typed and what is wrong with it (never the password)."""
    return render(
        "signup.html",
        status=status,
        state=state or FormState(),
        typed=_typed(request, "name", "email"),
        nonce=request.settings.random_bytes(16).hex(),
    )


def login(request: Request, state: FormState | None = None, status: int = 200) -> Response:
    """Show the login form, empty or with the e-mail that was typed and one message."""
    return render("login.html", status=status, state=state or FormState(), typed=_typed(request, "email"))


def profile(request: Request) -> Response:
    """Show the signed-in user's own data."""
    return render("profile.html", user=dal.get_user(request))


def devices(request: Request) -> Response:
    """Show where the visitor is signed in."""
    return render("devices.html", devices=dal.devices(request), user=dal.get_user(request))


def members(request: Request) -> Response:
    """Show all members, to admins."""
    return render("members.html", members=dal.members(request), user=dal.get_user(request))


def problem(status: int, title: str, advice: str) -> Response:
    """Show that something went wrong, in words for a visitor: what to do next, and nothing of the inside."""
    return render("problem.html", status=status, title=title, advice=advice)


def render(template: str, status: int = 200, **values: Any) -> Response:
    """Return a template as an HTML response; every value in it is escaped."""
    html = templates().get_template(template).render(values)
    return Response(html, status=status, mimetype="text/html")


@cache
def templates() -> jinja2.Environment:
    """Return the templates, which turn every value into text: a name of `<script>` is shown, not run.

    Escaping is on for every template, whatever its file is called, and a name that a template
    misspells is an error, not an empty string.
    """
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _typed(request: Request, *fields: str) -> dict[str, str]:
    return {field: request.form.get(field, "") for field in fields}
