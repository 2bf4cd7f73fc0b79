"""What the functions that lessons call do beside the verdict, and what they say to a mistake."""

from pathlib import Path

import pytest

from authlab.course import derive
from authlab.course.curriculum import CurriculumError
from authlab.course.places import SOLUTIONS
from authlab.course.reset import ResetError
from authlab.lab import check, hint, notebook, progress, reset, solution


@pytest.fixture(autouse=True)
def nobody_s_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The learner's own are left alone: these functions work on fresh stubs."""
    derive.write_stubs(tmp_path)
    monkeypatch.setenv("AUTHLAB_ANSWERS", str(tmp_path))
    return tmp_path


def test_a_kit_that_changed_under_the_kernel_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict is that of the new checks, and the displays are the old ones."""
    monkeypatch.setattr(notebook, "_LOADED", ())
    with pytest.warns(UserWarning, match="restart it"):
        assert check("0.1").status == "unattempted"


def test_a_hint_names_the_next_one() -> None:
    assert 'Next: hint("1.1", 2)' in repr(hint("1.1"))
    assert "Next" not in repr(hint("1.1", 3))


@pytest.mark.parametrize("number", [0, 9])
def test_there_are_only_so_many_hints(number: int) -> None:
    with pytest.raises(CurriculumError, match="expected a hint's number, 1 to 3"):
        hint("1.1", number)


def test_the_answer_is_shown_to_whoever_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or asks to have it spoilt; a wrong name is refused in words."""
    assert "Not passed yet" in repr(solution("0.1"))
    assert "status=303" in repr(solution("0.1", spoil=True))
    monkeypatch.setenv("AUTHLAB_ANSWERS", str(SOLUTIONS))
    assert "status=303" in repr(solution("0.1"))
    with pytest.raises(CurriculumError, match="expected an exercise or lesson"):
        solution("99.9")


def test_progress_is_a_card_with_a_link_to_go_on() -> None:
    card = progress()
    assert "0 of 63 solved." in repr(card)
    html = card._repr_mimebundle_()["text/html"]
    assert '<a href="lesson_00_start_here.ipynb">' in html
    assert "style=" in html
    assert "<style" not in html  # JupyterLab would drop it


def test_reset_wants_one_thing() -> None:
    with pytest.raises(ResetError, match="expected an exercise, a lesson or undo"):
        reset()
