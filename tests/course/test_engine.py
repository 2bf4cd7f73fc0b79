"""Verdicts: honest states, true messages, and no answer that harms another."""

from collections.abc import Iterable
from pathlib import Path

import pytest

from authlab.course import engine as engines
from authlab.course import judge
from authlab.course.curriculum import exercises, lessons, select
from authlab.course.engine import Engine, Result
from authlab.course.judges import Judge
from authlab.course.places import SOLUTIONS
from tests.course.lesson_checks import checks_of

HEAD = "def canonical_email(raw: str) -> str | None:\n"


def answer(folder: Path, exercise: str, code: str) -> None:
    """Put `code` where the stub of an exercise raises NotImplementedError."""
    lesson = select(exercise)[0].file_name
    file = folder / lesson
    stub = f'    raise NotImplementedError("{exercise} is not written yet")'
    text = file.read_text(encoding="utf-8")
    assert stub in text
    file.write_text(
        text.replace(stub, "\n".join(f"    {line}" for line in code.splitlines())), encoding="utf-8"
    )


def verdict(engine: Engine, folder: Path, exercise: str) -> Result:
    return engine.check(select(exercise)[0], folder)


def limit_for(status: str) -> float:
    """Return seconds: a few for the answer that never ends; on a busy machine the others may take longer."""
    return 2 if status == "timeout" else 60


def said(result: Result) -> str:
    """Return all that a learner reads."""
    return "\n".join([result.message, *(check.message for check in result.checks)])


RIGHT = """\
address = unicodedata.normalize("NFKC", raw.strip(" ")).casefold()
address = unicodedata.normalize("NFKC", address)
return address if re.fullmatch(EMAIL_SHAPE, address) and len(address) <= EMAIL_MAX_CHARACTERS else None"""


def test_a_stub_is_unattempted_and_says_nothing_is_wrong(engine: Engine, stubs: Path) -> None:
    for asked in exercises():
        assert engine.check(asked, stubs).status == "unattempted", asked.id


