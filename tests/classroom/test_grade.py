"""`class grade`: who has a row, which file counts, that verdicts are `check`'s, what is written."""

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from authlab.classroom import grading, sheets, submissions
from authlab.classroom.grading import Grader, Journal, Row
from authlab.classroom.similar import alike
from authlab.classroom.submissions import Submissions
from authlab.classroom.summary import Summary, summary
from authlab.course import bank, derive, progress
from authlab.course.curriculum import lesson_of, lessons, select
from authlab.course.engine import Engine
from authlab.course.judges import JUDGE_ENDED
from authlab.course.places import SOLUTIONS
from tests.classroom.made_class import make_class, typed

LESSON = lesson_of(select("1")[0])
FILE = f"{LESSON.stem}.py"
SOLVED = (SOLUTIONS / FILE).read_text(encoding="utf-8")
Put = Callable[[str, str], None]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Write a file of a submission."""

    def write(name: str, text: str) -> None:
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    return write


def answered(**names: str) -> str:
    """Return a file of answers: entries of the bank by exercise, `e1_2="first_problem_only"`."""
    known = {entry.name: entry for entry in [*bank.all_flaws(), *bank.all_alternatives()]}
    return derive.answered_file(
        LESSON, {key[1:].replace("_", "."): known[name] for key, name in names.items()}
    )


def read(tmp_path: Path) -> dict[str, submissions.Submission]:
    with Submissions(tmp_path / "in") as found:
        return {entry.learner: found.read(entry) for entry in found.entries}


def graded(tmp_path: Path, *what: str, jobs: int = 1) -> Summary:
    """Grade what was put, in this process."""
    asked = [one for name in what or ("1",) for one in select(name)]
    journal, rows = Journal(tmp_path / "journal", 60), None
    try:
        with (
            Grader(asked, journal, jobs=jobs, timeout_seconds=60) as grader,
            Submissions(tmp_path / "in") as found,
        ):
            rows = grader.grade(found, lambda *_: None)
    finally:
        journal.close(finished=rows is not None)
    return summary(asked, rows)


# Who has a row


@pytest.mark.parametrize(
    ("names", "learners"),
    [
        (["Ada/x.py", "Grace.zip/", "mallory.zip/"], [("Ada", ""), ("Grace", ""), ("mallory", "")]),
        (["Lovelace Ada_4711_assignsubmission_file_/x.py"], [("Lovelace Ada", "4711")]),
        ([f"Ada L_4711_assignsubmission_file_{FILE}", "Ada L_4711_assignsubmission_onlinetext_/x.html"],
         [("Ada L", "4711")]),
        ([f"lovelaceada_4711_99_{FILE}", f"hoppergrace_LATE_4712_98_{LESSON.stem}-1.py"],
         [("hoppergrace", "4712"), ("lovelaceada", "4711")]),
        ([f"ada_{FILE}", f"grace-{FILE}"], [("ada", ""), ("grace", "")]),
        (["Ada_1_assignsubmission_file_/x.py", "Ada_2_assignsubmission_file_/x.py"],
         [("Ada (1)", "1"), ("Ada (2)", "2")]),
        (["Jos\u00e9/x.py", "Jose\u0301.zip/"], [("Jos\u00e9", "")]),
        (["ada/x.py", ".DS_Store/x", "__MACOSX/x", "Thumbs.db", "desktop.ini"], [("ada", "")]),
    ],
)  # fmt: skip
def test_a_learner_is_who_the_top_level_is_named_after(
    tmp_path: Path, put: Put, names: list[str], learners: list[tuple[str, str]]
) -> None:
    """As Moodle and Canvas name what they hand out, and as people name folders."""
    for name in names:
        if name.endswith(".zip/"):
            (tmp_path / "in").mkdir(exist_ok=True)
            zipfile.ZipFile(tmp_path / "in" / name[:-1], "w").close()
        else:
            put(name, "")
    with Submissions(tmp_path / "in") as found:
        assert [(entry.learner, entry.id) for entry in found.entries] == learners


def test_a_folder_and_a_zip_of_one_name_are_one_learners(tmp_path: Path, put: Put) -> None:
    """As of somebody who has handed in twice, or unpacked one to look: what was graded is said."""
    put(f"ada/{FILE}", "# 1")
    with zipfile.ZipFile(tmp_path / "in/ada.zip", "w") as packed:
        packed.writestr(FILE, "# 2")
    with Submissions(tmp_path / "in") as found:
        names = [entry.names for entry in found.entries]
        assert [entry.learner for entry in found.entries] == ["ada"]
        assert names == [("ada", "ada.zip")]
        assert found.read(found.entries[0]).notes == [
            f"{FILE} is there 2 times, differently: ada/{FILE} was graded"
        ]


def test_the_zip_of_a_whole_class_needs_no_unpacking(tmp_path: Path, put: Put) -> None:
    put(f"Ada_1_assignsubmission_file_/{FILE}", "# Ada's")
    put(f"Grace_2_assignsubmission_file_/work/exercises/{FILE}", "# Grace's")
    as_folder = read(tmp_path)
    shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "in")
    shutil.rmtree(tmp_path / "in")
    (tmp_path / "all.zip").rename(tmp_path / "in")
    as_zip = read(tmp_path)
    assert {name: found.files for name, found in as_zip.items()} == {
        name: found.files for name, found in as_folder.items()
    } == {"Ada": {LESSON.stem: b"# Ada's"}, "Grace": {LESSON.stem: b"# Grace's"}}  # fmt: skip


# Which file counts


def test_of_a_whole_clone_it_is_the_file_in_exercises(tmp_path: Path, put: Put) -> None:
    """The package, the solutions and the tests have files of the same names."""
    for place in (
        "solutions",
        "authlab/course/flaws",
        "authlab/course/kata",
        ".authlab/kept",
        "tests/lessons",
    ):
        put(f"ada/authlab/{place}/{FILE}", "# the kit's")
    put(f"ada/authlab/tests/lessons/test_{FILE}", "# the kit's")
    put(f"ada/{FILE}.txt", "# no answers")
    put(f"ada/authlab/exercises/{FILE}", "# Ada's")
    assert read(tmp_path)["ada"].files == {LESSON.stem: b"# Ada's"}
    assert read(tmp_path)["ada"].notes == []


@pytest.mark.parametrize(
    "name", [f"{LESSON.stem} (1).py", f"{LESSON.stem}-2.py", f"Kopie von {FILE}", FILE.upper()]
)
def test_a_file_that_a_browser_has_renamed_is_found(tmp_path: Path, put: Put, name: str) -> None:
    put(f"ada/{name}", "# Ada's")
    assert read(tmp_path)["ada"].files == {LESSON.stem: b"# Ada's"}


def test_of_two_different_files_it_is_said_which_was_graded(tmp_path: Path, put: Put) -> None:
    put(f"ada/old/{FILE}", "# old")
    put(f"ada/{FILE}", "# new")
    found = read(tmp_path)["ada"]
    assert (found.files[LESSON.stem], found.notes) == (
        b"# new", [f"{FILE} is there 2 times, differently: ada/{FILE} was graded"],
    )  # fmt: skip


def test_the_file_in_exercises_comes_before_one_beside_it(tmp_path: Path, put: Put) -> None:
    put(f"ada/{FILE}", "# a copy")
    put(f"ada/clone/exercises/{FILE}", "# Ada's")
    assert read(tmp_path)["ada"].files == {LESSON.stem: b"# Ada's"}


# The verdicts


def test_verdicts_are_those_of_check(tmp_path: Path, put: Put) -> None:
    """A flaw with its misconception, a right answer, a stub: all of `check --json` but the seconds."""
    text = answered(
        e1_1="case_kept", e1_2="letters_forgotten", e1_3="every_field_kept", e1_4="calls_itself_admin"
    )
    put(f"ada/{FILE}", text)
    rows = graded(tmp_path).rows
    with Engine(timeout_seconds=60) as engine:
        alone = [engine.check(asked, tmp_path / "in/ada").as_json() for asked in LESSON.exercises]
    assert {one["status"] for one in alone} == {"failed", "unattempted"}
    assert sum(one["misconception"] is not None for one in alone) >= 3
    for one in alone:
        del one["seconds"]
    assert list(rows[0].verdicts) == alone


def test_who_hands_in_one_lesson_has_not_attempted_the_other(tmp_path: Path, put: Put) -> None:
    put(f"ada/{FILE}", SOLVED)
    rows = graded(tmp_path, "1.1", "2.1").rows
    assert [one["status"] for one in rows[0].verdicts] == ["passed", "unattempted"]
    assert rows[0].verdicts[1]["checks"][0]["message"] == "no lesson_02_passwords.py was handed in"


def lessons_asked(tmp_path: Path) -> set[str]:
    with Submissions(tmp_path / "in") as found:
        return {asked.lesson for asked in grading.asked_for(found)}


def test_of_a_whole_copy_the_lessons_that_were_begun_are_graded(tmp_path: Path, put: Put) -> None:
    """Ada's copy has files of all lessons. Whether she is good at those of next month, nobody has asked."""
    for lesson in lessons():
        put(f"ada/authlab/exercises/{lesson.stem}.py", derive.stub_file(lesson))
    assert lessons_asked(tmp_path) == {lesson.stem for lesson in lessons()}  # nobody has begun any
    put(f"grace/{FILE}", derive.stub_file(LESSON) + "# read, and not begun\n")
    assert lessons_asked(tmp_path) == {lesson.stem for lesson in lessons()}
    put(f"ida/{FILE}", answered(e1_1="case_kept"))
    put("zoe/lesson_03_tokens.py", "def (\n")  # begun, if not well
    assert lessons_asked(tmp_path) == {LESSON.stem, "lesson_03_tokens"}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """However many judges share the work, and wherever the temporary folder is."""
    make_class(tmp_path / "in", LESSON, 6)
    (tmp_path / "in" / f"broken_{FILE}").write_text("def canonical_email(raw):\n    return raw +\n", "utf-8")
    for number in (1, 2):
        run = typed(str(tmp_path / "in"), "--jobs", str(number), "--out", str(tmp_path / f"out{number}"))
        assert run.returncode == 0, run.stderr
    names = ["grades.html", "results.json", "results.csv", "canvas.csv", "moodle.csv"]
    first, second = ([(tmp_path / out / name).read_bytes() for name in names] for out in ("out1", "out2"))
    assert first == second
    assert f'"message": "{FILE}, line 2: invalid syntax: return raw +"'.encode() in first[1]
    assert sorted(path.name for path in (tmp_path / "out1").iterdir()) == sorted(names)
    assert (tmp_path / "out1").stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "out1").iterdir())


