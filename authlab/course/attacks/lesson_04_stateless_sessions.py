"""Attacks on the session's cookie and on its end. Numbers 34 to 37 and 39 to 42 of the catalogue.

What Mallory is after is Ada's session. She has an account of her own, and now and then a copy of Ada's
cookie: from a script in Ada's page, from a backup of her computer, from one that Ada shares with others.
"""

import requests

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.lab.browser import Browser, Cookie

ADAS_NUMBER = "+44 20 7946 0018"
MALLORY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4 you"}


@attack(34)
def audit_the_cookie(app: LabApp) -> Outcome:
    """Read what the server says of the session's cookie when it is set, refreshed and taken back."""
    ada = app.browser()
    told = {"login": log_in(ada)}
    a_day_goes_by(app, ada)
    told["refresh"] = ada.get("/profile")
    told["logout"] = ada.post("/logout")
    for moment, answer in told.items():
        missing = {"httponly", "path=/", "samesite=lax", "secure"} - _attributes(answer)
        if missing:
            return won(f"{moment}: without {', '.join(sorted(missing))}")
    return resisted("HttpOnly, Secure, SameSite=Lax and Path=/ at login, refresh and logout")


@attack(35)
def read_by_a_script(app: LabApp) -> Outcome:
    """Run a script in Ada's page: it reads `document.cookie`, and whatever it can fetch in her name."""
    ada = app.browser()
    log_in(ada)
    token = session_cookie_of(ada).value
    read = {"document.cookie": ada.script_reads()}
    for path in ("/profile", "/api/me", "/api/session"):
        answer = ada.get(path)
        visible = [value for name, value in answer.headers.items() if name != "Set-Cookie"]
        read[path] = f"{visible} {answer.text}"
    for where, text in read.items():
        if token in text:
            page = copy_of(ada, app).get("/profile")
            reads = ADA[1] if ADA[1] in page.text else f"nothing: {page.status_code}"
            return won(f"{where} told the token, and with it Mallory reads {reads}")
    return resisted(f"no token in {', '.join(read)}")


@attack(36)
def toss_a_cookie(app: LabApp) -> Outcome:
    """From a sibling host, lay Mallory's session over Ada's: what Ada writes is then in Mallory's account."""
    mallory, ada = app.browser(), app.browser()
    mallory.post("/signup", MALLORY)
    log_in(ada)
    name, token = session_cookie_of(mallory).name, session_cookie_of(mallory).value
    # With an em space before it no browser sees a prefix, and some servers trim it away.
    for spelling in (name, f"\xe2\x80\x83{name}"):
        for path in ("/", "/profile", "/api"):  # a longer path goes first, the same path last
            ada.toss_cookie(spelling, token, path)
    ada.get("/profile")
    ada.post("/api/me/phone", json={"phone": ADAS_NUMBER}, headers={"X-CSRF-Token": ada.form_token()})
    found = [user.name for user in app.users() if user.phone == ADAS_NUMBER]
    if found == [ADA[0]]:
        return resisted("Ada's number is in Ada's account")
    return won(f"Ada's number is in the account of {' and '.join(found) or 'nobody: she is locked out'}")


@attack(37)
def plant_a_session(app: LabApp) -> Outcome:
    """Plant Mallory's session in Ada's browser before she logs in, and later keep a copy of one of hers."""
    mallory, ada = app.browser(), app.browser()
    mallory.post("/signup", MALLORY)
    planted = session_cookie_of(mallory)
    ada.set_cookie(planted.name, planted.value)
    log_in(ada)
    if ADA[1] in mallory.get("/profile").text:
        return won(f"the planted session has become Ada's: with it Mallory reads {ADA[1]}")
    before = copy_of(ada, app)
    log_in(ada)
    if ADA[1] in before.get("/profile").text:
        return won(f"Ada has logged in anew, and the session before still shows {ADA[1]}")
    if ADA[1] not in ada.get("/profile").text:
        return won("Ada has logged in, and is not signed in")
    return resisted("a new session at each login, and the one before is over")


