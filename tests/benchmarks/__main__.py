"""Measures what the kit promises to be quick at, and prints ratios: `python3 -m tests.benchmarks [--write]`.

Whatever stands in one table is measured in one run, in turns, so that a busy machine is as unkind to one as
to the other. Nothing here decides a test: seconds are the machine's, ratios are the kit's. With `--write` the
tables go to docs/benchmarks.md, with the date and the machine. Flask and Django get an environment of their
own in `.authlab/benchmarks`, made with pip at the first run.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

from authlab.course import derive
from authlab.course.curriculum import exercises, lesson_of, lessons, one_exercise
from authlab.course.engine import Engine
from authlab.course.places import ROOT, SOLUTIONS, STATE
from authlab.course.warm import SOCKET
from tests.benchmarks import graders
from tests.classroom.made_class import make_class, put_loops, typed

HERE = Path(__file__).parent
DOCS = ROOT / "docs/benchmarks.md"
STRANGERS = ["flask==3.*", "flask-login==0.6.*", "django==5.*"]
GRADERS = ["nbgrader==0.9.*", "otter-grader==7.*"]
CLASS, FEW = 50, 5  # learners
ONE = "3.2"  # an exercise with eight checks, no database and no slow hash
ROUNDS = 15
PAUSE_SECONDS = (
    0.05  # before each verdict: nobody saves twice in that time, and the next child is forked meanwhile
)
Table = tuple[str, list[tuple[str, float, float]]]  # title; what, seconds, ratio to the first


def main() -> None:
    """Measure all there is, or the tables that are named."""
    known: dict[str, Callable[[], Table]] = {
        "verdicts": verdicts, "commands": commands, "requests": requests, "notebooks": notebooks,
        "grading": grading, "classes": classes,
    }  # fmt: skip
    parser = argparse.ArgumentParser(prog="python3 -m tests.benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="*", choices=[[], *known], help="all without it")
    parser.add_argument("--write", action="store_true", help="keep the tables in docs/benchmarks.md")
    args = parser.parse_args()
    tables = []
    for name in args.what or known:
        title, rows = known[name]()
        tables.append(as_markdown(title, rows))
        print(tables[-1], flush=True)
    if args.write:
        DOCS.write_text(
            "\n".join([HEAD.format(date=date.today(), machine=machine()), *tables]), encoding="utf-8"
        )


HEAD = """# Benchmarks

Measured on {date}, {machine}, by `python3 -m tests.benchmarks --write`.
Each table is one run in turns; the ratio is to its first line.

What was aimed at: a warm verdict within 30 ms, and within twice the checks alone, called in a forked child.
What a verdict takes besides the checks is pytest around each of them, loading the answer's file, and looking
at what the answer has replaced. Whether the kit's files have changed is looked at meanwhile, and the child is
cleared away, and the next one forked, when the verdict has been told.

A signed-in visitor's JSON request within 1.5 times the bare route: it takes as long as that.
The bare route opens the database and closes it, as tutorials have it, and so do Flask and Django here; with
the last connection SQLite deletes its log's files, and makes them anew for the next. The app keeps one open
beside those of the requests. A bare route that does so too is the second line, and the app takes twice its
time: for PyJWT's work on a longer token, a schema with five tables, the middleware and the headers.

A cold check costs less than a bare pytest of the same test, and a check beside `watch` less than 0.1 s.
Some 50 ms of that pytest are Python's last look for garbage, which a judge leaves out. A conftest that leaves
it out, too (`gc.freeze`), makes that pytest a tenth quicker than the check.

A submission within 0.1 s, and a thousand within twenty times what fifty take, in the memory of fifty: that
is a test (tests/classroom/test_grade_many.py), whose limit is 12 MB more for the thousand.
"""


def machine() -> str:
    """Return what was measured on, without anybody's names."""
    model = platform.processor() or platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        found = [line for line in cpus.read_text().splitlines() if line.startswith("model name")]
        model = found[0].partition(":")[2].strip() if found else model
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, Python {platform.python_version()}"


def as_markdown(title: str, rows: list[tuple[str, float, float]]) -> str:
    """Return a table with milliseconds and ratios."""
    lines = [f"\n## {title}\n", "| what | ms | ratio |", "|---|---:|---:|"]
    lines += [f"| {what} | {1000 * seconds:.1f} | {ratio:.2f} |" for what, seconds, ratio in rows]
    return "\n".join(lines) + "\n"


def in_turns(
    things: Mapping[str, Callable[[], object]], rounds: int = ROUNDS, *, pause_seconds: float = 0.0
) -> list[tuple[str, float, float]]:
    """Return each thing's median of seconds, run in turns, after a pause, and its ratio to the first."""
    seconds: dict[str, list[float]] = {name: [] for name in things}
    for _ in range(rounds):
        for name, run in things.items():
            time.sleep(pause_seconds)
            started = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(times) for name, times in seconds.items()}
    first = next(iter(medians.values()))
    return [(name, median, median / first) for name, median in medians.items()]


