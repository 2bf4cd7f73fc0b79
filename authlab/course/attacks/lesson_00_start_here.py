"""Attacks on what lesson 0 shows."""

from authlab.course.bank import Outcome, attack, resisted, won
from authlab.lab.apps import LabApp


@attack(101)
def bare_number_as_cookie(app: LabApp) -> Outcome:
    """Write a member's number into the session cookie and open the profile page."""
    mallory = app.browser()
    mallory.set_cookie("__Host-session", "3")
    page = mallory.get("/profile")
    if app.vault in page.text:
        return won(f"read member 3's profile: {app.vault}")
    return resisted(f"{page.status_code}, to {page.headers.get('Location')}")