@attack(39)
def replay_after_logout(app: LabApp) -> Outcome:
    """Keep a copy of Ada's cookie, and use it after she has logged out."""
    ada = app.browser()
    log_in(ada)
    kept = copy_of(ada, app)
    ada.post("/logout")
    page = kept.get("/profile")
    if ADA[1] in page.text:
        return won(f"Ada has logged out, and the copy still shows {ADA[1]}")
    return resisted(f"{page.status_code}, to {page.headers.get('Location')}")


@attack(40)
def another_token_of_the_session(app: LabApp) -> Outcome:
    """Use Ada's session after she has logged out, under a token that reads differently from hers."""
    ada = app.browser()
    log_in(ada)
    ada.get("/profile")
    cookie = session_cookie_of(ada)
    spelled, refreshed = app.browser(), copy_of(ada, app)
    spelled.set_cookie(cookie.name, f"{cookie.value}=")  # base64 with its padding: it decodes to the same
    spelled.get("/profile")
    a_day_goes_by(app, refreshed)
    refreshed.get("/profile")  # a day old: the server hands out another one
    kept = copy_of(refreshed, app)
    ada.post("/logout")
    for how, thief in (("with a = at its end", spelled), ("refreshed before", refreshed)):
        if ADA[1] in thief.get("/profile").text:
            return won(f"Ada has logged out, and her token, {how}, still shows {ADA[1]}")
    app.clock.advance(days=6)  # Ada's own token has run out by now, and the one that was refreshed has not
    grace = app.browser()
    log_in(grace, GRACE)
    grace.post("/logout")  # what is to be forgotten of former logouts is forgotten with the next one
    if ADA[1] in kept.get("/profile").text:
        return won(f"Ada has logged out, and six days later her token, refreshed before, shows {ADA[1]}")
    return resisted("no token of the session is taken, however it reads")


@attack(41)
def look_into_the_jar(app: LabApp) -> Outcome:
    """Sit down at a shared computer after Ada has logged out, and list its cookies."""
    ada = app.browser()
    log_in(ada)
    token = session_cookie_of(ada).value
    ada.post("/logout")
    left = [cookie.name for cookie in ada.cookies.values() if cookie.value == token]
    if left:
        return won(f"{left[0]} is still there, with Ada's token in it")
    return resisted("the session's cookie is gone")


@attack(42)
def stay_for_ever(app: LabApp) -> Outcome:
    """Keep a copied session in use, twice a day, for longer than a month."""
    ada = app.browser()
    log_in(ada)
    kept = copy_of(ada, app)
    for half_days in range(1, 63):
        app.clock.advance(hours=12)
        page = kept.get("/profile")
        if half_days == 16 and page.status_code != 200:
            return won("day 8: whoever comes every day is thrown out; only the cookie's own end had moved")
    if ADA[1] in page.text:
        return won(f"day 31: the copy still shows {ADA[1]}")
    return resisted(f"day 8: 200; day 31: {page.status_code}, to {page.headers.get('Location')}")


def session_cookie_of(browser: Browser) -> Cookie:
    """Return the cookie that holds a browser's session, whatever it is called: a token has two dots."""
    return next(cookie for cookie in browser.cookies.values() if cookie.value.count(".") == 2)


def copy_of(browser: Browser, app: LabApp) -> Browser:
    """Return another browser with a copy of the session's cookie."""
    cookie, copy = session_cookie_of(browser), app.browser()
    copy.set_cookie(cookie.name, cookie.value)
    return copy


def log_in(browser: Browser, who: tuple[str, str, str] = ADA) -> requests.Response:
    """Log a member of the cast in."""
    return browser.post("/login", {"email": who[1], "password": who[2]})


def a_day_goes_by(app: LabApp, browser: Browser) -> None:
    """Let 25 hours pass with a page in between: the token is due to be replaced, and the session not idle."""
    app.clock.advance(hours=13)
    browser.get("/profile")
    app.clock.advance(hours=12)


def _attributes(answer: requests.Response) -> set[str]:
    """Return the attributes of the session's cookie as a browser reads them: between two semicolons each."""
    for line in answer.raw.headers.getlist("Set-Cookie"):
        pair, *attributes = line.split(";")
        if "session" in pair.partition("=")[0]:
            return {attribute.strip().lower() for attribute in attributes}
    return set()
