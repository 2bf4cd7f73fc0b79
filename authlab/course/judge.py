"""The judge: a process that holds the checks, collected and ready, and runs each answer in a child of its
own.

It is started by `engine`, reads one job a line on its standard input and writes one result a line.
Everything slow (imports, pytest's configuration, collecting the checks) happens once, before the first job.
For each job it forks: the child mounts the answer, runs the checks that were asked for, reports and ends.
So an endless loop, an `os._exit` or a gigabyte harms one verdict and nothing else, and no answer sees
another's leftovers.

Where the system cannot fork (Windows), the process does one job and ends, and `engine` starts another.
"""

import json
import os
import re
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

# "process" is how it goes where the system cannot fork; naming it lets any system try that way.
CAN_FORK = hasattr(os, "fork") and os.environ.get("AUTHLAB_JUDGE") != "process"
MEMORY_BYTES = 2 * 1024**3
FILE_BYTES = 64 * 1024**2
OUTPUT = "printed.txt"  # in the child's own folder
MAX_RESULT_BYTES = 1024**2


def main() -> None:
    """Collect the checks, then do jobs until the standard input ends."""
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    quiet = os.open(os.devnull, os.O_RDWR)
    os.dup2(quiet, 1)  # what pytest or an answer prints is no result
    os.dup2(quiet, 2)
    sys.stdout = os.fdopen(quiet, "w", encoding="utf-8")  # pytest keeps this one; an answer gets another

    from authlab.course import mounting
    from authlab.course.curriculum import exercises, lessons
    from authlab.course.parts import PARTS

    mounting.install({*PARTS, *(exercise.part for exercise in exercises())})

    import pytest

    pytest.main(
        [
            "--quiet",
            "--capture=no",
            "--import-mode=importlib",
            "-p",
            "no:cacheprovider",
            *(str(lesson.checks) for lesson in lessons()),
        ],
        plugins=[_Judge(results)],
    )


class _Judge:
    """The pytest plugin: takes the place of pytest's loop over all tests."""

    def __init__(self, results: Any) -> None:
        from authlab.course.messages import Compared

        self._results = results
        self._compared = Compared()
        self._reports: dict[str, dict[str, str]] = {}
        self._answer = Path("answer")
        self._name = ""

    def pytest_runtestloop(self, session: Any) -> bool:
        """Do the jobs; True tells pytest that the tests were run."""
        if session.testsfailed:
            self._say({"broken": "the checks could not be collected: run python3 -m pytest tests/lessons"})
            return True
        from authlab.course import bank

        bank.all_attacks()  # loads the whole bank, once
        self._say({"ready": True})
        for line in sys.stdin:
            job = json.loads(line)
            self._say(_in_a_child(partial(self._do, session, job), job["timeout"]))
            if not CAN_FORK:
                break
        return True

    def pytest_assertrepr_compare(self, op: str, left: object, right: object) -> None:
        """Note the values of the comparison that failed."""
        self._compared.seen = (op, left, right)

    def pytest_runtest_makereport(self, item: Any, call: Any) -> None:
        """Note how a check went, with the message for the learner."""
        from authlab.course.messages import explain

        name = item.originalname
        if call.excinfo is not None:
            message = explain(call, item, self._name, self._compared, self._answer)
            self._reports[name] = {"name": name, "status": "failed", "message": message}
        elif call.when == "call":
            self._reports.setdefault(name, {"name": name, "status": "passed", "message": ""})
        self._compared.seen = None

    def _do(self, session: Any, job: dict[str, Any]) -> dict[str, Any]:
        """Mount what the job names, and run its checks or its attack."""
        from authlab.course import answers, bank, trials
        from authlab.course.curriculum import select
        from authlab.course.mounting import MountError, mounted, slot_of

        try:
            mounts: dict[str, Any] = {}
            for exercise_id in job.get("solved", ()):
                asked = select(exercise_id)[0]
                mounts[asked.part] = answers.load(
                    Path(job["folder"], asked.file_name), asked, select(asked.lesson)
                )
            if "flaw" in job:
                flaw = bank.flaw_named(job["flaw"])
                mounts.update({flaw.part: flaw.answer} if "exercise" in job else flaw.mounts)
            if "alternative" in job:
                known = next(a for a in bank.all_alternatives() if a.name == job["alternative"])
                mounts[known.part] = known.answer
        except (answers.AnswerError, MountError) as error:
            return {"error": str(error)}
        with mounted(mounts):
            if "attack" in job:
                outcome = trials.attack(job["attack"])
                return {**outcome, "called": [part for part in mounts if slot_of(part).calls]}
            if "honest" in job:
                return trials.honest()
            asked = select(job["exercise"])[0]
            slot, self._name = slot_of(asked.part), asked.name
            if "folder" in job:
                self._answer = Path(job["folder"], asked.file_name)
            self._run(session, asked.id)
        return {"checks": self._with_output(), "calls": slot.calls}

    def _with_output(self) -> list[dict[str, str]]:
        """Return the reports, with what the answer printed: people look for bugs with print."""
        reports = list(self._reports.values())
        failed = next((report for report in reports if report["status"] == "failed"), None)
        sys.stdout.flush()
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

    def _say(self, result: dict[str, Any]) -> None:
        print(json.dumps(result), file=self._results, flush=True)


