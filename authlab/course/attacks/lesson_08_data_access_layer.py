"""Attacks on the data access layer. Numbers 63 to 65 of the catalogue.

Mallory has an account of her own, number 4. What she wants is Ada's page, and the account of member 3.
"""

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import ADA, ADAS_TEAM, GRACE, LabApp
from authlab.lab.browser import Browser

MALLORY = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
OWN = 4  # the number that she gets: Ada, Grace and member 3 were there before


@attack(63)
def after_her(app: LabApp) -> Outcome:
    """Ask for a page right after Ada, from the office that both work in."""
    ada, mallory = app.browser(), _member(app)
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    for path in ("/profile", "/api/me", "/dashboard"):
        ada.get(path)
        page = mallory.get(path)
        if ADA[0] in page.text:
            return won(f"{path} shows Mallory what is Ada's: {ADA[0]}")
        if MALLORY["name"] not in page.text:
            return won(f"{path} does not show Mallory herself: {page.status_code}")
    return resisted("each of them sees their own page")


@attack(64)
def anothers_number(app: LabApp) -> Outcome:
    """Write another member's number where the own one stands: to read their account, and to change it."""
    mallory = _member(app)
    _join_adas_team(app)
    for path in ("/api/users/3", "/api/me?id=3"):
        if app.vault in mallory.get(path).text:
            return won(f"GET {path} told {app.vault}")
    refused, nobody = _answers(mallory, 3), _answers(mallory, 99)
    _answers(mallory, 1)
    changed = [user.name for user in app.users() if user.phone == "666" and user.id != OWN]
    if changed:
        return won(f"POST /members/…/phone changed the number of {', '.join(changed)}")
    if refused != nobody:
        return won(f"{refused} for member 3, {nobody} for nobody: that tells who is there")
    own = _answers(mallory, OWN)
    said = f"{refused}, as for nobody, and no row changed; her own: {own}"
    return resisted(said) if own == [200, 303] else won(f"her own account is not hers: {own}")


@attack(65)
def another_spelling(app: LabApp) -> Outcome:
    """Write member 3's number as no link does: with zeros before it, and in other scripts' digits."""
    mallory = _member(app)
    refused = mallory.get("/api/users/3").status_code
    for spelling in ("0003", "３", "٣"):
        answer = mallory.get(f"/api/users/{spelling}")
        if app.vault in answer.text:
            return won(f"/api/users/{spelling} told {app.vault}, and /api/users/3 was a {refused}")
        if answer.status_code != refused:
            return won(f"{answer.status_code} for {spelling} and {refused} for 3")
    own = [mallory.get(f"/api/users/{spelling}").status_code for spelling in ("4", "0004", "４")]
    said = f"{refused} for every spelling of 3; her own, in three spellings: {own}"
    return resisted(said) if own == [200, 200, 200] else won(said)


def _member(app: LabApp) -> Browser:
    mallory = app.browser()
    mallory.post("/signup", MALLORY)
    return mallory


def _join_adas_team(app: LabApp) -> None:
    """Grace puts her there. Who is in a team sees the others' phone numbers; that is all it gives."""
    grace = app.browser(address="192.0.2.2")
    grace.post("/login", {"email": GRACE[1], "password": GRACE[2]})
    grace.post(f"/admin/users/{OWN}/team", {"team": ADAS_TEAM})


def _answers(mallory: Browser, number: int) -> list[int]:
    """Ask for an account, and send a phone number for it."""
    read = mallory.get(f"/api/users/{number}")
    written = mallory.post(f"/members/member-{number}/phone", {"phone": "666"})
    return [read.status_code, written.status_code]
