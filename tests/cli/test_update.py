"""`authlab update`: the new kit comes in, and nothing that a learner wrote is lost. With real git."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from authlab.course import derive, merging
from authlab.course.curriculum import lessons
from authlab.course.places import SOLUTIONS
from authlab.course.progress import remember
from authlab.course.updating import UpdateError, update
from tests.cli.typed import authlab

ANSWERS = "exercises/lesson_01_forms.py"
NOTEBOOK = "notebooks/lesson_01_forms.ipynb"
OTHER_NOTEBOOK = "notebooks/lesson_02_passwords.ipynb"
NOTES = "docs/Zoés Übung.md"

STUBS = '''\
# Derived from authlab/forms.py by: authlab dev build [0123abcd]
"""Lesson 1."""

import re

# 1.1  build: The first  (5 minutes)
def first(text: str) -> str:
    """Return the first."""
    raise NotImplementedError("1.1 is not written yet")


# 1.2  build: The second  (5 minutes)
def second(text: str) -> str:
    """Return the second."""
    raise NotImplementedError("1.2 is not written yet")


# 1.3  build: The third  (5 minutes)
def third(text: str) -> str:
    """Return the third."""
    raise NotImplementedError("1.3 is not written yet")
'''
NEW_STUBS = (
    STUBS.replace("0123abcd", "ffff0000")
    .replace("import re\n", "import re\nfrom pathlib import Path\n")
    .replace('"""Return the second."""', '"""Return the second, in capitals."""')
    .replace('"""Return the third."""', '"""Return the third of them."""')
    + '''

# 1.4  build: The fourth  (5 minutes)
def fourth(path: Path) -> str:
    """Return the fourth."""
    raise NotImplementedError("1.4 is not written yet")
'''
)
MINE = (
    STUBS.replace('    raise NotImplementedError("1.1 is not written yet")', "    return text[0]  # mine")
    .replace('    raise NotImplementedError("1.2 is not written yet")', "    return helper(text)")
    .replace("import re\n", "import re\nfrom string import digits\n")
    .replace("# 1.2  build", "def helper(text: str) -> str:\n    return digits\n\n\n# 1.2  build")
)
MERGED = (
    NEW_STUBS.replace('    raise NotImplementedError("1.1 is not written yet")', "    return text[0]  # mine")
    .replace('    raise NotImplementedError("1.2 is not written yet")', "    return helper(text)")
    .replace('"""Return the second, in capitals."""', '"""Return the second."""')
    .replace("import re\n", "import re\nfrom string import digits\n")
    .replace("# 1.2  build", "def helper(text: str) -> str:\n    return digits\n\n\n# 1.2  build")
)
EXERCISES = "\n".join(
    f'[[exercises]]\nid = "1.{number}"\npart = "authlab.forms:{name}"\n'
    for number, name in enumerate(["first", "second", "third", "fourth"], start=1)
)


def notebook(*sources: str, output: str = "") -> str:
    cells = [
        {"cell_type": "code", "source": [source], "outputs": [output], "execution_count": 1}
        for source in sources
    ]
    return json.dumps({"cells": cells, "nbformat": 4})


OLD_KIT = {
    "authlab/__init__.py": '__version__ = "1.0"\n',
    "authlab/forms.py": "old = 1\n",
    "authlab/pages.py": "pages = 1\n",
    "authlab/course/lessons/lesson_01_forms.toml": EXERCISES,
    ANSWERS: STUBS,
    "exercises/lesson_02_passwords.py": "def other(): ...\n",
    NOTEBOOK: notebook("1 + 1"),
    OTHER_NOTEBOOK: notebook("2 + 2"),
    "tests/lessons/test_lesson_01_forms.py": "old checks\n",
    "CHANGELOG.md": "# Changelog\n\n## Unreleased\n\n- The old entry,\n  of two lines.\n",
    "docs/gone/old.md": "old\n",
    NOTES: "old\n",
    ".gitignore": "/.authlab/\n*.log\n",
}
NEW_KIT = {
    "authlab/__init__.py": '__version__ = "1.1"\n',
    "authlab/forms.py": "new = 1\n",
    ANSWERS: NEW_STUBS,
    NOTEBOOK: notebook("1 + 2", output="3"),
    OTHER_NOTEBOOK: notebook("2 + 3", output="5"),
    "tests/lessons/test_lesson_01_forms.py": "new checks\n",
    "CHANGELOG.md": "## 1.1\n\n- A new entry,\n  of two lines.\n- The old entry,\n  of two lines.\n",
    "docs/new/new.md": "new\n",
    NOTES: "new\n",
}


def git(where: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-c", "user.name=Ada", "-c", "user.email=ada@lab.test", *arguments],
        cwd=where, check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip


def write(where: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = where / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())


def commit(where: Path, message: str) -> None:
    git(where, "add", "-A")
    git(where, "commit", "-q", "-m", message)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new kit, and a clone of the old one."""
    folder = tmp_path_factory.mktemp("kits")
    kit = folder / "kit"
    kit.mkdir()
    git(kit, "init", "-q", "-b", "main")
    write(kit, OLD_KIT)
    commit(kit, "old")
    git(folder, "clone", "-q", "kit", "clone")
    git(kit, "rm", "-q", "docs/gone/old.md")
    write(kit, NEW_KIT)
    commit(kit, "new")
    return folder


