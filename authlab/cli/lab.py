"""`authlab lab`: JupyterLab on lesson 0, on the loopback interface, ended by Ctrl-C."""

import argparse
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from authlab import bootstrap
from authlab.cli import UsageError, command_line

FIRST_PORT = 8888
PORTS_TRIED = 50
START_SECONDS = 120  # a first start on a slow disk; a usual one takes 2
STOP_SECONDS = 15
LESSON = "notebooks/lesson_00_start_here.ipynb"

# What a learner should not be asked on the first screen.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    }
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--no-browser", action="store_true", help="print the address only")
    parser.add_argument("--port", type=int, help=f"default: {FIRST_PORT}, or the next one that is free")


def run(args: argparse.Namespace) -> int:
    """Return 0 when the learner ended JupyterLab, whether here or from its menu."""
    port = _free_port(args.port)
    token = secrets.token_urlsafe(24)
    log = bootstrap.state_folder() / "lab.log"
    command, environment = _command(port, browser=not args.no_browser), _environment(token)
    # The log holds the token: for the learner alone.
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with _stop_signals(), open(handle, "wb") as output:
        process = subprocess.Popen(
            command,
            cwd=bootstrap.HERE.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_until_open(process, port, log)
            page = f"lab/tree/{LESSON}" if (bootstrap.HERE.root / LESSON).exists() else "lab"
            print(f"JupyterLab is open at http://127.0.0.1:{port}/{page}?token={token}")
            print("Stop it with Ctrl-C here, or in its menu: File > Shut Down.", flush=True)
            status = process.wait()
        except KeyboardInterrupt:
            _stop(process)
            print("\nJupyterLab has ended.")
            return 0
        except BaseException:
            _stop(process)
            raise
    if status:
        raise UsageError(f"JupyterLab ended with status {status}; {_next_step(log)}")
    print("JupyterLab has ended.")
    return 0


def _command(port: int, *, browser: bool) -> list[str]:
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={bootstrap.HERE.root}",
        "--ServerApp.ip=127.0.0.1",  # a notebook server runs code: nobody else may reach it
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.open_browser={browser}",
        "--ServerApp.answer_yes=True",  # one Ctrl-C is enough, it does not ask back
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        # Its own workspace: the tabs of the learner's other projects stay there.
        f"--LabApp.workspaces_dir={bootstrap.HERE.state / 'workspaces'}",
    ]
    if (bootstrap.HERE.root / LESSON).exists():
        command.append(f"--LabApp.default_url=/lab/tree/{LESSON}")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # containers; refusing would leave their users with nothing
    return command


def _environment(token: str) -> dict[str, str]:
    folder = bootstrap.HERE.state / "jupyter"
    settings = folder / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps(SETTINGS, indent=1) + "\n", "utf-8")
    path = os.environ.get("JUPYTER_CONFIG_PATH", "")
    return {
        **os.environ,
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, [str(folder), path])),
        # The kernel named python3 is this environment's, not one that the user once installed.
        "JUPYTER_PREFER_ENV_PATH": "1",
        # In the environment: an argument could be read by every user of the computer (ps).
        "JUPYTER_TOKEN": token,
    }


def _free_port(wanted: int | None) -> int:
    if wanted is None:
        for port in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED):
            if not _refusal(port):
                return port
        raise UsageError(
            f"expected a free port from {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1}, got none; "
            f"choose one: {command_line('lab')} --port 9999"
        )
    if not 1 <= wanted <= 65535:
        raise UsageError(f"expected a port from 1 to 65535, got {wanted}; run: {command_line('lab')}")
    refusal = _refusal(wanted)
    if refusal:
        raise UsageError(
            f"expected a free port, got {wanted} ({refusal}); let authlab choose one: {command_line('lab')}"
        )
    return wanted


def _refusal(port: int) -> str:
    """Return why nothing can listen on `port`, or ""."""
    with socket.socket() as probe:
        if sys.platform != "win32":  # there it would let two programs share one port
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError as error:
            return (error.strerror or "it cannot be used").lower()
    return ""


def _wait_until_open(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise UsageError(f"JupyterLab did not start; {_next_step(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise UsageError(f"JupyterLab did not answer in {START_SECONDS} seconds; {_next_step(log)}")


def _next_step(log: Path) -> str:
    return f"its words are in {log}; see what is wrong: {command_line('doctor')}"


@contextmanager
def _stop_signals() -> Iterator[None]:
    """Let a closed terminal and `kill` end JupyterLab as Ctrl-C does."""

    def interrupt(number: int, frame: object) -> NoReturn:
        raise KeyboardInterrupt

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), interrupt) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler or signal.SIG_DFL)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End JupyterLab, which ends its kernels; a second Ctrl-C does not leave it running."""
    try:
        process.terminate()
        process.wait(STOP_SECONDS)
    except (KeyboardInterrupt, subprocess.TimeoutExpired):
        process.kill()
        process.wait()
