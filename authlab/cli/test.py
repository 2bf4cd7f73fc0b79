"""`authlab test`: everything that must hold. It proves the kit; `authlab check` judges answers."""

import argparse
import importlib.util
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from tempfile import TemporaryDirectory

from authlab import bootstrap
from authlab.course.places import folder_in_memory, with_temporary_files_in

MOST_WORKERS = 4
ROOM_BYTES = 2 * 1024**3  # more than all tests leave behind before they end

PASSES_ARGUMENTS_ON = True  # what this command does not know is pytest's


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "authlab test [--full] [PYTEST ARGUMENTS ...]"
    parser.add_argument("--full", action="store_true", help="also what takes long")


def run(args: argparse.Namespace) -> int:
    """Return pytest's exit status; pytest's summary is the last line of the output."""
    if bootstrap.HERE.is_handout():
        print("A learner's copy: the tests of the app, and all checks on the app's own answers.", flush=True)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    if not args.full:
        command += ["-m", "not full"]
    if importlib.util.find_spec("xdist") is not None:  # an environment of somebody's own may lack it
        # A file stays with one worker: its tests share what is slow to make.
        command += ["-p", "xdist.plugin", "-n", str(_workers())]
        command += ["--dist", "loadfile", "--no-loadscope-reorder"]
    # One folder for whatever the tests write, so that nothing of it is left when they end.
    with TemporaryDirectory(
        prefix="authlab-test-", dir=folder_in_memory(ROOM_BYTES), ignore_cleanup_errors=True
    ) as folder:
        # Not among pytest's folders of its own: a path must leave room for a socket's, which has 100
        # characters.
        command += ["--basetemp", os.path.join(folder, "t")]
        return _run([*command, *args.passed_on], folder)


def _workers() -> int:
    """Return how many cores there are to use; with more than a few, one waits for the longest file."""
    return min(os.cpu_count() or 1, MOST_WORKERS)


def _run(command: Sequence[str], folder: str) -> int:
    environment = {
        **with_temporary_files_in(folder),
        # nbval's plugin alone would add 1.6 seconds to every start; who needs it names it.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    environment.pop("PYTEST_ADDOPTS", None)  # a stranger's options would make another result
    sys.stdout.flush()
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as for what runs in the background
        signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, cwd=bootstrap.HERE.root, env=environment)
    # Whoever ends this run (CI, at its limit) gets the summary of what was run, and no file is left.
    signal.signal(signal.SIGTERM, lambda number, frame: process.send_signal(signal.SIGINT))
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # pytest got the Ctrl-C as well, and ends with its summary
        raise
