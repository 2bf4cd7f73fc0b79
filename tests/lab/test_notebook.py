"""What the functions that lessons call do beside the verdict, and what they say to a mistake."""

import re
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from authlab.cli import command_line
from authlab.course import bank
from authlab.course.curriculum import CurriculumError, exercises, one_exercise
from authlab.course.engine import Engine
from authlab.course.places import EXERCISES, ROOT, SOLUTIONS
from authlab.course.reset import ResetError
from authlab.course.solution import not_earned
from authlab.lab import check, hint, notebook, open_app, progress, reset, solution
from authlab.lab.verdict import check_cell
from tests.copied_kit import write_stubs
from tests.lab.sanitiser import violations


@pytest.fixture(autouse=True)
def nobody_s_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's own are left alone: these functions work on fresh stubs."""
    write_stubs(tmp_path)
    monkeypatch.setenv("AUTHLAB_ANSWERS", str(tmp_path))
    return tmp_path


def test_a_kit_that_changed_under_the_kernel_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The verdict is that of the new checks, and the displays are the old ones."""
    monkeypatch.setattr(notebook, "_LOADED", ())
    for _ in range(2):  # as often as it is asked
        assert notebook.OUTDATED in repr(check("0.1"))
    assert check("0.1").status == "unattempted"
    open_app().close()
    assert capsys.readouterr().out == f"{notebook.OUTDATED}\n"


def test_a_kit_that_did_not_change_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    assert "restart" not in repr(check("0.1"))
    open_app().close()
    assert capsys.readouterr().out == ""


def test_a_hint_names_the_next_one() -> None:
    assert 'Next: hint("1.1", 2)' in repr(hint("1.1"))
    assert "Next" not in repr(hint("1.1", 3))


@pytest.mark.parametrize("number", [0, 9])
def test_there_are_only_so_many_hints(number: int) -> None:
    with pytest.raises(CurriculumError, match="expected a hint's number, 1 to 3"):
        hint("1.1", number)


def test_the_answer_is_shown_to_whoever_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or asks to have it spoilt; a wrong name is refused in words."""
    assert "0.1 has not passed yet." in repr(solution("0.1"))
    assert "status=303" not in repr(solution("0.1"))
    assert "status=303" in repr(solution("0.1", spoil=True))
    monkeypatch.setenv("AUTHLAB_ANSWERS", str(SOLUTIONS))
    assert "status=303" in repr(solution("0.1"))
    with pytest.raises(CurriculumError, match="expected an exercise or lesson"):
        solution("99.9")


