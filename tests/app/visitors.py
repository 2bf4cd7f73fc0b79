"""Browsers of the app's visitors."""

from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser


def signed_in(app: LabApp, who: tuple[str, str, str] = ADA) -> Browser:
    """Return a browser of somebody who has logged in."""
    browser = app.browser()
    answer = browser.post("/login", {"email": who[1], "password": who[2]})
    assert answer.status_code == 303, answer.text
    return browser
