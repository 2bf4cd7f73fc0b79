"""Attacks from other sites. Numbers 48 to 54 of the catalogue.

The victims do nothing wrong: they are signed in, or about to be, and open a page or a link of Mallory's.
Mallory has an account as well, so she knows what the forms look like, and has tokens of her own.
"""

import json
import re
from html import unescape

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import LAB_ORIGIN, Browser

MALLORY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
MALLORYS_PHONE = "+44 666"

# Another host of the same site, and one that Mallory has got hold of: SameSite lets everything through.
SIBLING = "https://evil.lab.test"

# Pages that are not ours: another name, one that ends like ours, one that begins like ours, a host beside us,
# a sandboxed frame, which says "null", and what somebody on the way writes in our name, without TLS.
FOREIGN_PAGES = (
    "https://evil.test",
    "https://evil-lab.test",
    "https://lab.test.evil.test",
    SIBLING,
    "null",
    "http://lab.test",
)

# What a page may send without asking first, whichever site it is on: no other type is "CORS-safelisted".
UNASKED_TYPES = ("text/plain", "text/plain; a=application/json", None)

ELSEWHERE = (
    "https://evil.test",
    "//evil.test",
    "////evil.test",
    "/////evil.test",
    "//////evil.test",
    "/\t/evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "http:evil.test",
    "https:evil.test",
    "https:/\\evil.test",
    "https://lab.test.evil.test/",
    "https://lab.test@evil.test/",
    "/.//evil.test",
    "/%09/evil.test",
    "/%2f/evil.test",
    "/%252fevil.test",
)

# The schemes that browsers read as generously as this, and the port that nobody writes.
_WEB_PORTS = {"http": ":80", "https": ":443", "ws": ":80", "wss": ":443", "ftp": ":21"}


@attack(48)
def forged_form(app: LabApp) -> Outcome:
    """Have Ada's browser send a form from a page of Mallory's: with a token of her own, and with none."""
    mallory, ada = _signed_up(app), _logged_in(app, ADA)
    for page in FOREIGN_PAGES:
        for token in ({"csrf": mallory.form_token()}, {}):
            ada.page = page
            answer = ada.post("/members/member-1/phone", {"phone": MALLORYS_PHONE, **token})
            if _adas_phone(app) == MALLORYS_PHONE:
                with_what = "the token of Mallory's own session" if token else "no token"
                return won(f"a form on {page} with {with_what} changed Ada's phone number")
    ada.page = LAB_ORIGIN
    own = ada.post("/members/member-1/phone", {"phone": "1843"})
    return resisted(f"{answer.status_code} for each foreign page; {own.status_code} for Ada's own form")


@attack(49)
def link_that_changes_something(app: LabApp) -> Outcome:
    """Have Grace, who is an admin, follow links on a page of Mallory's: Lax sends her cookie with those."""
    grace = _logged_in(app, GRACE)
    grace.page = "https://evil.test"
    answers = [grace.get("/admin/users/1/delete").status_code, grace.get("/logout").status_code]
    grace.page = LAB_ORIGIN
    if ADA[0] not in [user.name for user in app.users()]:
        return won(f"{answers[0]} for a link, and Ada's account is gone")
    if grace.get("/profile").status_code != 200:
        return won(f"{answers[1]} for a link, and Grace is logged out")
    own = grace.post("/admin/users/3/delete").status_code, grace.post("/logout").status_code
    return resisted(f"{answers} for the links, and nothing has changed; {list(own)} for Grace's own forms")


@attack(50)
def json_without_asking(app: LabApp) -> Outcome:
    """Have Ada's browser send JSON from a host beside us, under a type that it need not ask about first."""
    ada, body = _logged_in(app, ADA), json.dumps({"phone": MALLORYS_PHONE})
    ada.page = SIBLING
    for kind in UNASKED_TYPES:
        answer = ada.post("/api/me/phone", body, headers=_sent_as(kind))
        if _adas_phone(app) == MALLORYS_PHONE:
            return won(f"JSON as {kind or 'no type at all'} from {SIBLING} changed Ada's phone number")
    token = {"X-CSRF-Token": _back_home(ada).form_token()}
    own = [
        ada.post("/api/me/phone", body, headers={**token, **_sent_as(kind)}).status_code
        for kind in (*UNASKED_TYPES, "application/json")
    ]
    return resisted(f"{answer.status_code} from there; {own} from our own page, of which the last is JSON")


@attack(51)
def login_csrf(app: LabApp) -> Outcome:
    """Have the victim's browser post a login form with another name: the victim works in that account."""
    for page in FOREIGN_PAGES:
        victim = app.browser(page=page)
        answer = victim.post("/login", {"email": GRACE[1], "password": GRACE[2]})
        if answer.status_code != 403 or victim.cookies:
            return won(f"{answer.status_code}: a form on {page} signed the victim in as somebody else")
    return resisted("403 for each foreign page, and no cookie")


