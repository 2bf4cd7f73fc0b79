"""Attacks on what is left of a visit, in caches and logs. Numbers 73 and 74 of the catalogue."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser

MISTYPED = "only-I-know-this"  # without a number: refused at sign-up
COOKIES = ("__Host-session", "__Host-device")


@attack(73)
def shared_cache(app: LabApp) -> Outcome:
    """Look through what a proxy that many people share may keep of Ada's visit, for the next who asks."""
    ada, guest = app.browser(), app.browser()
    visit = {
        "the cookie that her login set": ada.post("/login", {"email": ADA[1], "password": ADA[2]}),
        "her profile": ada.get("/profile"),
        "her account as JSON": ada.get("/api/me"),
        "a piece of a page": ada.get("/fragments/members"),
        "where she is sent from /login": ada.get("/login"),
        "what she is refused": ada.get("/admin"),
        "what she typed into a form": guest.post("/signup", {"name": "A", "email": ADA[1], "password": ""}),
        "where a guest is sent": guest.get("/profile"),
        "an error as JSON": guest.get("/api/me"),
        "an error": guest.get("/nowhere"),
    }
    kept = [
        what for what, answer in visit.items() if "no-store" not in answer.headers.get("Cache-Control", "")
    ]
    if kept:
        return won(f"it may keep {len(kept)} of {len(visit)} answers, first of all {kept[0]}")
    if ADA[0] not in visit["her profile"].text:
        return won(f"nothing to keep: Ada's own profile is a {visit['her profile'].status_code}")
    return resisted(f"no-store on all {len(visit)} answers")


@attack(74)
def reader_of_the_logs(app: LabApp) -> Outcome:
    """Read the logs, as many people may: of refused forms, of logins, of cookies, and of what crashed."""
    ada = app.browser()
    with _listening() as overheard:
        secrets = [*_an_ordinary_day(app, ada), *(ada.cookies[name].value for name in COOKIES), "$2b$"]
    log = [*app.log, *app.crashes, *overheard]
    for line in log:
        told = next((secret for secret in secrets if secret in line), None)
        if told is not None:
            at = line.index(told)
            return won(f"the log tells a secret: …{line[max(0, at - 30) : at]}{told[:24]}…")
    kinds = {line.partition(";")[0] for line in log}
    if not {"login refused", "cookie refused"} <= kinds:
        return won(f"a wrong password and a forged cookie leave the same line: {sorted(kinds)}")
    return resisted(f"what happened, and nothing that was typed: {', '.join(sorted(kinds))}")


def _an_ordinary_day(app: LabApp, ada: Browser) -> list[str]:
    """Everything that people get wrong, once; return the passwords that they typed while at it."""
    _, email, password = ADA
    guest = app.browser()
    guest.post("/signup", {"name": "Eve", "email": "eve@lab.test", "password": MISTYPED})
    guest.post("/signup", {"name": "Eve", "email": "eve@lab.test", "password": MISTYPED, "age": "42"})
    guest.post("/login", {"email": email, "password": MISTYPED})
    guest.post("/login", {"email": password, "password": ""})  # typed into the wrong field
    ada.post("/login", {"email": email, "password": password})
    ada.post("/dashboard/settings/password", {"current": MISTYPED, "new": "difference-2-engine"})
    forger = app.browser()
    forger.set_cookie("__Host-session", ada.cookies["__Host-session"].value[:-4])
    forger.get("/profile")
    return [password, MISTYPED, "difference-2-engine"]


@contextmanager
def _listening() -> Iterator[list[str]]:
    """Hear what the app says to Python's logging, too."""
    heard: list[str] = []
    handler, logger = logging.Handler(), logging.getLogger("authlab")
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield heard
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
