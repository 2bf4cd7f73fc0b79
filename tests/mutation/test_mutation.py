"""The mutation of the app is about what it says it is about, and it sees a hole in the tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from authlab.course.places import ROOT
from tests.mutation.by_hand import mutant
from tests.mutation.modules import Name, explained, marks_of, mutants_of, name_of, named, path_of, stale
from tests.mutation.trying import Mutant, changed_functions
from tests.test_architecture import app_modules

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


def mutation(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The command, in a process of its own: it must come before the app is imported."""
    return subprocess.run(
        [sys.executable, "-m", "tests.mutation", *arguments],
        cwd=ROOT, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_every_module_of_the_app_is_mutated_and_no_other() -> None:
    """Nobody chooses: the list is what the architecture test takes for the app."""
    assert sorted(named()) == sorted(app_modules())
    assert {name: path_of(name) for name in named()} == app_modules()


def test_what_is_explained_is_still_there() -> None:
    """An explanation is of some lines as they are; who changes them looks at it again."""
    assert stale(explained()) == []


def test_every_explanation_says_something() -> None:
    assert [name for name, why in explained().items() if len(why.split()) < 4] == []


@pytest.mark.parametrize(
    "name",
    [
        Name("roles", "can_edit", "return viewer.id == owner.id", "return viewer.id != owner.id"),
        Name("roles", "dashboard", "raise NotSignedIn(stale=False)", "raise NotSignedIn(stale=True)"),
    ],
    ids=["the line is another", "the line is in another function"],
)
def test_an_explanation_of_what_is_gone_is_stale(name: Name) -> None:
    assert stale({name: "nobody can tell the two apart"}) == [name]


def test_a_name_has_the_lines_and_the_function_and_no_number() -> None:
    one = mutant("roles", "raise NotSignedIn(stale=False)", "raise NotSignedIn(stale=True)")
    expected = Name(
        "roles", "require_role", "raise NotSignedIn(stale=False)", "raise NotSignedIn(stale=True)"
    )
    assert name_of(one) == expected
    assert stale({expected: "it is there"}) == []


@pytest.mark.parametrize(
    ("edit", "is_kept"),
    [
        (("Say.", "Say more.\n    "), True),
        (("return y", "return not y"), True),
        (("x = 1", "x = 2"), False),
    ],
    ids=["a docstring", "another function", "another line of it"],
)
def test_an_outcome_is_kept_while_its_function_does_the_same(
    tmp_path: Path, edit: tuple[str, str], is_kept: bool
) -> None:
    text = 'def other(y):\n    return y\n\n\ndef one():\n    """Say."""\n    x = 1\n    return x == 1\n'

    def mark(file: str, text: str) -> str:
        path = tmp_path / file
        path.write_text(text, "utf-8")
        at = text.index("==")
        return marks_of([Mutant("roles", path, at, at + 2, "!=", "compare")])[0]

    assert (mark("before.py", text) == mark("after.py", text.replace(*edit))) is is_kept


def test_equal_edits_of_equal_lines_are_two(tmp_path: Path) -> None:
    path = tmp_path / "twice.py"
    path.write_text("def one(x):\n    x += 1\n    x += 1\n", "utf-8")
    places = [at for at in range(40) if path.read_text("utf-8")[at : at + 2] == "+="]
    assert len(set(marks_of([Mutant("roles", path, at, at + 2, "-=", "assign") for at in places]))) == 2


def test_a_change_in_a_function_is_put_into_that_function() -> None:
    changed = changed_functions(mutant("roles", "user.role != role", "user.role == role"))
    assert changed is not None
    assert [name for _, name, _ in changed] == ["require_role"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"admin": "dashboard_admin.html"', '"admin": "XXdashboard_admin.htmlXX"'),
        ('"user", "admin"]', '"user"]'),
    ],
    ids=["a constant", "a type that is read when the module is imported"],
)
def test_a_change_outside_of_functions_needs_an_import(before: str, after: str) -> None:
    assert changed_functions(mutant("roles", before, after)) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rolls"], "expected modules of the app (app, middleware, "),
        (["roles", "--tests", "tests/app/test_rolls.py"], "got 'tests/app/test_rolls.py'"),
        (["roles", "--at-once", "0"], "expected at least 1 at once, got 0"),
    ],
)
@needs_fork
def test_bad_input_gets_a_line(arguments: list[str], said: str) -> None:
    done = mutation(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.full
@needs_fork
def test_a_wrong_part_is_noticed_and_what_no_test_reads_is_not(tmp_path: Path) -> None:
    """Four mutants by hand: in a function and at the import, each once where a test looks and once where none
    does. Each meets one test, then the others; one that is explained only the first."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.mutation.by_hand import mutant\n"
        "from tests.mutation.modules import paths\n"
        "from tests.mutation import trying\n"
        "trying.FEW = 1\n"
        "mutants = [\n"
        "    mutant('roles', 'user.role != role', 'user.role == role'),\n"
        "    mutant('roles', '\"dashboard_admin.html\", ', '\"XX\", '),\n"
        "    mutant('headers', 'response.vary.add(\"Cookie\")', 'pass'),\n"
        "    mutant('headers', '\"nosniff\"', '\"XX\"'),\n"
        "]\n"
        "one = trying.Trying(paths(), tests=['tests/app/test_roles.py'], bytecode=Path(sys.argv[1]))\n"
        "print([killer is None for _, killer in sorted(one.killers(mutants, explained={2}))])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "AUTHLAB_OWN": "off"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "[False, False, True, True]\n"


@pytest.mark.full
@needs_fork
def test_the_numbers_are_what_the_tool_makes() -> None:
    """How many mutants there are is named beforehand: none is left out afterwards."""
    assert {module: len(mutants_of(module)) for module in named()} == named()


@pytest.mark.full
@needs_fork
def test_every_explained_mutant_is_one_that_the_tool_makes() -> None:
    of = {name.module for name in explained()}
    made = {name_of(one) for module in of for one in mutants_of(module)}
    assert set(explained()) <= made


@pytest.mark.full
@needs_fork
def test_no_mutant_of_roles_survives_unexplained() -> None:
    done = mutation("roles", "--anew")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"roles: {named()['roles']} mutants, ")


@pytest.mark.full
@needs_fork
def test_a_hole_in_the_tests_is_noticed() -> None:
    """Without the tests of roles, somebody may edit everybody's data, and the run says so."""
    done = mutation("roles", "--tests", "tests/app/test_forms.py")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "NOT EXPLAINED" in done.stdout
    assert "+ if user.role == role:" in done.stdout