def test_what_is_solved_in_many_lessons_is_asked_of_one_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last lesson asks of all: a judge for each would make its reader wait for seconds."""
    monkeypatch.setenv("AUTHLAB_ANSWERS", str(SOLUTIONS))
    started: list[object] = []
    start = Engine._start_judge
    monkeypatch.setattr(Engine, "_start_judge", lambda self, *of: (started.append(of), start(self, *of))[1])
    with Engine() as engine:
        monkeypatch.setattr(notebook, "_engine", engine)
        assert notebook.solved("0.1", "1.1", "2.1") == ["0.1", "1.1", "2.1"]
    assert len(started) == 1


def test_progress_is_a_card_with_links_to_every_exercise() -> None:
    """And to the one to go on with. In JupyterLab each leads to the cell that checks it."""
    card = progress()
    assert "0 of 63 solved." in repr(card)
    html = card._repr_mimebundle_()["text/html"]
    first = '<a href="lesson_00_start_here.ipynb#cell-id=check-0-1">'
    assert f"{first}0.1 See the page over there</a>" in html
    assert f"○ {first}0.1</a>" in html
    links = re.findall(r'<a href="(lesson_\w+)\.ipynb#cell-id=(check-[\d-]+)">', html)
    assert set(links) == {(asked.lesson, check_cell(asked.id)) for asked in exercises()}
    assert "style=" in html
    assert violations(html) == []


ANSWER = "def see_other(location):\n    return Response(status=303, headers={'Location': location})\n"


class TestReset:
    """It works on the answers that the notebook checks, and on no other: a run of the tests names others."""

    def test_an_answer_goes_and_comes_back(self, nobody_s_answers: Path) -> None:
        file = nobody_s_answers / "lesson_00_start_here.py"
        stub = file.read_text("utf-8")
        answered = stub.partition("def see_other")[0] + ANSWER + stub[stub.index("\n\n\n# 0.2") :]
        file.write_text(answered, "utf-8")
        own = (EXERCISES / file.name).read_bytes()

        assert repr(reset("0.1")) == ("0.1 is reset; what you wrote is kept. Take it back: reset(undo=True)")
        assert check("0.1").status == "unattempted"
        assert repr(reset("0.1")) == "0.1 is its stub already; nothing was changed."
        assert repr(reset(undo=True)) == (
            "exercises/lesson_00_start_here.py is back as it was. Once more takes this back: reset(undo=True)"
        )
        assert file.read_text("utf-8") == answered
        assert (EXERCISES / file.name).read_bytes() == own

    def test_a_lesson_s_file_is_reset_as_a_whole(self, nobody_s_answers: Path) -> None:
        file = nobody_s_answers / "lesson_00_start_here.py"
        stub = file.read_bytes()
        file.write_text("no Python (", "utf-8")
        assert repr(reset("lesson_00")).startswith("exercises/lesson_00_start_here.py is reset;")
        assert file.read_bytes() == stub

    @pytest.mark.parametrize(("what", "undo"), [(None, False), ("1.2", True)])
    def test_it_wants_one_thing(self, what: str | None, undo: bool) -> None:
        with pytest.raises(ResetError, match="expected an exercise, a lesson or undo"):
            reset(what, undo=undo)


class TestTheSameInATerminal:
    """Notebook and terminal say the same; what to type next is each one's own."""

    def terminal(self, command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "authlab", *command.split()],
            cwd=ROOT,
            capture_output=True,
            encoding="utf-8",
            check=True,
        )
        return done.stdout.rstrip("\n")

    def test_hints(self) -> None:
        for number in (1, 3):
            said = self.terminal(f"hint 1.1 {number}").replace(command_line("hint 1.1 2"), 'hint("1.1", 2)')
            assert repr(hint("1.1", number)) == said

    def test_an_answer_that_is_not_earned(self, kit: Path) -> None:
        asked = one_exercise("0.1")
        said = subprocess.run(
            [sys.executable, "-m", "authlab", "solution", "0.1"],
            cwd=kit,
            capture_output=True,
            encoding="utf-8",
            check=False,
        ).stdout
        assert (
            said == not_earned(asked, command_line("hint 0.1"), command_line("solution 0.1 --spoil")) + "\n"
        )
        assert repr(solution("0.1")) == not_earned(asked, 'hint("0.1")', 'solution("0.1", spoil=True)')

    def test_an_answer(self) -> None:
        said = textwrap.indent(self.terminal("solution 0.1 --spoil"), "  ")
        assert repr(solution("0.1", spoil=True)) == f"authlab/responses.py · see_other\n{said}"


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: check("9.99"), "CurriculumError: expected an exercise or lesson"),
        (lambda: reset(), "ResetError: expected an exercise, a lesson or undo"),
        (lambda: hint("1.1", 7), "CurriculumError: expected a hint's number, 1 to 3, got 7"),
        (
            lambda: open_app(flaw="case_keep"),
            f"MountsError: expected one of {len(bank.all_flaws())} flaws, got 'case_keep'; "
            "did you mean case_kept",
        ),
        (
            lambda: notebook.flawed("zzz"),
            f"UnknownFlaw: expected one of {len(bank.all_flaws())} flaws, got 'zzz'\n",
        ),
    ],
    ids=["check", "reset", "hint", "open_app", "flawed"],
)
def test_a_mistake_is_one_line_in_a_notebook(
    call: Callable[[], object], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What IPython would show is the text alone, without the way through the kit's own files."""
    shell = InteractiveShell()
    shell.user_ns["call"] = call
    shell.run_cell("call()")
    said = capsys.readouterr().out
    assert said.startswith(line)
    assert said.count("\n") == 1