def _printed() -> list[str]:
    """Return the first lines that went to the child's standard output."""
    if not os.path.exists(OUTPUT):
        return []
    with open(OUTPUT, encoding="utf-8", errors="replace") as file:
        return file.read(2000).splitlines()


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


def _forked(do: Callable[[], dict[str, Any]], timeout_seconds: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    folder = tempfile.mkdtemp(prefix="authlab-answer-")
    child = os.fork()
    if child == 0:
        os.close(reading)
        _confine(folder)
        try:
            result = do()
        except BaseException as error:  # SystemExit and KeyboardInterrupt of an answer end here too
            result = _ended(error)
        os.write(writing, json.dumps(result).encode()[:MAX_RESULT_BYTES] + b"\n")
        os._exit(0)
    os.close(writing)
    try:
        said = _read(reading, timeout_seconds)
    finally:
        os.close(reading)
        _end_group(child)
        shutil.rmtree(folder, ignore_errors=True)
    if said is None:
        return {"timeout": timeout_seconds}
    try:
        result = json.loads(said)
    except ValueError:
        return {"error": "the answer ended its process before the checks were done"}
    return dict(result)


def _confine(folder: str) -> None:
    """Give the child a group of its own, a place of its own, and limits."""
    import resource

    os.setpgid(0, 0)
    _away_from_everything(folder)

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _away_from_everything(folder: str) -> None:
    """Work in an empty folder, temporary files included, with no input, and keep what is printed there."""
    os.chdir(folder)
    tempfile.tempdir = folder
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(OUTPUT, os.O_WRONLY | os.O_CREAT, 0o600), 1)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)


def _ended(error: BaseException) -> dict[str, Any]:
    return {"error": f"the answer ended its process: {type(error).__name__} {error}".strip()}


def _read(reading: int, timeout_seconds: float) -> bytes | None:
    """Return the one line the child wrote, or None when its time was up.

    The line's end counts, not the pipe's: a process that the answer left running may hold the pipe open.
    """
    deadline = time.monotonic() + timeout_seconds
    said = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            return None
        block = os.read(reading, 65536)
        said += block
        if not block or said.endswith(b"\n") or len(said) > MAX_RESULT_BYTES:
            return said


def _end_group(child: int) -> None:
    """End the child and whatever it started."""
    for _ in range(2):
        try:
            os.killpg(child, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
    with suppress(ChildProcessError):
        os.waitpid(child, 0)


def pattern_of(message: str) -> str:
    """Return what of a message is the same for the same mistake in another file.

    That is its first line without the line's number and, for an attack, the requests it sent.
    """
    first, *rest = message.split("\n")
    requests = [line for line in rest if line.startswith("  your requests  ")]
    return re.sub(r", line \d+", "", "\n".join([first, *requests]))


if __name__ == "__main__":
    main()
