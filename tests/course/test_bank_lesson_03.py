"""Lesson 3's bank: each flaw falls to its attack, and no right answer falls to any.

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

TRY_THEM_ALL = """
import json, sys
from dataclasses import replace
from authlab.course import mounting
from authlab.course.parts import PARTS

mounting.install(PARTS)
from authlab.app import App
from authlab.course import bank
from authlab.course.flaws import lesson_03_tokens as wrong
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.tokens import load_secret, sign_session, verify_session_token, Session

lesson = lambda known: known.lesson == "lesson_03_tokens"
GOOD = {"SESSION_SECRET": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="}
# login.company.test signed this with RS256 and a private key that is gone.
COMPANY_TOKEN = (
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJsb2dpbi5jb21wYW55LnRlc3QiLCJhdWQiOiJhdXRobGFiLnNlc3Npb24iLCJz"
    "dWIiOiIxIiwianRpIjoiNWU1NSIsImlhdCI6MTc2NzYwMzYwMCwiZXhwIjoxNzY4MjA4NDAwfQ.uVKqloKkhlNxaxwB8f"
    "T535Q9KunrzNwmi-viB5S4TW0cWSDaqkt3FBWDZMgk2JtTqqM4ToyZHMugNMwuBMk8a_p0tBim2tFYxmeYHiI0sulLWkzZ"
    "AGQ49DIm-GzQMR4Svoh36tsMZYEUGOjmD7-jGIaeBVb0t1Iq1BfmqUlMePN2I4lgiyBB6wHOySafXyyS_l9IKcmjhbuUKJ"
    "NcOSDNSd9g55n1ZNp9ivUUpB7rCkS_JAAafRH6gJyw4BB-OwIveHS6Gl-E_GUhS65FU6PmMb1IZTkahGX1YQVTVdxSuHLi"
    "fO1vxEZHYpxSgv-Cx55vKcxp2221KWqjr5JBcx1RjA"
)

def attacked():
    seen = {}
    for attack in filter(lesson, bank.all_attacks()):
        app = LabApp(vault="The Vault 7f3a")
        outcome = attack.run(app)
        seen[str(attack.number)] = [outcome.won, outcome.evidence]
        app.close()
    return seen

def honest():
    # The app is started as its operator does: with a good secret, out of the environment.
    lab = LabApp()
    app = App(replace(lab.settings, session_key=load_secret(GOOD, "SESSION_SECRET")), lab.crashes.append)
    eve, ada = Browser(app, lab.clock), Browser(app, lab.clock)
    form = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
    steps = [eve.post("/signup", form), eve.get("/profile"), eve.post("/logout")]
    steps += [eve.get("/profile"), eve.post("/login", form), eve.get("/profile")]
    steps += [ada.post("/login", {"email": ADA[1], "password": ADA[2]}), ada.get("/profile")]
    lab.clock.advance(days=8)
    steps += [ada.get("/profile")]
    lab.close()
    return {
        "statuses": [step.status_code for step in steps],
        "names": ["Eve" in steps[5].text, ADA[0] in steps[7].text],
        "crashes": [repr(crash) for crash in lab.crashes],
    }

def tried(part, mounts):
    with mounting.mounted(mounts):
        before = mounting.slot_of(part).calls
        result = {"part": part, "honest": honest()}
        result["called"] = mounting.slot_of(part).calls > before
        result["attacks"] = attacked()
    return result

def company():
    with mounting.mounted(bank.flaw_named("algorithm_from_the_header").mounts):
        now = 1_767_603_600
        good = verify_session_token(COMPANY_TOKEN, b"k" * 32, now)
        return [good is not None, verify_session_token(COMPANY_TOKEN[:-2] + "AA", b"k" * 32, now) is None]

# The app has one key so far: what stands in for pick_key gets a ring from the flaws' companions.
ring = lambda part: wrong.RING if part == wrong.PICK else {}
json.dump({
    "package": tried(wrong.VERIFY, {}),
    "package with a ring": tried(wrong.PICK, wrong.RING),
    "company": company(),
    "flaws": {
        flaw.name: {**tried(flaw.part, flaw.mounts), "attack": flaw.attack}
        for flaw in filter(lesson, bank.all_flaws())
    },
    "alternatives": {
        right.name: tried(right.part, {right.part: right.answer, **ring(right.part)})
        for right in filter(lesson, bank.all_alternatives())
    },
}, sys.stdout)
"""

FLAWS = {
    "name_and_email_to_greet": 25,
    "the_whole_user": 25,
    "role_for_the_menu": 25,
    "unsigned_for_our_tests": 26,
    "blocklist_of_none": 26,
    "algorithms_as_the_header_says": 26,
    "algorithm_from_the_header": 27,
    "one_list_for_both_kinds": 27,
    "ignore_the_warning": 28,
    "default_for_development": 28,
    "filled_up_to_32_bytes": 28,
    "digest_of_any_word": 28,
    "base64_of_any_length": 28,
    "key_file_by_kid": 29,
    "old_keys_in_a_folder": 29,
    "path_that_begins_right": 29,
    "dots_taken_out": 29,
    "exp_if_it_is_there": 30,
    "the_cookie_ends_by_itself": 30,
    "no_end_so_nobody_is_logged_out": 30,
    "no_audience": 31,
    "audience_that_begins_right": 31,
    "every_audience_of_the_house": 31,
    "signature_off_to_read_sub": 32,
    "signature_known_from_before": 32,
    "any_error_is_our_fault": 32,
    "catches_invalid_token_only": 33,
    "three_parts_as_we_made_them": 33,
}

ALTERNATIVES = {
    "secret_by_steps": "authlab.tokens:load_secret",
    "secret_by_pattern": "authlab.tokens:load_secret",
    "sign_by_hand": "authlab.tokens:sign_session",
    "sign_claim_by_claim": "authlab.tokens:sign_session",
    "pick_by_asking_first": "authlab.tokens:pick_key",
    "pick_by_catching": "authlab.tokens:pick_key",
    "pick_by_comparing": "authlab.tokens:pick_key",
    "verify_with_a_model": "authlab.tokens:verify_session_token",
    "verify_by_hand": "authlab.tokens:verify_session_token",
    "verify_question_by_question": "authlab.tokens:verify_session_token",
}

# Which other attacks of this lesson a flaw falls to: who never looks at the signature believes any
# token that is otherwise in order. All others must be resisted.
ALSO_FALLS_TO: dict[str, set[int]] = {
    "signature_off_to_read_sub": {26, 29},
    "any_error_is_our_fault": {26, 29},
}

# What the evidence must speak of: an attack that wins for another reason teaches the wrong thing.
READ = "read member 3's profile: The Vault 7f3a"
EVIDENCE = {
    "name_and_email_to_greet": "the token tells ['Grace Hopper', 'grace@lab.test']",
    "the_whole_user": "the token tells ['Grace Hopper', 'grace@lab.test', 'admin', '$2b$']",
    "role_for_the_menu": "the token tells ['admin']",
    "unsigned_for_our_tests": f"alg none: {READ}",
    "blocklist_of_none": f"alg nOnE: {READ}",
    "algorithms_as_the_header_says": "alg none: 500, and the server says",
    "ignore_the_warning": f"with {{'SESSION_SECRET': 'changeme'}}: {READ}",
    "default_for_development": f"with {{}}: {READ}",
    "filled_up_to_32_bytes": f"with {{'SESSION_SECRET': 'changeme'}}: {READ}",
    "digest_of_any_word": f"with {{'SESSION_SECRET': 'changeme'}}: {READ}",
    "base64_of_any_length": f"with {{'SESSION_SECRET': 'changeme'}}: {READ}",
    "key_file_by_kid": f"kid ../static/favicon.svg: {READ}",
    "old_keys_in_a_folder": f"kid ../static/favicon.svg: {READ}",
    "path_that_begins_right": f"kid ../static/favicon.svg: {READ}",
    "dots_taken_out": f"kid ....//static/favicon.svg: {READ}",
    "exp_if_it_is_there": "a token without exp, a year later: 200",
    "the_cookie_ends_by_itself": "a copy of my own token, a year later: 200",
    "no_end_so_nobody_is_logged_out": "a copy of my own token, a year later: 200",
    "catches_invalid_token_only": '500, and the server says ["UnicodeEncodeError(',
    "three_parts_as_we_made_them": "500, and the server says",
}

# sign up, profile, log out, profile without a session, log in, profile; Ada logs in, her profile, and
# the same eight days later, when her browser has dropped the cookie.
HONEST = [303, 200, 303, 303, 303, 200, 303, 200, 303]


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


@pytest.mark.parametrize("app", ["package", "package with a ring"])
@pytest.mark.parametrize("number", range(25, 34))
def test_the_package_resists(seen: dict[str, Any], app: str, number: int) -> None:
    """Mallory tries what the flaws fall to, on the app as it is, with one key and with a ring."""
    won, evidence = seen[app]["attacks"][str(number)]
    assert not won, evidence
    assert "500" not in evidence


@pytest.mark.parametrize("number", [26, 27, 29, 30, 31, 32, 33])
def test_a_refused_token_leads_to_the_login(seen: dict[str, Any], number: int) -> None:
    """Every refusal looks the same: whoever tries tokens learns nothing from it."""
    assert seen["package"]["attacks"][str(number)] == [False, "303, to /login"]


def test_a_weak_secret_stops_the_app_and_its_operator_is_told_why(seen: dict[str, Any]) -> None:
    """The attack never gets an app to try its word list on."""
    _, evidence = seen["package"]["attacks"]["28"]
    assert evidence.startswith("the app does not start: SESSION_SECRET: expected base64 of 32 bytes")


@pytest.mark.parametrize("app", ["package", "package with a ring"])
def test_the_package_lets_honest_visitors_through(seen: dict[str, Any], app: str) -> None:
    """A wall that stops everybody resists every attack."""
    assert seen[app]["honest"] == {"statuses": HONEST, "names": [True, True], "crashes": []}


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_falls_to_its_attack(seen: dict[str, Any], name: str) -> None:
    """Mallory gets what the flaw gives away."""
    won, evidence = seen["flaws"][name]["attacks"][str(FLAWS[name])]
    assert won, evidence
    assert EVIDENCE.get(name, READ) in evidence


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_shows_one_thing(seen: dict[str, Any], name: str) -> None:
    """The other attacks of the lesson fail, so that the one that wins names the misconception."""
    wins = {int(number) for number, (won, _) in seen["flaws"][name]["attacks"].items() if won}
    assert wins == {FLAWS[name]} | ALSO_FALLS_TO.get(name, set())


@pytest.mark.parametrize("name", FLAWS)
def test_a_flaw_looks_like_working_code(seen: dict[str, Any], name: str) -> None:
    """Its author tried it: signed up, logged in and out, and saw nothing wrong."""
    assert seen["flaws"][name]["honest"] == {"statuses": HONEST, "names": [True, True], "crashes": []}
    assert seen["flaws"][name]["called"]


def test_the_confused_verifier_believes_the_company_and_not_its_forgers(seen: dict[str, Any]) -> None:
    """It does verify RS256: what is wrong with it is that the header may say HS256 instead."""
    assert seen["company"] == [True, True]


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_right_answer_in_another_style_resists(seen: dict[str, Any], name: str) -> None:
    """Mallory has no way in, however the part is written."""
    for number, (won, evidence) in seen["alternatives"][name]["attacks"].items():
        assert not won, f"attack {number}: {evidence}"


@pytest.mark.parametrize("name", ALTERNATIVES)
def test_a_right_answer_in_another_style_lets_honest_visitors_through(
    seen: dict[str, Any], name: str
) -> None:
    """Eve signs up, sees her profile, logs out and in; Ada does too, until her session is over."""
    right = seen["alternatives"][name]
    assert right["honest"] == {"statuses": HONEST, "names": [True, True], "crashes": []}
    assert right["called"], f"the app never called {right['part']}"
