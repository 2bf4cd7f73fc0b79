"""The doctor: quiet and always the same when all is well, else what is wrong and what mends it."""

import sys
from pathlib import Path

import pytest

from authlab import bootstrap, doctor
from authlab.doctor import Problem, SetupProblem


@pytest.fixture(autouse=True)
def healthy(monkeypatch, tmp_path):
    """Every check finds nothing, whatever machine and environment this is; a test spoils one of them."""
    monkeypatch.setattr(bootstrap, "HERE", bootstrap.Clone(tmp_path))
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr(bootstrap, "missing", lambda *_: [])
    monkeypatch.setattr(bootstrap, "fault", lambda *_: "")
    monkeypatch.setattr(bootstrap, "pins", lambda *_: {})


def test_a_good_set_up_prints_one_line_that_names_no_machine(capsys):
    doctor.ready("lesson_01_forms")
    assert capsys.readouterr().out == "Ready: lesson_01_forms.\n"


def test_ready_keeps_the_way_to_the_kit_when_a_lesson_changes_folder(monkeypatch):
    monkeypatch.setattr(sys, "path", ["..", "elsewhere"])
    doctor.ready("lesson_01_forms")
    assert sys.path == [doctor.ROOT, "elsewhere"]


def test_a_wrong_kernel_is_told_what_it_lacks_and_where_to_change_it(monkeypatch):
    monkeypatch.setattr(bootstrap, "missing", lambda *_: ["bcrypt>=5.0,<6 (not installed)"])
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    with pytest.raises(SetupProblem) as caught:
        doctor.ready("lesson_01_forms")

    lines = caught.value._render_traceback_()
    assert lines[0].startswith(f"Problem: {sys.executable} is not the kit's Python; it lacks bcrypt")
    assert "Kernel > Change Kernel" in lines[1]


def test_without_an_environment_the_mend_is_the_one_command(monkeypatch):
    monkeypatch.setattr(bootstrap, "missing", lambda *_: ["bcrypt>=5.0,<6 (not installed)"])
    monkeypatch.setattr(bootstrap, "fault", lambda *_: "there is no .venv yet")

    problems = doctor.problems()
    assert problems[0].what == "there is no .venv yet"
    assert {problem.mend for problem in problems} == {bootstrap.command_line("lab")}


def test_a_half_done_environment_stops_a_lesson_that_runs_in_it(monkeypatch, tmp_path):
    here = bootstrap.Clone(tmp_path)
    here.venv.mkdir()
    here.marker.touch()
    monkeypatch.setattr(sys, "prefix", str(here.venv))
    monkeypatch.setattr(bootstrap, "HERE", here)
    monkeypatch.setattr(bootstrap, "fault", lambda *_: "the set-up of .venv was not finished")

    with pytest.raises(SetupProblem, match="was not finished"):
        doctor.ready("lesson_01_forms")


def test_a_half_done_environment_is_no_matter_to_another_one_that_has_all(monkeypatch):
    monkeypatch.setattr(bootstrap, "fault", lambda *_: "the set-up of .venv was not finished")
    assert doctor.problems() == []


def test_versions_other_than_the_locks_are_named_by_the_doctor_and_not_by_a_lesson(monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "pins", lambda *_: {"pytest": {"0.1"}})

    (problem,) = doctor.problems()
    assert f"pytest {pytest.__version__} (lock: 0.1)" in problem.what
    assert problem.mend.endswith("doctor --renew")
    doctor.ready("lesson_01_forms")
    assert capsys.readouterr().out == "Ready: lesson_01_forms.\n"


@pytest.mark.parametrize(
    ("no_proxy", "is_problem"),
    [("", True), ("example.org", True), ("localhost", True), ("127.0.0.1,localhost", False)],
)
def test_a_proxy_that_would_catch_the_loopback_address(monkeypatch, no_proxy, is_problem):
    monkeypatch.setenv("HTTP_PROXY" if sys.platform == "win32" else "https_proxy", "http://proxy:1")
    monkeypatch.setenv("no_proxy", no_proxy)

    assert bool(doctor.problems()) is is_problem
    if is_problem:
        assert "127.0.0.1,localhost" in doctor.problems()[0].mend


def test_a_proxy_is_a_note_and_the_lesson_goes_on(monkeypatch, capsys):
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    doctor.ready("lesson_01_forms")

    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == "Problem: HTTP_PROXY would catch requests to 127.0.0.1 and localhost."
    assert last == "Ready: lesson_01_forms."


def test_a_folder_that_cannot_be_written_is_a_problem(monkeypatch, tmp_path):
    def refuse(dir: str) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    (problem,) = doctor.problems()
    assert "Permission denied" in problem.what


def test_a_python_that_is_too_old_is_the_only_thing_said(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 18, "final", 0))
    monkeypatch.setattr(bootstrap, "missing", lambda *_: ["bcrypt>=5.0,<6 (not installed)"])

    with pytest.raises(SetupProblem, match=r"this is Python 3\.8; the kit needs 3\.11"):
        doctor.ready("lesson_01_forms")
    assert len(doctor.problems()) == 1


def test_each_problem_is_two_lines_without_a_traceback():
    shown = SetupProblem([Problem("a", "b"), Problem("c", "d")])._render_traceback_()
    assert shown == ["Problem: a.", "   Mend: b", "Problem: c.", "   Mend: d"]


def test_the_doctor_imports_nothing_of_the_kit_before_it_knows_the_python():
    source = Path(doctor.__file__).read_text("utf-8")
    assert "\nfrom authlab" not in source
    assert "\nimport authlab" not in source
