"""The judge: a process that holds the checks, collected and ready, and runs each answer in a child of its
own.

It is started by `judges`, reads one job a line and writes one result a line.
Everything slow (imports, pytest's configuration, collecting the checks) happens once, before the first job.
For each job it forks: the child mounts the answer, runs the checks that were asked for, reports and ends.
So an endless loop, an `os._exit` or a gigabyte harms one verdict and nothing else, and no answer sees
another's leftovers. A job of trials (attacks, honest rounds) forks once more for each of them.

Where the system cannot fork (Windows), the process does one job and ends, and `engine` starts another.
"""

import functools
import gc
import io
import json
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TextIO

from authlab.course import children, isolation, strays
from authlab.course.children import Child
from authlab.course.places import CHECKS, ROOT

# "process" is how it goes where the system cannot fork; naming it lets any system try that way.
CAN_FORK = hasattr(os, "fork") and os.environ.get("AUTHLAB_JUDGE") != "process"
ISOLATED = "--isolated"
# What comes with pytest and is of no use here: loading it takes time at each start, and calling it with each
# check as long as the checks themselves.
UNUSED_PLUGINS = (
    "cacheprovider", "doctest", "faulthandler", "junitxml", "pastebin", "setuponly", "setupplan",
    "stepwise", "threadexception", "unraisableexception",
)  # fmt: skip
FOLDER = "authlab-judge-"  # how the name of a judge's own folder for temporary files begins


def main() -> None:
    """Be a judge of the lessons that the arguments name, for the jobs on the standard input."""
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    stems = [argument for argument in sys.argv[1:] if argument != ISOLATED]
    serve(jobs, results, stems, isolated=ISOLATED in sys.argv)


def serve(jobs: TextIO, results: TextIO, stems: Sequence[str], *, isolated: bool = False) -> None:
    """Collect the checks of these lessons, then do jobs until there are no more.

    `isolated` takes from the answers what `isolation` can.

    The process is the judge's alone from here on: its streams, its folder and its signals.
    """
    for stream in (0, 1, 2):  # what pytest or an answer prints is no result
        children.point_nowhere(stream)
    sys.stdout = _Nowhere()  # pytest keeps this one; an answer gets another
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, _end)
    strays.adopt()
    sys.dont_write_bytecode = True

    from authlab.course import bytecode, mounting
    from authlab.course.curriculum import exercises
    from authlab.course.parts import PARTS

    bytecode.install()
    mounting.install({*PARTS, *(exercise.part for exercise in exercises())})

    import pytest

    from authlab.course import judging  # noqa: F401 - and with it the app, before pytest asks for it

    with _own_folder(), ExitStack() as until_collected:
        until_collected.enter_context(bytecode.of_checks())
        pytest.main(
            [
                "--quiet",
                "--capture=no",
                "--tb=no",  # its tracebacks, which nobody sees, took longer than the checks
                "--import-mode=importlib",
                f"--confcutdir={CHECKS}",  # the tests' own conftest would put in the slots once more
                *(word for plugin in UNUSED_PLUGINS for word in ("-p", f"no:{plugin}")),
                # Trials need no checks; and without a name pytest would collect all there are.
                *(_checks(stems) or [str(CHECKS / "conftest.py")]),
            ],
            plugins=[_Judge(jobs, results, until_collected.close, isolated=isolated)],
        )


def _checks(stems: Sequence[str]) -> list[str]:
    from authlab.course.curriculum import lessons

    return [str(lesson.checks) for lesson in lessons() if lesson.stem in stems]


@contextmanager
def _own_folder() -> Iterator[None]:
    """Delete the judge's folder at its end. Its owner does that as well, unless the owner was killed."""
    folder = os.environ.get("TMPDIR", "")
    try:
        yield
    finally:
        if Path(folder).name.startswith(FOLDER):
            shutil.rmtree(folder, ignore_errors=True)


