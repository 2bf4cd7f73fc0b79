"""Pages: what GET shows. A page asks the data access layer, and never the database."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab import dal, roles
from authlab.dal import Dal
from authlab.dto import bootstrap
from authlab.forms import FormState
from authlab.origins import csrf_token, safe_next
from authlab.request import Request

_HERE = Path(__file__).parent
_STATIC_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}
QUERY_MAX_CHARACTERS = 100


def home(request: Request) -> Response:
    """Show what this app is."""
    return render(request, "home.html")


def static(request: Request, name: str) -> Response:
    """Return a stylesheet or script."""
    response = _file("static", name)
    response.headers["Cache-Control"] = "no-cache"  # the same for everybody: kept, and asked for again
    return response


def handbook(request: Request, name: str = "index.html") -> Response:
    """Return a page or picture of the handbook: static files, behind the middleware's wall and nothing else.

    The same for every member, and made without a look at the database. What is somebody's own does not belong
    here: whoever logged out a moment ago may still hold a token that the middleware takes.

    Source: the guide, "protect static routes".
    """
    return _file("handbook", name)


def handbook_preview(request: Request) -> Response:
    """Return the one page of the handbook that is for everybody."""
    return _file("handbook", "preview.html")


def signup(request: Request, state: FormState | None = None, status: int = 200) -> Response:
    """Show the sign-up form, empty or with what was typed and what is wrong with it (never the password)."""
    return render(
        request,
        "signup.html",
        status=status,
        user=None,
        state=state or FormState(),
        typed=_typed(request, "name", "email"),
        policy=request.settings.passwords,
        nonce=request.settings.random_bytes(16).hex(),
    )


def login(request: Request, state: FormState | None = None, status: int = 200) -> Response:
    """Show the login form, empty or with the e-mail that was typed and one message."""
    return render(
        request,
        "login.html",
        status=status,
        user=None,
        state=state or FormState(),
        typed=_typed(request, "email"),
        next=safe_next(request.values.get("next"), request.own_origin, default=""),
    )


def profile(request: Request) -> Response:
    """Show the signed-in user's own data."""
    return render(request, "profile.html", user=dal.get_user(request))


def dashboard(request: Request) -> Response:
    """Show the page that the visitor's role begins with; a role without one is refused."""
    user = dal.get_user(request)
    template = roles.dashboard(user.role)
    return render(request, template, previous_login=Dal(request).previous_login())


def settings(request: Request, state: FormState | None = None, status: int = 200) -> Response:
    """Show the form to change the password, empty or with what is wrong with it."""
    Dal(request)  # raises NotSignedIn: the layout alone would show this page to a guest
    return render(
        request,
        "settings.html",
        status=status,
        state=state or FormState(),
        policy=request.settings.passwords,
        changed="changed" in request.args,
    )


def devices(request: Request) -> Response:
    """Show where the visitor is signed in."""
    visitor = Dal(request)
    return render(request, "devices.html", devices=visitor.devices(), previous_login=visitor.previous_login())


def members(request: Request) -> Response:
    """Show the members whom the visitor may see, by what they search for."""
    return render(request, "members.html", members=Dal(request).team(query(request)), query=query(request))


def member(request: Request, slug: str, state: FormState | None = None, status: int = 200) -> Response:
    """Show what the visitor may see of one member; 404 when there is none."""
    shown = Dal(request).profile(slug)
    if shown is None:
        raise NotFound
    return render(
        request,
        "member.html",
        status=status,
        profile=shown,
        slug=slug,
        state=state or FormState(),
        typed=_typed(request, "phone"),
    )


def admin(
    request: Request, state: FormState | None = None, status: int = 200, about: int | None = None
) -> Response:
    """Show all accounts, to admins, with what is wrong with a form that they sent.

    `about` is the account whose form it was: there, what was typed stays in its field.
    """
    accounts = Dal(request).accounts(query(request))
    return render(
        request,
        "admin.html",
        status=status,
        accounts=accounts,
        query=query(request),
        roles=roles.ROLES,
        state=state or FormState(),
        about=about,
        typed=_typed(request, "team"),
    )


def problem(status: int, title: str, advice: str, back: str) -> Response:
    """Show that something went wrong, in words for a visitor: what to do next, and nothing of the inside.

    `back` is the page to go on from, "/" where there is no nearer one.
    """
    return _html("problem.html", status, user=None, title=title, advice=advice, back=back)


def query(request: Request) -> str:
    """Return what the visitor searches for, as `?q=` says."""
    return request.args.get("q", "")[:QUERY_MAX_CHARACTERS]


def render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """Return a template as an HTML response; every value in it is escaped.

    The layout's own values are added here: who is signed in, and the token of the forms. They are shown, and
    protect nothing: a page that needs a signed-in visitor has asked the data access layer before.
    """
    if "user" not in values:
        values["user"] = dal.get_user_or_none(request)
    session = request.session
    token = "" if session is None else csrf_token(session.session_id, request.settings.signing_key)
    # Markup: JSON that is safe inside a script element, where HTML's own escapes are not read.
    values["bootstrap"] = Markup(bootstrap(values["user"]))  # noqa: S704 - escaped where it is made
    return _html(template, status, csrf=token, **values)


def _html(template: str, status: int, **values: Any) -> Response:
    return Response(templates().get_template(template).render(values), status=status, mimetype="text/html")


def _file(folder: str, name: str) -> Response:
    """Return a file of a folder: one of those that are there, so that no path leads elsewhere."""
    files = {path.name: path for path in (_HERE / folder).iterdir()}
    if name not in files:
        raise NotFound
    return Response(files[name].read_bytes(), content_type=_STATIC_TYPES[files[name].suffix])


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
