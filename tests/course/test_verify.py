"""`dev verify` on the kit as it is, and on a copy with one assertion taken out."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from dataclasses import replace as changed
from pathlib import Path
from typing import Any

import pytest

from authlab.course import bank
from authlab.course.curriculum import Exercise, exercises
from authlab.course.engine import Engine
from authlab.course.verify import (
    Report,
    _App,
    _apps,
    _attacks_without_proof,
    _try,
    _verify_right_answers,
    verify,
)


@pytest.mark.parametrize("asked", exercises(), ids=lambda asked: asked.id)
def test_right_answers_pass_in_whatever_style(engine: Engine, stubs: Path, asked: Exercise) -> None:
    """And the stub is unattempted. Wrong ones are in `test_messages`, and with the attacks below."""
    report = Report()
    _verify_right_answers(engine, report, asked, stubs)
    assert (report.survivors, report.false_alarms) == ([], [])
    assert report.pairs == 2 + len(bank.alternatives_of(asked.part))


@pytest.mark.full
def test_everything_holds(engine: Engine) -> None:
    """Stubs unattempted, answers pass, every flaw caught, every alternative spared, every attack real."""
    report = verify(engine)
    assert asdict(report) | {"pairs": 0, "lessons": 0, "exercises": 0} == asdict(report) | {
        "pairs": 0,
        "lessons": 0,
        "exercises": 0,
        "survivors": [],
        "false_alarms": [],
        "unexploited": [],
        "drift": [],
    }
    assert (report.lessons, report.exercises) == (12, 63)
    assert report.flaws >= 700
    assert report.alternatives >= 230
    assert report.attacks >= 77
    assert report.pairs >= report.flaws + report.alternatives + 2 * report.exercises


def verified(kit: Path, what: str) -> tuple[int, dict[str, list[str]]]:
    """Return exit status and report of `dev verify WHAT --json` in a copy of the kit."""
    done = subprocess.run(
        [sys.executable, "-m", "authlab", "dev", "verify", what, "--json"],
        cwd=kit,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.full
def test_a_check_that_loses_an_assertion_lets_a_flaw_survive(kit: Path) -> None:
    """The measure of the checks can fail: without this line nobody notices ASCII casing."""
    checks = kit / "tests/lessons/test_lesson_01_forms.py"
    for line in (
        '        assert canonical_email("ZOÉ@lab.test") == "zo\\u00e9@lab.test"\n',
        '        assert canonical_email("ЖАННА@lab.test") == "жанна@lab.test"\n',
        '        assert canonical_email("ada@BÜCHER.test") == "ada@bücher.test"\n',
    ):
        replace(checks, line, "")
    status, report = verified(kit, "1.1")
    assert status == 1
    assert report["survivors"] == [
        "1.1: ascii_casing is passed, expected test_case_makes_no_second_address_in_any_script to fail"
    ]


@pytest.mark.full
def test_a_check_that_asks_too_much_is_a_false_alarm(kit: Path) -> None:
    replace(
        kit / "tests/lessons/test_lesson_01_forms.py",
        'assert password_problems("two words 2") == []',
        'assert password_problems("two words 2") == [NO_SPECIAL]',
    )
    status, report = verified(kit, "1.2")
    assert status == 1
    assert any(line.startswith("1.2: the package's own answer: failed") for line in report["false_alarms"])
    assert len(report["false_alarms"]) > 3


def test_a_change_of_the_package_makes_the_derived_files_drift(kit: Path) -> None:
    replace(kit / "authlab/responses.py", "status=303", "status=302")
    status, report = verified(kit, "0.1")
    assert status == 1
    assert report["drift"] == ["solutions/lesson_00_start_here.py: differs from the package"]
    assert report["false_alarms"] == []  # solutions/ still holds the right answer


@pytest.mark.full
def test_an_attack_that_wins_nowhere_is_unexploited(kit: Path) -> None:
    """The canary: a library upgrade that closes a hole is noticed, and so is an attack that never worked."""
    replace(kit / "authlab/course/attacks/lesson_00_start_here.py", '"__Host-session", "3"', '"session", "3"')
    status, report = verified(kit, "lesson_00")
    assert status == 1
    assert report["unexploited"] == [
        "attack 101 bare_number_as_cookie does not win on bare_member_number: 303, to /login?next=%2Fprofile"
    ]


class Says(Engine):
    """An engine whose trials end as told for each way of keeping sessions, without any process."""

    def __init__(
        self, stateless: dict[str, Any], database: dict[str, Any], honest: tuple[bool, bool] = (True, True)
    ) -> None:
        super().__init__()
        self.said = {"stateless": stateless, "database": database}
        self.works = dict(zip(("stateless", "database"), honest, strict=True))
        self.asked: list[tuple[dict[str, Any], list[Any]]] = []

    def trials(self, app: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        self.asked.append((dict(app), list(wanted)))
        for one in wanted:
            way = one["sessions"]
            yield {"works": self.works[way], "evidence": "503"} if "honest" in one else self.said[way]


WON = {"won": True, "evidence": "in"}
LOST = {"won": False, "evidence": "403"}
CRASHED = {"error": "crashed"}


def attack(number: int = 999, **options: str) -> bank.Attack:
    return bank.Attack(number, "new", "Try it.", lambda app: bank.won(""), "lesson_99", **options)


def flaw(name: str = "wrong", falls_to: int | None = 999) -> bank.Flaw:
    return changed(bank.flaw_named("case_kept"), name=name, attack=falls_to, lesson="lesson_99")


class TestAttacks:
    """What an attack must come to on the package, on an alternative and on a flaw, in both ways."""

    @pytest.mark.parametrize(
        ("options", "stateless", "database", "complaint"),
        [
            ({}, LOST, LOST, None),
            ({}, WON, LOST, "lose on the package: stateless: won, in; database: resisted, 403"),
            ({}, LOST, WON, "lose on the package: stateless: resisted, 403; database: won, in"),
            ({}, LOST, CRASHED, "lose on the package: stateless: resisted, 403; database: error, crashed"),
            ({"accepted": "why"}, WON, WON, None),
            ({"accepted": "why"}, LOST, WON, None),
            ({"accepted": "why"}, LOST, LOST, "win, though it is accepted, on the package: 403"),
            ({"accepted": "why"}, CRASHED, CRASHED, "win, though it is accepted, on the package: crashed"),
            ({"hopeless": "why"}, LOST, LOST, None),
            ({"hopeless": "why"}, WON, WON, "lose, as it is meant to, on the package: in"),
        ],
    )
    def test_on_the_package_it_loses_in_both_ways(
        self,
        options: dict[str, Any],
        stateless: dict[str, Any],
        database: dict[str, Any],
        complaint: str | None,
    ) -> None:
        """One that is accepted needs a reason that is true: it wins in one way at least."""
        app = _App("the package", {}, (attack(**options),))
        (seen,) = _try(Says(stateless, database), app)
        assert seen.unexploited == ([f"attack 999 new does not {complaint}"] if complaint else [])

    @pytest.mark.parametrize(
        ("stateless", "database", "complaint"),
        [
            (WON, WON, None),
            (WON, LOST, None),
            (LOST, WON, None),
            (LOST, LOST, "win on wrong: 403"),
            (WON, CRASHED, "win on wrong: stateless: won, in; database: error, crashed"),
        ],
    )
    def test_on_its_flaw_it_wins_in_one_way_at_least(
        self, stateless: dict[str, Any], database: dict[str, Any], complaint: str | None
    ) -> None:
        """A flaw of the table of sessions is none where there is no table; an error shows nothing."""
        app = _App("wrong", {"flaw": "wrong"}, (attack(),), flaw=flaw())
        (seen,) = _try(Says(stateless, database), app)
        assert seen.unexploited == ([f"attack 999 new does not {complaint}"] if complaint else [])

    @pytest.mark.parametrize(("said", "complaints"), [(LOST, 0), (WON, 1), (CRASHED, 1)])
    def test_one_that_is_meant_to_fail_fails_on_a_flaw_too(
        self, said: dict[str, Any], complaints: int
    ) -> None:
        app = _App("wrong", {"flaw": "wrong"}, (attack(hopeless="why"),), flaw=flaw(falls_to=1))
        (seen,) = _try(Says(said, LOST), app)
        assert len(seen.unexploited) == complaints

    @pytest.mark.parametrize(
        ("honest", "failing"),
        [((True, True), []), ((False, True), ["stateless"]), ((True, False), ["database"])],
    )
    def test_honest_visitors_get_through_in_both_ways(
        self, honest: tuple[bool, bool], failing: list[str]
    ) -> None:
        (seen,) = _try(Says(LOST, LOST, honest), _App("wrong", {"flaw": "wrong"}, ()))
        assert seen.false_alarms == [
            f"an honest visitor fails on wrong with {way} sessions: 503" for way in failing
        ]

    def test_an_app_is_one_question_to_the_engine(self) -> None:
        """Its attacks and its honest rounds, in both ways: what is mounted is loaded once."""
        engine = Says(LOST, LOST)
        (seen,) = _try(engine, _App("wrong", {"flaw": "wrong"}, (attack(),)))
        assert engine.asked == [
            (
                {"flaw": "wrong"},
                [
                    {"attack": 999, "sessions": "stateless"},
                    {"attack": 999, "sessions": "database"},
                    {"honest": True, "sessions": "stateless"},
                    {"honest": True, "sessions": "database"},
                ],
            )
        ]
        assert seen.trials == 4

    def test_each_flaw_meets_its_attack_and_the_hopeless_of_its_lesson(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Those too that only a check shows: nothing wrong in the lesson may help the hopeless."""
        elsewhere = changed(attack(59, hopeless="why"), lesson="lesson_98")
        attacks = (attack(57), attack(58, hopeless="why"), elsewhere)
        flaws = (flaw("falls", 57), flaw("checked", None), changed(flaw("far", None), lesson="lesson_97"))
        monkeypatch.setattr(bank, "all_attacks", lambda: attacks)
        monkeypatch.setattr(bank, "all_flaws", lambda: flaws)
        monkeypatch.setattr(bank, "all_alternatives", lambda: ())
        apps = {app.name: ([known.number for known in app.attacks], app.honest) for app in _apps()}
        assert apps == {
            "the package": ([57, 58, 59], True),
            "falls": ([57, 58], True),
            "checked": ([58], False),
        }

    def test_what_no_flaw_shows_to_be_real_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """But for the accepted, which wins on the package, and the hopeless, which must win on none."""
        attacks = (attack(1), attack(2), attack(3, accepted="why"), attack(4, hopeless="why"))
        monkeypatch.setattr(bank, "all_attacks", lambda: (*attacks, attack(5, hopeless="why")))
        monkeypatch.setattr(bank, "all_flaws", lambda: (flaw("a", 1), flaw("b", 5)))
        assert _attacks_without_proof() == [
            "attack 2 new has no flaw to win on",
            "attack 5 new is meant to fail, and a flaw names it",
        ]