# A verdict in a notebook: a warm engine, against the same checks called directly in a forked child


def verdicts() -> Table:
    """Each exercise's answer of the package, judged warm; and what its checks alone take in a fork."""
    one, medians = one_exercise(ONE), {}
    with Engine() as engine:  # of the lesson's checks alone, as in its notebook
        engine.check(one, SOLUTIONS)
        with direct_call(one.lesson) as call:
            rows = in_turns(
                {f"the checks of {ONE}, called in a forked child": call,
                 f"a warm verdict on {ONE}": lambda: engine.check(one, SOLUTIONS)},
                pause_seconds=PAUSE_SECONDS,
            )  # fmt: skip
    with Engine(for_all=exercises()) as engine:
        chosen = [asked for asked in exercises() if asked.kind != "prove"]
        for asked in chosen:
            engine.check(asked, SOLUTIONS)
        for asked in chosen:
            times = []
            for _ in range(5):
                time.sleep(PAUSE_SECONDS)
                started = time.perf_counter()
                engine.check(asked, SOLUTIONS)
                times.append(time.perf_counter() - started)
            medians[asked.id] = statistics.median(times)
    first = rows[0][1]
    middle = statistics.median(medians.values())
    slowest = max(medians, key=medians.__getitem__)
    rows.append((f"the median of {len(medians)} exercises", middle, middle / first))
    rows.append((f"the slowest, {slowest}", medians[slowest], medians[slowest] / first))
    return "A verdict in a notebook", rows


@contextmanager
def direct_call(stem: str) -> Iterator[Callable[[], object]]:
    """Lend a process that forks a child for the checks of `ONE`, without pytest, and says when it is done."""
    code = (
        "import os, sys\n"
        "from tests.course.lesson_checks import checks_of\n"
        "from authlab.course.curriculum import one_exercise\n"
        f"checks = checks_of(one_exercise({ONE!r})).values()\n"
        "print('ready', flush=True)\n"
        "for line in sys.stdin:\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        [check(None) for check in checks]\n"
        "        os._exit(0)\n"
        "    assert os.waitpid(child, 0)[1] == 0\n"
        "    print('done', flush=True)\n"
    )
    with talking([sys.executable, "-c", f"import tests.conftest\n{code}"]) as ask:
        yield lambda: ask("go")


@contextmanager
def talking(command: list[str]) -> Iterator[Callable[[str], str]]:
    """Lend a process that says "ready", and then answers a line with a line."""
    process = subprocess.Popen(
        command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    def ask(line: str) -> str:
        print(line, file=stdin, flush=True)
        answer = stdout.readline()
        if not answer:
            raise SystemExit(f"{command[-1]}: ended with status {process.wait()}")
        return answer

    if stdout.readline().strip() != "ready":
        raise SystemExit(f"{command[-1]}: did not start")
    try:
        yield ask
    finally:
        stdin.close()
        process.wait()
        stdout.close()


# A check from a shell


def commands() -> Table:
    """`authlab check` cold, and warm beside a `watch`; pytest as lean as it gets, and as it is installed."""
    asked = one_exercise(ONE)
    test = str(lesson_of(asked).checks.relative_to(ROOT))
    chosen = f"{test}::{exercise_class(asked.id)}"
    kit = [sys.executable, "-m", "authlab"]
    lean = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    plain = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", chosen]
    things: dict[str, Callable[[], object]] = {
        "Python that does nothing": ran([sys.executable, "-c", "pass"]),
        "authlab --help": ran([*kit, "--help"]),
        f"authlab hint {ONE}": ran([*kit, "hint", ONE]),
        "pytest, without plugins": ran(plain, lean),
        "pytest, as it is installed": ran(plain),
        f"authlab check {ONE}": ran([*kit, "check", ONE, "--answers", "solutions"]),
    }
    rows = in_turns(things)
    with watching():
        warm = in_turns({"beside a watch": things[f"authlab check {ONE}"]})
    rows.append((f"authlab check {ONE}, beside `authlab watch`", warm[0][1], warm[0][1] / rows[0][1]))
    return "From a shell", rows


def exercise_class(exercise_id: str) -> str:
    """Return the name of the class of an exercise's checks."""
    lines = lesson_of(one_exercise(exercise_id)).checks.read_text(encoding="utf-8").splitlines()
    at = lines.index(f'@exercise("{exercise_id}")')
    return next(line for line in lines[at:] if line.startswith("class ")).split()[1].rstrip(":").split("(")[0]


def ran(command: list[str], more: Mapping[str, str] | None = None) -> Callable[[], object]:
    """Return a function that runs a command to its end, whatever it prints. Bytecode is kept, as it is on
    a learner's machine: without it pytest would compile the test anew each time."""
    environment = {**os.environ, **(more or {})}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)

    def run() -> None:
        subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)

    return run


