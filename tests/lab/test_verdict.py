"""The verdict on an exercise: card, terminal lines and list line say the same, and nothing too early."""

import json
import re
from html import unescape
from typing import Any

import pytest

from authlab.lab.verdict import VerdictCard, as_html, as_line, as_text, claim
from tests.lab.sanitiser import violations

MESSAGE = """password_problems("11111111!"): expected ["Contain at least one letter."], got []
A password of digits is among the first that an attacker tries.
    POST /signup
    name=Mallory&email=m@evil.test&password=11111111!"""
HINTS = ["Look at the rules.", "Which rule looks at `letters`?", "Try `str.isalpha`."]
STATUSES = ["passed", "failed", "unattempted", "error", "timeout"]


def check(name: str, status: str, message: str = "") -> dict[str, str]:
    """Return one check of a result."""
    return {"name": name, "status": status, "message": message}


def result(status: str, **changes: Any) -> dict[str, Any]:
    """Return a result as the engine describes it."""
    checks = {
        "passed": [check("test_a_good_one", "passed"), check("test_letters_count", "passed")],
        "failed": [
            check("test_a_good_one", "passed"),
            check("test_every_rule_is_judged", "failed", MESSAGE),
            check("test_letters_count[é]", "failed", "f('é'): expected [], got ['no letter']\nWhy."),
        ],
    }.get(status, [check(status, status, f"why it is {status}")])
    return {
        "id": "1.2",
        "lesson": "lesson_01_forms",
        "kind": "build",
        "status": status,
        "checks": checks,
        "misconception": "The last of two `Field(pattern=…)` wins." if status == "failed" else None,
        "seconds": 1.234567,
        "title": "Everything wrong with a password",
        "file": "exercises/lesson_01_forms.py",
        "line": 41,
        "hints": HINTS,
        "next": "1.3",
        "next_lesson": "lesson_01_forms",
        "server_path": "kit/exercises/lesson_01_forms.py",
        **changes,
    }


