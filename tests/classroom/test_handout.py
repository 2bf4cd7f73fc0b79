"""`authlab class handout`: a commit with fresh questions, the same bytes each time, and no leak."""

import argparse
import hashlib
import json
import os
import re
import shutil
import stat
import time
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from authlab.classroom.handout import (
    FOLDER,
    OFFLINE,
    HandoutError,
    Tree,
    is_a_handout,
    learners_tree,
    write_zip,
)
from authlab.cli import UsageError, class_handout
from authlab.course import derive
from authlab.course.curriculum import lessons
from tests.classroom.handing_out import commit, committed_kit, git, handout
from tests.classroom.test_own_exercises import FILES, write_own
from tests.cli.typed import authlab

ANSWERS = "exercises/lesson_01_forms.py"
NOTEBOOK = "notebooks/lesson_01_forms.ipynb"


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    with TemporaryDirectory(prefix="authlab-handout-") as folder:
        yield committed_kit(Path(folder, "kit"))


@pytest.fixture
def clone(base: Path, tmp_path: Path) -> Path:
    """An instructor's clone, to be worked in."""
    git(tmp_path, "clone", "-q", str(base), "clone")
    return tmp_path / "clone"


@pytest.fixture(scope="module")
def packed(base: Path) -> Path:
    """The zip of the kit as it was committed."""
    out = base.parent / "packed.zip"
    write_zip(learners_tree(base), out)
    return out


@pytest.fixture(scope="module")
def copy(packed: Path) -> Path:
    """A learner's copy, unpacked; what a test writes there, it takes away."""
    shutil.unpack_archive(packed, packed.parent)
    return packed.parent / FOLDER


def typed(*arguments: str) -> int:
    """Run `class handout ARGUMENTS` here: refusals need no clone of their own."""
    parser = argparse.ArgumentParser()
    class_handout.add_arguments(parser)
    return class_handout.run(parser.parse_args(arguments))


def zip_of(clone: Path, out: Path) -> bytes:
    write_zip(learners_tree(clone), out)
    return out.read_bytes()


def solve(clone: Path) -> None:
    shutil.copy(clone / "solutions/lesson_01_forms.py", clone / ANSWERS)


def save(clone: Path) -> None:
    """Run a lesson and save it, as an instructor does who tries it."""
    notebook = json.loads((clone / NOTEBOOK).read_text("utf-8"))
    notebook["metadata"]["kept"] = "x"
    (clone / NOTEBOOK).write_text(json.dumps(notebook), "utf-8")


# --- the tree --------------------------------------------------------------------------------


def test_learners_get_what_they_need_and_no_workshop(copy: Path) -> None:
    there = {path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file()}
    assert {
        "HANDOUT.md",
        "README.md",
        "CONTRIBUTING.md",
        "LICENSE",
        "pyproject.toml",
        "requirements.lock",
    } <= there
    assert {
        "authlab/forms.py",
        "tests/app/test_roles.py",
        "tests/test_architecture.py",
        ".gitignore",
    } <= there
    assert {f"tests/lessons/test_{lesson.stem}.py" for lesson in lessons()} <= there
    assert not [
        path for path in there if path.startswith(("solutions/", "tests/course/", ".git/", ".authlab/"))
    ]
    assert "requirements-dev.lock" not in there


def test_every_question_is_fresh_and_every_notebook_the_kits_own(copy: Path, base: Path) -> None:
    for lesson in lessons():
        assert (copy / "exercises" / f"{lesson.stem}.py").read_text("utf-8") == derive.stub_file(lesson)
        name = f"notebooks/{lesson.notebook.name}"
        assert (copy / name).read_bytes() == (base / name).read_bytes()


def test_it_says_that_the_book_is_open_and_that_copies_show(copy: Path, base: Path) -> None:
    said = (copy / "HANDOUT.md").read_text("utf-8")
    assert "python3 -m authlab lab" in said
    assert "An open book" in said
    assert "show when they are graded" in said
    assert f"commit {git(base, 'rev-parse', 'HEAD')[:12]}.\n" in said


def test_links_of_its_pages_lead_somewhere(copy: Path) -> None:
    for page in ("HANDOUT.md", "README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\((?!http)([^)#]+)", (copy / page).read_text("utf-8")):
            assert (copy / target).exists() or target == "SECURITY.md", (page, target)


# --- the same bytes --------------------------------------------------------------------------


