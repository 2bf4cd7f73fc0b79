"""The command line: readable by every Python, quick to start, one line for every mistake."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from authlab import cli
from authlab.cli import COMMANDS, UsageError, lab

ROOT = Path(__file__).resolve().parents[2]


def _run(*arguments: str, flags: tuple[str, ...] = ()) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *flags, "-m", "authlab", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py", "doctor.py"])
def test_what_an_old_python_reads_parses_there(name):
    text = (ROOT / "authlab" / name).read_text("utf-8")

    ast.parse(text, feature_version=(3, 6))
    text.encode("ascii")  # Python 2 reads nothing else without being told


def test_the_first_two_files_use_nothing_that_python_2_lacks():
    for name in ("__init__.py", "__main__.py"):
        for node in ast.walk(ast.parse((ROOT / "authlab" / name).read_text("utf-8"))):
            assert not isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr), name


def test_an_old_python_is_refused_in_one_line():
    code = (
        "import runpy, sys; sys.version_info = (3, 10, 13, 'final', 0); "
        "runpy.run_module('authlab', run_name='__main__')"
    )
    refused = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode == 2
    assert refused.stderr.startswith("authlab: expected Python 3.11 or newer, got 3.10.")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_the_overview_starts_with_next_to_no_imports(argument):
    bare = set(_imports(["-c", "import runpy"]))
    ours = set(_imports(["-m", "authlab", argument]))

    assert ours - bare == {"authlab", "authlab.cli"}


@pytest.mark.parametrize("command", [c.name for c in COMMANDS])
def test_every_command_explains_itself_without_any_package(command):
    # -S: no site-packages, as in a fresh clone before the first run
    answer = _run(command, "--help", flags=("-S",))

    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.startswith(f"usage: authlab {command}")


def test_the_overview_names_every_command():
    overview = _run("--help").stdout
    assert all(f"\n  {command.name} " in overview for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["chekc"], "did you mean: python3 -m authlab check"),
        (["qqqqqq"], "see: python3 -m authlab"),
        (["class", "grade"], "required: DIR; see: python3 -m authlab class grade --help"),
        (["class", "grade", "in", "--jobs", "0"], "see: python3 -m authlab class grade --help"),
        (["class", "grade", "in", "--bad"], "arguments: --bad; see: python3 -m authlab class grade --help"),
        (["class"], "see: python3 -m authlab class --help"),
        (["lab", "--prot", "1"], "unrecognized arguments: --prot 1"),
        (["lab", "--port", "x"], "invalid int value: 'x'"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="the command is spelt py there")
def test_bad_usage_is_one_line_and_status_2(arguments, words):
    refused = _run(*arguments)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert refused.stdout == ""


def test_ctrl_c_is_status_130_without_a_traceback(monkeypatch, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_run", interrupted)
    assert cli.main([]) == 130
    assert capsys.readouterr().err == ""


def test_a_port_in_use_is_refused_when_it_was_asked_for_and_passed_over_when_not(monkeypatch):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"expected a free port, got {taken}"):
            lab._free_port(taken)
        monkeypatch.setattr(lab, "FIRST_PORT", taken)
        assert taken < lab._free_port(None) < taken + lab.PORTS_TRIED


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_cannot_exist_is_refused(port):
    with pytest.raises(UsageError, match="expected a port from 1 to 65535"):
        lab._free_port(port)


def test_jupyterlab_listens_on_the_loopback_interface_and_hides_its_token(monkeypatch, tmp_path):
    monkeypatch.setattr(lab.bootstrap.HERE, "state", tmp_path)
    command = lab._command(8888, browser=False)

    assert "--ServerApp.ip=127.0.0.1" in command
    assert "--ServerApp.port_retries=0" in command
    assert lab._environment("sesame")["JUPYTER_TOKEN"] == "sesame"
    assert not any("sesame" in part or "token" in part for part in command)


def _imports(arguments: list[str]) -> list[str]:
    listing = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], cwd=ROOT, capture_output=True, text=True
    ).stderr
    return [line.rsplit("|", 1)[1].strip() for line in listing.splitlines() if "|" in line][1:]