@pytest.fixture
def clone(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the old kit, by somebody whose name git does not know."""
    for name, value in {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": ""}.items():
        monkeypatch.setenv(name, value)
    return Path(shutil.copytree(made / "clone", tmp_path / "ein Klon", symlinks=True))


def files(where: Path) -> dict[str, bytes]:
    """All files, without git's and the clone's state."""
    return {
        path.relative_to(where).as_posix(): path.read_bytes()
        for path in sorted(where.rglob("*"))
        if path.is_file() and path.relative_to(where).parts[0] not in (".git", ".authlab")
    }


def new_files() -> dict[str, bytes]:
    texts = {**OLD_KIT, **NEW_KIT}
    del texts["docs/gone/old.md"]
    return {name: text.encode() for name, text in texts.items()}


def kept(clone: Path) -> dict[str, bytes]:
    (folder,) = (clone / ".authlab" / "kept").glob("update_*")
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def status(clone: Path) -> list[str]:
    return git(clone, "-c", "core.quotepath=off", "status", "--porcelain", "-uall").splitlines()


# What is brought in, and what is kept


def test_an_untouched_clone_becomes_the_new_kit(clone: Path, made: Path) -> None:
    """Files come, change and go, folders with them; and what has changed is said."""
    lines = update(root=clone)
    assert lines == [
        "authlab 1.0 -> 1.1",
        "- A new entry, of two lines.",
        "Next: python3 -m authlab lab (close JupyterLab first, if it is open)",
    ]
    assert files(clone) == new_files()
    assert not (clone / "docs" / "gone").exists()
    assert status(clone) == []
    assert git(clone, "rev-parse", "HEAD") == git(made / "kit", "rev-parse", "HEAD")
    assert git(clone, "symbolic-ref", "HEAD") == "refs/heads/main\n"
    assert update(root=clone)[0].startswith("This is the newest kit already: authlab 1.1, ")


@pytest.mark.parametrize("committed", [False, True])
def test_answers_are_kept_in_the_new_file_of_questions(clone: Path, committed: bool) -> None:
    """Helpers, imports, comments as well. Where the question has changed, that is said, and how to see it."""
    write(clone, {ANSWERS: MINE, "exercises/lesson_02_passwords.py": "def other(): ...  # mine\n"})
    if committed:
        commit(clone, "my answers")
    lines = update(root=clone)
    assert files(clone) == {
        **new_files(),
        ANSWERS: MERGED.encode(),
        "exercises/lesson_02_passwords.py": b"def other(): ...  # mine\n",
    }
    (told,) = [line for line in lines if line.startswith(ANSWERS)]
    assert told.startswith(
        f"{ANSWERS}: asked in other words now, your answers are kept: 1.2 second. See how: git"
    )
    shown = git(clone, *told.partition("See how: git ")[2].split())
    assert '+    """Return the second, in capitals."""' in shown
    assert kept(clone)[ANSWERS] == MINE.encode()
    if committed:
        assert status(clone) == []
        assert git(clone, "log", "-1", "--format=%s|%an|%P").startswith(
            "Update to authlab 1.1|authlab update|"
        )
        assert "my answers" in git(clone, "log", "--format=%s")
    else:
        assert status(clone) == [f" M {ANSWERS}", " M exercises/lesson_02_passwords.py"]
    assert update(root=clone)[0].startswith("This is the newest kit already")


def test_edits_on_top_of_commits_stay_on_top(clone: Path) -> None:
    """What was committed is merged as it was committed, and what was not stays uncommitted."""
    committed = STUBS.replace(
        '    raise NotImplementedError("1.1 is not written yet")', "    return text[0]  # mine"
    )
    write(clone, {ANSWERS: committed, "mine.txt": "mine"})
    commit(clone, "one answer")
    write(clone, {ANSWERS: MINE})
    update(root=clone)
    assert (clone / ANSWERS).read_text("utf-8") == MERGED
    assert status(clone) == [f" M {ANSWERS}"]
    in_commit = git(clone, "show", f"HEAD:{ANSWERS}")
    assert "return text[0]  # mine" in in_commit
    assert "def fourth" in in_commit
    assert "helper" not in in_commit


@pytest.mark.parametrize("style", ["CRLF", "BOM"])
def test_line_ends_and_marks_stay(clone: Path, style: str) -> None:
    data = MINE.replace("\n", "\r\n").encode() if style == "CRLF" else b"\xef\xbb\xbf" + MINE.encode()
    (clone / ANSWERS).write_bytes(data)
    update(root=clone)
    after = (clone / ANSWERS).read_bytes()
    assert after.startswith(b"\xef\xbb\xbf") is (style == "BOM")
    assert after.count(b"\r\n") == (after.count(b"\n") if style == "CRLF" else 0)
    assert after.decode("utf-8-sig").replace("\r\n", "\n") == MERGED


def test_a_clone_with_line_ends_of_windows(clone: Path) -> None:
    """Git writes them there (core.autocrlf): a file that nobody edited is no edited file."""
    git(clone, "config", "core.autocrlf", "true")
    for name in git(clone, "ls-files", "-z").split("\0")[:-1]:
        (clone / name).unlink()
    git(clone, "checkout", "-q", "--", ".")
    (clone / ANSWERS).write_bytes(MINE.replace("\n", "\r\n").encode())
    lines = update(root=clone)
    assert status(clone) == [f" M {ANSWERS}"]
    assert (clone / ANSWERS).read_bytes() == MERGED.replace("\n", "\r\n").encode()
    assert (clone / "authlab" / "forms.py").read_bytes() == b"new = 1\r\n"
    assert not any(NOTEBOOK in line for line in lines)


@pytest.mark.parametrize("text", [MINE.replace("    return helper", "    return ("), "x = 1\x00", "\udcff"])
def test_answers_that_are_no_python_now_stay_as_they_are(clone: Path, text: str) -> None:
    """But for the mark of the old questions in the first line, by which `test` would call them outdated."""
    data = text.encode("utf-8", "surrogateescape")
    (clone / ANSWERS).write_bytes(data)
    lines = update(root=clone)
    assert (clone / ANSWERS).read_bytes() == data.replace(b" [0123abcd]", b"")
    assert f"{ANSWERS} is yours as it was: its new questions did not fit in." in lines
    assert kept(clone) == {ANSWERS: data}


def test_a_notebook_that_was_only_run_is_the_new_one(clone: Path) -> None:
    """Outputs come back by running it. A copy is kept all the same."""
    run = notebook("1 + 1", output="2")
    write(clone, {NOTEBOOK: run})
    lines = update(root=clone)
    assert files(clone) == new_files()
    assert f"{NOTEBOOK} is the new one: yours differed in outputs only." in lines
    assert kept(clone) == {NOTEBOOK: run.encode()}


def test_a_comment_in_a_stub_is_the_learners_as_well(clone: Path) -> None:
    """An idea noted down, and no code yet."""
    line = '    raise NotImplementedError("1.2 is not written yet")'
    write(clone, {ANSWERS: STUBS.replace(line, f"    # my idea\n{line}")})
    assert any("your answers are kept: 1.2 second" in line for line in update(root=clone))
    text = (clone / ANSWERS).read_text("utf-8")
    assert "    # my idea\n" in text
    assert "def fourth" in text


def test_a_relative_folder_is_meant_from_where_it_was_typed(
    clone: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made)
    update("kit", root=clone)
    assert files(clone) == new_files()


@pytest.mark.parametrize("committed", [False, True])
def test_a_notebook_with_notes_stands_beside_the_new_one(clone: Path, committed: bool) -> None:
    """Under a name of its own; what no new kit has touched stays where it is."""
    mine = notebook("1 + 1", "my notes")
    write(
        clone,
        {NOTEBOOK: mine, "notebooks/Untitled.ipynb": "{", "notebooks/lesson_02_passwords.mine.ipynb": "x"},
    )
    write(clone, {OTHER_NOTEBOOK: "no notebook"})
    if committed:
        commit(clone, "notes")
    lines = update(root=clone)
    assert files(clone) == {
        **new_files(),
        "notebooks/lesson_01_forms.mine.ipynb": mine.encode(),
        "notebooks/lesson_02_passwords.mine.ipynb": b"x",
        "notebooks/lesson_02_passwords.mine2.ipynb": b"no notebook",
        "notebooks/Untitled.ipynb": b"{",
    }
    assert f"{NOTEBOOK} is the new one; yours is notebooks/lesson_01_forms.mine.ipynb." in lines


def test_what_the_kit_gives_up_and_a_learner_has_edited_is_left(clone: Path) -> None:
    write(clone, {"docs/gone/old.md": "mine"})
    lines = update(root=clone)
    assert files(clone) == {**new_files(), "docs/gone/old.md": b"mine"}
    assert "docs/gone/old.md is no longer one of the kit's; yours is left." in lines


def test_deleted_files_come_back_and_other_files_stay(clone: Path) -> None:
    """Untracked, ignored, staged, of any name: none of the kit's business."""
    (clone / NOTEBOOK).unlink()
    git(clone, "rm", "-q", "authlab/forms.py")
    own = {
        "my notes/α β.txt": "mine",
        "run.log": "ignored",
        "authlab/pages.py": "edited, and not by the kit\n",
    }
    write(clone, {**own, "staged.txt": "staged"})
    git(clone, "add", "staged.txt")
    update(root=clone)
    assert files(clone) == {
        **new_files(), **{name: text.encode() for name, text in own.items()}, "staged.txt": b"staged"
    }  # fmt: skip


def test_what_was_staged_alone_can_be_had_from_git(clone: Path) -> None:
    """Staged, then edited on: the staged text is in no file."""
    write(clone, {ANSWERS: STUBS + "# staged\n"})
    git(clone, "add", ANSWERS)
    write(clone, {ANSWERS: MINE})
    update(root=clone)
    assert git(clone, "show", f"refs/authlab/before-update^2:{ANSWERS}") == STUBS + "# staged\n"


def test_git_need_not_watch_over_a_file_for_it_to_be_kept(clone: Path) -> None:
    """Told to overlook it, or to forget it: it is still somebody's work."""
    git(clone, "update-index", "--skip-worktree", ANSWERS)
    git(clone, "rm", "-q", "--cached", NOTEBOOK)
    mine = notebook("my notes")
    write(clone, {ANSWERS: MINE, NOTEBOOK: mine})
    update(root=clone)
    assert (clone / ANSWERS).read_text("utf-8") == MERGED
    assert (clone / "notebooks/lesson_01_forms.mine.ipynb").read_text("utf-8") == mine


def test_checks_that_an_answer_has_passed_and_that_have_changed_are_named(clone: Path) -> None:
    from authlab.course.curriculum import one_exercise
    from authlab.course.engine import Result

    verdicts = [Result(one_exercise("1.1"), "passed"), Result(one_exercise("1.2"), "failed")]
    verdicts.append(Result(one_exercise("2.1"), "passed"))  # the new kit of this test has none for it
    remember(verdicts, file=clone / ".authlab" / "progress.json")
    assert "Passed, and the checks have changed since: 1.1." in update(root=clone)


@pytest.mark.parametrize("union", ["mine alone", "theirs alone", "no Python"])
def test_a_merge_that_loses_something_is_none(union: str) -> None:
    """A helper of the learner's, a new question, or the sense of the file: then theirs stays as it was."""
    texts = {
        "mine alone": lambda *of: of[0],
        "theirs alone": lambda *of: of[2],
        "no Python": lambda *of: "def",
    }
    assert merging.with_answers(STUBS.encode(), MINE.encode(), NEW_STUBS.encode(), texts[union]) is None


# What is refused, with nothing touched


def refused(clone: Path, *arguments: str) -> str:
    before = files(clone), git(clone, "rev-parse", "HEAD"), status(clone)
    with pytest.raises(UpdateError) as error:
        update(*arguments, root=clone)
    assert (files(clone), git(clone, "rev-parse", "HEAD"), status(clone)) == before
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("committed", [False, True])
def test_a_part_that_both_have_changed_is_refused(clone: Path, committed: bool) -> None:
    """Until it is the kit's again; the line says how, and then it goes through."""
    write(clone, {"authlab/forms.py": "mine = 1\n", ANSWERS: MINE})
    if committed:
        commit(clone, "mine")
    line = refused(clone)
    assert "got authlab/forms.py; nothing was touched." in line
    git(clone, *line.partition("update again: git ")[2].split())
    update(root=clone)
    assert files(clone) == {**new_files(), ANSWERS: MERGED.encode()}
    assert git(clone, "show", "HEAD:authlab/forms.py") == "new = 1\n"


def test_the_same_change_on_both_sides_is_no_collision(clone: Path) -> None:
    write(clone, {"authlab/forms.py": "new = 1\n"})
    update(root=clone)
    assert files(clone) == new_files()
    assert status(clone) == []


@pytest.mark.parametrize("place", ["docs/new/new.md", "docs/new", "docs/new/new.md/mine.txt"])
def test_a_file_in_the_way_of_a_new_one_is_refused(clone: Path, place: str) -> None:
    """In its place, in that of its folder, or a folder in its place: nobody's file is written over."""
    write(clone, {place: "mine"})
    line = refused(clone)
    assert "docs/new" in line
    assert "update again: mv docs/new" in line


def test_other_refusals_say_what_to_do(
    clone: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = str(tmp_path / "nowhere")
    line = refused(clone, nowhere)
    assert line.startswith(f"expected to fetch the new kit from {nowhere}, got: fatal: ")
    assert line.endswith("run: python3 -m authlab update")
    assert "got: fatal: " in refused(clone, str(made / "kit"), "no-such-branch")

    git(clone, "switch", "-q", "-c", "mine", "--no-track")
    assert "got mine; say from where: python3 -m authlab update --from ADDRESS" in refused(clone)
    git(clone, "switch", "-q", "--detach")
    assert "got no branch; say from where" in refused(clone)

    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    write(other, {"readme": "no kit"})
    commit(other, "other")
    assert "found none there" in refused(clone, str(other))
    write(other, OLD_KIT)
    commit(other, "a kit of another history")
    assert "without a common history" in refused(clone, str(other))
    line = refused_folder(tmp_path / "no clone")
    assert line.startswith("expected a clone made by git")
    (clone / ".git" / "MERGE_HEAD").write_text(git(clone, "rev-parse", "HEAD"))
    assert "finish it first: git status" in refused(clone)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refused_folder(clone).startswith("expected git, found none")


def refused_folder(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    with pytest.raises(UpdateError) as error:
        update(root=folder)
    return str(error.value)


def test_from_another_place_and_without_a_branch(clone: Path, made: Path) -> None:
    git(clone, "switch", "-q", "--detach")
    update(str(made / "kit"), "main", root=clone)
    assert files(clone) == new_files()
    assert git(clone, "rev-parse", "HEAD") == git(made / "kit", "rev-parse", "HEAD")


# Killed at any step


CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "shutil.copyfile", "shutil.rmtree")
GITS = {"fetch", "stash", "update-ref", "read-tree", "checkout-index", "commit-tree", "update-index"}


def killed_at(step: int, do: Callable[[], object]) -> bool:
    """Do something in a process that is killed before its n-th change; return whether it came so far."""
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal left
            is_git = event == "subprocess.Popen" and bool(GITS & set(map(str, arguments[1])))  # type: ignore[call-overload]
            if is_git or event in CHANGES:
                left -= 1
                if left < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            do()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it takes a fork to be killed")
@pytest.mark.full
def test_killed_at_any_step_nothing_is_lost_and_the_next_run_finishes(clone: Path, tmp_path: Path) -> None:
    """Committed answers, others on top, notes in a notebook, a new file: all is there after each kill, and
    the end is the same."""
    committed = STUBS.replace(
        '    raise NotImplementedError("1.1 is not written yet")', "    return text[0]  # mine"
    )
    notes, other = notebook("1 + 1", "my notes"), notebook("2 + 2", output="4")
    write(clone, {ANSWERS: committed})
    commit(clone, "one answer")
    mine = {ANSWERS: MINE, NOTEBOOK: notes, OTHER_NOTEBOOK: other, "mine.txt": "mine"}
    write(clone, mine)
    whole = Path(shutil.copytree(clone, tmp_path / "whole"))
    update(root=whole)
    expected = files(whole), status(whole), git(whole, "rev-parse", "HEAD^{tree}")
    assert expected[0][ANSWERS] == MERGED.encode()

    step = 0
    while True:
        one = Path(shutil.copytree(clone, tmp_path / f"killed at {step}"))
        came_so_far = killed_at(step, lambda one=one: update(root=one))  # type: ignore[misc]
        there = {path.read_bytes() for path in one.rglob("*") if path.is_file() and ".git" not in path.parts}
        assert {text.encode() for text in mine.values()} <= there, f"killed at step {step}: lost"
        update(root=one)
        assert (files(one), status(one), git(one, "rev-parse", "HEAD^{tree}")) == expected, step
        assert {path.name for path in (one / ".authlab").iterdir()} <= {"kept", "update.lock"}
        shutil.rmtree(one)
        if not came_so_far:
            break
        step += 1
    assert step > 20


@pytest.mark.skipif(not hasattr(os, "fork"), reason="it takes a fork to be killed")
def test_what_is_edited_between_a_kill_and_the_next_run_is_kept(clone: Path) -> None:
    """And the lock of a git that was killed is in no way."""
    write(clone, {ANSWERS: MINE})
    step = 0
    while not (clone / ".authlab" / "update" / "plan.json").exists():
        assert killed_at(step, lambda: update(root=clone))
        step += 1
    write(clone, {ANSWERS: MINE + "# later\n", "authlab/forms.py": "later = 1\n"})
    (clone / ".git" / "index.lock").touch()
    lines = update(root=clone)
    assert f"{ANSWERS} was edited since, and is left as it is." in lines
    assert (clone / ANSWERS).read_text("utf-8") == MINE + "# later\n"
    found = [path.read_text() for path in (clone / ".authlab" / "kept").rglob("forms.py")]
    assert found == ["later = 1\n"]
    assert (clone / "authlab/forms.py").read_text() == "new = 1\n"
    assert status(clone) == [f" M {ANSWERS}"]


def test_a_plan_for_another_commit_is_made_anew(clone: Path) -> None:
    """Killed, and then committed to: what is there now decides."""
    (clone / ".authlab" / "update").mkdir(parents=True)
    plan = {"head": "0" * 40, "target": "1" * 40}
    (clone / ".authlab" / "update" / "plan.json").write_text(json.dumps(plan))
    update(root=clone)
    assert files(clone) == new_files()


# The real files of questions, and the command


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.stem)
def test_all_answers_of_a_lesson_outlive_a_new_word_in_each_question(lesson: object, clone: Path) -> None:
    """Of the kit's own files: each solution stays as it is, and what is new comes in."""
    from authlab.course.updating import _Update

    name = f"{lesson.stem}.py"  # type: ignore[attr-defined]
    old = derive.stub_file(lesson).encode()  # type: ignore[arg-type]
    mine = (SOLUTIONS / name).read_bytes()
    new = (
        re.sub(rb':\n    """', b':\n    """Now: ', old) + b'\n\n\ndef brand_new() -> None:\n    """New."""\n'
    )
    (clone / ".authlab").mkdir()
    merged = merging.with_answers(old, mine, new, _Update(clone)._union)
    assert merged is not None
    assert b"def brand_new" in merged
    assert merging.changed_questions(old, new)


def python(where: Path, code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], cwd=where, check=True, capture_output=True, encoding="utf-8"
    ).stdout