@contextmanager
def watching() -> Iterator[None]:
    """Keep an `authlab watch` running."""
    command = [sys.executable, "-m", "authlab", "watch", ONE]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        while not SOCKET.exists():
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
        SOCKET.unlink(missing_ok=True)


# A signed-in visitor's request


def requests() -> Table:
    """Microseconds would be more fitting; the table is in milliseconds, of ten requests each."""
    strangers = strangers_python()
    with ExitStack() as stack:
        asks = {}
        for name, python, words in (
            ("bare", sys.executable, "Werkzeug, PyJWT and one SELECT, by hand"),
            ("bare, kept open", sys.executable, "the same, beside a connection that stays open"),
            ("authlab", sys.executable, "authlab, /api/me"),
            ("authlab dashboard", sys.executable, "authlab, the dashboard as HTML"),
            ("flask", strangers, "Flask and Flask-Login"),
            ("django", strangers, "Django, database sessions"),
        ):
            asks[words] = stack.enter_context(talking([str(python), str(HERE / "contenders.py"), name]))
        seconds: dict[str, list[float]] = {words: [] for words in asks}
        for _ in range(40):
            for words, ask in asks.items():
                seconds[words].append(float(ask("25")) / 2.5)
    medians = {words: statistics.median(times) for words, times in seconds.items()}
    first = next(iter(medians.values()))
    return "Ten requests of a signed-in visitor, in one process", [
        (words, median, median / first) for words, median in medians.items()
    ]


def strangers_python(name: str = "benchmarks", packages: Sequence[str] = STRANGERS) -> Path:
    """Return the interpreter that has the packages of others, made at the first call."""
    folder = STATE / name
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / "complete").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
        (folder / "complete").touch()
    return python


# A class's submissions


def grading() -> Table:
    """A submission's share of grading a class: all different, flaws among them; and others' tools."""
    commands = strangers_python("benchmarks-grading", GRADERS).parent
    lesson = lesson_of(one_exercise("1.1"))
    with tempfile.TemporaryDirectory(prefix="authlab-bench-") as name:
        folder = Path(name)
        make_class(folder / "class", lesson, CLASS)
        (folder / "nbgrader").mkdir()
        (folder / "otter").mkdir()
        things = {
            f"authlab class grade, six exercises, {CLASS} submissions": (
                CLASS, lambda: typed(str(folder / "class")).check_returncode()
            ),
            f"nbgrader autograde, six functions, {FEW} submissions": (
                FEW, graders.nbgrader(folder / "nbgrader", commands, FEW)
            ),
            "otter run, six functions, a submission": (1, graders.otter(folder / "otter", commands)),
        }  # fmt: skip
        rows = in_turns({what: run for what, (_, run) in things.items()}, rounds=2)
    each = [(what, seconds / things[what][0]) for what, seconds, _ in rows]
    return "A submission, graded with its class", [
        (what, seconds, seconds / each[0][1]) for what, seconds in each
    ]


def classes() -> Table:
    """A class of a thousand beside one of fifty: all different, and one in fifty never comes to an end."""
    lesson = lesson_of(one_exercise("1.1"))
    with tempfile.TemporaryDirectory(prefix="authlab-bench-") as name:
        runs = {}
        for learners in (CLASS, 20 * CLASS):
            home, loops = Path(name, str(learners)), learners // CLASS
            make_class(home, lesson, learners - loops)
            put_loops(home, lesson, loops)
            runs[
                f"{learners} submissions, {loops} of them {'an endless loop' if loops == 1 else 'endless'}"
            ] = lambda home=home: typed(str(home), "--timeout", "1").check_returncode()
        return "A whole class", in_turns(runs, rounds=2)


# The notebooks


def notebooks() -> Table:
    """nbval of all lessons in one process, and shared among the cores; and of one lesson."""
    with tempfile.TemporaryDirectory(prefix="authlab-stubs-") as folder:
        derive.write_stubs(Path(folder))
        environment = {"AUTHLAB_ANSWERS": folder}
        nbval = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "--nbval",
            "--nbval-current-env",
        ]
        first, every = str(lessons()[0].notebook), [str(lesson.notebook) for lesson in lessons()]
        rows = in_turns(
            {
                "nbval of lesson 0": ran([*nbval, first], environment),
                "nbval of all lessons": ran([*nbval, *every], environment),
                "nbval of all lessons, on all cores": ran(
                    [*nbval, "-n", str(os.cpu_count()), "--dist", "loadfile", *every], environment
                ),
            },
            rounds=1,
        )
    return "The outputs of the notebooks", rows


if __name__ == "__main__":
    main()
