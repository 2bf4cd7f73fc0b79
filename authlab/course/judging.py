"""What checks need beyond plain assertions: which exercise they are for, which request shows what they are
about, and how an attack or a proof is judged."""

import inspect
import linecache
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import pytest

from authlab.course import bank
from authlab.course.curriculum import Exercise, select
from authlab.course.mounting import mounted, original, slot_of
from authlab.course.trials import VAULT, Sessions
from authlab.lab.apps import LabApp
from authlab.lab.browser import Browser

REQUESTS = "  your requests  "
SENT = "  you have sent  "  # where the line above says what it comes to
MISSED = "  one believes  "
# What a proof fails with: a plain assert, or `pytest.raises` around what raised nothing.
FAILURES = (AssertionError, pytest.fail.Exception)

Checks = TypeVar("Checks", bound=type)
Check = TypeVar("Check", bound=Callable[..., None])
# What an attack is handed: browsers of its own and of its victims, or the clock of the app.
Cast = Callable[[LabApp], tuple[Any, ...]]
# What kept an attack out, as what came of it: "nothing: the role that was changed is another member's".
Hindrance = Callable[[LabApp, tuple[Any, ...]], str]


def exercise(exercise_id: str) -> Callable[[Checks], Checks]:
    """Mark a class of tests as the checks of one exercise."""

    def mark(checks: Checks) -> Checks:
        return pytest.mark.exercise(exercise_id)(checks)

    return mark


def request(*steps: str, closed: object, sessions: Sessions = "stateless") -> Callable[[Check], Check]:
    """Give a check the request that shows what it is about, as lines of Python ready to paste.

    They start from `app`, which keeps its sessions in this way, and `browser`, a stranger's; the last one is
    an expression, which is `closed` where the hole is closed, and something else on every flaw that this
    check names (a test asserts both).
    """

    def mark(check: Check) -> Check:
        marked: Check = pytest.mark.request(steps, closed, sessions)(check)
        return marked

    return mark


def a_stranger(app: LabApp) -> tuple[Browser]:
    """Return the cast of most attacks: a browser that has never signed in."""
    return (app.browser(),)


def attack_wins(
    exercise_id: str,
    *,
    page: str = "",
    sessions: Sessions = "stateless",
    cast: Cast = a_stranger,
    hindrance: Hindrance = lambda app, people: "",
) -> None:
    """Assert that a *break* answer brings back the secret from the flawed app, on a page saying `page`.

    `cast` makes what the answer is called with out of the app, which is made with the flaw in it.
    `hindrance` looks at what an attack that brought nothing has left behind, and says what kept it out.
    """
    asked = _asked(exercise_id)
    with (
        mounted(bank.flaw_named(asked.flaw or "").mounts),
        closing(LabApp(vault=VAULT, sessions=sessions)) as app,
    ):
        people = cast(app)
        brought = _attack(asked, people, "the app with the hole")
        if isinstance(brought, str):  # a class of one's own could say that it holds every text
            brought = str.__str__(brought)
        won = isinstance(brought, str) and VAULT in brought and page in brought
        hindered = "" if won else hindrance(app, people)
    expected = f"a page that says {page!r} and" if page else "a page with"
    got = hindered or ("a text without it" if isinstance(brought, str) and brought else repr(brought))
    assert won, (
        f"{_call(asked)}: expected {expected} the secret of this run, {VAULT!r}, got {got}"
        f"\n{_requests(people, SENT if hindered else REQUESTS)}"
    )


def attack_loses(exercise_id: str, *, sessions: Sessions = "stateless", cast: Cast = a_stranger) -> None:
    """Assert that a *break* answer brings back nothing from the app without the flaw, and does not crash."""
    asked = _asked(exercise_id)
    with closing(LabApp(vault=VAULT, sessions=sessions)) as app:
        people = cast(app)
        brought = _attack(asked, people, "the app without the hole")
    assert VAULT not in str(brought), (
        f"{_call(asked)}: expected nothing from the app without the hole, got {VAULT!r}\n{_requests(people)}"
    )


def proof_spares_the_right(exercise_id: str, *, sessions: Sessions | None = None) -> None:
    """Assert that a *prove* answer passes on the package's part and on every alternative right answer.

    It is handed the part, or, where `sessions` says how one is kept, an app with the part in it.
    """
    asked = _asked(exercise_id)
    part = asked.proves or ""
    styles = [(known.answer, inspect.getdoc(known.answer) or "") for known in bank.alternatives_of(part)]
    for right, style in [(original(part), "the package's own"), *styles]:
        try:
            _prove(asked, {part: right}, sessions)
        except FAILURES as failed:
            raise AssertionError(
                f"{asked.name}: expected no failure on a right version, got a failing assert: "
                f"{_line_of(failed)}\n  it is right  {style.splitlines()[0]}"
            ) from None
        except Exception as crash:
            raise AssertionError(
                f"{asked.name}: expected no failure on a right version, got a crash: {_crashed(crash, asked)}"
            ) from None


