"""Attacks on roles. Numbers 68 and 70 to 72 of the catalogue, and one of the lesson's own."""

from collections.abc import Callable

from requests import Response

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.db import UserRow
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser

MALLORY = ("Mallory", "mallory@evil.test", "let-me-in-4")
COOKIE = "__Host-session"
# What an admin's page has buttons for, and what they send.
BUTTONS: dict[str, dict[str, str]] = {
    "role": {"role": "admin"},
    "team": {"team": "engines"},
    "end-sessions": {},
    "disable": {},
    "delete": {},
}


@attack(68)
def demoted_admin(app: LabApp) -> Outcome:
    """Keep the page for admins open while another admin takes the role away, and go on from there."""
    grace, ada = _logged_in(app, GRACE), app.browser()
    grace.post("/admin/users/1/role", {"role": "admin"})
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    taken = ada.post("/admin/users/2/role", {"role": "user"})
    if taken.status_code != 303:
        return won(f"{taken.status_code}: an admin cannot take the role away")
    page, api = grace.get("/admin"), grace.get("/api/users")
    for answer in (page, api):
        if app.vault in answer.text:
            return won(f"no admin any more, and reads {app.vault}")
    return _as_expected([page, api], [403, 403])


@attack(70)
def admins_buttons(app: LabApp) -> Outcome:
    """Send what only an admin's page has buttons for, as a member whose pages have none."""
    grace, mallory = _logged_in(app, GRACE), _signed_up(app)
    before = app.users()
    answers = [mallory.post(f"/admin/users/{number}/{what}", form) for number, what, form in _presses()]
    changed = _changes(before, app.users())
    if changed:
        return won(f"no admin, and {', '.join(changed)}")
    if app.vault not in grace.get("/admin").text:
        return won("no admin, and Grace, who is one, is logged out")
    for path, secret in (("/admin", app.vault), ("/api/users", app.vault), ("/dashboard", "an admin")):
        if secret in mallory.get(path).text:
            return won(f"no admin, and {path} shows {secret}")
    return _as_expected(answers, [403] * len(answers))


@attack(71)
def script_without_a_session(app: LabApp) -> Outcome:
    """Ask for JSON without a session, with a made-up cookie, and with one that was logged out."""
    for cookie in (None, "1", _logged_out_cookie(app)):
        for path in ("/api/me", "/api/users", "/api/users/1"):
            answer = _with_cookie(app, cookie).get(path)
            kind, location = answer.headers["Content-Type"], answer.headers.get("Location")
            if (answer.status_code, kind, location) != (401, "application/json", None):
                went = f", to {location}" if location else f", {kind}"
                return won(f"{path}: {answer.status_code}{went}, and the script takes it for an answer")
    own = _logged_in(app, ADA).get("/api/me")
    said = "401 as JSON for each, and leads nowhere"
    return resisted(said) if ADA[1] in own.text else won(f"{own.status_code} for Ada herself")


@attack(72)
def piece_without_its_page(app: LabApp) -> Outcome:
    """Fetch pieces of pages without the layout around them, without a cookie and with a logged-out one."""
    for cookie in (None, _logged_out_cookie(app)):
        for path in ("/fragments/members", "/fragments/devices"):
            piece = _with_cookie(app, cookie).get(path)
            read = [name for name in (ADA[0], app.vault, "Signed in") if name in piece.text]
            if read:
                who = "nobody" if cookie is None else "a cookie that was logged out"
                return won(f"{path} tells {who}: {', '.join(read)}")
            if piece.status_code != 401:
                return won(f"{path}: {piece.status_code}, and the script puts that into its page")
    own = _logged_in(app, ADA).get("/fragments/members")
    return resisted("401 for each") if ADA[0] in own.text else won(f"{own.status_code} for Ada herself")


@attack(110)
def two_admins_at_once(app: LabApp) -> Outcome:
    """Of two admins, each takes away what the other one is, at the same moment: first the role, then all."""
    grace, ada = _logged_in(app, GRACE), _logged_in(app, ADA)
    grace.post("/admin/users/1/role", {"role": "admin"})
    _at_once(
        app,
        lambda: grace.post("/admin/users/1/role", {"role": "user"}),
        lambda: ada.post("/admin/users/2/role", {"role": "user"}),
    )
    left = [user.id for user in app.users() if user.role == "admin"]
    if len(left) != 1:
        return won(f"{len(left)} admins left: both were let through after one was none any more")
    first, other = (grace, 1) if left == [2] else (ada, 2)
    first.post(f"/admin/users/{other}/role", {"role": "admin"})
    _at_once(app, lambda: grace.post("/admin/users/1/delete"), lambda: ada.post("/admin/users/2/delete"))
    left = [user.id for user in app.users() if user.role == "admin"]
    if len(left) != 1:
        return won(f"{len(left)} admins left: both were let through after one was gone")
    return resisted("one of the two was first, and the other one was no admin any more")


def _presses() -> list[tuple[int, str, dict[str, str]]]:
    """The role for herself, and every button for Grace and for member 3."""
    return [(4, "role", BUTTONS["role"])] + [
        (number, what, form) for number in (2, 3) for what, form in BUTTONS.items()
    ]


def _changes(before: list[UserRow], after: list[UserRow]) -> list[str]:
    now, said = {user.id: user for user in after}, []
    for old in before:
        new = now.get(old.id)
        if new is None:
            said.append(f"{old.name} is gone")
        elif new != old:
            said.append(f"{old.name} is {new.role if new.role != old.role else 'not as before'}")
    return said


def _as_expected(answers: list[Response], expected: list[int]) -> Outcome:
    statuses = [answer.status_code for answer in answers]
    if statuses == expected:
        return resisted(f"{expected[0]} for each, and nothing is changed")
    return won(f"nothing is changed, and the answers say {sorted(set(statuses))}, not {expected[0]}")


def _at_once(app: LabApp, *tasks: Callable[[], Response]) -> None:
    app.together(tasks, before_writing="users")


def _logged_in(app: LabApp, who: tuple[str, str, str]) -> Browser:
    browser = app.browser()
    browser.post("/login", {"email": who[1], "password": who[2]})
    return browser


def _signed_up(app: LabApp) -> Browser:
    browser = app.browser()
    browser.post("/signup", {"name": MALLORY[0], "email": MALLORY[1], "password": MALLORY[2]})
    return browser


def _logged_out_cookie(app: LabApp) -> str:
    """Ada logs out at a computer that many use; her cookie was copied before."""
    ada = _logged_in(app, ADA)
    copy = ada.cookies[COOKIE].value
    ada.post("/logout")
    return copy


def _with_cookie(app: LabApp, cookie: str | None) -> Browser:
    browser = app.browser()
    if cookie is not None:
        browser.set_cookie(COOKIE, cookie)
    return browser
