"""One trial of the app as it is mounted now: an attack, or an honest visitor's round, in one of the two ways
of keeping sessions."""

from contextlib import closing
from typing import Any, Literal

from authlab.course import bank
from authlab.lab.apps import ADA, LabApp

Sessions = Literal["stateless", "database"]

# A hole of one way is none of the other: only a table can be stolen, only a token outlives its deletion.
BOTH_WAYS: tuple[Sessions, ...] = ("stateless", "database")
VAULT = "The Vault 7f3a"


def attack(number: int, sessions: Sessions) -> dict[str, Any]:
    """Return `{"won", "evidence"}` of one attack on a fresh app; an attack that crashes is an error."""
    known = next(attack for attack in bank.all_attacks() if attack.number == number)
    try:
        with closing(_app(sessions)) as app:
            outcome = known.run(app)
    except Exception as error:
        return {"error": f"attack {number} crashed: {type(error).__name__}: {error}"}
    return {"won": outcome.won, "evidence": outcome.evidence}


def honest(sessions: Sessions) -> dict[str, Any]:
    """Return `{"works", "evidence"}` of an honest round: sign up, log out, log in, see the profile.

    An app that refuses everybody resists every attack; this is what tells it from a safe one.
    """
    try:
        with closing(_app(sessions)) as app:
            steps = _round(app)
    except Exception as error:
        return {"works": False, "evidence": f"{type(error).__name__}: {error}"}
    expected = [303, 200, 303, 303, 303, 200, 303]
    return {
        "works": steps == expected and not app.crashes,
        "evidence": f"{steps} {app.crashes or ''}".strip(),
    }


def _app(sessions: Sessions) -> LabApp:
    # With the cache of database sessions, so that attacks meet what it forgets too late.
    return LabApp(vault=VAULT, sessions=sessions, cached=True)


def _round(app: LabApp) -> list[int]:
    visitor, ada = app.browser(), app.browser()
    name, email, password = "Eve", "eve@lab.test", "let-me-in-4 you"
    steps = [visitor.post("/signup", {"name": name, "email": email, "password": password}).status_code]
    profile = visitor.get("/profile")
    steps.append(profile.status_code if name in profile.text else 0)
    steps.append(visitor.post("/logout").status_code)
    steps.append(visitor.get("/profile").status_code)
    steps.append(visitor.post("/login", {"email": email, "password": password}).status_code)
    steps.append(visitor.get("/profile").status_code)
    steps.append(ada.post("/login", {"email": ADA[1], "password": ADA[2]}).status_code)
    return steps
