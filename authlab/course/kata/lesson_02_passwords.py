"""Lesson 2: an attack on a login that believes too early, and a test that catches wrong logins."""

from collections.abc import Callable
from contextlib import closing

from authlab.db import UserRow
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser


def take_over(browser: Browser, email: str) -> str:
    """Return the text of the page at `/profile` of the member whose address is
    `email`. You do not know the password, and you need not find it out.

    You get `browser`, a visitor's browser that has never signed in, and the
    member's address. This morning the operator has raised the cost from 4 to 5.
    The app renews an old hash at the login, and it renews it a moment too
    early: the code stands in the lesson, right above this exercise.

    - `browser.post("/login", {"email": ..., "password": ...})` sends the form,
      and signs you in when it is accepted.
    - `browser.get("/profile")` opens the page; the answer's `.text` is its HTML.

    Ten guesses in a quarter of an hour are allowed for an account, and you need
    fewer. Against the app without the hole the same requests bring nothing, and
    must not crash: return what comes.
    """
    for _ in range(2):
        browser.post("/login", {"email": email, "password": "mallory-was-here-1"})
    return browser.get("/profile").text


def prove_authenticate(authenticate: Callable[..., UserRow | None]) -> None:
    """Prove with `assert` that an `authenticate` lets the right people in, and
    does the same work for all others. Return nothing.

    Your proof gets the function to judge. It is run on wrong versions, each of
    which must make one of your assertions fail, and on right ones in other
    styles, which must pass. Only a failing `assert` counts: a proof that
    crashes has proven nothing. None of them raises on what can be typed.

    - `app = LabApp()` makes an app, in which Ada is signed up with a hash of
      cost 4, and `app.connect()` returns a connection to its database.
    - `authenticate(db, email, password, rounds=4, pepper=app.settings.pepper)`
      is a call. With `rounds=5` it is made on the day after the cost was
      raised.
    - `ADA` is her name, her address and her password; her `id` is 1.
    - `app.hash_costs` is a list to which every bcrypt hash adds its cost, in
      whatever function it is made. `app.hash_costs.clear()` empties it. Count
      work with it, never seconds.

    What each call must cost and may change is in exercise 2.4. Mind what a
    member costs whose hash is older than today's cost.
    """
    app = LabApp()
    with closing(app.connect()) as db:
        pepper = app.settings.pepper
        ada = authenticate(db, ADA[1], ADA[2], rounds=4, pepper=pepper)
        assert ada is not None
        assert ada.id == 1
        # The same refusal and the same work, whether there is an account or not ...
        for email in (ADA[1], "eve@lab.test"):
            app.hash_costs.clear()
            assert authenticate(db, email, "wrong-password-1", rounds=4, pepper=pepper) is None
            assert app.hash_costs == [4]
        # ... and work of today's cost.
        app.hash_costs.clear()
        assert authenticate(db, "eve@lab.test", "wrong-password-1", rounds=5, pepper=pepper) is None
        assert app.hash_costs == [5]
        # A wrong password does not become the right one.
        for _ in range(2):
            assert authenticate(db, ADA[1], "wrong-password-1", rounds=5, pepper=pepper) is None
        assert authenticate(db, ADA[1], ADA[2], rounds=5, pepper=pepper) is not None
