"""Attacks on the middleware. Numbers 55 to 62 of the catalogue.

Nearly everything in this app asks the data access layer, too, so that a hole in the middleware opens nothing.
What it guards alone is the handbook: static files, for members. There its holes can be seen, and
there nobody's own data may ever be.
"""

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser

FIRST_WEEK = "/handbook/first-week.html"
FLOOR_PLAN = "/handbook/floor-plan.png"

# What a proxy, a gateway, the framework itself or a browser might say, and what anybody can write.
INTERNAL_HEADERS = (
    ("X-Middleware-Subrequest", "middleware"),
    ("X-Middleware-Subrequest", "src/middleware:src/middleware:src/middleware:src/middleware:src/middleware"),
    ("X-User-Id", "1"),
    ("X-Original-URL", "/"),
    ("X-Rewrite-URL", "/"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("Purpose", "prefetch"),
    ("Sec-Purpose", "prefetch"),
    ("Authorization", "Bearer x"),
    ("Referer", "https://lab.test/handbook"),
    ("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1)"),
    ("X-Requested-With", "XMLHttpRequest"),
)


@attack(55)
def page_below_the_page(app: LabApp) -> Outcome:
    """Ask for a page of the handbook that was added after its start page, without a session."""
    return _as_a_guest(app, FIRST_WEEK, holds="On Monday you get a key")


@attack(56)
def page_that_begins_alike(app: LabApp) -> Outcome:
    """Ask for the public page whose address begins like the handbook's, and for one inside the handbook."""
    inside = app.browser().get("/handbook/x")
    outside = app.browser().get("/handbook-preview")
    if inside.status_code == 200:
        return won("/handbook/x: 200")
    if "This page is for everybody" not in outside.text:
        return won(f"/handbook-preview: {outside.status_code}, and guests are shut out of what is theirs")
    return resisted(f"{inside.status_code} for /handbook/x, {outside.status_code} for /handbook-preview")


@attack(57)
def picture_of_the_plan(app: LabApp) -> Outcome:
    """Ask for the handbook under an address that ends like a picture's, and for a picture that is in it."""
    for path, holds in (("/handbook?x=.png", "For members."), (FLOOR_PLAN, "PNG")):
        tried = _as_a_guest(app, path, holds=holds)
        if tried.won:
            return tried
    return tried


@attack(58)
def another_spelling_of_the_path(app: LabApp) -> Outcome:
    """Write the handbook's path as no link does: letters as %68, the slash inside as %2F, one slash more."""
    for target in ("/%68andbook", "/handbook%2Ffloor-plan.html", "//handbook"):
        answer = app.browser().raw(target)
        if answer.status_code == 200:
            return won(f"{target}: 200, and guests read the handbook")
    own = _logged_in(app, ADA).raw("/%68andbook").status_code
    return resisted(f"{answer.status_code} for each spelling; {own} for Ada")


# It wins where the router is more generous than the check: no strict slashes, files whose names know no case.
@attack(59, hopeless="the router knows one spelling of a page, so behind any other there is none to miss")
def almost_the_path(app: LabApp) -> Outcome:
    """Write the handbook's path with a slash at the end, and in capitals."""
    seen = []
    for path in ("/handbook/", "/HANDBOOK", f"{FIRST_WEEK}/", "/handbook/First-Week.html"):
        answer = app.browser().get(path)
        if answer.status_code == 200:
            return won(f"{path}: 200, and guests read the handbook")
        seen.append(answer.status_code)
    return resisted(f"{seen}: no page, or none for guests")


@attack(60)
def headers_only(app: LabApp) -> Outcome:
    """Ask for the handbook with HEAD: its headers tell what is there, and how large it is."""
    told = app.browser().request("HEAD", "/handbook")
    if told.status_code == 200:
        return won(f"HEAD /handbook: 200, and it has {told.headers['Content-Length']} bytes")
    own = _logged_in(app, ADA).request("HEAD", "/handbook").status_code
    return resisted(f"{told.status_code}, and {told.headers['Content-Length']} bytes; {own} for Ada")


@attack(61)
def internal_headers(app: LabApp) -> Outcome:
    """Send the headers that only a proxy, a browser or the framework itself would send."""
    for name, value in INTERNAL_HEADERS:
        tried = _as_a_guest(app, "/handbook", {name: value}, holds="For members.")
        if tried.won:
            return won(f"{name}: {value}, and {tried.evidence}")
    return tried


@attack(62)
def token_of_a_deleted_member(app: LabApp) -> Outcome:
    """Come back with the token of an account that is deleted, and follow where the app sends you."""
    ada, grace = _logged_in(app, ADA), _logged_in(app, GRACE)
    grace.get("/admin")
    grace.post("/admin/users/1/delete")
    page = ada.get("/dashboard")
    way = [f"{page.status_code}"]
    while "Location" in page.headers and len(way) < 10:
        way.append(page.headers["Location"])
        page = ada.follow(page)
    if page.status_code != 200 or "/login" not in way[-1]:
        return won(f"still on the way after {len(way)} redirects: … {' '.join(way[-2:])}")
    left = ", ".join(name for name in ada.cookies if "session" in name)
    said = f"{' '.join(way)} {page.status_code}; session cookies left: {left or 'none'}"
    return won(said) if left else resisted(said)


def _as_a_guest(app: LabApp, path: str, headers: dict[str, str] | None = None, *, holds: str) -> Outcome:
    """Ask for a page of the handbook without a session, and as Ada, who may read it."""
    page, own = app.browser().get(path, headers=headers), _logged_in(app, ADA).get(path)
    if holds in page.text:
        return won(f"{path}: {page.status_code}, and guests read: {holds}")
    said = f"{page.status_code}, to {page.headers.get('Location')}; Ada reads it"
    return resisted(said) if holds in own.text else won(f"{path}: {own.status_code} for Ada, who may read it")


def _logged_in(app: LabApp, who: tuple[str, str, str]) -> Browser:
    browser = app.browser()
    browser.post("/login", {"email": who[1], "password": who[2]})
    return browser