# Interrupted


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The exercises that were really judged, in their order; the fourth is one too many, once."""
    seen: list[str] = []
    really = grading._judged

    def judge(engine: Engine, asked: Any, folder: Path) -> Any:
        seen.append(asked.id)
        if len(seen) == 4:
            raise KeyboardInterrupt
        return really(engine, asked, folder)

    monkeypatch.setattr(grading, "_judged", judge)
    return seen


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, put: Put, judged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ada", "grace", "mallory"):
        put(f"{name}/{FILE}", f"{SOLVED}\n# {name}'s")
    # In this thread: an interruption in another one would be nobody's.
    monkeypatch.setattr(grading, "share", lambda engines, jobs, do: _one_by_one(engines[0], jobs, do))
    with pytest.raises(KeyboardInterrupt):
        graded(tmp_path, "1.1", "1.2")
    with (tmp_path / "journal").open("a", encoding="utf-8") as file:
        file.write('{"of": "half a li')
    rows = graded(tmp_path, "1.1", "1.2").rows
    assert judged == ["1.1", "1.2", "1.1", "1.2", "1.2", "1.1", "1.2"]
    assert [[one["status"] for one in row.verdicts] for row in rows] == [["passed", "passed"]] * 3
    assert not (tmp_path / "journal").exists()


def _one_by_one(engine: Engine, jobs: Any, do: Any) -> Iterator[Any]:
    for job in jobs:
        for told in do(engine, job):
            yield job, told


def test_what_was_noted_of_another_kit_or_answer_is_judged_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal", 10)
    asked = select("1.1")[0]
    other, patient = Journal(tmp_path / "other", 10), Journal(tmp_path / "patient", 11)
    assert other.key(asked, b"x") == journal.key(asked, b"x")
    keys = {
        journal.key(asked, b"x"),
        journal.key(asked, b"y"),
        journal.key(select("1.2")[0], b"x"),
        patient.key(asked, b"x"),
    }
    assert len(keys) == 4
    monkeypatch.setattr(grading, "package_state", lambda: ("edited",))
    edited = Journal(tmp_path / "edited", 10)
    assert edited.key(asked, b"x") not in keys
    for one in (journal, other, patient, edited):
        one.close(finished=True)


def test_whose_judge_a_neighbour_ended_is_judged_again(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends every process it finds costs nobody else the grade, and only itself twice the time."""
    put(f"ada/{FILE}", SOLVED)
    put(f"mallory/{FILE}", answered())
    really, times = grading._judged, [0]

    def judge(engine: Engine, asked: Any, folder: Path) -> Any:
        times[0] += 1
        result = really(engine, asked, folder)
        return grading.Result(asked, "error", message=JUDGE_ENDED) if times[0] == 1 else result

    monkeypatch.setattr(grading, "_judged", judge)
    rows = graded(tmp_path, "1.2").rows
    assert [row.verdicts[0]["status"] for row in rows] == ["passed", "unattempted"]
    assert times[0] == 3