def test_two_clones_of_a_commit_give_the_same_bytes(
    base: Path, clone: Path, packed: Path, tmp_path: Path
) -> None:
    """Whatever the time, the rights, and the order in which the file system lists."""
    for path in clone.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    before = os.umask(0o077)
    try:
        time.sleep(0.01)
        assert zip_of(clone, tmp_path / "other.zip") == packed.read_bytes()
    finally:
        os.umask(before)


def test_names_are_sorted_times_the_commits_and_rights_fixed(base: Path, packed: Path) -> None:
    committed = time.gmtime(int(git(base, "log", "-1", "--format=%ct")))
    with zipfile.ZipFile(packed) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
    assert {entry.filename.split("/")[0] for entry in entries} == {FOLDER}
    assert {(*entry.date_time[:5],) for entry in entries} == {committed[:5]}
    programs = [entry.filename for entry in entries if entry.external_attr >> 16 == stat.S_IFREG | 0o755]
    assert programs == [f"{FOLDER}/authlab/classroom/hub_folder/start"]
    assert {entry.external_attr >> 16 & 0o666 for entry in entries} == {0o644}
    assert {(entry.compress_type, entry.create_system) for entry in entries} == {(zipfile.ZIP_STORED, 3)}
    assert packed.stat().st_mode & 0o777 == 0o644


def test_own_files_that_were_committed_are_handed_out_with_their_rights(clone: Path, tmp_path: Path) -> None:
    (clone / "worksheets").mkdir()
    (clone / "worksheets/run").write_text("#!/bin/sh\n")
    (clone / "worksheets/run").chmod(0o755)
    commit(clone)
    write_zip(learners_tree(clone), tmp_path / "out.zip")
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read(f"{FOLDER}/worksheets/run") == b"#!/bin/sh\n"
        assert archive.getinfo(f"{FOLDER}/worksheets/run").external_attr >> 16 == stat.S_IFREG | 0o755


# --- an instructor's own work ----------------------------------------------------------------


def test_what_lies_about_in_the_clone_is_not_even_looked_at(
    clone: Path, packed: Path, tmp_path: Path
) -> None:
    """Solved exercises, a saved notebook, a secret, progress, notes: not committed, not handed out."""
    solve(clone)
    save(clone)
    (clone / ".env").write_text("SESSION_SECRET=" + "x" * 44)
    (clone / ".authlab").mkdir()
    (clone / ".authlab/progress.json").write_text("{}")
    (clone / "grades.csv").write_text("ada,1\n")
    (clone / "notebooks/mine.ipynb").write_text("{}")
    assert zip_of(clone, tmp_path / "out.zip") == packed.read_bytes()


def test_committed_answers_and_outputs_are_replaced_and_told(clone: Path) -> None:
    solve(clone)
    save(clone)
    (clone / "notebooks/lesson_01_forms.mine.ipynb").write_text('{"cells": []}')
    (clone / "docs/.DS_Store").write_text("x")
    commit(clone)
    tree = learners_tree(clone)
    assert tree.files[ANSWERS] == derive.stub_file(lessons()[1]).encode()
    assert tree.files[NOTEBOOK] == git(clone, "show", f"HEAD~1:{NOTEBOOK}").encode()
    assert "notebooks/lesson_01_forms.mine.ipynb" not in tree.files
    assert "docs/.DS_Store" not in tree.files
    assert tree.notes == [
        "left out: docs/.DS_Store, a desktop's file",
        f"{ANSWERS}: had other than the questions in it; they are fresh in the handout",
        "left out: notebooks/lesson_01_forms.mine.ipynb, somebody's own notes",
        f"{NOTEBOOK}: was run and saved; the kit's own is in the handout",
    ]


def test_a_saved_notebook_without_the_kits_own_is_refused(clone: Path, tmp_path: Path) -> None:
    save(clone)
    commit(clone)
    git(tmp_path, "clone", "-q", "--depth", "1", clone.as_uri(), "shallow")
    with pytest.raises(
        HandoutError, match=r"got one that was run and saved.*dev notebooks lesson_01 --write"
    ):
        learners_tree(tmp_path / "shallow")


@pytest.mark.parametrize("edited", ["authlab/forms.py", "tests/lessons/test_lesson_01_forms.py", "README.md"])
def test_an_edited_kit_is_refused(clone: Path, edited: str) -> None:
    """Its questions and its checks would be of two different kits."""
    (clone / edited).write_text("# edited\n")
    with pytest.raises(HandoutError, match=f"got edits in {edited}; commit them"):
        learners_tree(clone)


