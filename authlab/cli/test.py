"""`authlab test`: everything that must hold. It proves the kit; `authlab check` judges answers."""

import argparse
import os
import subprocess
import sys

from authlab import bootstrap

PASSES_ARGUMENTS_ON = True  # what this command does not know is pytest's


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = "authlab test [--full] [PYTEST ARGUMENTS ...]"
    parser.add_argument("--full", action="store_true", help="also what takes long")


def run(args: argparse.Namespace) -> int:
    """Return pytest's exit status; pytest's summary is the last line of the output."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    if not args.full:
        command += ["-m", "not full"]
    environment = {
        **os.environ,
        # nbval's plugin alone would add 1.6 seconds to every start; who needs it names it.
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    environment.pop("PYTEST_ADDOPTS", None)  # a stranger's options would make another result
    sys.stdout.flush()
    process = subprocess.Popen([*command, *args.passed_on], cwd=bootstrap.HERE.root, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()  # pytest got the Ctrl-C as well, and ends with its summary
        raise