class _Judge:
    """The pytest plugin: takes the place of pytest's loop over all tests."""

    def __init__(
        self, jobs: TextIO, results: TextIO, collected: Callable[[], None], *, isolated: bool
    ) -> None:
        from authlab.course.ground import Liar
        from authlab.course.messages import Compared, explain

        self._explain = explain  # imported now: an answer can change what there is to import
        self._liar = Liar()
        self._collected = collected
        self._isolated = isolated
        self._jobs = jobs
        self._results = results
        self._compared = Compared()
        self._reports: dict[str, dict[str, str]] = {}
        self._answer = Path("answer")
        self._name = ""
        self._next: Child | None = None
        self._prepared: set[str] = set()
        self._broken: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:
        """Note which file of checks cannot be read, and Python's last word about it."""
        if report.failed:
            last = str(report.longrepr).strip().splitlines()[-1].removeprefix("E").strip()
            self._broken.append(f"{report.nodeid}: {last}")

    def pytest_runtestloop(self, session: Any) -> bool:
        """Do the jobs; True tells pytest that the tests were run."""
        self._collected()
        if session.testsfailed:
            self._say({"broken": "; ".join(self._broken) or "expected checks that can be read, found none"})
            return True
        # Nobody sees what it would write of each check, which takes as long as the check.
        session.config.pluginmanager.unregister(name="terminalreporter")
        from authlab.course.ground import Ground

        self._ground = Ground([sys.modules[__name__], children, *{item.module for item in session.items}])
        taken: list[str] = []
        if self._isolated:  # now, when all bytecode is written, and there is one thread
            _prepare_for_many({item.path for item in session.items})
            taken = isolation.isolate(tempfile.gettempdir())
        self._say({"ready": True, "taken": taken})
        for line in self._jobs:
            job = json.loads(line)
            mark = job.pop("mark")
            started = time.perf_counter()
            child = self._child_at(session, job) if CAN_FORK else None
            result = (
                _in_this_process(partial(self._do, session), job)
                if child is None
                else child.first_result(seconds_for(job))
            )
            self._say({**result, "seconds": round(time.perf_counter() - started, 4)}, mark)
            if child is None:
                break
            child.end()
            self._fork(session)
        if self._next is not None:
            self._next.end()
        return True

    def _child_at(self, session: Any, job: dict[str, Any]) -> Child:
        """Return a child that is at a job: the one that was forked ahead, if it has inherited enough."""
        if (needs := _needs(job)) not in self._prepared:
            _prepare(needs)
            self._prepared.add(needs)
            if self._next is not None:
                self._next.end()
                self._next = None
        if self._next is None or not self._next.hand_over(job):
            self._fork(session)
            assert self._next is not None
            self._next.hand_over(job)
        child, self._next = self._next, None
        return child

    def _fork(self, session: Any) -> None:
        """Fork the child for the next job: it costs as much as running a few checks, and nobody waits now."""
        # What is loaded now stays: no child's garbage collector need look through it, and so no page of
        # memory is copied for that.
        gc.freeze()
        self._next = Child(partial(self._do, session), get_ready=self._ground.replaced)

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        """Note the values of the comparison that failed."""
        self._compared.seen = (op, left, right)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Note how a check went, with the message for the learner."""
        name = item.originalname
        if call.excinfo is not None:
            message = self._explain(call, item, self._name, self._compared, self._answer)
            self._reports[name] = {"name": name, "status": "failed", "message": message}
        elif call.when == "call":
            self._reports.setdefault(name, {"name": name, "status": "passed", "message": ""})
        self._compared.seen = None

    def _do(self, session: Any, job: dict[str, Any]) -> dict[str, Any]:
        """Mount what the job names, and run its checks or its trials."""
        from authlab.course.answers import AnswerError
        from authlab.course.curriculum import select
        from authlab.course.mounting import MountError, mounted, slot_of

        try:
            if "trials" in job:
                return {"trials": _tried(job)}
            mounts = _mounts(job)
        except (AnswerError, MountError) as error:
            return {"error": str(error)}
        asked = select(job["exercise"])[0]
        answer = mounts[asked.part] = self._watched(mounts[asked.part])
        with mounted(mounts):
            slot, self._name = slot_of(asked.part), asked.name
            if "folder" in job:
                self._answer = Path(job["folder"], asked.file_name)
            try:
                self._run(session, asked.id)
            except Exception:  # of pytest's own, which an answer can have made to crash
                if (name := self._ground.replaced()) is None:
                    raise
                return _replaced(name)
            if (name := self._ground.replaced()) is not None:
                return _replaced(name)
            if slot.mounted is not answer:
                return {
                    "error": "the answer put another in its own place: that one was judged, and not yours"
                }
        return {"checks": self._with_output(), "calls": slot.calls}

    def _watched(self, answer: Any) -> Any:
        """Return an answer that is told when it gives what equals everything: any check would believe it."""
        if isinstance(answer, type):
            return answer

        @functools.wraps(answer)
        def call(*args: Any, **kwargs: Any) -> Any:
            given = answer(*args, **kwargs)
            if self._liar.is_in(given):
                raise TypeError(f"{self._name} gave a value that equals whatever it is compared with")
            return given

        return call

    def _with_output(self) -> list[dict[str, str]]:
        """Return the reports, with what the answer printed: people look for bugs with print."""
        reports = list(self._reports.values())
        failed = next((report for report in reports if report["status"] == "failed"), None)
        printed = _printed()
        if failed is not None and printed:
            failed["message"] += "".join(f"\n  it printed  {line[:100]}" for line in printed[:5])
        return reports

    def _run(self, session: Any, exercise_id: str) -> None:
        chosen = [
            item
            for item in session.items
            if (mark := item.get_closest_marker("exercise")) and mark.args == (exercise_id,)
        ]
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)

    def _say(self, result: dict[str, Any], mark: str = "") -> None:
        """Tell the owner. Where an answer can write here too, it cannot guess the mark."""
        print(f"\n{mark}{json.dumps(result)}", file=self._results, flush=True)


class _Nowhere(io.TextIOBase):
    """A stream for what nobody reads, without a file that an answer could close."""

    def write(self, text: str) -> int:
        return len(text)


def seconds_for(job: dict[str, Any]) -> float:
    """Return how long a job may take where the judge can fork: each of its trials has a limit of its own."""
    return float(job["timeout"] * (1 + len(job.get("trials", ()))))


def _mounts(job: dict[str, Any], *, anew: bool = False) -> dict[str, Any]:
    """Return what a job wants in place of which part; `anew`, as if none of it had ever run."""
    from authlab.course import answers, bank
    from authlab.course.curriculum import select

    mounts: dict[str, Any] = {}
    for exercise_id in job.get("solved", ()):
        asked = select(exercise_id)[0]
        mounts[asked.part] = answers.load(Path(job["folder"], asked.file_name), asked, select(asked.lesson))
    if "flaw" in job:
        flaw = bank.flaw_named(job["flaw"])
        flaw = bank.loaded_anew(flaw) if anew else flaw
        mounts.update({flaw.part: flaw.answer} if "exercise" in job else flaw.mounts)
    if "alternative" in job:
        known = next(a for a in bank.all_alternatives() if a.name == job["alternative"])
        known = bank.loaded_anew(known) if anew else known
        mounts[known.part] = known.answer
    return mounts


def _tried(job: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what became of each of a job's trials, on one app that is fresh each time.

    A flaw may remember something in its module, and an attack may leave a thread or an endless loop. The
    lab's apps hand out the same tokens each time, so what one trial left would decide the next. So each has a
    process of its own, forked after the answers were loaded. Without fork a process for each would take
    hours, so only what is mounted is loaded anew; what a flaw put into the app's own modules would stay.
    """
    if CAN_FORK:
        mounts = _mounts(job)
        return [_in_a_grandchild(partial(_try, mounts), wanted, job["timeout"]) for wanted in job["trials"]]
    return [_try(_mounts(job, anew=True), wanted) for wanted in job["trials"]]


