"""Attacks through the sign-up form. Numbers 1 to 8 of the catalogue."""

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import LabApp

GOOD = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}


@attack(1)
def skip_the_browser(app: LabApp) -> Outcome:
    """Send the form without its page: with fields that the page would not send, and with none."""
    bad = app.browser().post("/signup", {"name": "E", "email": "nowhere", "password": "short"})
    empty = app.browser().post("/signup")
    asked = len(app.statements)
    if (bad.status_code, empty.status_code, asked) == (422, 422, 0):
        return resisted("422 twice, and no question to the database")
    return won(f"{bad.status_code} and {empty.status_code}, {asked} questions to the database")


@attack(2)
def pad_with_spaces(app: LabApp) -> Outcome:
    """Fill a password of three characters, and a name of none, with spaces."""
    password = app.browser().post("/signup", {**GOOD, "password": "a1!     "})
    name = app.browser().post("/signup", {**GOOD, "name": "   "})
    if (password.status_code, name.status_code) == (422, 422):
        return resisted("422 for the padded password, 422 for the padded name")
    return won(f"accepted: {[user.name for user in app.users() if user.email == GOOD['email']]}")


@attack(3)
def one_rule_of_three(app: LabApp) -> Outcome:
    """Choose a password that keeps the last rule and breaks another."""
    answer = app.browser().post("/signup", {**GOOD, "password": "11111111!"})
    if answer.status_code == 422 and "at least one letter" in answer.text:
        return resisted("422: at least one letter")
    return won(f"{answer.status_code} for a password without a letter")


@attack(4)
def mass_assignment(app: LabApp) -> Outcome:
    """Add a field that the page does not have: a role."""
    for number, field in enumerate(("role", "Role")):
        mallory = app.browser()
        mallory.post("/signup", {**GOOD, "email": f"eve{number}@lab.test", field: "admin"})
        page = mallory.get("/admin")
        if app.vault in page.text:
            return won(f"{field}=admin opened the page for admins: {app.vault}")
    return resisted("the field is refused, and the page for admins stays shut")


@attack(5)
def stored_xss(app: LabApp) -> Outcome:
    """Sign up under a name that is markup, and look at the pages that show it."""
    markup = '"><img src=x onerror=alert(1)>'
    mallory = app.browser()
    mallory.post("/signup", {**GOOD, "name": markup})
    profile = mallory.get("/profile")
    form_again = app.browser().post("/signup", {**GOOD, "name": markup, "email": "nowhere"})
    for page, where in ((profile, "profile"), (form_again, "form")):
        if "<img src=x" in page.text:
            return won(f"the name runs as markup on the {where} page")
        if "&lt;img src=x" not in page.text:
            return won(f"the {where} page does not show the name at all: {page.status_code}")
    return resisted("the name is shown as text on the profile and in the form")


@attack(6)
def case_twins(app: LabApp) -> Outcome:
    """Sign up twice with one address in two cases."""
    for first, second in (("eve@lab.test", "Eve@Lab.test"), ("zoé@lab.test", "ZOÉ@lab.test")):
        app.browser().post("/signup", {**GOOD, "email": first})
        twin = app.browser().post("/signup", {**GOOD, "email": second})
        if twin.status_code != 409:
            return won(f"{second} got an account beside {first}: {twin.status_code}")
    return resisted("409: one account for both spellings")


@attack(7)
def unicode_twins(app: LabApp) -> Outcome:
    """Sign up twice with addresses that read alike: é in two encodings, a Kelvin sign, a wide a, an ℋ."""
    twins = (
        ("zo\u00e9@lab.test", "zoe\u0301@lab.test"),
        ("kim@lab.test", "\u212aim@lab.test"),
        ("amy@lab.test", "\uff41my@lab.test"),
        ("hal@lab.test", "\u210bal@lab.test"),
    )
    for first, second in twins:
        app.browser().post("/signup", {**GOOD, "email": first})
        twin = app.browser().post("/signup", {**GOOD, "email": second})
        if twin.status_code != 409:
            return won(f"two accounts for what reads as {first}: {twin.status_code}")
    return resisted("409: one account for each pair")


@attack(8)
def control_characters(app: LabApp) -> Outcome:
    """Put a line break at the end of an address, and a NUL in the middle."""
    for email in (
        "eve@lab.test\n",
        "eve@lab.test\r",
        "eve@lab.test\r\nBcc: all@lab.test",
        "e\x00ve@lab.test",
    ):
        answer = app.browser().post("/signup", {**GOOD, "email": email})
        if answer.status_code != 422:
            return won(f"{email!r} was accepted: {answer.status_code}")
    return resisted("422 for each")
