"""Lesson 2's bank: each flaw falls to its attack, and no right answer falls to any.

Parts can only be replaced while their modules load, so all of it is tried in one fresh process,
which writes down what it saw; the tests below read that.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LESSON = "lesson_02_passwords"

TRY_THEM_ALL = """
import json, sys
from authlab.course import mounting
from authlab.course.parts import PARTS

mounting.install(PARTS)
from authlab.course import bank
from authlab.lab.apps import ADA, LabApp

attacks = [known for known in bank.all_attacks() if known.lesson == "lesson_02_passwords"]

def attacked():
    seen = {}
    for attack in attacks:
        app = LabApp()
        outcome = attack.run(app)
        seen[str(attack.number)] = [outcome.won, outcome.evidence]
        app.close()
    return seen

def honest():
    app = LabApp()
    eve = app.browser()
    form = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
    steps = [eve.post("/signup", form), eve.get("/profile"), eve.post("/logout")]
    steps += [eve.get("/profile"), eve.post("/login", form), eve.get("/profile")]
    steps += [eve.post("/login", {**form, "password": "let-me-in-5"})]
    steps += [app.browser().post("/signup", {**form, "password": "i-was-here-2"})]
    steps += [app.browser().post("/login", form)]
    app.close()
    return {
        "statuses": [step.status_code for step in steps],
        "profile": "eve@lab.test" in steps[5].text,
        "crashes": app.crashes,
    }

def tried(part, mounts):
    with mounting.mounted(mounts):
        before = mounting.slot_of(part).calls
        result = {"part": part, "honest": honest()}
        result["called"] = mounting.slot_of(part).calls > before
        result["attacks"] = attacked()
    return result

lesson = lambda known: known.lesson == "lesson_02_passwords"
json.dump({
    "package": tried("authlab.accounts:authenticate", {}),
    "flaws": {
        flaw.name: {**tried(flaw.part, flaw.mounts), "attack": flaw.attack}
        for flaw in filter(lesson, bank.all_flaws())
    },
    "alternatives": {
        right.name: tried(right.part, {right.part: right.answer})
        for right in filter(lesson, bank.all_alternatives())
    },
}, sys.stdout)
"""

FLAWS = {
    "select_then_insert": 11,
    "trust_the_early_check": 11,
    "select_inside_a_transaction": 11,
    "return_the_one_that_is_there": 11,
    "replace_what_is_in_the_way": 11,
    "not_found_for_strangers": 14,
    "unauthorized_for_strangers": 14,
    "strangers_sent_back_to_login": 14,
    "return_early": 15,
    "cheap_dummy": 15,
    "dummy_made_on_the_spot": 15,
    "fast_hash_for_strangers": 15,
    "plain_bcrypt": 16,
    "limit_at_signup_only": 16,
    "cut_to_72_bytes": 17,
    "count_characters": 17,
}

ALTERNATIVES = {
    "hash_step_by_step": "authlab.passwords:hash_password",
    "hash_in_one_expression": "authlab.passwords:hash_password",
    "verify_by_hashing_again": "authlab.passwords:verify_password",
    "verify_and_refuse_what_is_no_hash": "authlab.passwords:verify_password",
    "cost_by_position": "authlab.passwords:needs_rehash",
    "cost_by_pattern": "authlab.passwords:needs_rehash",
    "insert_on_conflict_do_nothing": "authlab.accounts:create_user",
    "ask_under_the_write_lock": "authlab.accounts:create_user",
    "decide_once_at_the_end": "authlab.accounts:authenticate",
    "stand_in_for_the_stranger": "authlab.accounts:authenticate",
}

# Which other attacks of this lesson a flaw falls to: who is told apart with any password is told
# apart with one of 80 bytes (16), and who is refused without a hash shows it (15). All others must
# be resisted.
ALSO_FALLS_TO = {
    "not_found_for_strangers": {16},
    "strangers_sent_back_to_login": {16},
    "limit_at_signup_only": {15},
}

# What the evidence must speak of: an attack that wins for another reason teaches the wrong thing.
EVIDENCE = {
    "select_then_insert": "1 were let in and 7 crashed; rows in the table: 1",
    "trust_the_early_check": "1 were let in and 7 crashed; rows in the table: 1",
    "select_inside_a_transaction": "1 were let in and 7 crashed; rows in the table: 1",
    "return_the_one_that_is_there": "8 were let in and 0 crashed; rows in the table: 1",
    "replace_what_is_in_the_way": "8 were let in and 0 crashed; rows in the table: 1",
    "not_found_for_strangers": "eve@lab.test: 404",
    "unauthorized_for_strangers": "eve@lab.test: 401",
    "strangers_sent_back_to_login": "eve@lab.test: 303",
    "return_early": "for ada@lab.test: ['one of cost 4']; for eve@lab.test: []",
    "cheap_dummy": "for eve@lab.test: ['one of cost 6']",
    "dummy_made_on_the_spot": "for eve@lab.test: ['one of cost 4', 'one of cost 4']",
    "fast_hash_for_strangers": "for eve@lab.test: []",
    "plain_bcrypt": "500 for ada@lab.test, 500 for eve@lab.test",
    "limit_at_signup_only": "500 for ada@lab.test, 401 for eve@lab.test",
    "cut_to_72_bytes": "72 bytes…-or-else-2",
    "count_characters": "🔑🔑🔑🔑🔑🔑🔑🔑…-or-else-2",
}

# sign up, profile, log out, profile without a session, log in, profile, wrong password (401), the
# address once more (409), and the first password still opens the account.
HONEST = [303, 200, 303, 303, 303, 200, 401, 409, 303]

# A flaw that even an honest visitor notices: which of the steps above go otherwise.
SHOWS_AT_ONCE = {
    "trust_the_early_check": [303, 200, 303, 303, 303, 200, 401, 500, 303],
    "return_the_one_that_is_there": [303, 200, 303, 303, 303, 200, 401, 303, 303],
    "replace_what_is_in_the_way": [303, 200, 303, 303, 303, 200, 401, 303, 401],
}


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What a fresh process saw when it tried every flaw and every alternative of the lesson."""
    run = subprocess.run(
        [sys.executable, "-B", "-c", TRY_THEM_ALL],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)},
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    result: dict[str, Any] = json.loads(run.stdout)
    return result