def _in_a_grandchild(
    do: Callable[[dict[str, Any]], dict[str, Any]], wanted: dict[str, Any], timeout_seconds: float
) -> dict[str, Any]:
    child = Child(do, in_a_group_of_its_own=False)
    child.hand_over(wanted)
    return child.result(timeout_seconds)


def _needs(job: dict[str, Any]) -> str:
    """Return what of the package a job needs loaded, besides what every job does."""
    from authlab.course.curriculum import select

    if "trials" in job:
        return "attacks"
    if "flaw" in job or "alternative" in job or select(job["exercise"])[0].kind in ("break", "prove"):
        return "flaws"
    return "answers"


def _prepare(needs: str) -> None:
    """Load what a job needs in this process, where it is the package's own: its children inherit it."""
    from authlab.course import answers, bank  # noqa: F401 - the first is for the children
    from authlab.lab.apps import cast_on_disk
    from authlab.routes import url_map

    url_map()
    cast_on_disk()
    if needs == "attacks":
        bank.all_attacks()
        _warm_up()
    elif needs == "flaws":
        bank.all_flaws()


def _prepare_for_many(checks: Iterable[Path]) -> None:
    """Load what no single verdict is worth waiting for, and a whole class's are."""
    from authlab.course import bank, messages
    from authlab.pages import templates

    for path in checks:
        messages.functions_in(path)
    for name in templates().list_templates():
        templates().get_template(name)
    bank.all_flaws()
    _warm_up()


