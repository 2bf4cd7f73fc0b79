"""The documents keep their word: each command runs, each thing that they name is there.

A command of a page stands in one of three tables: it is run here (`ROUNDS`), another test runs just that
(`ELSEWHERE`), or no test runs it, for a reason, and the page tells what was seen of it (`NEVER`).
"""

import argparse
import ast
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from authlab import cli
from authlab.course import bank, docs
from authlab.course.curriculum import exercises, lessons
from authlab.course.parts import PARTS
from authlab.course.places import ROOT
from tests import documents
from tests.classroom.handing_out import commit, committed_kit, git
from tests.cli.typed import environment
from tests.documents import OURS, Command, commands, ours, pages

ANSWERS = "exercises/lesson_01_forms.py"
POSIX = sys.platform != "win32"


@dataclass(frozen=True)
class Step:
    """A command that is run here: its exit status, and words that it says (or of a file that it writes)."""

    line: str
    says: str
    status: int = 0
    before: Callable[[Path], None] = lambda kit: None
    writes: str = ""  # a file that is there afterwards, and holds `says` where the command says nothing


def solve(kit: Path) -> None:
    shutil.copy(kit / "solutions/lesson_01_forms.py", kit / ANSWERS)


def hand_in(kit: Path) -> None:
    for folder in ("submissions", "answers"):
        (kit / folder / "ada").mkdir(parents=True)
        shutil.copy(kit / "solutions/lesson_01_forms.py", kit / folder / "ada")


def write_names(kit: Path) -> None:
    (kit / "names.txt").write_text("ada\ngrace\n")
    (kit / "more.txt").write_text("mallory\n")


def get_certificate(kit: Path) -> None:
    shutil.copy(ROOT / "tests/classroom/localhost.crt", kit / "chain.pem")
    shutil.copy(ROOT / "tests/classroom/localhost.key", kit / "key.pem")


def begin_work(kit: Path) -> None:
    """Edit the kit, as an instructor may have before they hand it out."""
    with (kit / "README.md").open("a") as file:
        file.write("\nMine.\n")


def expect_commit(kit: Path) -> None:
    assert git(kit, "status", "--porcelain", "--untracked-files=no") == ""


HUB = "/srv/authlab-class"  # in a test, a folder of its own
LEARNER = [
    Step(OURS, "Start with: "),
    Step(f"{OURS} doctor", "versions    ok"),
    Step(f"{OURS} check 1.2", "not attempted yet", status=1),
    Step(f"{OURS} hint 1.2", "hint 1 of 3"),
    Step(f"{OURS} progress", "Next: "),
    Step(f"{OURS} check 0.1", "not attempted yet", status=1),
    Step(f"{OURS} check 0.1 --answers solutions", "passed"),
    Step(f"{OURS} check 1.2", "passed", before=solve),
    Step(f"{OURS} solution 1.2", "def password_problems"),
    Step(f"{OURS} reset 1.2", "is reset"),
    Step(f"{OURS} check 1.2", "not attempted yet", status=1),
    Step(f"{OURS} reset --undo", ANSWERS),
    Step(f"{OURS} check 1.2", "passed"),
    Step(f"{OURS} secret", "="),
    Step(f"{OURS} secret --env >> .env", "PASSWORD_PEPPER=", writes=".env"),
    Step("openssl rand -base64 32", "="),
]
TEACHER = [
    Step("git stash -u", "Saved working directory", before=begin_work),
    Step(f"{OURS} class handout handout.zip", "authlab-handout", before=expect_commit, writes="handout.zip"),
    Step(f"{OURS} class handout class.zip", "authlab-handout", writes="class.zip"),
    Step(f"{OURS} class handout authlab-handout.zip", "authlab-handout", writes="authlab-handout.zip"),
    Step(
        f"{OURS} class grade submissions/ lesson_01",
        "ada",
        before=hand_in,
        writes="submissions-grades/canvas.csv",
    ),
    Step(f"{OURS} class hub hub --learners 3", "start", writes="hub/start"),
    Step(
        f"{OURS} class hub {HUB} --learners names.txt",
        "start",
        before=write_names,
        writes=f"{HUB}/passwords.csv",
    ),
    Step(
        f"{OURS} class hub {HUB} --address 0.0.0.0 --port 8443 --cert chain.pem --key key.pem",
        "start",
        before=get_certificate,
        writes=f"{HUB}/class.json",
    ),
    Step(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 7 -keyout board.key -out board.crt "
        "-subj /CN=192.168.1.20 -addext subjectAltName=IP:192.168.1.20",
        "BEGIN CERTIFICATE",
        writes="board.crt",
    ),
    Step(f"{OURS} class join", "You have joined no class board", status=1),
    Step(f"{OURS} class leave", "joined", status=2),
]
LONG_FOR_TEACHERS = [
    Step(f"{OURS} class grade submissions", "ada", before=hand_in, writes="submissions-grades/grades.html"),
    Step(f"{OURS} class grade submissions/", "ada", writes="submissions-grades/moodle.csv"),
    Step(f"{OURS} class grade answers", "ada", writes="answers-grades/results.json"),
    Step(f"{OURS} class hub hub --learners 30", "start", writes="hub/passwords.csv"),
]
WORKSHOP = [
    Step(f"{OURS} dev build", "derived files written"),
    Step(f"{OURS} dev verify 1.2", "survivors: none"),
    Step(f"{OURS} dev messages lesson_01", "tests/course/told/lesson_01_forms.txt: the same"),
    Step(f"{OURS} dev notebooks lesson_01", "lesson_01_forms.ipynb: the same"),
    Step("npm install --package-lock-only --omit-lockfile-registry-resolved", "up to date"),
]
ROUNDS = {"learner": LEARNER, "teacher": TEACHER, "long": LONG_FOR_TEACHERS, "workshop": WORKSHOP}

