"""The audit: true words for each attack in both ways of keeping sessions, the picture in one run, and the
canary for every attack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authlab.course import audit as auditing
from authlab.course import bank
from authlab.course.audit import (
    AuditError,
    Finding,
    audit,
    flaw_to_audit,
    flaws_to_picture,
    picture,
    verdicts,
)
from authlab.course.engine import Engine, EngineError
from authlab.course.places import SOLUTIONS


def known(number: int) -> bank.Attack:
    return next(attack for attack in bank.all_attacks() if attack.number == number)


def on(engine: Engine, flaw: str | None, number: int) -> Finding:
    wrong = None if flaw is None else flaw_to_audit(flaw)
    return next(audit(engine, flaw=wrong, attacks=[known(number)]))


class Says(Engine):
    """An engine whose trials end as told, without any process: alike in both ways, or each in its own."""

    def __init__(self, *, by_way: Mapping[str, dict[str, Any]] | None = None, **said: Any) -> None:
        super().__init__()
        self.said = by_way or dict.fromkeys(("stateless", "database"), said)
        self.asked: list[tuple[dict[str, Any], dict[str, Any]]] = []

    def trials(self, app: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        for one in wanted:
            self.asked.append((dict(app), dict(one)))
            yield self.said[one["sessions"]]


def won(evidence: str) -> dict[str, Any]:
    return {"won": True, "evidence": evidence}


def resisted(evidence: str) -> dict[str, Any]:
    return {"won": False, "evidence": evidence}


@pytest.mark.full
def test_the_package_resists_every_attack_in_both_ways(engine: Engine) -> None:
    """But for what was accepted. That each wins on its flaws is what `dev verify` shows: see its test."""
    lost = {
        finding.attack.name: finding.evidence
        for finding in audit(engine)
        if finding.outcome != ("accepted" if finding.attack.accepted else "resisted")
    }
    assert lost == {}


def test_an_attack_on_a_flaw_brings_evidence(engine: Engine) -> None:
    finding = on(engine, "bare_member_number", 101)
    assert finding.as_json() == {
        "id": 101,
        "name": "bare_number_as_cookie",
        "lesson": "lesson_00_start_here",
        "outcome": "won",
        "evidence": "stateless: won, read member 3's profile: The Vault 7f3a; "
        "database: resisted, 303, to /login?next=%2Fprofile",
    }
    assert finding.called == ("authlab.tokens:verify_with_ring",)
    assert on(engine, None, 101).outcome == "resisted"


def test_each_attack_is_tried_in_both_ways_on_an_app_with_the_flaw() -> None:
    """The flaw is named and no part: which parts are wrong too is the bank's to say."""
    engine = Says(won=False, evidence="")
    list(audit(engine, flaw=flaw_to_audit("case_kept"), attacks=[known(6), known(101)]))
    assert engine.asked == [
        ({"flaw": "case_kept"}, {"attack": 6, "sessions": "stateless"}),
        ({"flaw": "case_kept"}, {"attack": 6, "sessions": "database"}),
        ({"flaw": "case_kept"}, {"attack": 101, "sessions": "stateless"}),
        ({"flaw": "case_kept"}, {"attack": 101, "sessions": "database"}),
    ]


@pytest.mark.parametrize(
    ("stateless", "database", "outcome", "evidence"),
    [
        (resisted("403"), resisted("403"), "resisted", "403"),
        (resisted("403"), resisted("401"), "resisted", "stateless: 403; database: 401"),
        (won("in"), won("in"), "won", "in"),
        (won("day 31"), won("day 8"), "won", "stateless: day 31; database: day 8"),
        (won("alive"), resisted("401"), "won", "stateless: won, alive; database: resisted, 401"),
        (resisted("401"), won("alive"), "won", "stateless: resisted, 401; database: won, alive"),
        (won("in"), resisted("in"), "won", "stateless: won, in; database: resisted, in"),
        (won("in"), {"error": "crashed"}, "error", "stateless: won, in; database: error, crashed"),
        (
            {"timeout": 10.0},
            resisted("403"),
            "error",
            "stateless: error, it took more than 10 seconds; database: resisted, 403",
        ),
    ],
)
def test_the_worse_of_both_ways_counts_and_the_evidence_names_them_where_they_differ(
    stateless: dict[str, Any], database: dict[str, Any], outcome: str, evidence: str
) -> None:
    """A token that outlives its logout is a hole, however well the table of sessions is kept."""
    engine = Says(by_way={"stateless": stateless, "database": database})
    finding = next(audit(engine, attacks=[known(6)]))
    assert (finding.outcome, finding.evidence) == (outcome, evidence)