def words_of(html: str) -> str:
    """Return the words a reader of the HTML sees, folded ones too."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


@pytest.mark.parametrize("status", STATUSES)
def test_a_card_survives_the_sanitiser_of_an_untrusted_notebook(status: str) -> None:
    assert violations(as_html(result(status))) == []


@pytest.mark.parametrize("status", STATUSES)
def test_a_card_is_the_same_every_time_and_never_says_how_long_it_took(status: str) -> None:
    slow, fast = VerdictCard(result(status)), VerdictCard(result(status, seconds=0.01))
    assert slow._repr_mimebundle_() == fast._repr_mimebundle_()


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        ("passed", "✓ 1.2 Everything wrong with a password — passed"),
        ("failed", "✗ 1.2 Everything wrong with a password — not yet"),
        ("unattempted", "○ 1.2 Everything wrong with a password — not attempted yet"),
        ("error", "! 1.2 Everything wrong with a password — could not be run"),
        ("timeout", "◔ 1.2 Everything wrong with a password — ran out of time"),
    ],
)
def test_every_status_has_a_glyph_and_words(status: str, heading: str) -> None:
    card = VerdictCard(result(status))
    assert repr(card).startswith(heading)
    assert words_of(as_html(result(status))).startswith(heading)
    assert card.status == status
    assert card.passed is (status == "passed")


@pytest.mark.parametrize("status", ["unattempted", "error", "timeout"])
def test_what_stopped_the_checks_is_a_message_and_not_a_claim(status: str) -> None:
    for side in (as_text(result(status)), words_of(as_html(result(status)))):
        assert f"why it is {status}" in side
        assert len(re.findall(rf"\b{status}\b", side)) == 1


class TestFailed:
    def test_the_first_failure_is_told_in_full(self) -> None:
        seen = words_of(as_html(result("failed")))
        assert " ".join(MESSAGE.split()) in seen
        assert all(line in as_text(result("failed")) for line in MESSAGE.split("\n"))

    def test_further_failures_are_one_line_each(self) -> None:
        html = as_html(result("failed"))
        assert "1 more does not hold yet" in words_of(html)
        assert "letters count: é: f('é'): expected [], got ['no letter']" in words_of(html)
        assert "Why." not in html
        assert "✗ letters count: é" in as_text(result("failed"))

    def test_claims_that_hold_are_named_too(self) -> None:
        for side in (as_text(result("failed")), words_of(as_html(result("failed")))):
            assert "✓ a good one" in side
            assert "1 of 3 checks hold" in side

    def test_the_claim_that_is_explained_stands_out(self) -> None:
        html = as_html(result("failed"))
        claims = html[html.index("a good one") - 200 : html.index("password_problems")]
        assert re.findall(r"font-weight:600;[^>]*>([^<]*)<", claims) == ["✗ &nbsp;every rule is judged"]

    def test_a_misconception_is_named_when_it_is_known(self) -> None:
        assert "What may be behind it: The last of two" in as_text(result("failed"))
        assert "What may be behind it: The last of two" in words_of(as_html(result("failed")))
        unknown = result("failed", misconception=None)
        assert "behind it" not in as_text(unknown) + as_html(unknown)

    def test_each_hint_is_inside_the_one_before(self) -> None:
        html = as_html(result("failed"))
        rungs = re.findall(r"<details|</details>|Hint \d of 3", html[html.index("behind it") :])
        assert rungs == [
            *("<details", "Hint 1 of 3", "<details", "Hint 2 of 3", "<details", "Hint 3 of 3"),
            *["</details>"] * 3,
        ]
        assert re.search(r"<code[^>]*>letters</code>", html)
        assert " open" not in html.replace("docmanager:open", "")
        assert "isalpha" not in as_text(result("failed"))

    def test_the_place_and_the_command_are_there_as_text(self) -> None:
        for side in (as_text(result("failed")), words_of(as_html(result("failed")))):
            assert "exercises/lesson_01_forms.py:41" in side
            assert "python3 -m authlab check 1.2" in side
        assert "python3 -m authlab hint 1.2" in as_text(result("failed"))

    def test_a_file_without_a_line_is_named_alone(self) -> None:
        nowhere = result("failed", line=None)
        assert "Write in: exercises/lesson_01_forms.py\n" in as_text(nowhere)

    def test_no_piece_of_the_footer_breaks_in_its_middle(self) -> None:
        kept = re.findall(r"<code [^>]*white-space:nowrap[^>]*>([^<]*)</code>", as_html(result("failed")))
        assert kept == ["exercises/lesson_01_forms.py:41", "python3 -m authlab check 1.2"]


def test_an_untouched_fix_says_that_it_runs_and_what_is_wrong() -> None:
    wrong = check("unattempted", "unattempted", f"It runs, and it is wrong.\n{MESSAGE}")
    described = result("unattempted", checks=[wrong])
    for side in (as_text(described), words_of(as_html(described))):
        assert "not attempted yet" in side
        assert "It runs, and it is wrong." in side
        assert " ".join(MESSAGE.split()) in " ".join(side.split())
        assert len(re.findall(r"\bunattempted\b", side)) == 0


class TestButtons:
    def test_they_open_the_file_and_check_again(self) -> None:
        assert buttons(result("failed")) == {
            "docmanager:open": {
                "path": "kit/exercises/lesson_01_forms.py",
                "options": {"mode": "split-right"},
            },
            "apputils:run-all-enabled": {"commands": ["docmanager:save-all", "notebook:run-cell"]},
        }

    def test_a_file_that_the_server_does_not_reach_has_no_button(self) -> None:
        assert set(buttons(result("failed", server_path=None))) == {"apputils:run-all-enabled"}


def buttons(described: dict[str, Any]) -> dict[str, Any]:
    """Return the commands of a card's buttons with their arguments."""
    found = re.findall(
        r'data-commandlinker-command="([^"]*)" data-commandlinker-args="([^"]*)"',
        as_html(described),
    )
    return {command: json.loads(unescape(arguments)) for command, arguments in found}


def test_a_passed_exercise_names_the_next_and_gives_no_hints() -> None:
    for side in (as_text(result("passed")), words_of(as_html(result("passed")))):
        assert "Next: exercise 1.3." in side
        assert "2 of 2 checks hold" in side
        assert "int 1 of" not in side
    assert "last exercise" in as_text(result("passed", next=None))


def test_a_passed_exercise_links_to_the_next_wherever_that_is() -> None:
    there = result("passed", next="2.1", next_lesson="lesson_02_passwords")
    assert '<a href="lesson_02_passwords.ipynb#cell-id=check-2-1">exercise 2.1.</a>' in as_html(there)


def test_a_kernel_of_an_older_kit_is_told_at_the_top() -> None:
    """Each time: a warning of Python's is shown once."""
    old = result("failed", warning="restart the kernel")
    assert as_text(old).split("\n")[1] == "  ! restart the kernel"
    assert words_of(as_html(old)).index("! restart the kernel") < words_of(as_html(old)).index("a good one")
    assert "restart" not in as_text(result("failed")) + as_html(result("failed"))