CLASS, CLI, COURSE = "tests/classroom", "tests/cli", "tests/course"

# The test that runs just that command, or takes the page's own lines.
BOARD = f"{CLASS}/test_board_command.py::test_nothing_that_was_acknowledged_is_lost_when_the_board_is_killed"
JOIN = f"{CLASS}/test_board_reporting.py::test_a_person_who_compares_is_asked"
ADDING = f"{COURSE}/test_adding.py::test_flaws_fail_alternatives_pass_and_the_attack_wins_on_its_flaw_alone"
COLLECT = f"{CLASS}/test_hub_round.py::test_the_instructor_collects_the_answers_as_the_page_says"
ROUND = f"{CLASS}/test_hub_round.py::test_ten_learners_do_lesson_1_at_once"
OWN = f"{CLASS}/test_own_exercises.py::test_it_is_verified"
WHEELS = f"{CLASS}/test_handout.py::test_packages_go_where_the_set_up_looks_for_them"
SERVE = f"{CLI}/test_serve.py::test_a_visitor_signs_up_and_sees_the_profile"
HANDOUT = f"{OURS} class handout handout.zip"
LEARNERS = f"{HUB}/learners"
WATCH = f"{CLI}/test_watch.py::test_every_way_of_saving_gets_its_verdict_and_ctrl_c_leaves_nothing"
STORED = f"{COURSE}/test_adding.py::test_the_notebook_is_stored_with_its_outputs"
ANSWERED = f"{CLI}/test_audit.py::test_answers_that_do_not_pass_are_the_packages"
WITH_TLS = f"{CLASS}/test_board_command.py::test_the_board_is_served_with_a_certificate"
MUTATED = "tests/mutation/test_mutation.py::test_no_mutant_of_roles_survives_unexplained"
ELSEWHERE = {
    f"{OURS} lab": "tests/browser/test_lab_round.py::test_a_whole_lesson_is_played_to_its_end",
    f"{OURS} test": f"{CLI}/test_test.py::test_the_summary_is_pytests_and_no_file_is_left",
    f"{OURS} test --full": f"{CLI}/test_test.py::test_the_summary_is_pytests_and_no_file_is_left",
    f"{OURS} watch": WATCH,
    f"{OURS} update": f"{CLI}/test_update.py::test_the_command_in_a_clone_of_the_real_kit",
    f"{OURS} serve": SERVE,
    f"{OURS} serve --mine": f"{CLI}/test_serve.py::test_one_s_own_parts_are_named_and_run",
    f"{OURS} audit --answers exercises": ANSWERED,
    f"{OURS} audit --matrix": f"{CLI}/test_audit.py::test_the_picture_of_a_lesson",
    f"{OURS} audit": f"{CLI}/test_audit.py::test_the_package_resists_and_each_attack_has_a_line",
    f"{OURS} dev setup": "tests/setup/test_node_packages.py::test_dev_setup_installs_axe_core_from_the_lock",
    f"{OURS} dev verify": f"{COURSE}/test_verify.py::test_everything_holds",
    f"{OURS} dev verify 12.1": ADDING,
    f"{OURS} dev verify lesson_12": ADDING,
    f"{OURS} dev messages lesson_12 --write": f"{COURSE}/test_adding.py::test_what_learners_are_told_is_kept",
    f"{OURS} dev notebooks lesson_12 --write": STORED,
    f"{OURS} dev verify lesson_50": OWN,
    f"{OURS} check 50.1": f"{CLASS}/test_own_exercises.py::test_it_is_judged_and_its_misconception_named",
    f"{OURS} dev": f"{CLASS}/test_handout.py::test_what_needs_a_clone_says_so_in_one_line",
    f"{OURS} class board": BOARD,
    f"{OURS} class board --host 192.168.1.20 --cert board.crt --key board.key": WITH_TLS,
    f'{OURS} class join https://192.168.1.20:8010 E3EC-X0CE --name "Ada"': JOIN,
    (
        "The class board is at http://board.localhost:8010/ "
        "(Ctrl-C ends it; all is kept in .authlab/board.db)"
    ): BOARD,
    "Your key: 1-P50AG-H1MVN-18GR2-FHSQY": BOARD,
    f"Learners type: {OURS} class join http://board.localhost:8010 E3EC-X0CE": BOARD,
    f"{HANDOUT} --offline": WHEELS,
    f"{HANDOUT} --offline --system windows --system mac --python 3.12 --python 3.13": WHEELS,
    f"sudo {HUB}/start": ROUND,
    "sudo ./start": ROUND,
    "mkdir answers": COLLECT,
    f"sudo tar -C {LEARNERS} -cf - . | tar -xf - -C answers --wildcards '*/authlab/exercises/*.py'": COLLECT,
    "find answers -type l -delete": COLLECT,
    "python3 -m tests.mutation roles --survivors": MUTATED,
    "python3 -m tests.mutation roles sessions.cache": MUTATED,
    "python3 -m tests.mutation forms": MUTATED,
    "npm ci --ignore-scripts": (
        "tests/setup/test_node_packages.py::test_axe_core_is_installed_once_for_each_lock"
    ),
    "python3 -m tests.compatibility.advisories PyPI.zip npm.zip": (
        "tests/setup/test_advisories.py::test_an_advisory_about_a_pin_is_told_and_no_other"
    ),
}