def test_what_was_called_in_either_way_was_called() -> None:
    """A part of one way only is reached there, and nowhere else."""
    said = {
        "stateless": {**resisted(""), "called": ["a:b", "a:c"]},
        "database": {**resisted(""), "called": ["a:c", "a:d"]},
    }
    assert next(audit(Says(by_way=said), attacks=[known(6)])).called == ("a:b", "a:c", "a:d")


@pytest.mark.parametrize(
    ("said", "outcome", "evidence"),
    [
        ({"won": True, "evidence": "got it"}, "won", "got it"),
        ({"won": False, "evidence": "403"}, "resisted", "403"),
        ({"error": "attack 6 crashed: KeyError: 'x'"}, "error", "attack 6 crashed: KeyError: 'x'"),
        ({"timeout": 10.0}, "error", "it took more than 10 seconds"),
    ],
)
def test_a_crash_is_never_told_as_resistance(said: dict[str, Any], outcome: str, evidence: str) -> None:
    finding = next(audit(Says(**said), attacks=[known(6)]))
    assert (finding.outcome, finding.evidence) == (outcome, evidence)


class TestAccepted:
    """An attack that wins on the package by decision says so itself."""

    ACCEPTED = replace(known(6), accepted="decided: no mail is sent, so a taken address shows")

    def told(self, flaw: str | None = None, **said: Any) -> tuple[str, str]:
        wrong = None if flaw is None else flaw_to_audit(flaw)
        finding = next(audit(Says(**said), flaw=wrong, attacks=[self.ACCEPTED]))
        return finding.outcome, finding.evidence

    def test_its_reason_is_the_evidence(self) -> None:
        assert self.told(won=True, evidence="409") == (
            "accepted",
            "decided: no mail is sent, so a taken address shows",
        )

    def test_a_flaw_that_names_it_is_still_won(self) -> None:
        """`case_kept` makes worse what was accepted: that is the flaw's, not the decision's."""
        assert self.told("case_kept", won=True, evidence="two") == ("won", "two")
        assert self.told("html_is_enough", won=True, evidence="two")[0] == "accepted"

    def test_it_hides_no_crash_and_claims_no_win(self) -> None:
        assert self.told(error="crashed") == ("error", "crashed")
        assert self.told(won=False, evidence="403") == ("resisted", "403")

    def test_one_way_is_enough(self) -> None:
        assert self.told(by_way={"stateless": won("409"), "database": resisted("403")}) == (
            "accepted",
            "stateless: accepted, decided: no mail is sent, so a taken address shows; "
            "database: resisted, 403",
        )

    def test_the_decorator_takes_the_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bank, "_ATTACKS", {})

        @bank.attack(12, accepted="by decision")
        def visible(app: object) -> bank.Outcome:
            """See it."""
            return bank.won("")

        @bank.attack(13)
        def invisible(app: object) -> bank.Outcome:
            """See nothing."""
            return bank.resisted("")

        assert [attack.accepted for attack in bank._ATTACKS.values()] == ["by decision", None]


class TestHopeless:
    """An attack that is meant to fail says why it does."""

    HOPELESS = replace(known(6), hopeless="the router knows one spelling of a path")

    @pytest.mark.parametrize(
        ("said", "outcome", "evidence"),
        [
            ({"said": resisted("404")}, "resisted", "404; the router knows one spelling of a path"),
            (
                {"by_way": {"stateless": resisted("404"), "database": resisted("308")}},
                "resisted",
                "stateless: 404; database: 308; the router knows one spelling of a path",
            ),
            ({"said": won("the vault")}, "won", "the vault"),
            (
                {"by_way": {"stateless": resisted("404"), "database": won("the vault")}},
                "won",
                "stateless: resisted, 404; database: won, the vault",
            ),
            ({"said": {"error": "crashed"}}, "error", "crashed"),
        ],
    )
    def test_the_evidence_ends_with_the_reason_while_it_is_true(
        self, said: dict[str, Any], outcome: str, evidence: str
    ) -> None:
        engine = Says(by_way=said["by_way"]) if "by_way" in said else Says(**said["said"])
        finding = next(audit(engine, attacks=[self.HOPELESS]))
        assert (finding.outcome, finding.evidence) == (outcome, evidence)

    def test_the_decorator_takes_the_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bank, "_ATTACKS", {})

        @bank.attack(59, hopeless="by the router")
        def in_capitals(app: object) -> bank.Outcome:
            """Try it."""
            return bank.resisted("")

        assert bank._ATTACKS[59].hopeless == "by the router"
        with pytest.raises(ValueError, match="attack 60: expected accepted or hopeless, got both"):
            bank.attack(60, accepted="by decision", hopeless="by the router")

    @pytest.mark.parametrize(
        ("lesson", "complaints"),
        [
            (
                "lesson_01_forms",
                ["6 case_twins wins on html_is_enough, though it is meant to fail: the vault"],
            ),
            ("lesson_07_middleware", []),
        ],
    )
    def test_a_win_on_a_flaw_of_its_own_lesson_contradicts_it(
        self, monkeypatch: pytest.MonkeyPatch, lesson: str, complaints: list[str]
    ) -> None:
        """A flaw of another lesson may open what it likes: of that the attack says nothing."""
        attack = replace(self.HOPELESS, lesson=lesson)
        monkeypatch.setattr(auditing, "Engine", lambda: Says(**won("the vault")))
        drawn = picture([flaw_to_audit("html_is_enough")], [attack])
        assert drawn.contradictions == ["6 case_twins wins on the package: the vault", *complaints]


