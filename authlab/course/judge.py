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
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TextIO

from authlab.course import strays
from authlab.course.places import CHECKS, ROOT

# "process" is how it goes where the system cannot fork; naming it lets any system try that way.
CAN_FORK = hasattr(os, "fork") and os.environ.get("AUTHLAB_JUDGE") != "process"
MEMORY_BYTES = 2 * 1024**3
FILE_BYTES = 64 * 1024**2
OUTPUT = "printed.txt"  # in the child's own folder
ENDED = "the answer ended its process before the checks were done"
CUT_OFF = "the answer ended its process, or closed files that it had not opened, before the checks were done"
CUT_OFF_STATUS = 3  # of a child that could not tell its result
MAX_RESULT_BYTES = 1024**2
# What comes with pytest and is of no use here: loading it takes time at each start.
UNUSED_PLUGINS = ("cacheprovider", "doctest", "faulthandler", "junitxml", "pastebin")
FOLDER = "authlab-judge-"  # how the name of a judge's own folder for temporary files begins
_exit = os._exit  # an answer can replace the other
_children: list[tuple[int, str]] = []  # the answers that are being judged: process and folder


def main() -> None:
    """Be a judge of the lessons that the arguments name, for the jobs on the standard input."""
    jobs = os.fdopen(os.dup(0), encoding="utf-8")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    serve(jobs, results, sys.argv[1:])


def serve(jobs: TextIO, results: TextIO, stems: Sequence[str]) -> None:
    """Collect the checks of these lessons, then do jobs until there are no more.

    The process is the judge's alone from here on: its streams, its folder and its signals.
    """
    for stream in (0, 1, 2):  # what pytest or an answer prints is no result
        _point_nowhere(stream)
    sys.stdout = _Nowhere()  # pytest keeps this one; an answer gets another
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, _end_with_the_answer)
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
                "--import-mode=importlib",
                f"--confcutdir={CHECKS}",  # the tests' own conftest would put in the slots once more
                *(word for plugin in UNUSED_PLUGINS for word in ("-p", f"no:{plugin}")),
                # Trials need no checks; and without a name pytest would collect all there are.
                *(str(CHECKS / name) for name in [f"test_{stem}.py" for stem in stems] or ["conftest.py"]),
            ],
            plugins=[_Judge(jobs, results, until_collected.close)],
        )


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

    def __init__(self, jobs: TextIO, results: TextIO, collected: Callable[[], None]) -> None:
        from authlab.course.ground import Liar
        from authlab.course.messages import Compared, explain

        self._explain = explain  # imported now: an answer can change what there is to import
        self._liar = Liar()
        self._collected = collected
        self._jobs = jobs
        self._results = results
        self._compared = Compared()
        self._reports: dict[str, dict[str, str]] = {}
        self._answer = Path("answer")
        self._name = ""

    def pytest_runtestloop(self, session: Any) -> bool:
        """Do the jobs; True tells pytest that the tests were run."""
        self._collected()
        if session.testsfailed:
            self._say({"broken": "the checks could not be collected: run python3 -m pytest tests/lessons"})
            return True
        from authlab.course.ground import Ground

        self._ground = Ground([sys.modules[__name__], *{item.module for item in session.items}])
        self._say({"ready": True})
        for line in self._jobs:
            job = json.loads(line)
            if CAN_FORK:
                _prepare(job)
                # What is loaded now stays: no child's garbage collector need look through it, and so no page
                # of memory is copied for that.
                gc.freeze()
            mark = job.pop("mark")
            self._say(_in_a_child(partial(self._do, session, job), seconds_for(job)), mark)
            if not CAN_FORK:
                break
        return True

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
        return [
            _forked(partial(_try, mounts, wanted), job["timeout"], in_a_group_of_its_own=False)
            for wanted in job["trials"]
        ]
    return [_try(_mounts(job, anew=True), wanted) for wanted in job["trials"]]


def _prepare(job: dict[str, Any]) -> None:
    """Load what the job needs in this process, where it is the package's own: its children inherit it."""
    from authlab.course import answers, bank  # noqa: F401 - the first is for the children
    from authlab.course.curriculum import select
    from authlab.lab.apps import cast_on_disk
    from authlab.routes import url_map

    url_map()
    cast_on_disk()

    if "trials" in job:
        bank.all_attacks()
        _warm_up()
    elif "flaw" in job or "alternative" in job or select(job["exercise"])[0].kind in ("break", "prove"):
        bank.all_flaws()


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


def _in_a_child(do: Callable[[], dict[str, Any]], timeout_seconds: float) -> dict[str, Any]:
    """Return what `do` returns, from a child process where the system can fork; add the seconds it took."""
    started = time.perf_counter()
    result = _forked(do, timeout_seconds) if CAN_FORK else _in_this_process(do)
    return {**result, "seconds": round(time.perf_counter() - started, 4)}