# Progress files


def test_a_progress_file_is_contradicted_by_a_re_run_only_where_it_says_solved(
    tmp_path: Path, put: Put
) -> None:
    """An honest one says what the re-run says; one that was made to lie about this very answer is shown."""
    put(f"ada/{FILE}", SOLVED)
    put(f"grace/{FILE}", answered(e1_2="letters_forgotten"))
    for learner, forged in (("ada", False), ("grace", True)):
        folder = tmp_path / "in" / learner
        with Engine(timeout_seconds=60) as engine:
            results = [engine.check(asked, folder) for asked in select("1.2")]
        if forged:
            results = [grading.Result(result.exercise, "passed") for result in results]
        progress.remember(results, folder, folder / ".authlab/progress.json")
    told = graded(tmp_path, "1.2")
    assert {row.learner: row.contradicted for row in told.rows} == {
        "ada": [], "grace": [("1.2", "of this very answer, by these checks")],
    }  # fmt: skip


# Alike


def prints(**learners: str) -> dict[str, Any]:
    return {
        name: grading._prints(LESSON.exercises, submissions.Submission({LESSON.stem: text.encode()}))
        for name, text in learners.items()
    }


def test_a_copy_with_other_names_and_comments_is_alike() -> None:
    """And says nothing about who wrote it first, or whether anybody copied."""
    text = (SOLUTIONS / FILE).read_text("utf-8")
    renamed = re.sub(r"\bpassword\b", "word", text)
    assert renamed != text
    found = {one.exercise: one for one in alike(prints(ada=text, mallory=f"# mine\n{renamed}"))}
    assert found["1.2"].learners == ("ada", "mallory")
    assert found["1.2"].share == 1.0


