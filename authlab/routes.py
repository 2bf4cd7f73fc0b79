"""Every address of the app, on one page: method, path, and the function that answers."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from werkzeug.routing import IntegerConverter, Map, Rule
from werkzeug.wrappers import Response

from authlab import actions, api, fragments, pages
from authlab.request import Request

ROUTES: dict[str, tuple[str, str, Callable[..., Response]]] = {
    "pages.home": ("GET", "/", pages.home),
    "pages.static": ("GET", "/static/<name>", pages.static),
    "pages.signup": ("GET", "/signup", pages.signup),
    "pages.login": ("GET", "/login", pages.login),
    "pages.handbook_preview": ("GET", "/handbook-preview", pages.handbook_preview),
    "pages.handbook": ("GET", "/handbook", pages.handbook),
    "pages.handbook_file": ("GET", "/handbook/<name>", pages.handbook),
    "pages.dashboard": ("GET", "/dashboard", pages.dashboard),
    "pages.settings": ("GET", "/dashboard/settings", pages.settings),
    "pages.profile": ("GET", "/profile", pages.profile),
    "pages.devices": ("GET", "/devices", pages.devices),
    "pages.members": ("GET", "/members", pages.members),
    "pages.member": ("GET", "/members/<slug>", pages.member),
    "pages.admin": ("GET", "/admin", pages.admin),
    "fragments.members": ("GET", "/fragments/members", fragments.members),
    "fragments.devices": ("GET", "/fragments/devices", fragments.devices),
    "actions.signup": ("POST", "/signup", actions.signup),
    "actions.login": ("POST", "/login", actions.login),
    "actions.logout": ("POST", "/logout", actions.logout),
    "actions.change_password": ("POST", "/dashboard/settings/password", actions.change_password),
    "actions.end_device": ("POST", "/devices/end", actions.end_device),
    "actions.end_other_devices": ("POST", "/devices/end-others", actions.end_other_devices),
    "actions.set_phone": ("POST", "/members/<slug>/phone", actions.set_phone),
    "actions.set_role": ("POST", "/admin/users/<int:user_id>/role", actions.set_role),
    "actions.set_team": ("POST", "/admin/users/<int:user_id>/team", actions.set_team),
    "actions.end_sessions": (
        "POST",
        "/admin/users/<int:user_id>/end-sessions",
        actions.end_sessions,
    ),
    "actions.disable": (
        "POST",
        "/admin/users/<int:user_id>/disable",
        actions.disable,
    ),
    "actions.enable": ("POST", "/admin/users/<int:user_id>/enable", actions.enable),
    "actions.delete_user": (
        "POST",
        "/admin/users/<int:user_id>/delete",
        actions.delete_user,
    ),
    "api.signup_available": ("GET", "/signup/available", api.signup_available),
    "api.session": ("GET", "/api/session", api.session),
    "api.me": ("GET", "/api/me", api.me),
    "api.set_own_phone": ("POST", "/api/me/phone", api.set_own_phone),
    "api.users": ("GET", "/api/users", api.users),
    "api.user": ("GET", "/api/users/<int:user_id>", api.user),
}


class _RowId(IntegerConverter):
    """What `<int:user_id>` takes: a number that the database can hold. A larger one is nobody's."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=2**63 - 1)


@cache
def url_map() -> Map:
    """Return the router's map of the table above: each address answers to its one method and no other.

    What changes something answers to POST only. GET is what links, pictures and prefetching send, with the
    visitor's cookies, from any page in the world.

    Source: RFC 9110, section 9.2.1 (safe methods); ASVS 3.5.3.
    """
    return Map(
        [Rule(path, methods=[method], endpoint=endpoint) for endpoint, (method, path, _) in ROUTES.items()],
        converters={"int": _RowId},
    )


def answer(request: Request, endpoint: str, arguments: Mapping[str, Any]) -> Response:
    """Return what the endpoint's function answers; `arguments` are the parts of the path in <>."""
    _, _, function = ROUTES[endpoint]
    request.note(*endpoint.split("."))
    return function(request, **arguments)