def test_a_comment_in_a_stub_is_no_attempt(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", '# later\nraise NotImplementedError("1.1 is not written yet")')
    assert verdict(engine, stubs, "1.1").status == "unattempted"


def test_thoughts_above_the_stubs_line_are_no_attempt_yet(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", 'address = raw.strip()\nraise NotImplementedError("1.1 is not written yet")')
    assert verdict(engine, stubs, "1.1").status == "unattempted"


def test_a_right_answer_passes(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", RIGHT)
    result = verdict(engine, stubs, "1.1")
    assert result.status == "passed", said(result)
    assert [check.name for check in result.checks] == list(checks_of(select("1.1")[0]))


def test_a_wrong_answer_is_told_what_was_called_expected_and_got(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", "return raw")
    result = verdict(engine, stubs, "1.1")
    assert result.status == "failed"
    first = next(check for check in result.checks if check.status == "failed").message.splitlines()[0]
    assert first == "canonical_email('  ada@lab.test '): expected 'ada@lab.test', got '  ada@lab.test '"


def test_unsolved_siblings_fail_nobody(engine: Engine, stubs: Path) -> None:
    """1.3 calls `canonical_email` and `password_problems`, which are stubs in the same file."""
    file = stubs / "lesson_01_forms.py"
    text = file.read_text(encoding="utf-8")
    text = text.replace(
        "def validate_signup(form: Mapping[str, str]) -> SignupForm | FormState:",
        "def validate_signup(form: Mapping[str, str]) -> SignupForm | FormState:\n"
        '    canonical_email("ada@lab.test"), password_problems("")\n'
        '    complete = {"name": "", "email": "", "password": "", **form}\n'
        "    try:\n        return SignupForm.model_validate(complete)\n"
        "    except ValidationError as refused:\n"
        "        return FormState(errors=messages_by_field(refused))\n",
    )
    file.write_text(text, encoding="utf-8")
    assert verdict(engine, stubs, "1.3").status == "passed"
    assert verdict(engine, stubs, "1.1").status == "unattempted"


@pytest.mark.parametrize("whole_class", [False, True])
def test_an_edit_of_the_kit_starts_another_judge_but_in_the_middle_of_a_class(
    stubs: Path, monkeypatch: pytest.MonkeyPatch, whole_class: bool
) -> None:
    """There, the first learner and the last are judged by the same kit."""
    asked = select("1.1")[0]
    with Engine(isolated=whole_class) as engine:
        engine.check(asked, SOLUTIONS)
        first = engine._judge
        monkeypatch.setattr(engines, "package_state", lambda: ("edited",))
        assert engine.check(asked, SOLUTIONS).status == "passed"
        assert (engine._judge is first) == (whole_class and judge.CAN_FORK)


def test_many_lessons_have_one_judge_where_they_were_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start of a judge takes longer than ten verdicts, and whoever asks waits for it."""
    started: list[set[str]] = []
    start = Engine._new_judge

    def noted(self: Engine, lessons: Iterable[str]) -> Judge:
        started.append(set(lessons))
        return start(self, lessons)

    monkeypatch.setattr(Engine, "_new_judge", noted)
    asked = [lesson.exercises[0] for lesson in lessons()[:3]]
    stems = [one.lesson for one in asked]
    with Engine() as engine:
        assert [engine.check(one, SOLUTIONS).status for one in asked] == ["passed"] * 3
    assert started == [set(stems[:1]), set(stems[:2]), set(stems)]
    started.clear()
    with Engine() as engine:
        engine.load([])
        engine.load(asked)
        assert [engine.check(one, SOLUTIONS).status for one in asked] == ["passed"] * 3
        engine.load(asked[:1])
    assert started == [set(stems)]


def test_an_edit_is_seen_though_size_and_second_are_the_same(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", "return None")
    assert verdict(engine, stubs, "1.1").status == "failed"
    file = stubs / "lesson_01_forms.py"
    file.write_text(file.read_text(encoding="utf-8").replace("return None", "return 1   "), encoding="utf-8")
    assert "got 1" in said(verdict(engine, stubs, "1.1"))


@pytest.mark.parametrize(
    ("code", "status", "message"),
    [
        ("while True:\n    pass", "timeout", "expected an answer within 2 seconds, got none"),
        ("return canonical_email(raw)", "failed", "RecursionError"),
        ("import sys\nsys.exit(0)", "failed", "SystemExit"),
        ("import os\nos._exit(0)", "error", "the answer ended its process before the checks were done"),
        ("import os\nos.kill(os.getpid(), 9)", "error", "the answer ended its process"),
        ("return input()", "failed", "EOFError"),
        ("return 'x' * 10**11", "failed", "MemoryError"),
        ("print('x' * 10**7)\nreturn raw", "failed", "expected 'ada@lab.test'"),
        ("print('here', raw)\nreturn raw", "failed", "it printed  here ada@lab.test"),
        ("async def later(): pass\nreturn later()", "failed", "got a coroutine (is it `async def`?)"),
        ("raise KeyboardInterrupt", "error", "the answer ended its process: KeyboardInterrupt"),
        ("return undefined_name", "failed", "NameError: name 'undefined_name' is not defined, line"),
        ("return", "failed", "expected 'ada@lab.test', got None"),
        ("yield raw", "failed", "got a generator (is there a `yield` in it?)"),
        ("from authlab.forms import canonical_email as ours\nreturn ours(raw)", "failed", "write your own"),
        (
            "import os, time\nif os.fork() == 0:\n    time.sleep(60)\n    os._exit(0)\nreturn raw",
            "failed",
            "expected 'ada@lab.test'",
        ),
        ("assert False, 'mine'", "failed", "AssertionError: mine"),
    ],
)
def test_an_answer_that_misbehaves_gets_its_own_verdict(
    engine: Engine, stubs: Path, monkeypatch: pytest.MonkeyPatch, code: str, status: str, message: str
) -> None:
    answer(stubs, "1.1", code)
    answer(stubs, "1.2", "return []")
    with monkeypatch.context() as patch:
        patch.setattr(engine, "_timeout_seconds", limit_for(status))
        result = verdict(engine, stubs, "1.1")
    assert (result.status, message in said(result)) == (status, True), said(result)
    assert verdict(engine, stubs, "1.2").status == "failed"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "    return raw +\n", "lesson_01_forms.py, line 2: invalid syntax: return raw +"),
        (
            "<<<<<<< mine\n" + HEAD + "    return raw\n",
            "line 1: expected Python, got the mark of a merge conflict",
        ),
        (HEAD + "\tif raw:\n        return raw\n", "line 3:"),
        ("import nothing_of_this_name\n" + HEAD + "    return raw\n", "line 1: ModuleNotFoundError"),
        ("def canonical_mail(raw): return raw\n", "expected a definition of canonical_email, found none"),
        ("class canonical_email: pass\n", "expected canonical_email to be a function"),
        ("canonical_email = 7\n", "expected canonical_email to be a function, got 7"),
        ("\x00", "lesson_01_forms.py: source code string cannot contain null bytes"),
    ],
)
def test_a_file_that_cannot_be_run_is_an_error_with_its_line(
    engine: Engine, tmp_path: Path, text: str, message: str
) -> None:
    (tmp_path / "lesson_01_forms.py").write_text(text, encoding="utf-8")
    result = verdict(engine, tmp_path, "1.1")
    assert (result.status, message in said(result)) == ("error", True), said(result)


def test_a_name_that_is_imported_is_no_answer(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "lesson_01_forms.py").write_text(
        "from authlab.forms import canonical_email\n", encoding="utf-8"
    )
    said_so = "expected a definition of canonical_email, found the package's own, imported"
    assert said_so in said(verdict(engine, tmp_path, "1.1"))


def test_two_definitions_of_one_name_are_told(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", "return raw")
    file = stubs / "lesson_01_forms.py"
    file.write_text(file.read_text(encoding="utf-8") + "\n\n" + HEAD + "    return None\n", encoding="utf-8")
    assert "the last one counts" in said(verdict(engine, stubs, "1.1"))


def test_a_fix_shows_what_is_wrong_before_it_is_touched(engine: Engine, stubs: Path) -> None:
    result = verdict(engine, stubs, "1.3")
    assert result.status == "unattempted"
    assert result.message.startswith("It runs, and it is wrong.\nvalidate_signup({'name': '  '")


def test_an_untouched_fix_in_a_file_that_cannot_be_run_is_an_error(engine: Engine, stubs: Path) -> None:
    """Whatever another answer breaks above it, the verdict says where."""
    path = stubs / "lesson_01_forms.py"
    path.write_text(f"{path.read_text('utf-8')}\nnothing_of_this_name\n", encoding="utf-8")
    result = engine.check(select("1.3")[0], stubs)
    assert result.status == "error"
    assert "NameError: name 'nothing_of_this_name' is not defined" in result.message


def test_a_file_in_another_encoding_is_an_error(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "lesson_01_forms.py").write_bytes(HEAD.encode() + b"    return '\xe9'\n")
    assert "expected a Python file in UTF-8" in said(verdict(engine, tmp_path, "1.1"))


def test_a_missing_file_is_an_error(engine: Engine, tmp_path: Path) -> None:
    assert "lesson_01_forms.py: no such file" in said(verdict(engine, tmp_path, "1.1"))


def test_a_byte_order_mark_is_no_obstacle(engine: Engine, tmp_path: Path) -> None:
    text = "import re, unicodedata\nfrom authlab.forms import EMAIL_SHAPE, EMAIL_MAX_CHARACTERS\n" + HEAD
    text += "\n".join(f"    {line}" for line in RIGHT.splitlines())
    (tmp_path / "lesson_01_forms.py").write_text("\ufeff" + text, encoding="utf-8")
    assert verdict(engine, tmp_path, "1.1").status == "passed"


def test_a_known_misconception_is_named(engine: Engine, stubs: Path) -> None:
    answer(
        stubs,
        "1.2",
        "core = password.strip()\nif len(core) < 8: return [TOO_SHORT]\n"
        "if not any(c.isalpha() for c in core): return [NO_LETTER]\n"
        "if not any(c.isdigit() for c in core): return [NO_NUMBER]\n"
        "if core.isalnum(): return [NO_SPECIAL]\nreturn []",
    )
    result = verdict(engine, stubs, "1.2")
    assert result.misconception is not None
    assert result.misconception.startswith("Returning at the first problem")


def test_a_mistake_that_fits_no_flaw_exactly_is_given_no_name(engine: Engine, stubs: Path) -> None:
    """A wrong diagnosis is worse than none."""
    answer(stubs, "1.2", "return [TOO_SHORT] if len(password) < 8 else []")
    result = verdict(engine, stubs, "1.2")
    assert (result.status, result.misconception) == ("failed", None)


class TestWithoutFork:
    """Where the system cannot fork (Windows), each answer has a process of its own, with the same
    verdicts."""

    @pytest.fixture(autouse=True)
    def no_fork(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AUTHLAB_JUDGE", "process")
        monkeypatch.setattr("authlab.course.judge.CAN_FORK", False)

    @pytest.mark.parametrize(
        ("code", "status", "message"),
        [
            (RIGHT, "passed", ""),
            ("return raw", "failed", "expected 'ada@lab.test', got '  ada@lab.test '"),
            ("while True:\n    pass", "timeout", "expected an answer within 2 seconds"),
            ("import os\nos._exit(0)", "error", "the answer ended its process before the checks were done"),
            ("raise KeyboardInterrupt", "error", "the answer ended its process: KeyboardInterrupt"),
            ("print('here')\nreturn raw", "failed", "it printed  here"),
        ],
    )
    def test_the_verdict_is_the_same(self, stubs: Path, code: str, status: str, message: str) -> None:
        answer(stubs, "1.1", code)
        with Engine(timeout_seconds=limit_for(status)) as engine:
            result = verdict(engine, stubs, "1.1")
        assert (result.status, message in said(result)) == (status, True), said(result)


def test_the_json_of_a_verdict_has_one_shape(engine: Engine, stubs: Path) -> None:
    answer(stubs, "1.1", "return raw")
    data = verdict(engine, stubs, "1.1").as_json()
    assert list(data) == ["id", "lesson", "kind", "status", "checks", "misconception", "seconds"]
    assert (data["id"], data["lesson"], data["kind"]) == ("1.1", "lesson_01_forms", "build")
    assert list(data["checks"][0]) == ["name", "status", "message"]


def test_a_verdict_leaves_no_file_behind(engine: Engine, stubs: Path, tmp_path: Path) -> None:
    answer(stubs, "1.1", "open('litter.txt', 'w').write('x')\nreturn raw")
    before = sorted(path.name for path in tmp_path.iterdir())
    verdict(engine, stubs, "1.1")
    assert sorted(path.name for path in tmp_path.iterdir()) == before


@pytest.mark.parametrize("code", ["while True:\n    pass", "import os\nos._exit(0)", "return raw"])
@pytest.mark.parametrize("judge", ["fork", "process"])
def test_no_temporary_file_outlives_the_engine(
    stubs: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
    code: str,
    judge: str,
) -> None:
    """Also not of an answer that was ended by force, which cannot tidy up."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setattr("authlab.course.places.IN_MEMORY", folder)
    if judge == "process":
        monkeypatch.setenv("AUTHLAB_JUDGE", "process")
        monkeypatch.setattr("authlab.course.judge.CAN_FORK", False)
    answer(stubs, "1.1", code)
    with Engine(timeout_seconds=2) as engine:
        verdict(engine, stubs, "1.1")
    assert list(folder.iterdir()) == []