def test_a_copy_with_a_line_added_is_alike_by_so_much() -> None:
    at = SOLVED.index("def password_problems")
    body = SOLVED.index('"""\n', SOLVED.index('"""', at) + 3) + 4
    longer = f"{SOLVED[:body]}    unused = len(password)\n{SOLVED[body:]}"
    found = [one for one in alike(prints(ada=SOLVED, mallory=longer)) if one.exercise == "1.2"]
    assert [one.learners for one in found] == [("ada", "mallory")]
    assert 0.8 <= found[0].share < 1


def test_small_answers_stubs_and_different_styles_are_not_compared_or_not_alike() -> None:
    short = answered().replace(
        '    raise NotImplementedError("1.1 is not written yet")', "    return raw.strip().lower()"
    )
    assert prints(ada=short, grace=answered()) == {"ada": {}, "grace": {}}
    styles = [known.name for known in bank.alternatives_of("authlab.forms:password_problems")]
    assert alike(prints(**{name: answered(e1_2=name) for name in styles})) == []


def test_the_kits_own_answer_is_named_as_such() -> None:
    found = alike(prints(ada=SOLVED, grace=SOLVED))
    assert found
    assert all(one.solution for one in found)


# What is written


@pytest.fixture(scope="module")
def told() -> Summary:
    def verdict(
        number: str, status: str, message: str = "", misconception: str | None = None
    ) -> dict[str, Any]:
        check = {"name": "test_it_holds", "status": status, "message": message}
        return {"id": number, "lesson": LESSON.stem, "kind": "build", "status": status, "checks": [check],
                "misconception": misconception}  # fmt: skip

    rows = [
        Row("Ada", "4711", [verdict("1.1", "passed"), verdict("1.2", "failed", "=1+1\nsecond", "Too short.")],
            [], []),
        Row("-Grace", "4712", [verdict("1.1", "timeout", "@x"), verdict("1.2", "failed", "y", "Too short.")],
            ["+note"], [("1.1", "why")]),
        Row("Mallory", "", [verdict("1.1", "unattempted"), verdict("1.2", "error", "z\x00")], [], []),
        Row("Broken", "", [verdict("1.1", "error"), verdict("1.2", "error", "no zip")], [], [],
            frozenset({"1.1", "1.2"})),
    ]  # fmt: skip
    return summary([*select("1.1"), *select("1.2")], rows)