def proof_catches_the_taught(exercise_id: str, *, sessions: Sessions | None = None) -> None:
    """Assert that a *prove* answer fails, by an assertion, on each flaw that its lesson teaches.

    It is handed the flaw, or, with `sessions`, an app with the flaw and its companions in it.
    """
    asked = _asked(exercise_id)
    taught = [flaw for flaw in bank.flaws_of(asked.proves or "") if flaw.name in asked.must_catch]
    outcomes = [(flaw, _outcome(asked, flaw.mounts, sessions)) for flaw in taught]
    missed = [(flaw, outcome) for flaw, outcome in outcomes if not isinstance(outcome, FAILURES)]
    crashes = [outcome for _, outcome in missed if outcome is not None]
    some = "\n".join(f"{MISSED}{flaw.belief}" for flaw, _ in missed[:3])
    assert not missed, (
        f"{asked.name}: expected a failing assert for each of {len(asked.must_catch)} wrong versions, "
        f"got none for {len(missed)}{_of_which(crashes, asked)}\n{some}"
    )


def proof_can_fail(exercise_id: str, *wrong: Callable[..., Any]) -> None:
    """Assert that a *prove* answer fails, by an assertion, on one of these at least.

    Each is wrong in all that it does, so a proof that survives them asserts nothing.
    """
    asked = _asked(exercise_id)
    outcomes = [_outcome(asked, {asked.proves or "": version}) for version in wrong]
    crashes = [outcome for outcome in outcomes if outcome is not None]
    assert any(isinstance(outcome, FAILURES) for outcome in outcomes), (
        f"{asked.name}: expected a failing assert on a version that does nothing right, "
        f"got {f'a crash: {_crashed(crashes[0], asked)}' if crashes else 'none'}"
    )


def _outcome(
    asked: Exercise, mounts: Mapping[str, Any], sessions: Sessions | None = None
) -> BaseException | None:
    """Return what a proof raises: a failing assertion, a crash, or nothing."""
    try:
        _prove(asked, mounts, sessions)
    except (*FAILURES, Exception) as raised:
        return raised
    return None


def _of_which(crashes: list[BaseException], asked: Exercise) -> str:
    if not crashes:
        return ""
    return f": it crashed on {len(crashes)} of them ({_crashed(crashes[0], asked)})"


def _prove(asked: Exercise, mounts: Mapping[str, Any], sessions: Sessions | None) -> None:
    """Run a proof on the part itself, or on an app with everything in `mounts` in it."""
    if sessions is None:
        _answer(asked)(mounts[asked.proves or ""])
        return
    with mounted(mounts), closing(LabApp(sessions=sessions)) as app:
        _answer(asked)(app)


def _asked(exercise_id: str) -> Exercise:
    return select(exercise_id)[0]


def _answer(asked: Exercise) -> Callable[..., Any]:
    """Return what is mounted for an exercise without a home in the app, or the kit's own answer."""
    try:
        answer: Callable[..., Any] = slot_of(asked.part).call
    except LookupError:
        answer = original(asked.part)
    return answer


def _attack(asked: Exercise, people: tuple[Any, ...], where: str) -> object:
    """Return what an attack brings; a crash is told like any other wrong answer."""
    browsers = [one for one in people if isinstance(one, Browser)]
    before = [len(one.history) for one in browsers]
    crash: Exception | None = None
    brought: object = None
    try:
        brought = _answer(asked)(*people)
    except Exception as raised:
        crash = raised
    for one, seen in zip(browsers, before, strict=True):
        del one.history[:seen]  # what the check had them do before is not the learner's
    if crash is None:
        return brought
    raise AssertionError(
        f"{_call(asked)}, against {where}: expected a text, got {_crashed(crash, asked)}\n{_requests(people)}"
    )


def _call(asked: Exercise) -> str:
    """Return the call as it is written: `forge(victim, mallory)`."""
    return f"{asked.name}({', '.join(inspect.signature(original(asked.part)).parameters)})"


def _requests(people: tuple[Any, ...], headed: str = REQUESTS) -> str:
    """Return what was sent and what came back, where the same thing came many times in a row once."""
    history = [sent for one in people if isinstance(one, Browser) for sent in one.history]
    told = [(sent, len(list(alike))) for sent, alike in groupby(history)]
    lines = [sent if times == 1 else f"{sent} ({times} times)" for sent, times in told]
    more = f"; and {sum(times for _, times in told[4:])} more" if told[4:] else ""
    return f"{headed}{'; '.join(lines[:4]) or 'none'}{more}"


def _crashed(crash: BaseException, asked: Exercise) -> str:
    lines = [line for file, line in _steps(crash) if Path(file).name == asked.file_name]  # not the check's
    where = f", line {lines[-1]}" if lines else ""
    said = f": {crash}" if str(crash) else ""
    return f"{type(crash).__name__}{said}{where}"


def _line_of(failed: BaseException) -> str:
    """Return the line of the proof that failed, as it is written: not pytest's own, where it stood in."""
    file, line = [step for step in _steps(failed) if Path(step[0]).parent.name != "_pytest"][-1]
    return linecache.getline(file, line).strip()


def _steps(error: BaseException) -> list[tuple[str, int]]:
    found = []
    trace = error.__traceback__
    while trace is not None:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found
