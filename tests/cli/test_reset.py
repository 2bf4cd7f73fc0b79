"""`authlab reset`: what a learner wrote is never lost, and what was not asked for is not touched."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from authlab.cli import command_line
from authlab.course import answers, derive, reset
from authlab.course.curriculum import exercises, lesson_of, one_exercise
from authlab.course.places import SOLUTIONS
from authlab.course.reset import ResetError, reset_exercise, reset_lesson, undo_last
from tests.cli.typed import authlab

LESSON_1 = "lesson_01_forms.py"
IDS = [asked.id for asked in exercises()]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return tmp_path / "state" / "kept"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which everything is answered."""
    return Path(shutil.copytree(SOLUTIONS, tmp_path / "answers"))


def code_of(text: str, exercise_id: str) -> str:
    """The lines of one answer."""
    node = answers.definition(answers.parse(Path("x.py"), text), one_exercise(exercise_id).name)
    assert node is not None
    return "\n".join(text.split("\n")[node.lineno - 1 : node.end_lineno])


# One answer


@pytest.mark.parametrize("exercise_id", IDS)
def test_a_reset_answer_is_its_stub_and_nothing_else_has_changed(
    exercise_id: str, tmp_path: Path, kept: Path
) -> None:
    """Written over, then reset: the file is the one that the kit came with."""
    asked = one_exercise(exercise_id)
    path = tmp_path / asked.file_name
    fresh = derive.stub_file(lesson_of(asked))
    path.write_text(
        fresh.replace(code_of(fresh, exercise_id), f"def {asked.name}(): ..."), "utf-8", newline="\n"
    )
    assert path.read_text("utf-8") != fresh

    reset_exercise(asked, tmp_path, kept)
    assert path.read_bytes() == fresh.encode()


def styled(text: str, style: str) -> bytes:
    if style == "CRLF":
        return text.replace("\n", "\r\n").encode()
    if style == "BOM":
        return b"\xef\xbb\xbf" + text.encode()
    if style == "latin-1":
        return b"# coding: latin-1\n# \xe9\xff\n" + text.encode("ascii", "replace")
    if style == "form feed":
        return text.replace("\n\n\n", "\n\x0c\n# \u2028 no line end\n").encode()
    if style == "no final newline":
        return text.rstrip("\n").encode()
    if style == "spaces at the end":
        return text.encode() + b"\n\n  \n# my notes \n\n"
    return text.encode()


STYLES = ["plain", "CRLF", "BOM", "latin-1", "form feed", "no final newline", "spaces at the end"]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("exercise_id", ["1.3", "1.6"])
def test_the_rest_of_the_file_stays_byte_for_byte(
    folder: Path, kept: Path, exercise_id: str, style: str
) -> None:
    """Whatever its line ends, its mark at the beginning or its end."""
    path = folder / LESSON_1
    text = path.read_text("utf-8").encode("ascii", "replace").decode()
    path.write_bytes(before := styled(text, style))
    answer = styled(code_of(text, exercise_id), style if style in ("CRLF", "form feed") else "plain")
    assert before.count(answer) == 1
    head, tail = before.split(answer)

    change = reset_exercise(one_exercise(exercise_id), folder, kept)
    after = path.read_bytes()
    assert after.startswith(head)
    assert after.endswith(tail)
    stub = after[len(head) : len(after) - len(tail)]
    assert stub.count(b"\r\n") == (stub.count(b"\n") if style == "CRLF" else 0)
    assert change is not None
    assert change.kept.read_bytes() == before

    undo_last(folder, kept)
    assert path.read_bytes() == before
    undo_last(folder, kept)
    assert path.read_bytes() == after
    undo_last(folder, kept)
    assert path.read_bytes() == before