def test_canvas_gets_the_columns_that_it_imports(told: Summary) -> None:
    """Canvas knows a learner by the number in `ID`; the second line holds the points."""
    lines = list(csv.reader(io.StringIO(sheets.canvas_csv(told, "Lesson 1 (99)"))))
    assert lines == [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Lesson 1 (99)"],
        ["    Points Possible", "", "", "", "", "100"],
        ["Ada", "4711", "", "", "", "50.0"],
        ["'-Grace", "4712", "", "", "", "0.0"],
        ["Mallory", "", "", "", "", "0.0"],
        ["Broken", "", "", "", "", "0.0"],
    ]


def test_moodle_gets_the_columns_that_it_imports(told: Summary) -> None:
    """Its importer wants the first, the grade and the date of the last change, by these names."""
    head, ada, grace, mallory, _ = csv.reader(io.StringIO(sheets.moodle_csv(told)))
    assert head[0] == "Identifier"
    assert {"Grade", "Last modified (grade)", "Feedback comments"} <= set(head)
    assert ada[:5] == ["Participant 4711", "Ada", "50.0", "100", ""]
    assert ada[5].splitlines()[-2:] == ["  =1+1", "  Too short."]
    assert grace[1] == "'-Grace"
    assert "  @x" in grace[5].splitlines()  # what ran out of time, and what cannot be read, says why
    assert "  z\x00" in mallory[5].splitlines()


def test_the_table_of_results_says_all_statuses(told: Summary) -> None:
    head, _, grace, _, _ = csv.reader(io.StringIO(sheets.results_csv(told)))
    assert head == ["learner", "id", "passed", "of", "grade", "1.1", "1.2", "notes"]
    assert grace[:7] == ["'-Grace", "4712", "0", "2", "0.0", "timeout", "failed"]
    assert grace[7].startswith("'+note | 1.1: the progress file says solved (why)")