def test_a_module_that_is_not_committed_is_refused(clone: Path) -> None:
    (clone / "authlab/course/flaws/lesson_50_own.py").write_text("")
    with pytest.raises(HandoutError, match="lesson_50_own"):
        learners_tree(clone)


def test_a_link_is_refused(clone: Path) -> None:
    """Windows makes a text of it, and what it points at is not looked into."""
    (clone / "docs/link.md").symlink_to("/etc/hostname")
    commit(clone)
    with pytest.raises(HandoutError, match=r"got docs/link\.md, which is a link"):
        learners_tree(clone)


def test_a_folder_that_git_does_not_know_is_refused(clone: Path, copy: Path) -> None:
    with pytest.raises(HandoutError, match="got a learner's copy"):
        learners_tree(copy)
    shutil.rmtree(clone / ".git")
    with pytest.raises(HandoutError, match="got a folder that is none"):
        learners_tree(clone)


# --- the command -----------------------------------------------------------------------------


def test_the_command_says_what_it_made(clone: Path, packed: Path, tmp_path: Path) -> None:
    done = handout(clone, "../out.zip")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.zip").read_bytes() == packed.read_bytes()
    assert hashlib.sha256(packed.read_bytes()).hexdigest() in done.stdout
    assert git(clone, "rev-parse", "HEAD")[:12] in done.stdout
    assert done.stdout.splitlines()[-1].endswith("in authlab-handout: python3 -m authlab lab")


def test_a_leak_stops_the_command_and_the_earlier_zip_stays(
    clone: Path,
    packed: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("authlab.classroom.handout.learners_tree", partial(learners_tree, clone))
    monkeypatch.chdir(clone)
    shutil.copy(packed, tmp_path / "out.zip")
    (clone / "worksheets").mkdir()
    shutil.copy(clone / "solutions/lesson_01_forms.py", clone / "worksheets/answers.py")
    (clone / ".env").write_text("")
    (clone / "docs/notes.md").write_text("see /home/ada/kit\n")
    commit(clone)
    assert typed("../out.zip") == 1
    said = capsys.readouterr().err
    assert {line.split(":")[0] for line in said.splitlines()[:-1]} == {
        ".env",
        "docs/notes.md",
        "worksheets/answers.py",
    }
    assert "docs/notes.md: a path of somebody's computer" in said
    assert said.splitlines()[-1].endswith("run: python3 -m authlab class handout ../out.zip")
    assert (tmp_path / "out.zip").read_bytes() == packed.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clone", "out.zip"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["out"], "expected a file name that ends in .zip, got 'out'"),
        (["nowhere/out.zip"], "expected a folder that is there, got 'nowhere'"),
        (["folder.zip"], "expected a new file or an earlier handout, got folder.zip"),
        (["submissions.zip"], "expected a new file or an earlier handout, got submissions.zip"),
        (["out.zip", "--python", "3.12"], "expected --offline"),
        (
            ["out.zip", "--offline", "--system", "amiga"],
            "expected one of linux, linux-arm, mac, windows, got 'amiga'",
        ),
        (["out.zip", "--offline", "--python", "3.9"], "expected one of 3.11, 3.12, 3.13, 3.14, got '3.9'"),
    ],
)
def test_bad_input_is_one_line_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.zip").mkdir()
    with zipfile.ZipFile("submissions.zip", "w") as archive:
        archive.writestr("ada/exercises/lesson_01_forms.py", "mine")
    before = Path("submissions.zip").read_bytes()
    with pytest.raises(UsageError) as refused:
        typed(*arguments)
    assert said in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert Path("submissions.zip").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.zip", "submissions.zip"]


def test_a_folder_where_nothing_can_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("authlab.classroom.handout.learners_tree", lambda **_: Tree("c0ffee", 0))
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(UsageError, match=r"got: Permission denied; nothing was written"):
        typed(str(tmp_path / "out.zip"))


def test_only_an_earlier_handout_is_written_over(packed: Path, tmp_path: Path) -> None:
    assert is_a_handout(packed)
    (tmp_path / "a.zip").write_text("no zip")
    assert not is_a_handout(tmp_path / "a.zip")
    assert not is_a_handout(tmp_path / "missing.zip")