def test_the_bank_holds_these_flaws_and_alternatives(seen: dict[str, Any]) -> None:
    """Whoever adds one says here which attack shows it."""
    assert {name: flaw["attack"] for name, flaw in seen["flaws"].items()} == FLAWS
    assert {name: right["part"] for name, right in seen["alternatives"].items()} == ALTERNATIVES


@pytest.mark.parametrize("number", ["11", "14", "15", "16", "17"])
def test_the_package_resists(seen: dict[str, Any], number: str) -> None:
    """Mallory tries what the flaws fall to, on the app as it is."""
    won, evidence = seen["package"]["attacks"][number]
    assert not won, evidence


def test_the_package_lets_honest_visitors_through(seen: dict[str, Any]) -> None:
    """A wall that stops everybody resists every attack."""
    assert seen["package"]["honest"] == {"statuses": HONEST, "profile": True, "crashes": []}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_falls_to_its_attack(seen: dict[str, Any], name: str) -> None:
    """Mallory gets what the flaw gives away."""
    won, evidence = seen["flaws"][name]["attacks"][str(FLAWS[name])]
    assert won, evidence
    assert EVIDENCE[name] in evidence


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_shows_one_thing(seen: dict[str, Any], name: str) -> None:
    """The other attacks of the lesson fail, so that the one that wins names the misconception."""
    wins = {int(number) for number, (won, _) in seen["flaws"][name]["attacks"].items() if won}
    assert wins == {FLAWS[name]} | ALSO_FALLS_TO.get(name, set())


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_looks_like_working_code(seen: dict[str, Any], name: str) -> None:
    """Its author tried it: signed up, logged in and out, and saw nothing wrong (or tried it once)."""
    assert seen["flaws"][name]["honest"]["statuses"] == SHOWS_AT_ONCE.get(name, HONEST)
    assert seen["flaws"][name]["called"]


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_right_answer_in_another_style_resists(seen: dict[str, Any], name: str) -> None:
    """Mallory has no way in, however the part is written."""
    for number, (won, evidence) in seen["alternatives"][name]["attacks"].items():
        assert not won, f"attack {number}: {evidence}"


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_right_answer_in_another_style_lets_honest_visitors_through(
    seen: dict[str, Any], name: str
) -> None:
    """Eve signs up, sees her profile, logs out and in; a wrong password and a twin are refused."""
    right = seen["alternatives"][name]
    assert right["honest"] == {"statuses": HONEST, "profile": True, "crashes": []}
    assert right["called"], f"the app never called {right['part']}"