SOURCE = "authlab/forms.py · canonical_email"


def test_a_passed_exercise_says_where_the_packages_own_answer_is() -> None:
    described = result("passed", source=SOURCE)
    for side in (as_text(described), words_of(as_html(described))):
        assert f"Compare with the package's own: {SOURCE}" in side
    assert as_text(described).split("\n")[-1] == "  Next: exercise 1.3."
    assert violations(as_html(described)) == []
    for without in (result("passed"), result("passed", source=None)):
        assert "Compare" not in as_text(without) + as_html(without)


@pytest.mark.parametrize("status", ["failed", "unattempted", "error", "timeout"])
def test_the_packages_own_answer_is_not_named_before_it_is_passed(status: str) -> None:
    described = result(status, source=SOURCE)
    assert SOURCE not in as_text(described) + unescape(as_html(described))


@pytest.mark.parametrize("status", STATUSES)
def test_a_folded_card_gives_nothing_away(status: str) -> None:
    assert VerdictCard(result(status))._repr_mimebundle_()["text/html"].split("\n")[0] == " "


class TestTerminal:
    @pytest.mark.parametrize("status", STATUSES)
    def test_it_stays_short_however_much_there_is_to_say(self, status: str) -> None:
        long = [check(f"test_claim_number_{n}", "failed", "line\n\n" * 40) for n in range(30)]
        text = as_text(result(status, checks=long))
        assert len(text.split("\n")) <= 14
        assert max(map(len, text.split("\n"))) <= 100

    def test_what_is_left_out_is_said(self) -> None:
        long = [check("test_x", "failed", "\n".join(f"line {n}" for n in range(20)))]
        text = as_text(result("failed", checks=long))
        shown = len(re.findall(r"line \d", text))
        assert f"… {20 - shown} more lines in the notebook" in text

    def test_empty_lines_are_the_first_to_go(self) -> None:
        checks = [check("test_x", "failed", "\n\n".join(f"line {n}" for n in range(7)))]
        assert "more lines" not in as_text(result("failed", checks=checks))
        assert "line 0\n    line 1" in as_text(result("failed", checks=checks))

    def test_the_next_command_comes_last(self) -> None:
        assert "authlab check 1.2" in as_text(result("failed")).split("\n")[-1]

    @pytest.mark.parametrize("status", STATUSES)
    def test_a_plain_terminal_gets_ascii(self, status: str) -> None:
        assert as_text(result(status), ascii=True).isascii()
        assert as_line(result(status), ascii=True).isascii()

    @pytest.mark.parametrize("status", STATUSES)
    def test_colour_adds_nothing_but_colour(self, status: str) -> None:
        coloured = as_text(result(status), colour=True)
        assert "\x1b[" in coloured
        assert re.sub(r"\x1b\[\d+m", "", coloured) == as_text(result(status))
        assert re.sub(r"\x1b\[\d+m", "", as_line(result(status), colour=True)) == as_line(result(status))


@pytest.mark.parametrize(
    ("status", "line"),
    [
        ("passed", "✓ 1.2   Everything wrong with a password"),
        ("failed", "✗ 1.2   Everything wrong with a password: not yet  (1 of 3 checks hold)"),
        ("unattempted", "○ 1.2   Everything wrong with a password: not attempted yet"),
    ],
)
def test_a_list_has_one_line_for_each(status: str, line: str) -> None:
    assert as_line(result(status)) == line


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("test_case_makes_no_second_address", "case makes no second address"),
        ("test_any_script_counts[пароль_12!]", "any script counts: пароль_12!"),
    ],
)
def test_a_check_is_named_by_its_claim(name: str, words: str) -> None:
    assert claim(name) == words


def test_what_an_answer_returns_does_not_become_html_or_steer_a_terminal() -> None:
    bad = "<script>alert(1)</script>\x1b[2J`"
    described = result(
        "failed",
        checks=[check(f"test_{bad}", "failed", bad), check("test_b", "failed", bad)],
        misconception=bad,
        title=bad,
        hints=[bad],
        file=bad,
    )
    assert violations(as_html(described)) == []
    assert "alert(1)" in words_of(as_html(described))
    assert "\x1b" not in as_html(described) + as_text(described) + as_line(described)