class TestNames:
    def test_a_slip_is_told_what_is_near(self) -> None:
        with pytest.raises(AuditError, match="got 'case_keept'; did you mean case_kept") as refused:
            flaw_to_audit("case_keept")
        assert refused.value.near[0] == "case_kept"

    def test_nothing_near_is_no_guess(self) -> None:
        with pytest.raises(AuditError, match=r"expected one of \d+ flaws of the app, got 'zzz'$") as refused:
            flaw_to_audit("zzz")
        assert refused.value.near == ()

    def test_a_wrong_answer_that_is_no_part_of_the_app_is_refused(self) -> None:
        """Mounted, it would change nothing: the package would be audited under a flaw's name."""
        with pytest.raises(AuditError, match="got 'walks_in', a wrong answer to become_admin"):
            flaw_to_audit("walks_in")

    @pytest.mark.parametrize("lesson", ["lesson_00_start_here", "lesson_00", "0"])
    def test_a_lessons_flaws(self, lesson: str) -> None:
        assert [flaw.name for flaw in flaws_to_picture(lesson)] == ["bare_member_number"]

    def test_a_lesson_without_flaws_is_refused(self) -> None:
        with pytest.raises(AuditError, match=r"\(lesson_00, lesson_01.*\), got 'lesson_99'"):
            flaws_to_picture("lesson_99")


@pytest.mark.full
def test_only_parts_of_the_app_are_judged_for_an_audit(engine: Engine, stubs: Path) -> None:
    (stubs / "lesson_00_start_here.py").write_bytes((SOLUTIONS / "lesson_00_start_here.py").read_bytes())
    found = {verdict.exercise.id: verdict.status for verdict in verdicts(engine, stubs)}
    assert found["0.1"] == "passed"
    assert found["1.1"] == "unattempted"
    assert "0.2" not in found  # an attack, no part


def test_the_learners_part_is_what_the_attack_meets(engine: Engine, stubs: Path) -> None:
    """`mine` says which answers are mounted; nothing else of the folder is."""
    (stubs / "lesson_00_start_here.py").write_text("def see_other(location):\n    return location.nothing\n")
    attacks = [known(101)]
    broken = next(audit(engine, mine=["0.1"], folder=stubs, attacks=attacks))
    assert "authlab.responses:see_other" in broken.called
    assert "500" in broken.evidence
    spared = next(audit(engine, folder=stubs, attacks=attacks))
    assert spared.called == ()
    assert "303" in spared.evidence


class TestPicture:
    def test_each_cell_is_run_and_the_package_is_the_first_line(self) -> None:
        seen: list[tuple[int, int]] = []
        flaws = [flaw_to_audit("case_kept"), flaw_to_audit("bare_member_number")]
        drawn = picture(flaws, [known(6), known(101)], lambda done, total, what: seen.append((done, total)))
        assert [[finding.outcome for finding in line.findings] for line in drawn.lines] == [
            ["resisted", "resisted"],
            ["won", "resisted"],
            ["resisted", "won"],
        ]
        assert [line.flaw for line in drawn.lines] == [None, *flaws]
        assert drawn.contradictions == []
        assert seen == [(done, 6) for done in range(1, 7)]

    def test_a_win_on_the_package_is_a_contradiction(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auditing, "Engine", lambda: Says(won=True, evidence="e"))
        drawn = picture([flaw_to_audit("case_kept")], [known(6)])
        assert drawn.contradictions == ["6 case_twins wins on the package: e"]

    def test_an_engine_that_fails_ends_the_picture(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its error is the caller's, and no thread is left behind."""

        class Failing(Says):
            def trials(
                self, app: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]]
            ) -> Iterator[dict[str, Any]]:
                raise EngineError("the judge ended")

        monkeypatch.setattr(auditing, "Engine", Failing)
        with pytest.raises(EngineError, match="the judge ended"):
            picture([flaw_to_audit("case_kept")])
