"""Every address of the app, on one page: method, path, and the function that answers."""

from collections.abc import Callable, Mapping

from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Response

from authlab import actions, api, pages
from authlab.request import Request

ROUTES: dict[str, tuple[str, str, Callable[..., Response]]] = {
    "pages.home": ("GET", "/", pages.home),
    "pages.static": ("GET", "/static/<name>", pages.static),
    "pages.signup": ("GET", "/signup", pages.signup),
    "pages.login": ("GET", "/login", pages.login),
    "pages.profile": ("GET", "/profile", pages.profile),
    "pages.devices": ("GET", "/devices", pages.devices),
    "pages.members": ("GET", "/admin", pages.members),
    "actions.signup": ("POST", "/signup", actions.signup),
    "actions.login": ("POST", "/login", actions.login),
    "actions.logout": ("POST", "/logout", actions.logout),
    "actions.end_device": ("POST", "/devices/end", actions.end_device),
    "actions.end_other_devices": ("POST", "/devices/end-others", actions.end_other_devices),
    "api.signup_available": ("GET", "/signup/available", api.signup_available),
}

URL_MAP = Map(
    [Rule(path, methods=[method], endpoint=endpoint) for endpoint, (method, path, _) in ROUTES.items()]
)


def answer(request: Request, endpoint: str, arguments: Mapping[str, str]) -> Response:
    """Return what the endpoint's function answers; `arguments` are the parts of the path in <>."""
    _, _, function = ROUTES[endpoint]
    request.note(*endpoint.split("."))
    return function(request, **arguments)