# Why nobody runs it, and how the page says so.
OF_KUBERNETES = "Neither Kubernetes nor Docker was ever run by us"
NO_DOCKER = "needs Docker, which neither we nor CI have at hand"
NEVER = {
    "docker build -f .binder/Dockerfile -t registry.example.org/authlab:1 .": (NO_DOCKER, OF_KUBERNETES),
    "docker push registry.example.org/authlab:1": (NO_DOCKER, OF_KUBERNETES),
    'docker run --rm --network none -v "$PWD/submissions:/in:ro" -v "$PWD/grades:/out" YOUR-IMAGE '
    "python3 -m authlab class grade /in --out /out": (NO_DOCKER, "No Docker was at hand to try it"),
    "python3 -m tests.benchmarks --write": (
        "writes the page that names it, and takes minutes on a quiet machine",
        "Measured on",
    ),
    "pip-audit -r requirements.lock --require-hashes --disable-pip --strict": (
        "asks a service beyond this machine",
        "its answer on the whole lock has not been seen",
    ),
    "npm audit --package-lock-only": ("asks a registry that answers it", "the one here refused"),
    **dict.fromkeys(
        ("python3 -m tests.mutation", "python3 -m tests.mutation --write"),
        ("writes the page that names it, and takes an hour on a quiet machine", "Measured on"),
    ),
    **dict.fromkeys(
        (
            "python3 -m tests.compatibility",
            "python3 -m tests.compatibility --python 3.12 --python 3.13",
            "python3 -m tests.compatibility --lock --lowest --newest",
        ),
        ("makes environments for many minutes; what was seen stands in the page's table", "## Seen"),
    ),
}  # fmt: skip
EVERY = {step.line for round_ in ROUNDS.values() for step in round_} | set(ELSEWHERE) | set(NEVER)


# Every command has its place


@pytest.mark.parametrize("command", commands(), ids=lambda command: f"{command.page}: {command.line}"[:90])
def test_a_command_in_a_document_is_run_or_told_not_to_be(command: Command) -> None:
    assert command.line in EVERY, (
        f"{command.page}: expected {command.line!r} in a table of tests/test_documents.py "
        "(ROUNDS, ELSEWHERE or NEVER), got none"
    )