def _answered() -> bytes:
    """The real questions of lesson 1, as the kit hands them out, with the package's answers."""
    lesson = next(lesson for lesson in lessons() if lesson.number == 1)
    solutions = (SOLUTIONS / f"{lesson.stem}.py").read_text("utf-8")
    return (derive.stub_file(lesson).partition('"""')[0] + '"""' + solutions.partition('"""')[2]).encode()


def test_the_command_in_a_clone_of_the_real_kit(kit: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As typed, without any package (a learner's first command may be this one): a question has changed, the
    answers still pass, and to `authlab test` they are answers to today's questions."""
    kit.joinpath("CHANGELOG.md").write_text("# Changelog\n")
    kit.joinpath(".gitignore").write_text("/.authlab/\n__pycache__/\n")
    git(kit, "init", "-q", "-b", "main")
    commit(kit, "old")
    clone = tmp_path_factory.mktemp("clone") / "clone"
    git(kit, "clone", "-q", "--", str(kit), str(clone))
    kit.joinpath("CHANGELOG.md").write_text("# Changelog\n\n- It is new.\n")
    forms = kit / "authlab" / "forms.py"
    question = 'def password_problems(password: str) -> list[str]:\n    """'
    text = forms.read_text("utf-8")
    assert question in text
    forms.write_text(text.replace(question, question + "Now: "), "utf-8")
    python(kit, "from authlab.course import derive; derive.build()")
    commit(kit, "new")
    (clone / ANSWERS).write_bytes(_answered())

    done = subprocess.run(
        [sys.executable, "-S", "-m", "authlab", "update"], cwd=clone, capture_output=True, encoding="utf-8"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "- It is new.\n" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("Next: python3 -m authlab lab")
    assert (
        f"{ANSWERS}: asked in other words now, your answers are kept: 1.2 password_problems." in done.stdout
    )
    assert python(clone, "from authlab.course import derive; print(derive.drift())") == "[]\n", (
        "test is green"
    )
    assert authlab(clone, "check", "lesson_01").returncode == 0

    offline = authlab(clone, "update", "--from", "nowhere")
    assert (offline.returncode, offline.stdout) == (2, "")
    assert offline.stderr.startswith("authlab: expected to fetch the new kit from nowhere, got: fatal: ")
    assert offline.stderr.count("\n") == 1
