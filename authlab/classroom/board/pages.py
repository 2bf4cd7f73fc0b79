"""The board's pages. Each asks the data access layer; the look is the app's own."""

from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from authlab import pages as app_pages
from authlab.classroom.board.dal import Dal
from authlab.classroom.board.picture import MARKS
from authlab.errors import Forbidden, NotSignedIn
from authlab.forms import FormState
from authlab.origins import csrf_token
from authlab.request import Request
from authlab.responses import see_other

HERE = Path(__file__).parent
FINGERPRINT_KEY = "authlab.board.fingerprint"  # of the board's certificate, in the environ; "" without one
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


def home(request: Request) -> Response:
    """Go to the one page that is one's own."""
    return see_other("/dashboard")


def static(request: Request, name: str) -> Response:
    """Return a stylesheet or script: the board's, or the app's."""
    files = {path.name: path for path in (HERE / "static").iterdir()}
    if name not in files:
        return app_pages.static(request, name)
    response = Response(files[name].read_bytes(), content_type=_TYPES[files[name].suffix])
    response.headers["Cache-Control"] = "no-cache"
    return response


def login(request: Request, state: FormState | None = None, status: int = 200) -> Response:
    """Show the field for a key. What was typed is not shown again."""
    return _render(request, "login.html", status, state=state or FormState())


def dashboard(request: Request) -> Response:
    """Show the room to the instructor, and to a learner their own row."""
    visitor = Dal(request)
    match visitor.role:
        case "admin":
            board = {"board": visitor.board(), "fingerprint": request.environ.get(FINGERPRINT_KEY, "")}
            return _render(request, "room.html", room=visitor.room(), origin=request.own_origin, **board)
        case "user":
            return _render(request, "own.html", row=visitor.own_row())
        case _:
            raise Forbidden


def learner(request: Request, user_id: int) -> Response:
    """Show a learner's row to the instructor; 404 to everybody else, whether there is one or not."""
    row = Dal(request).row(user_id)
    if row is None:
        raise NotFound
    return _render(request, "learner.html", row=row)


def room_fragment(request: Request) -> Response:
    """Return the picture of the room alone: 403 for a learner."""
    return _render(request, "fragments/room.html", room=Dal(request).room())


def row_fragment(request: Request) -> Response:
    """Return one's own row alone."""
    return _render(request, "fragments/row.html", row=Dal(request).own_row())


def problem(status: int, title: str, advice: str, back: str = "/") -> Response:
    """Show that something went wrong, and nothing of the inside. `back` is the page to go on from."""
    page = templates().get_template("problem.html")
    text = page.render(user=None, title=title, advice=advice, back=back)
    return Response(text, status=status, mimetype="text/html")


def _render(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    session = request.session
    token = "" if session is None else csrf_token(session.session_id, request.settings.signing_key)
    try:
        role = Dal(request).role
    except NotSignedIn:
        role = ""
    html = templates().get_template(template).render(user=None, csrf=token, role=role, marks=MARKS, **values)
    return Response(html, status=status, mimetype="text/html")


@cache
def templates() -> jinja2.Environment:
    """Return the board's templates over the app's: every value in them is escaped, as there."""
    loader = jinja2.FileSystemLoader([HERE / "templates", Path(app_pages.__file__).parent / "templates"])
    return app_pages.templates().overlay(loader=loader)
