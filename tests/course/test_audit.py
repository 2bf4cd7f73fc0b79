"""The audit: true words for each attack, the picture in one run, and the canary for every attack."""

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
from authlab.course.verify import Report, _verify_attack


def known(number: int) -> bank.Attack:
    return next(attack for attack in bank.all_attacks() if attack.number == number)


def on(engine: Engine, flaw: str | None, number: int) -> Finding:
    wrong = None if flaw is None else flaw_to_audit(flaw)
    return next(audit(engine, flaw=wrong, attacks=[known(number)]))


class Says(Engine):
    """An engine whose trials end as told, without any process."""

    def __init__(self, **said: Any) -> None:
        super().__init__()
        self.said = said

    def trial(self, job: dict[str, Any]) -> dict[str, Any]:
        return self.said


def test_every_attack_wins_on_its_flaws_in_the_run_in_which_the_package_resists(engine: Engine) -> None:
    """The exploit canary: an attack that resists nothing, or that a library closed, is noticed here."""
    package = {finding.attack.number: finding.outcome for finding in audit(engine)}
    assert set(package.values()) <= {"resisted", "accepted"}
    shown = flaws_to_picture()
    unproven = set(package) - {flaw.attack for flaw in shown}
    assert all(package[number] == "accepted" for number in unproven)
    for flaw in shown:
        assert flaw.attack is not None
        assert on(engine, flaw.name, flaw.attack).outcome == "won", flaw.name


def test_an_attack_on_a_flaw_brings_evidence(engine: Engine) -> None:
    finding = on(engine, "bare_member_number", 101)
    assert finding.as_json() == {
        "id": 101,
        "name": "bare_number_as_cookie",
        "lesson": "lesson_00_start_here",
        "outcome": "won",
        "evidence": "read member 3's profile: The Vault 7f3a",
    }
    assert finding.called == ("authlab.tokens:verify_session_token",)
    assert on(engine, None, 101).outcome == "resisted"


def test_a_flaw_is_mounted_with_its_companions() -> None:
    """The job names the flaw and no part: which parts are wrong too is the bank's to say."""
    asked: list[dict[str, Any]] = []

    class Noting(Says):
        def trial(self, job: dict[str, Any]) -> dict[str, Any]:
            asked.append(job)
            return self.said

    list(audit(Noting(won=False, evidence=""), flaw=flaw_to_audit("case_kept"), attacks=[known(6)]))
    assert {key: asked[0][key] for key in ("attack", "flaw", "solved")} == {
        "attack": 6,
        "flaw": "case_kept",
        "solved": [],
    }


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

    @pytest.mark.parametrize(
        ("accepted", "said", "complaint"),
        [
            ("a reason", {"won": True, "evidence": "e"}, []),
            (
                "a reason",
                {"won": False, "evidence": "e"},
                ["attack 999 new does not win, though it is accepted, on the package: e"],
            ),
            (
                "a reason",
                {"error": "crashed"},
                ["attack 999 new does not win, though it is accepted, on the package: crashed"],
            ),
            (
                None,
                {"won": True, "evidence": "e"},
                ["attack 999 new does not lose on the package: e", "attack 999 new has no flaw to win on"],
            ),
        ],
    )
    def test_verify_wants_the_reason_to_be_true(
        self, accepted: str | None, said: dict[str, Any], complaint: list[str]
    ) -> None:
        """An attack that no longer wins needs no reason; and none is needed of a flaw when it does."""
        report = Report()
        new = replace(known(6), number=999, name="new", lesson="lesson_99", accepted=accepted)
        _verify_attack(Says(**said), report, new)
        assert report.unexploited == complaint

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
            def trial(self, job: dict[str, Any]) -> dict[str, Any]:
                raise EngineError("the judge ended")

        monkeypatch.setattr(auditing, "Engine", Failing)
        with pytest.raises(EngineError, match="the judge ended"):
            picture([flaw_to_audit("case_kept")])