def test_there_are_commands_and_no_row_outlives_its_own() -> None:
    shown = {command.line for command in commands()}
    assert len(shown) >= 60
    assert sorted(EVERY - shown - {step.line for step in LEARNER if step.line.endswith("--undo")}) == []


@pytest.mark.parametrize("test", sorted(set(ELSEWHERE.values())))
def test_the_test_that_is_named_exists(test: str) -> None:
    file, _, name = test.partition("::")
    assert name in functions_of(ROOT / file), f"expected {test}, got no such test"


@pytest.mark.parametrize("line", NEVER)
def test_what_was_never_run_says_so_on_its_page(line: str) -> None:
    _, said = NEVER[line]
    for command in commands():
        if command.line == line:
            assert said in pages()[command.page], command.page


def test_each_command_of_ours_is_read_by_its_parser() -> None:
    """An option that was renamed is missed here, whoever runs the command."""
    read = [parsed(rest) for command in commands() if (rest := ours(command.line))]
    assert len(read) >= 60


def parsed(arguments: list[str]) -> argparse.Namespace:
    command = cli._find(arguments[0])
    if arguments == ["dev"]:  # as a handout's page names it: all of it
        arguments = ["dev", "build"]
    return cli._parse(command, cli._module(command), arguments[1:])


# They do what the page says


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    """A clone with one commit, in a place of its own."""
    with TemporaryDirectory(prefix="authlab-documents-") as folder:
        kit = committed_kit(Path(folder, "kit"))
        for name in ("SECURITY.md", "CHANGELOG.md", "tests/course/told", "tests/browser"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            (kit / name).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / name, kit / name)
        shutil.copytree(ROOT / "tests/app", kit / "tests/app", dirs_exist_ok=True)
        for litter in kit.rglob("__pycache__"):
            shutil.rmtree(litter)
        shutil.rmtree(kit / "tests/browser/node_modules", ignore_errors=True)
        with suppress(subprocess.CalledProcessError):
            commit(kit)
        yield kit


@pytest.mark.parametrize(
    "name",
    [
        "learner",
        pytest.param("teacher", marks=pytest.mark.full),
        pytest.param("long", marks=pytest.mark.full),
        pytest.param("workshop", marks=pytest.mark.full),
    ],
)
def test_the_commands_do_what_the_pages_say(name: str, base: Path, tmp_path: Path) -> None:
    """One after another in one clone, with an empty home, as somebody types them who reads on."""
    git(tmp_path, "clone", "-q", str(base), "kit")
    kit = tmp_path / "kit"
    for step in ROUNDS[name]:
        step.before(kit)
        done = typed(step, kit, tmp_path)
        if done is None:
            continue
        said = done.stdout + done.stderr
        assert done.returncode == step.status, (step.line, said)
        if step.writes:
            file = here(step.writes, tmp_path)
            assert (kit / file).exists(), (step.line, said)
            said += (kit / file).read_text("utf-8") if file.endswith((".env", ".crt")) else ""
        assert step.says in said, (step.line, said)
        if step.status == 2:
            assert done.stderr.count("\n") == 1, (step.line, said)


def here(text: str, folder: Path) -> str:
    """Return a text with a folder of the test's own in place of the page's."""
    return text.replace(HUB, (folder / "class").as_posix())