def test_a_stub_is_left_as_it_is_and_nothing_is_kept(folder: Path, kept: Path) -> None:
    """A copy of nothing would stand between a learner and the undoing of what they did last."""
    asked = one_exercise("1.3")
    reset_exercise(asked, folder, kept)
    before = (folder / LESSON_1).read_bytes()
    assert reset_exercise(asked, folder, kept) is None
    assert (folder / LESSON_1).read_bytes() == before
    assert len(list(kept.glob("*_lesson_*"))) == 1


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_deleted_answer_comes_back_at_the_end(folder: Path, kept: Path, end: str) -> None:
    path = folder / LESSON_1
    text = path.read_text("utf-8")
    text = text.replace(code_of(text, "1.3"), "").rstrip("\n") + end
    path.write_text(text, "utf-8", newline="\n")
    reset_exercise(one_exercise("1.3"), folder, kept)
    after = path.read_text("utf-8")
    assert after.startswith(text)
    asked = one_exercise("1.3")
    found = answers.definition(answers.parse(path, after), asked.name)
    assert answers.same_code(found, derive.stub_definition(asked))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"x = 1\ndef broken(:\n", "lesson_01_forms.py, line 2: "),
        (b"\xff\xfe\x00", "expected a Python file in UTF-8"),
        (b"# coding: ascii\ndef canonical_email(): ...\n", "can't encode"),
    ],
)
def test_a_file_that_is_no_python_says_which_line_and_what_to_do(
    folder: Path, kept: Path, data: bytes, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer cannot be found in it; the whole file can be reset, and undone."""
    monkeypatch.setattr(derive, "stub_block", lambda asked: ["", "", "def canonical_email(): return 'é'"])
    path = folder / LESSON_1
    path.write_bytes(data)
    asked = next(one for one in exercises() if one.name == "canonical_email")
    with pytest.raises(ResetError) as refused:
        reset_exercise(asked, folder, kept)
    assert words in str(refused.value)
    assert str(refused.value).endswith("Reset the whole file: python3 -m authlab reset lesson_01")
    assert path.read_bytes() == data

    assert reset_lesson(lesson_of(asked), folder, kept) is not None
    assert path.read_text("utf-8") == derive.stub_file(lesson_of(asked))
    undo_last(folder, kept)
    assert path.read_bytes() == data


def test_a_missing_file_is_made_and_undone(folder: Path, kept: Path) -> None:
    path = folder / LESSON_1
    path.unlink()
    reset_exercise(one_exercise("1.2"), folder, kept)
    assert path.read_text("utf-8") == derive.stub_file(lesson_of(one_exercise("1.2")))
    undo_last(folder, kept)
    assert not path.exists()
    undo_last(folder, kept)
    assert path.read_text("utf-8") == derive.stub_file(lesson_of(one_exercise("1.2")))


def test_an_empty_file_is_no_missing_one(folder: Path, kept: Path) -> None:
    path = folder / LESSON_1
    path.write_bytes(b"")
    reset_lesson(lesson_of(one_exercise("1.2")), folder, kept)
    undo_last(folder, kept)
    assert path.read_bytes() == b""


# Several


def test_undo_goes_back_one_reset_after_the_tenthousandth(folder: Path, kept: Path) -> None:
    """Copies are numbered; as words, 10000 would stand before 9999."""
    kept.mkdir(parents=True)
    (kept / f"9999_{LESSON_1}").write_text("the one before")
    before = (folder / LESSON_1).read_bytes()
    change = reset_exercise(one_exercise("1.2"), folder, kept)
    assert change is not None
    assert change.kept.name == f"10000_{LESSON_1}"
    undo_last(folder, kept)
    assert (folder / LESSON_1).read_bytes() == before


def test_resets_at_once_lose_nothing(folder: Path, kept: Path) -> None:
    """Each is done, on top of what the others did; and each can be undone."""
    before = (folder / LESSON_1).read_bytes()
    of_lesson = [asked for asked in exercises() if asked.file_name == LESSON_1]
    threads = [threading.Thread(target=reset_exercise, args=(asked, folder, kept)) for asked in of_lesson]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tree = answers.parse(folder / LESSON_1, (folder / LESSON_1).read_text("utf-8"))
    for asked in of_lesson:
        assert answers.same_code(answers.definition(tree, asked.name), derive.stub_definition(asked)), (
            asked.id
        )
    assert len(list(kept.glob("*_lesson_*"))) == len(of_lesson)
    assert (kept / f"0001_{LESSON_1}").read_bytes() == before


def test_there_must_be_something_to_undo(folder: Path, kept: Path) -> None:
    with pytest.raises(ResetError, match="nothing was reset"):
        undo_last(folder, kept)


def test_a_folder_that_cannot_be_written_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reset, "locked", refuse)
    with pytest.raises(ResetError, match="got: Permission denied"):
        reset.reset_or_undo("1.2")


# The command


def test_the_command_and_its_undo(kit: Path) -> None:
    """As typed in a fresh clone, where `.authlab` is not there yet."""
    path = kit / "exercises" / LESSON_1
    path.write_bytes(before := (SOLUTIONS / LESSON_1).read_bytes())

    answer = authlab(kit, "reset", "1.2")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert (
        answer.stdout
        == "1.2 is reset; what you wrote is kept. Take it back: python3 -m authlab reset --undo\n"
    )
    assert 'NotImplementedError("1.2 is not written yet")' in path.read_text("utf-8")
    assert os.name == "nt" or (kit / ".authlab").stat().st_mode & 0o077 == 0, (
        "another user could look into it"
    )

    assert authlab(kit, "reset", "1.2").stdout == "1.2 is its stub already; nothing was changed.\n"
    undone = authlab(kit, "reset", "--undo")
    assert undone.stdout.startswith("exercises/lesson_01_forms.py is back as it was.")
    assert path.read_bytes() == before

    authlab(kit, "reset", "lesson_01")
    assert path.read_text("utf-8") == derive.stub_file(lesson_of(one_exercise("1.2")))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], f"expected an exercise, a lesson or --undo; see: {command_line('reset')} --help"),
        (["1.2", "--undo"], "expected an exercise, a lesson or --undo"),
        (["9.9"], "expected an exercise or lesson (0.1 to "),
        (["all"], "expected one exercise or one lesson, got 'all'"),
        (["--undo"], "expected something to undo, got none"),
    ],
)
def test_a_reset_of_nothing_is_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What was expected, what came; and all exercises at once are not reset by a slip."""
    from authlab.cli import main

    monkeypatch.setattr(reset.undo_last, "__defaults__", (tmp_path, tmp_path / "kept"))
    assert main(["reset", *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert words in told.err
    assert told.err.count("\n") == 1