@cache
def _warm_up() -> None:
    """Use the app once before the first fork: the children inherit what else each of them would make anew.

    Those are the templates, compiled, the list of common passwords, and the map of addresses. The app keeps
    nothing else beyond a request, and nothing of what a part answered.
    """
    from authlab.course import trials

    for sessions in trials.BOTH_WAYS:
        trials.honest(sessions)


def _try(mounts: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return what `trials` says of an attack (`{"attack": 4, "sessions": "database"}`) or of an honest round
    (`{"honest": True, "sessions": ...}`), with the parts that were called meanwhile."""
    from authlab.course import trials
    from authlab.course.mounting import mounted, slot_of

    before = {part: slot_of(part).calls for part in mounts}
    with mounted(mounts):
        if "attack" in wanted:
            outcome = trials.attack(wanted["attack"], wanted["sessions"])
        else:
            outcome = trials.honest(wanted["sessions"])
    return {**outcome, "called": [part for part in mounts if slot_of(part).calls > before[part]]}


def _printed() -> list[str]:
    """Return the first lines that went to the child's standard output, wherever it has gone since."""
    with suppress(Exception):  # the answer closed the stream, or there is no room left
        sys.stdout.flush()
    try:
        os.lseek(1, 0, os.SEEK_SET)
        return os.read(1, 2000).decode("utf-8", "replace").splitlines()
    except OSError:
        return []


def _replaced(name: str) -> dict[str, Any]:
    return {"error": f"the answer replaced {name}, which others rely on: take a name of your own"}


def _in_this_process(do: Callable[[dict[str, Any]], dict[str, Any]], job: dict[str, Any]) -> dict[str, Any]:
    """Return what `do` returns of a job, run in an empty folder. `engine` ends the process if it is late."""
    home = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="authlab-answer-") as folder:
        children.away_from_everything(folder)
        try:
            return do(job)
        except BaseException as error:
            return children.ended_by(error)
        finally:
            os.chdir(home)


def _end(*_: object) -> None:
    """End this process, asked to by its owner, and whatever it is judging."""
    children.end_all()
    os._exit(0)


def pattern_of(message: str) -> str:
    """Return what of a message is the same for the same mistake in another file.

    That is its first line without the line's number and without an error's own words (another Python has
    others), with the requests that an attack sent, or some of what a proof missed.
    """
    from authlab.course.judging import MISSED, REQUESTS

    first, *rest = message.split("\n")
    first = re.sub(r"(: expected an answer, got [\w.]+): .*", r"\1", first)
    told = [line for line in rest if line.startswith((REQUESTS, MISSED))]
    text = "\n".join([first, *told]).replace(str(ROOT), "")  # nor where the clone is
    return re.sub(r", line \d+", "", text)