def typed(step: Step, kit: Path, folder: Path) -> "subprocess.CompletedProcess[str] | None":
    """Run a step; return None where its program is not of the kit and not there."""
    line, _, file = step.line.partition(" >> ")
    words = shlex.split(here(line, folder))
    if words[0] == "python3":
        words[0] = sys.executable
    elif (program := shutil.which(words[0])) is None:
        if "AUTHLAB_SKIP_NOTHING" in os.environ and POSIX:
            pytest.fail(f"expected {words[0]} on this machine, got none")
        return None
    else:
        words[0] = program
    home = folder / "home"
    home.mkdir(exist_ok=True)
    mine = {"HOME": str(home), "USERPROFILE": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    mine |= {
        f"GIT_{who}_{what}": "grace@lab.test" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    where = kit / "tests/browser" if line.startswith("npm ") else kit
    done = subprocess.run(
        words,
        cwd=where,
        env=environment(**mine),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=600,
    )
    if file:
        with (kit / file).open("a", encoding="utf-8") as target:
            target.write(done.stdout)
    return done


# What they name is there


@pytest.mark.parametrize("page", pages())
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    """Files, and the headings in them."""
    folder = (ROOT / page).parent
    if page.endswith("HANDOUT.md"):
        folder = ROOT  # where it stands in a learner's copy
    text = re.sub(r"```.*?```|`[^`\n]*`", "", pages()[page], flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?://|mailto:", target):
            continue
        file, _, anchor = target.partition("#")
        place = folder / file if file else ROOT / page
        assert place.exists(), f"{page}: {target} leads nowhere"
        if anchor:
            assert anchor in anchors_of(place.read_text("utf-8")), f"{page}: {target} has no such heading"


def anchors_of(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


# Made by a reader, or shown as an example: no file of the kit.
MADE = re.compile(
    r"(own/|submissions|answers|kit/|learners/|state/|hub/|wheels/|Ada|\.authlab|\.venv|/|\.|tests/course/told"
    r"|docs/images|grades|authlab-handout|authlab/exercises|notebooks/lesson_50)"
)
OF_LESSON_12 = "lesson_12_devices"


@pytest.mark.parametrize("page", pages())
def test_the_files_that_a_page_names_are_there(page: str) -> None:
    for code in documents.inline_in(pages()[page]):
        if not re.fullmatch(r"[\w.\-]+(/[\w.\-]+)*/?(\.\w+)?", code) or "/" not in code:
            continue
        if MADE.match(code) or OF_LESSON_12 in code or "NAME" in code or "NN" in code:
            continue
        places = (ROOT, ROOT / "authlab", ROOT / "authlab/classroom", (ROOT / page).parent)
        if code.split("/")[0] in {path.name for path in ROOT.iterdir()} | {
            path.name for path in (ROOT / "authlab").iterdir()
        }:
            assert any((place / code).exists() or (place / f"{code}.py").exists() for place in places), (
                f"{page}: expected {code!r} to be there, got nothing"
            )


def test_a_file_that_is_gone_would_be_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "pages", lambda: {"README.md": "see `authlab/gone.py`"})
    monkeypatch.setitem(globals(), "pages", documents.pages)
    with pytest.raises(AssertionError, match=r"authlab/gone\.py"):
        test_the_files_that_a_page_names_are_there("README.md")


def refusal(arguments: list[str]) -> str:
    """Return why a command is refused, "incomplete" where it only lacks something, or "" if it is not."""
    try:
        parsed(arguments)
    except cli.UsageError as refused:
        return "incomplete" if "arguments are required" in str(refused) else str(refused)
    return ""


@cache
def options() -> frozenset[str]:
    """Return every option of every command."""
    found: set[str] = set()

    def collect(parser: argparse.ArgumentParser) -> None:
        for action in parser._actions:
            found.update(action.option_strings)
            if isinstance(action, argparse._SubParsersAction):
                for inner in action.choices.values():
                    collect(inner)

    for command in cli.COMMANDS:
        parser = argparse.ArgumentParser()
        cli._module(command).add_arguments(parser)
        collect(parser)
    return frozenset(found | {"--help", "--version"})


# Of other programs, in pages that say why something is as it is.
FOREIGN = {"docs/decisions.md", "docs/mutation.md", "docs/compatibility.md", "docs/dependencies.md"}


@pytest.mark.parametrize("page", [page for page in pages() if page not in FOREIGN])
def test_the_options_and_commands_that_a_page_names_exist(page: str) -> None:
    for code in documents.inline_in(pages()[page]):
        if documents.is_short(code) and not re.search(r"[^\w\s\-./=]", code):
            values = [word if not word.isupper() else "1" for word in code.removeprefix("authlab ").split()]
            # `class grade` is a name: what it is about is left out.
            assert refusal(values) in ("", "incomplete"), f"{page}: {code}: {refusal(values)}"
        first = code.split()[0] if code.strip() else ""
        if first.startswith("--") and code == " ".join(code.split()):
            assert first.partition("=")[0] in options(), f"{page}: no command has {first}"


@pytest.mark.parametrize("page", [page for page in pages() if not page.startswith("docs/mutation")])
def test_the_tests_exercises_and_flaws_that_a_page_names_exist(page: str) -> None:
    text = re.sub(r"```.*?```", "", pages()[page], flags=re.DOTALL)
    for name in set(re.findall(r"`(?:\S+::)?(test_[a-z0-9_]+)`", text)):
        assert name in every_test(), f"{page}: no test is called {name}"
    known = {asked.id for asked in exercises()} | {"12.1", "50.1"}
    for command in re.findall(r"`(?:check|hint|solution|reset|dev verify) (\d+\.\d+)`", text):
        assert command in known, f"{page}: there is no exercise {command}"
    for name in re.findall(r"serve --flaw (\w+)|open_app\(flaw=\"(\w+)\"\)", text):
        flaw = name[0] or name[1]
        assert flaw == "NAME" or flaw in {one.name for one in bank.all_flaws()}, f"{page}: no flaw {flaw}"


@cache
def every_test() -> frozenset[str]:
    return frozenset(name for file in (ROOT / "tests").rglob("*.py") for name in functions_of(file))


@cache
def functions_of(file: Path) -> frozenset[str]:
    if not file.exists():
        return frozenset()
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


# SECURITY.md


def attacks_in(cell: str) -> set[int]:
    """Return the numbers of `1 to 5`, `9, 10` and `25 to 33, 101`."""
    numbers: set[int] = set()
    for piece in cell.split(", "):
        first, _, last = piece.partition(" to ")
        numbers |= set(range(int(first), int(last or first) + 1))
    return numbers


SECURITY = pages()["SECURITY.md"]
DEFENDED = re.findall(r"^\| (.+?) \| .+ \| ([\d, to]+) \|$", SECURITY, re.MULTILINE)


def test_each_line_of_what_is_defended_names_attacks_that_exist_and_are_resisted() -> None:
    """That they are resisted, `test_the_package_resists_and_each_attack_has_a_line` tries."""
    assert len(DEFENDED) >= 10
    tried = {attack.number: attack for attack in bank.all_attacks()}
    for claim, cell in DEFENDED:
        for number in attacks_in(cell):
            assert number in tried, f"{claim}: there is no attack {number}"
            assert tried[number].accepted is None, f"{claim}: attack {number} is accepted, and not resisted"


def test_each_attack_stands_in_the_table_or_is_told_to_be_accepted() -> None:
    told = {number for _, cell in DEFENDED for number in attacks_in(cell)}
    accepted = {int(number) for number in re.findall(r"\(attack (\d+)", SECURITY)}
    assert accepted == {attack.number for attack in bank.all_attacks() if attack.accepted}
    hopeless = {int(number) for number in re.findall(r"each but attack (\d+) wins on a flaw", SECURITY)}
    assert hopeless == {attack.number for attack in bank.all_attacks() if attack.hopeless}
    assert {attack.number for attack in bank.all_attacks()} - told - accepted == set()


def test_the_modules_that_defend_exist() -> None:
    for name in re.findall(r"`([a-z_]+)(?:\.[\w.]+)?`", "\n".join(re.findall(r"^\| .+ \|$", SECURITY, re.M))):
        assert (ROOT / f"authlab/{name}.py").exists() or (ROOT / "authlab" / name).is_dir(), name


# The README, the changelog


def test_the_readmes_map_is_the_curriculums() -> None:
    """Each lesson once, in order, with modules that exist and parts of its own in one of them."""
    rows = re.findall(r"^\| (\d+) (.+?) \| .+? \| (.+?) \|$", pages()["README.md"], re.MULTILINE)
    assert [(int(number), title) for number, title, _ in rows] == [
        (lesson.number, lesson.title) for lesson in lessons()
    ]
    for (_, title, cell), lesson in zip(rows, lessons(), strict=True):
        modules = re.findall(r"`authlab/([\w/]+)\.py`", cell)
        assert modules or cell == "all of them", title
        assert all((ROOT / f"authlab/{name}.py").exists() for name in modules), title
        asked = {part.split(":")[0].removeprefix("authlab.") for part in PARTS}
        assert not modules or asked & {name.replace("/", ".") for name in modules}, title
        assert lesson.exercises
    assert docs.readme() == pages()["README.md"]


def test_the_changelog_has_its_form() -> None:
    """Keep a Changelog: an unreleased section first, kinds of change from the list, none empty or twice."""
    text = pages()["CHANGELOG.md"]
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", version) for version in versions[1:])
    kinds = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
    for section in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]:
        found = re.findall(r"^### (.+)$", section, re.MULTILINE)
        assert found == sorted(set(found), key=kinds.index)
        for body in re.split(r"^### .+$", section, flags=re.MULTILINE)[1:]:
            lines = [line for line in body.splitlines() if line]
            assert lines
            assert all(line.startswith(("- ", "  ")) for line in lines)
