"""Every address of the board: method, path, and the function that answers.

The names of the endpoints are those that the app's middleware knows: `pages.home`, `pages.static` and logging
out are for everybody, `*.login` is for guests, and whatever it does not know is for members.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from werkzeug.routing import IntegerConverter, Map, Rule
from werkzeug.wrappers import Response

from authlab.classroom.board import actions, api, pages
from authlab.request import Request

ROUTES: dict[str, tuple[str, str, Callable[..., Response]]] = {
    "pages.home": ("GET", "/", pages.home),
    "pages.static": ("GET", "/static/<name>", pages.static),
    "pages.login": ("GET", "/login", pages.login),
    "pages.dashboard": ("GET", "/dashboard", pages.dashboard),
    "pages.learner": ("GET", "/learners/<int:user_id>", pages.learner),
    "fragments.room": ("GET", "/fragments/room", pages.room_fragment),
    "fragments.row": ("GET", "/fragments/row", pages.row_fragment),
    "actions.login": ("POST", "/login", actions.login),
    "actions.logout": ("POST", "/logout", actions.logout),
    "actions.renew_code": ("POST", "/code", actions.renew_code),
    "actions.close": ("POST", "/close", actions.close),
    "actions.reopen": ("POST", "/reopen", actions.reopen),
    "actions.remove": ("POST", "/learners/<int:user_id>/remove", actions.remove),
    "api.join": ("POST", "/api/join", api.join),
    "api.reports": ("POST", "/api/reports", api.reports),
    "api.leave": ("POST", "/api/leave", api.leave),
}


class _RowId(IntegerConverter):
    """A number that the database can hold."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


@cache
def url_map() -> Map:
    """Return the router's map of the table above."""
    rules = [Rule(path, methods=[method], endpoint=name) for name, (method, path, _) in ROUTES.items()]
    return Map(rules, converters={"int": _RowId})


def answer(request: Request, endpoint: str, arguments: Mapping[str, Any]) -> Response:
    """Return what the endpoint's function answers."""
    _, _, function = ROUTES[endpoint]
    request.note(*endpoint.split("."))
    return function(request, **arguments)
