"""What the tests of the bank share: a lesson's attacks against the package, each flaw and each right answer.

Parts can only be replaced while their modules load, so all of it is tried in one fresh process, with a fork
for each app, in both ways of keeping sessions; that process writes down what it saw, and the tests read it.

    seen = try_lesson("lesson_02_passwords")
    assert seen.refusals() == {11: "one account, seven refusals", ...}
    assert seen.unlike({"select_then_insert": (11, "7 crashed"), ...}) == {}
"""

import json
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
WORKERS = 2
TIMEOUT_SECONDS = 1800  # a bound for a hang, not a measure: the machine may be busy
GOOD_SECRET = {"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}

# What honest visitors do, in this order, and what they get.
HONEST = {
    "Eve signs up": 303,
    "sees her profile": 200,
    "logs out": 303,
    "sees no profile": 303,
    "mistypes her password": 401,
    "logs in": 303,
    "sees her profile again": 200,
    "signs up once more": 409,
    "logs in elsewhere": 303,
    "changes her password": 303,
    "goes on": 200,
    "logs in with the old one": 401,
    "logs in with the new one": 303,
    "Ada logs in": 303,
    "Ada finds herself in her team": 200,
    "Ada comes back eight days later": 303,
    "Grace logs in": 303,
    "Grace sees all members": 200,
    "Grace sees the admins' dashboard": 200,
    "Grace gives Eve a role": 303,
    "Grace deletes Eve's account": 303,
    "an operator starts another app": 303,
    "the round of dev verify": 200,
}


@dataclass(frozen=True)
class Tried:
    """What was seen of one app, by strategy: honest visitors' steps, and (won, evidence) of each attack."""

    part: str
    attack: int | None  # the attack that a flaw names
    called: bool  # whether the app ever called what stood in for the part
    honest: dict[str, dict[str, int]]
    attacks: dict[str, dict[int, tuple[bool, str]]]

    def wins(self) -> set[int]:
        """Return the attacks that win, in one strategy at least."""
        return {number for told in self.attacks.values() for number, (won, _) in told.items() if won}

    def evidence(self, number: int) -> str:
        """Return what an attack says where it wins, or else everywhere; once, if that is the same twice."""
        told = [outcomes[number] for outcomes in self.attacks.values() if number in outcomes]
        winning = [evidence for won, evidence in told if won] or [evidence for _, evidence in told]
        return " | ".join(dict.fromkeys(winning))

    def noticed(self) -> dict[str, int]:
        """Return what honest visitors get otherwise than they should, in one strategy at least."""
        return {
            step: status
            for statuses in self.honest.values()
            for step, status in statuses.items()
            if status != HONEST.get(step)
        }


@dataclass(frozen=True)
class Seen:
    """What was seen of a lesson's bank."""

    package: Tried
    flaws: dict[str, Tried]
    alternatives: dict[str, Tried]

    def refusals(self) -> dict[int, str]:
        """Return what each attack meets on the package; a win says so."""
        wins, numbers = self.package.wins(), next(iter(self.package.attacks.values()))
        return {
            number: ("WON: " if number in wins else "") + self.package.evidence(number) for number in numbers
        }

    def unlike(self, expected: Mapping[str, tuple[int, str]]) -> dict[str, str]:
        """Return the flaws that do not fall to the attack they should, with this in the evidence."""
        found = {}
        for name in expected.keys() | self.flaws.keys():
            number, text = expected.get(name, (0, ""))
            flaw = self.flaws.get(name)
            if flaw is None or number == 0:
                found[name] = "is in the test and not in the bank" if flaw is None else "is in no test"
            elif flaw.attack != number or number not in flaw.wins() or text not in flaw.evidence(number):
                won = "won" if number in flaw.wins() else "lost"
                found[name] = f"names {flaw.attack}; {number} {won}: {flaw.evidence(number)}"
        return found

    def further_wins(self) -> dict[str, set[int]]:
        """Return the flaws that fall to other attacks of the lesson, too, and to which."""
        accepted = self.package.wins()
        further = {name: flaw.wins() - accepted - {flaw.attack or 0} for name, flaw in self.flaws.items()}
        return {name: wins for name, wins in further.items() if wins}

    def noticed(self) -> dict[str, dict[str, int]]:
        """Return the flaws that honest visitors notice, and those that the app never called."""
        return _noticed(self.flaws)

    def refused(self) -> dict[str, dict[str, object]]:
        """Return the right answers that fall to an attack, or that honest visitors notice."""
        told = _noticed(self.alternatives)
        found: dict[str, dict[str, object]] = {name: dict(steps) for name, steps in told.items()}
        for name, right in self.alternatives.items():
            for number in right.wins() - self.package.wins():
                found.setdefault(name, {})[f"attack {number}"] = right.evidence(number)
        return found


@cache
def try_lesson(lesson: str) -> Seen:
    """Return what a fresh process saw when it tried the bank of one lesson (`lesson_02_passwords`)."""
    run = subprocess.run(
        [sys.executable, "-B", "-m", "tests.course.bank_trials", lesson],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    return Seen(
        package=_tried(told["package"][""]),
        flaws={name: _tried(app) for name, app in told["flaws"].items()},
        alternatives={name: _tried(app) for name, app in told["alternatives"].items()},
    )


def _tried(told: dict[str, Any]) -> Tried:
    attacks = {
        sessions: {int(number): (won, evidence) for number, (won, evidence) in outcomes.items()}
        for sessions, outcomes in told.pop("attacks").items()
    }
    return Tried(**told, attacks=attacks)


def _noticed(apps: Mapping[str, Tried]) -> dict[str, dict[str, int]]:
    found = {name: {**app.noticed(), **({} if app.called else {"called": 0})} for name, app in apps.items()}
    return {name: steps for name, steps in found.items() if steps}


# In the fresh process


def _try_them_all(lesson: str) -> dict[str, dict[str, Any]]:
    from authlab.course import mounting
    from authlab.course.parts import PARTS

    mounting.install(PARTS)
    from authlab.course import bank

    bank.all_attacks()
    jobs = [
        ("package", "", lesson),
        *(
            ("flaws", flaw.name, lesson)
            for flaw in bank.all_flaws()
            if flaw.lesson == lesson and flaw.attack is not None  # the others fall to checks
        ),
        *(
            ("alternatives", right.name, lesson)
            for right in bank.all_alternatives()
            if right.lesson == lesson
        ),
    ]
    jobs = [job for job in jobs if _part(*job[:2]) in PARTS]
    told: dict[str, dict[str, Any]] = {"package": {}, "flaws": {}, "alternatives": {}}
    if "fork" not in multiprocessing.get_all_start_methods():
        found = [_try_one(*job) for job in jobs]
    else:
        with multiprocessing.get_context("fork").Pool(WORKERS, maxtasksperchild=1) as pool:
            found = pool.starmap(_try_one, jobs, chunksize=1)
    for (kind, name, _), app in zip(jobs, found, strict=True):
        told[kind][name] = app
    return told


def _part(kind: str, name: str) -> str:
    from authlab.course import bank

    if kind == "package":
        return "authlab.accounts:authenticate"
    if kind == "flaws":
        return bank.flaw_named(name).part
    return next(right.part for right in bank.all_alternatives() if right.name == name)


def _try_one(kind: str, name: str, lesson: str) -> dict[str, Any]:
    from authlab.course import bank, mounting, trials

    part, own, mounts = _part(kind, name), None, {}
    if kind == "flaws":
        wrong = bank.flaw_named(name)
        own, mounts = wrong.attack, wrong.mounts
    elif kind == "alternatives":
        mounts = {right.part: right.answer for right in bank.all_alternatives() if right.name == name}
    # A flaw may fall to an attack of another lesson than its own.
    numbers = [known.number for known in bank.all_attacks() if known.lesson == lesson or known.number == own]
    attacks: dict[str, dict[int, tuple[bool, str]]] = {sessions: {} for sessions in trials.BOTH_WAYS}

    def attacked(number: int, sessions: Any) -> bool:
        told = trials.attack(number, sessions)
        attacks[sessions][number] = (told.get("won", True), told.get("evidence") or told["error"])
        return attacks[sessions][number][0]

    with mounting.mounted(mounts):
        before = mounting.slot_of(part).calls
        honest = {sessions: _honest(sessions) for sessions in trials.BOTH_WAYS}
        ways = list(trials.BOTH_WAYS)
        # For time's sake: what else a flaw gives away is looked for where it gives away anything, and a right
        # answer meets the attacks that its part's flaws fall to. `dev verify` lets it meet all of the lesson.
        if own in numbers:
            ways = [sessions for sessions in ways if attacked(own, sessions)][:1]
        elif kind == "alternatives":
            numbers = sorted({wrong.attack for wrong in bank.flaws_of(part) if wrong.attack}) or numbers
        for sessions in ways:
            for number in numbers:
                if number != own:
                    attacked(number, sessions)
        called = mounting.slot_of(part).calls > before
    return {"part": part, "attack": own, "called": called, "honest": honest, "attacks": attacks}


def _honest(sessions: Any) -> dict[str, int]:
    from authlab.app import App
    from authlab.course import trials
    from authlab.lab.apps import ADA, GRACE, LabApp
    from authlab.lab.browser import Browser
    from authlab.tokens import load_secret

    form = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4 you"}
    other = {**form, "password": "once-more-5 you"}
    adas = {"email": ADA[1], "password": ADA[2]}
    steps: dict[str, int] = {}
    with closing(LabApp(vault=trials.VAULT, sessions=sessions, cached=True)) as app:
        eve, ada, grace = (app.browser(address=f"192.0.2.{number}") for number in (7, 8, 9))
        steps["Eve signs up"] = eve.post("/signup", form).status_code
        steps["sees her profile"] = _shows(eve.get("/profile"), "eve@lab.test")
        steps["logs out"] = eve.post("/logout").status_code
        steps["sees no profile"] = eve.get("/profile").status_code
        steps["mistypes her password"] = eve.post("/login", other).status_code
        steps["logs in"] = eve.post("/login", form).status_code
        steps["sees her profile again"] = _shows(eve.get("/profile"), "eve@lab.test")
        steps["signs up once more"] = app.browser().post("/signup", other).status_code
        steps["logs in elsewhere"] = app.browser().post("/login", form).status_code
        change = {"current": form["password"], "new": other["password"]}
        steps["changes her password"] = eve.post("/dashboard/settings/password", change).status_code
        steps["goes on"] = _shows(eve.get("/profile"), "eve@lab.test")
        steps["logs in with the old one"] = app.browser().post("/login", form).status_code
        steps["logs in with the new one"] = app.browser().post("/login", other).status_code
        steps["Ada logs in"] = ada.post("/login", adas).status_code
        steps["Ada finds herself in her team"] = _shows(ada.get("/members?q=lovelace"), ADA[0])
        app.clock.advance(days=8)
        steps["Ada comes back eight days later"] = ada.get("/profile").status_code
        steps["Grace logs in"] = grace.post("/login", {"email": GRACE[1], "password": GRACE[2]}).status_code
        steps["Grace sees all members"] = _shows(grace.get("/admin"), trials.VAULT)
        steps["Grace sees the admins' dashboard"] = _shows(grace.get("/dashboard"), "You are an admin")
        role = grace.post("/admin/users/4/role", {"role": "admin"})
        steps["Grace gives Eve a role"] = role.status_code if app.users()[3].role == "admin" else 0
        gone = grace.post("/admin/users/4/delete")
        steps["Grace deletes Eve's account"] = gone.status_code if len(app.users()) == 3 else 0
        own = replace(app.settings, session_keys={"own": load_secret(GOOD_SECRET, "SESSION_SECRET")})
        other_app = Browser(App(own), app.clock, address="192.0.2.10")
        steps["an operator starts another app"] = other_app.post("/login", adas).status_code
        if app.crashes:
            steps["crashes"] = len(app.crashes)
    steps["the round of dev verify"] = 200 if trials.honest(sessions)["works"] else 0
    return steps


def _shows(page: Any, text: str) -> int:
    """Return the status of a page that shows a text, and 0 for one that does not."""
    return int(page.status_code) if text in page.text else 0


if __name__ == "__main__":
    json.dump(_try_them_all(sys.argv[1]), sys.stdout)