def _in_this_process(do: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Return what `do` returns, run in an empty folder. `engine` ends this process when its time is up."""
    home = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="authlab-answer-") as folder:
        _away_from_everything(folder)
        try:
            return do()
        except BaseException as error:
            return _ended(error)
        finally:
            os.chdir(home)


def _forked(
    do: Callable[[], dict[str, Any]], timeout_seconds: float, *, in_a_group_of_its_own: bool = True
) -> dict[str, Any]:
    """Return what `do` returns, run in a child process with limits, or what kept it from that.

    A child's own child stays in its group, so that whoever ends the one ends the other. The result comes
    behind a token: whatever else an answer writes into the pipe is no result.
    """
    reading, writing = os.pipe()
    token = os.urandom(16).hex().encode()
    os.makedirs(tempfile.gettempdir(), 0o700, exist_ok=True)  # an answer may have deleted it
    folder = tempfile.mkdtemp(prefix="authlab-answer-")
    child = os.fork()
    if child == 0:
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            _confine(folder, in_a_group_of_its_own, writing)
            try:
                result = do()
            except BaseException as error:  # SystemExit and KeyboardInterrupt of an answer end here too
                result = _ended(error)
            told = json.dumps(result).encode()
            if len(told) > MAX_RESULT_BYTES:
                told = json.dumps({"error": "there is more to tell than anybody would read"}).encode()
            os.write(writing, b"\n" + token + told + b"\n")
            _exit(0)
        finally:
            _exit(CUT_OFF_STATUS)  # also when nobody reads any more: a child never goes on as its parent
    os.close(writing)
    _children.append((child, folder))
    try:
        said = _read(reading, token, timeout_seconds)
    finally:
        os.close(reading)
        status = _end_group(child)
        if in_a_group_of_its_own:
            strays.end_all()
        _children.remove((child, folder))
        shutil.rmtree(folder, ignore_errors=True)
    if said is None:
        return {"timeout": timeout_seconds}
    return dict(json.loads(said)) if said else {"error": _how_it_ended(status)}


def _how_it_ended(status: int) -> str:
    """Return in words how a child ended that told nothing."""
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) != signal.SIGKILL:
        return f"the answer ended its process by {signal.Signals(os.WTERMSIG(status)).name}"
    cut_off = os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == CUT_OFF_STATUS
    return CUT_OFF if cut_off else ENDED


def _confine(folder: str, in_a_group_of_its_own: bool, writing: int) -> None:
    """Give the child a place of its own, and limits; and a group, so that all it starts ends with it.

    Of the files that are open, it keeps the pipe for its result. The judge's own pipes are none of its
    business: what an answer wrote there would be taken for a verdict.
    """
    import resource

    strays.end_with_the_parent()
    if in_a_group_of_its_own:
        os.setpgid(0, 0)
    for number in map(int, os.listdir("/dev/fd")):
        if number > 2 and number != writing:
            with suppress(OSError):  # the listing's own
                os.fstat(number)
                _point_nowhere(number)
    _away_from_everything(folder)

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _away_from_everything(folder: str) -> None:
    """Work in an empty folder, temporary files included, with no input, and keep what is printed there."""
    os.chdir(folder)
    tempfile.tempdir = folder
    _point_nowhere(0)
    printed = os.open(OUTPUT, os.O_RDWR | os.O_CREAT, 0o600)
    os.dup2(printed, 1)
    os.close(printed)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)


def _point_nowhere(number: int) -> None:
    """Let an open file be none; its number stays taken."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _replaced(name: str) -> dict[str, Any]:
    return {"error": f"the answer replaced {name}, which others rely on: take a name of your own"}


def _ended(error: BaseException) -> dict[str, Any]:
    from authlab.course.messages import error_in_words

    said = error_in_words(error).replace(": ", " ", 1)
    return {"error": f"the answer ended its process: {said}"}


def _end_with_the_answer(*_: object) -> None:
    """End this process, asked to by its owner, and whatever it is judging."""
    for child, folder in _children:
        _end_group(child)
        strays.end_all()
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def _read(reading: int, token: bytes, timeout_seconds: float) -> bytes | None:
    """Return the line behind the token, b"" when the child ended without one, or None when its time was up.

    The line's end counts, not the pipe's: a process that the answer left running may hold the pipe open.
    """
    deadline = time.monotonic() + timeout_seconds
    said = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return None
        block = os.read(reading, 65536)
        *lines, said = (said + block).split(b"\n")
        for line in lines:
            if line.startswith(token):
                return line.removeprefix(token)
        if not block:
            return b""
        if not token.startswith(said[: len(token)]) or len(said) > 2 * MAX_RESULT_BYTES:
            said = b"-"  # noise, of a line that began before


def _end_group(child: int) -> int:
    """End the child and whatever it started, and return how it ended, as `os.waitpid` tells."""
    for _ in range(2):
        try:
            os.killpg(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:
        return 0


def pattern_of(message: str) -> str:
    """Return what of a message is the same for the same mistake in another file.

    That is its first line without the line's number, with the requests that an attack sent, or some of what a
    proof missed.
    """
    from authlab.course.judging import MISSED, REQUESTS

    first, *rest = message.split("\n")
    told = [line for line in rest if line.startswith((REQUESTS, MISSED))]
    text = "\n".join([first, *told]).replace(str(ROOT), "")  # nor where the clone is
    return re.sub(r", line \d+", "", text)