def test_where_the_room_is_stuck_and_what_recurs(told: Summary) -> None:
    """A zip that cannot be read says nothing of the exercises in it."""
    assert [(stand.exercise.id, stand.stuck) for stand in told.stuck] == [("1.2", 3), ("1.1", 1)]
    assert told.stuck[0].common == (("test_it_holds", 2),)
    assert [(one.exercise, one.text, one.learners) for one in told.beliefs] == [
        ("1.2", "Too short.", ("Ada", "-Grace"))
    ]


def test_extras_count_for_no_grade() -> None:
    """They are for those who have the time."""
    extra = next(asked for asked in LESSON.exercises if asked.extra)
    verdict = {"status": "passed", "misconception": None, "checks": [], "id": ""}
    asked = [extra, *select("1.1")]
    rows = [Row("ada", "", [verdict, {**verdict, "status": "failed"}], [], [])]
    assert summary(asked, rows).grade(rows[0]) == 0.0


# As it is typed


def test_a_class_is_graded_from_the_shell(tmp_path: Path, put: Put) -> None:
    """The table, where the room is stuck, the files beside the submissions, and what to do next."""
    put(f"Ada/{FILE}", SOLVED)
    put(f"Grace/{FILE}", answered(e1_2="letters_forgotten"))
    junit = tmp_path / "junit.xml"
    run = typed(str(tmp_path / "in"), "1.1", "1.2", "--junit", str(junit))
    assert (run.returncode, run.stderr) == (0, "")
    head, ada, grace, *rest = run.stdout.splitlines()
    assert head.split() == ["1.1", "1.2"]
    assert ada.split() == ["Ada", "✓", "✓", "2", "of", "2"]
    assert grace.split() == ["Grace", "○", "✗", "0", "of", "2"]
    assert "Stuck: 1.2 Everything that is wrong with a password, 1 of 2 learners" in rest
    assert rest[-1] == f"Next: open {tmp_path / 'in-grades/grades.html'}"
    results = json.loads((tmp_path / "in-grades/results.json").read_text("utf-8"))
    assert [row["grade"] for row in results["learners"]] == [100.0, 0.0]
    suites = ElementTree.parse(junit).getroot()
    assert [(suite.get("name"), suite.get("failures"), suite.get("skipped")) for suite in suites] == [
        ("Ada", "0", "0"), ("Grace", "1", "1"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "expected a folder or zip of submissions, got 'nowhere'"),
        (["{empty}"], "expected a folder or zip for each learner"),
        (["{answers}"], "found one person's answers themselves"),
        (["{clone}"], "found one person's answers themselves"),
        (["{text}"], "expected a folder or a zip of submissions"),
        (["{other}"], "expected a file lesson_NN_topic.py in some submission"),
        (["{class}", "9.99"], "expected an exercise or lesson"),
        (["{class}", "--out", "{class}/out"], "expected a folder outside of the submissions"),
        (["{class}", "--out", "{text}"], "--out: expected a folder, got the file"),
        (["{class}", "--timeout", "0"], "--timeout: expected seconds above 0, got '0'"),
        (["{class}", "--timeout", "nan"], "--timeout: expected seconds above 0, got 'nan'"),
        (["{class}", "--jobs", "0"], "--jobs: expected a number from 1 to 64, got '0'"),
    ],
)
def test_what_cannot_be_graded_is_refused_in_one_line(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    for name in ("empty", "answers", "class/ada", "other/ada", "clone/authlab", "clone/exercises"):
        (tmp_path / name).mkdir(parents=True)
    for name in (f"answers/{FILE}", f"class/ada/{FILE}", "text", "other/ada/x.txt"):
        (tmp_path / name).write_text("", encoding="utf-8")
    places = {name: str(tmp_path / name) for name in ("empty", "answers", "class", "text", "other", "clone")}
    run = typed(*(argument.format(**places) for argument in arguments))
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1), run.stderr
    assert says in run.stderr
    assert "--help" in run.stderr or "--out" in run.stderr
    assert not (tmp_path / "class-grades").exists()
