"""Attacks from other sites: a page of Mallory's that a victim has opened."""

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import GRACE, LabApp

# Pages that are not ours: another name, one that ends like ours, one that begins like ours, and a
# sandboxed frame, which says "null".
FOREIGN_PAGES = ("https://evil.test", "https://evil-lab.test", "https://lab.test.evil.test", "null")


@attack(51)
def login_csrf(app: LabApp) -> Outcome:
    """Have the victim's browser post a login form with another name: the victim works in that account."""
    for page in FOREIGN_PAGES:
        victim = app.browser(page=page)
        answer = victim.post("/login", {"email": GRACE[1], "password": GRACE[2]})
        if answer.status_code != 403 or victim.cookies:
            return won(f"{answer.status_code}: a form on {page} signed the victim in as somebody else")
    return resisted("403 for each foreign page, and no cookie")
