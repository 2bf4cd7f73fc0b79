"""Attacks on sessions that the server remembers. Numbers 38, 43 to 47 and 69 of the catalogue.

All are about ending: whether a session that is over stays over, for everybody who holds a piece of it.
"""

import base64
import binascii
from collections.abc import Iterator

from authlab.course.attacks.lesson_04_stateless_sessions import (
    a_day_goes_by,
    copy_of,
    log_in,
    session_cookie_of,
)
from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, GRACE, LabApp
from authlab.tokens import Session, sign_session

NEW_PASSWORD = "difference-engine-1822"


@attack(38)
def unknown_sessions(app: LabApp) -> Outcome:
    """Come back ten times with a session that the server has forgotten, and count what it makes of it."""
    ada = app.browser()
    log_in(ada)
    copies = [copy_of(ada, app) for _ in range(10)]
    ada.post("/logout")
    before = len(app.stolen_sessions())
    shown = [ADA[1] in copy.get("/profile").text for copy in copies]
    made = len(app.stolen_sessions()) - before
    if made:
        return won(f"{made} new row in the table, and {sum(shown)} pages that show {ADA[1]}")
    return resisted("no row in the table")


@attack(43)
def open_page_at_an_empty_desk(app: LabApp) -> Outcome:
    """Sit down where nobody has touched anything for as long as the app allows, and an hour longer.

    One of Ada's computers is off; on the other, a page of hers is open, and its script goes on asking.
    """
    settings, switched_off, open_page = app.settings, app.browser(), app.browser()
    log_in(switched_off)
    log_in(open_page)
    token = session_cookie_of(switched_off)
    in_database = settings.sessions == "database"
    allowed = settings.session_idle_seconds if in_database else settings.session_lifetime_seconds
    for _ in range(allowed // 3600 // 4):
        app.clock.advance(hours=4)
        open_page.get("/api/session")
        open_page.get("/fragments/members")
    app.clock.advance(hours=1)
    switched_off.set_cookie(token.name, token.value)  # whatever Max-Age says, Mallory has it
    for which, browser in (("the computer that was off", switched_off), ("the open page", open_page)):
        if ADA[1] in browser.get("/profile").text:
            return won(f"{which} still shows {ADA[1]}, {allowed // 3600 + 1} hours later")
    return resisted(f"nobody is signed in, {allowed // 3600 + 1} hours later")


@attack(44)
def stay_when_logged_out_everywhere(app: LabApp) -> Outcome:
    """Be signed in as Ada while she logs out everywhere else, and while an admin ends her sessions."""
    laptop, phone, grace = app.browser(), app.browser(), app.browser()
    for browser, who in ((laptop, ADA), (phone, ADA), (grace, GRACE)):
        log_in(browser, who)
    for browser in (laptop, phone, grace):
        browser.get("/profile")  # the server has just looked at it, and may remember
    laptop.post("/devices/end-others")
    if ADA[1] in phone.get("/profile").text:
        return won(f"Ada has logged out everywhere else, and the telephone still shows {ADA[1]}")
    if ADA[1] not in laptop.get("/profile").text:
        return won("Ada has logged herself out")
    grace.post("/admin/users/1/end-sessions")
    if ADA[1] in laptop.get("/profile").text:
        return won(f"an admin has ended Ada's sessions, and the laptop still shows {ADA[1]}")
    return resisted("each is out at its next request")


@attack(45)
def stay_when_the_password_changes(app: LabApp) -> Outcome:
    """Hold a copy of each of Ada's sessions while she changes her password; and log out those of others."""
    laptop, phone, grace = app.browser(), app.browser(), app.browser()
    for browser, who in ((laptop, ADA), (phone, ADA), (grace, GRACE)):
        log_in(browser, who)
    copies = {"her telephone": copy_of(phone, app), "this very session": copy_of(laptop, app)}
    laptop.post("/dashboard/settings/password", {"current": ADA[2], "new": NEW_PASSWORD})
    for of_what, copy in copies.items():
        if ADA[1] in copy.get("/profile").text:
            return won(f"Ada's password is new, and a copy of {of_what} still shows {ADA[1]}")
    if app.vault not in grace.get("/admin").text:
        return won("Ada's new password has logged Grace out")
    if ADA[1] not in laptop.get("/profile").text:
        return won("Ada's new password has logged herself out")
    return resisted("every copy is out, this session goes on under a new token, and Grace's is untouched")


@attack(46)
def stolen_table(app: LabApp) -> Outcome:
    """Steal a backup with the table of sessions and the signing key, and make a cookie of each row.

    Without the key each of these cookies would fail at its signature. With the key, whoever keeps all of a
    session in its token has nothing left to lose; a table must be another thing to have.
    """
    grace = app.browser()
    log_in(grace, GRACE)
    rows, key = app.stolen_sessions(), app.settings.signing_key
    for row in rows:
        for secret in _readings(row["secret_hash"]):
            since, until = row["created_at"], row["expires_at"]
            session = Session(row["user_id"], row["session_id"], secret, since, since, until)
            thief = app.browser()
            name = session_cookie_of(grace).name
            thief.set_cookie(name, sign_session(session, key, app.settings.signing_key_id))
            if app.vault in thief.get("/admin").text:
                return won(f"a row of the table opened Grace's page for admins: {app.vault}")
    return resisted(f"{len(rows)} row stolen, and none is a cookie" if rows else "nothing to steal")


@attack(47)
def last_seen_races_logout(app: LabApp) -> Outcome:
    """Open a page with a copy of Ada's cookie while she logs out: "last seen" is written after the logout."""
    ada = app.browser()
    log_in(ada)
    ada.get("/profile")
    page, kept = copy_of(ada, app), copy_of(ada, app)
    app.clock.advance(minutes=6)  # seldom enough that being seen is worth a write
    at_once = [lambda: ada.post("/logout"), lambda: page.get("/profile")]
    app.together(at_once, before_writing="sessions", in_turn=True)
    if ADA[1] in kept.get("/profile").text:
        return won(f"Ada has logged out, and the page that came after wrote her session anew: {ADA[1]}")
    return resisted("the session stays ended")


@attack(69)
def one_token_used_twice_at_once(app: LabApp) -> Outcome:
    """Have Ada's day-old token replaced by a copy of it, while she logs out everywhere else with it."""
    ada = app.browser()
    log_in(ada)
    thief = copy_of(ada, app)
    a_day_goes_by(app, ada)
    at_once = [lambda: ada.post("/devices/end-others"), lambda: thief.get("/profile")]
    app.together(at_once, before_writing="sessions", in_turn=True)
    if ADA[1] in thief.get("/profile").text:
        return won(f"Ada is logged out everywhere else, and the copy has got a new token: {ADA[1]}")
    if ADA[1] not in ada.get("/profile").text:
        return won("Ada was first, and is logged out")
    return resisted("Ada was first: one new token, and it is hers")


def _readings(text: str) -> Iterator[str]:
    """Yield a column as it is, and what it is the base64 of, if that is a text."""
    yield text
    try:
        yield base64.b64decode(text, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return