def test_what_fails_in_the_middle_leaves_the_earlier_zip(packed: Path, tmp_path: Path) -> None:
    shutil.copy(packed, tmp_path / "out.zip")
    with pytest.raises(FileNotFoundError):
        write_zip(Tree("c0ffee", 0, {"a": b"a", "b": tmp_path / "missing"}), tmp_path / "out.zip")
    assert (tmp_path / "out.zip").read_bytes() == packed.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["out.zip"]


def test_own_lessons_are_handed_out_with_fresh_questions(clone: Path, tmp_path: Path) -> None:
    """Committed or not: they are no part of the kit."""
    write_own(clone)
    (clone / "own/.DS_Store").write_text("x")
    answer = FILES["own/kata/lesson_50_masking.py"]
    (clone / "exercises/lesson_50_masking.py").write_text(answer, "utf-8")
    (clone / "notebooks/lesson_50_masking.ipynb").write_text('{"cells": []}')
    done = handout(clone, "../out.zip", AUTHLAB_OWN="on")
    assert done.returncode == 0, done.stderr
    assert "own/: your own lessons, as they are now" in done.stdout
    shutil.unpack_archive(tmp_path / "out.zip", tmp_path)
    copy = tmp_path / FOLDER
    assert (copy / "own/kata/lesson_50_masking.py").read_text("utf-8") == answer
    assert (copy / "notebooks/lesson_50_masking.ipynb").exists()
    assert not (copy / "own/.DS_Store").exists()
    assert f"commit {git(clone, 'rev-parse', 'HEAD')[:12]}, with your instructor's own lessons" in (
        copy / "HANDOUT.md"
    ).read_text("utf-8")
    assert "not attempted yet" in authlab(copy, "check", "50.1", AUTHLAB_OWN="on").stdout


# --- in a learner's copy ---------------------------------------------------------------------


def test_a_learners_copy_judges_answers(copy: Path) -> None:
    assert "not attempted yet" in authlab(copy, "check", "1.1").stdout
    block = "\n".join(derive.solution_block(lessons()[1].exercises[0]))
    text = (copy / ANSWERS).read_text("utf-8")
    (copy / ANSWERS).write_text(f"{text}\n\nimport unicodedata\n\n\n{block}\n", "utf-8")
    done = authlab(copy, "check", "1.1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "def canonical_email" in authlab(copy, "solution", "1.1").stdout
    assert "is reset" in authlab(copy, "reset", "lesson_01").stdout
    assert (copy / ANSWERS).read_text("utf-8") == text


def test_test_says_what_it_runs_in_a_learners_copy(copy: Path) -> None:
    done = authlab(copy, "test", "-q", "tests/app/test_roles.py")
    assert done.stdout.startswith("A learner's copy: ")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["update"], "a newer one comes from whoever gave you this"),
        (["dev", "build"], "expected a clone of the kit, got a learner's copy"),
        (["check", "1.1", "--answers", "solutions"], "got solutions, which a learner's copy has not"),
    ],
)
def test_what_needs_a_clone_says_so_in_one_line(copy: Path, arguments: list[str], said: str) -> None:
    done = authlab(copy, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (copy / "solutions").exists()


# --- offline ---------------------------------------------------------------------------------


def test_packages_go_where_the_set_up_looks_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(systems: list[str], pythons: list[str], folder: Path) -> list[Path]:
        folder.mkdir()
        (folder / "fake.whl").write_text(f"{systems} {pythons}")
        return [folder / "fake.whl"]

    asked = []
    monkeypatch.setattr("authlab.classroom.offline.fetch_wheels", fetched)
    monkeypatch.setattr(
        "authlab.classroom.handout.learners_tree", lambda set_up: asked.append(set_up) or Tree("c0ffee", 0)
    )
    chosen = ("--system", "mac", "--system", "windows", "--system", "mac", "--python", "3.12")
    assert typed(str(tmp_path / "out.zip"), "--offline", *chosen) == 0
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.read(f"{FOLDER}/wheels/fake.whl") == b"['mac', 'windows'] ['3.12']"
    assert asked == [OFFLINE]


def test_learners_are_told_whether_they_need_a_network(copy: Path, base: Path) -> None:
    assert "be online" in (copy / "HANDOUT.md").read_text("utf-8")
    told = learners_tree(base, set_up=OFFLINE).files["HANDOUT.md"]
    assert isinstance(told, bytes)
    assert b"you need no network" in told