@attack(52)
def token_that_is_no_token(app: LabApp) -> Outcome:
    """Send letters that no token has in place of the token, and see whether the server stumbles over them."""
    ada = _logged_in(app, ADA)
    for text in ("é", "€", "zz", "0" * 63):
        answer = ada.post("/members/member-1/phone", {"phone": MALLORYS_PHONE, "csrf": text})
        if answer.status_code != 403:
            return won(f"{answer.status_code} for a token {text}, and the server says {app.crashes}")
    own = ada.post("/members/member-1/phone", {"phone": "1843"})
    return resisted(f"403 for each; {own.status_code} for Ada's own token")


@attack(53)
def open_redirect(app: LabApp) -> Outcome:
    """Send Ada a link to the real login page, whose `next` leads to a page of Mallory's afterwards."""
    for wanted in ELSEWHERE:
        location = _logs_in(app, wanted)
        if leads_to(location) != LAB_ORIGIN:
            return won(f"{wanted!r} sends her to {location!r}, which a browser reads as {leads_to(location)}")
    own = _logs_in(app, "/devices")
    said = f"none of {len(ELSEWHERE)} links leads away; {own} for a page of ours"
    return resisted(said) if own == "/devices" else won(said)


@attack(54)
def name_of_her_own(app: LabApp) -> Outcome:
    """Ask the app under a name of Mallory's: for a link to keep in a shared cache, and with her form."""
    for name in ("evil.test", "evil-lab.test"):
        for header in ("Host", "X-Forwarded-Host"):
            page = app.browser().get("/profile", headers={header: name})
            location = page.headers.get("Location", "/")
            if leads_to(location) != LAB_ORIGIN:
                return won(f"{header}: {name}, and whoever is to log in is sent to {location}")
        guest = app.browser(page=f"https://{name}")
        form = guest.post("/login", {"email": ADA[1], "password": ADA[2]}, headers={"Host": name})
        if form.status_code != 400:
            return won(f"{form.status_code}: Host: {name}, and a form of https://{name} is one of our own")
    return resisted(f"{form.status_code} for her name as Host; X-Forwarded-Host leads to {location}")


def leads_to(location: str, own_origin: str = LAB_ORIGIN) -> str:
    """Return the origin where a browser goes that is sent to `location` from a page of `own_origin`.

    Browsers are generous: they drop tabs and breaks, take `\\` for `/` and any number of slashes for two.
    What has another kind of scheme (`javascript:`) comes back as the scheme. Source: the WHATWG URL Standard.
    """
    own_scheme = own_origin.partition(":")[0]
    text = re.sub(r"[\t\r\n]", "", location.strip("".join(map(chr, range(0x21)))))
    named = re.match(r"([a-z][a-z0-9+.-]*):(.*)", text, re.IGNORECASE | re.DOTALL)
    scheme, rest = (named[1].lower(), named[2]) if named else (own_scheme, text)
    if scheme not in _WEB_PORTS:
        return f"{scheme}:"
    if scheme == own_scheme and re.match(r"[/\\]{2}", rest) is None:
        return own_origin  # `https:evil.test` is a page of ours for who comes from https, and not from http
    host = re.split(r"[/\\?#]", rest.lstrip("/\\"))[0].rpartition("@")[2]
    return f"{scheme}://{host.lower().removesuffix(_WEB_PORTS[scheme])}"


def _logged_in(app: LabApp, who: tuple[str, str, str]) -> Browser:
    browser = app.browser()
    browser.post("/login", {"email": who[1], "password": who[2]})
    return browser


def _signed_up(app: LabApp) -> Browser:
    mallory = app.browser()
    mallory.post("/signup", MALLORY)
    return mallory


def _back_home(browser: Browser) -> Browser:
    browser.page = LAB_ORIGIN
    return browser


def _adas_phone(app: LabApp) -> str | None:
    return next(user.phone for user in app.users() if user.name == ADA[0])


def _sent_as(kind: str | None) -> dict[str, str]:
    return {} if kind is None else {"Content-Type": kind}


def _logs_in(app: LabApp, wanted: str) -> str:
    """Open the link, log in on its page, and return where that leads."""
    ada = app.browser()
    page = ada.get("/login", params={"next": wanted})
    kept = re.search(r'name="next" value="([^"]*)"', page.text)
    form = {"email": ADA[1], "password": ADA[2], **({"next": unescape(kept[1])} if kept else {})}
    return ada.post("/login", form).headers["Location"]
