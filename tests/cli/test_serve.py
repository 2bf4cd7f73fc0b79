"""`authlab serve`: the app over real HTTP, on this machine only, and what it says when it cannot start."""

import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests

from authlab.course import derive
from authlab.course.places import ROOT, SOLUTIONS

WAIT_SECONDS = 60
SECRETS = {
    "SESSION_SECRET": base64.b64encode(b"a key for tests, known to all!!!").decode(),
    "PASSWORD_PEPPER": base64.b64encode(b"a pepper for tests, known too!!!").decode(),
}
EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}
POSIX_ONLY = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def start(*arguments: str, clone: Path = ROOT, **environment: str) -> "subprocess.Popen[str]":
    """Type `authlab serve ARGUMENTS`, with both secrets unless `environment` says otherwise."""
    return subprocess.Popen(
        [sys.executable, "-m", "authlab", "serve", *arguments],
        cwd=clone,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **SECRETS, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def refused(*arguments: str, **environment: str) -> str:
    """The one line of a `serve` that did not start."""
    server = start(*arguments, clone=ROOT, **environment)
    try:
        out, err = server.communicate(timeout=WAIT_SECONDS)
    finally:
        server.kill()  # one that started after all
    assert server.returncode == 2
    assert out == ""
    assert err.startswith("authlab: ")
    assert err.count("\n") == 1
    return err


class Served:
    """A running `authlab serve`, what it said at its start, and a visitor."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.said: list[str] = []
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.rstrip("\n"))
            if "http://localhost:" in line:
                break
        else:
            raise AssertionError(process.communicate()[1])
        found = re.fullmatch(r"The app is at http://localhost:(\d+)/ \(Ctrl-C ends it\)", self.said[-1])
        assert found, self.said
        self.port = int(found[1])
        self.origin = f"http://127.0.0.1:{self.port}"

    def send(
        self, method: str, path: str, form: dict[str, str] | None = None, cookie: str = ""
    ) -> requests.Response:
        """Send one request, as a page of the app would. `requests` keeps Secure cookies from http, so the
        cookie is sent by hand."""
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                self.origin + path,
                data=form,
                headers={"Origin": self.origin, "Cookie": cookie},
                allow_redirects=False,
                timeout=WAIT_SECONDS,
            )

    def end(self, how: signal.Signals = signal.SIGTERM) -> tuple[str, str]:
        """End it by a signal; return what it printed."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        out, err = self.process.communicate(timeout=WAIT_SECONDS)
        return out, err


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts servers on free ports with databases of their own, and ends them."""
    running: list[Served] = []

    def serve_one(*arguments: str, clone: Path = ROOT) -> Served:
        # A shell starts background jobs with Ctrl-C ignored, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = start(
                "--port", "0", "--database", str(tmp_path / "app.sqlite"), *arguments, clone=clone
            )
        finally:
            signal.signal(signal.SIGINT, before)
        running.append(Served(process))
        return running[-1]

    yield serve_one
    for served in running:
        if served.process.poll() is None:
            served.process.kill()
        served.process.communicate()


# It serves


def test_a_visitor_signs_up_and_sees_the_profile(serve: Serve) -> None:
    """Over a real socket, with a real cookie."""
    app = serve()
    assert app.send("GET", "/signup").status_code == 200
    answer = app.send("POST", "/signup", EVE)
    assert answer.status_code == 303
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    profile = app.send("GET", "/profile", cookie=cookie)
    assert profile.status_code == 200
    assert "eve@lab.test" in profile.text
    assert app.send("GET", "/profile").headers["Location"] == "/login"


def test_accounts_and_sessions_outlive_the_server(serve: Serve) -> None:
    """Accounts are in the file, the session is in the cookie and the secret: nothing is in the process."""
    first = serve()
    cookie = first.send("POST", "/signup", EVE).headers["Set-Cookie"].partition(";")[0]
    first.end()
    second = serve()
    assert "eve@lab.test" in second.send("GET", "/profile", cookie=cookie).text


def test_it_listens_on_this_machine_only(serve: Serve) -> None:
    """Teaching code: 127.0.0.1 answers, and another address of the same machine does not."""
    app = serve()
    assert app.send("GET", "/").status_code == 200
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", app.port), timeout=5)


def test_the_log_says_what_was_asked_and_nothing_personal(serve: Serve) -> None:
    """Method, path and status: no query with an address in it, no form, no cookie, no client."""
    app = serve()
    app.send("GET", "/signup/available?email=ada@lab.test")
    app.send("POST", "/signup", EVE)
    app.send("GET", "/nowhere%0AGET%20/forged", cookie="a=s3cret")
    out, err = app.end()
    assert out.splitlines() == [
        "GET /signup/available -> 200",
        "POST /signup -> 303",
        "GET /nowhere%0AGET%20/forged -> 404",
    ]
    assert err == ""


def test_the_secrets_are_not_printed(serve: Serve) -> None:
    """Neither at the start nor in an answer."""
    app = serve()
    page = app.send("GET", "/").text
    out, err = app.end()
    for secret in SECRETS.values():
        assert secret not in page + out + err + "".join(app.said)


# It ends


@POSIX_ONLY
@pytest.mark.parametrize(
    ("how", "statuses"),
    [(signal.SIGINT, (0, 130)), (signal.SIGTERM, (0, -signal.SIGTERM, 128 + signal.SIGTERM))],
    ids=["Ctrl-C", "terminated"],
)
def test_it_ends_when_asked_and_frees_the_port(
    serve: Serve, how: signal.Signals, statuses: tuple[int, ...]
) -> None:
    """No traceback, and the next one can have the port."""
    app = serve()
    app.send("GET", "/")
    out, err = app.end(how)
    assert out == "GET / -> 200\n"
    assert err == ""
    assert app.process.returncode in statuses
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", app.port))


# It does not start


@pytest.mark.parametrize("name", ["SESSION_SECRET", "PASSWORD_PEPPER"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("", "is not set"),
        ("   ", "is not set"),
        ("c2hvcnQ=", "expected at least 32 bytes, got 5"),
        (base64.b64encode(b"x" * 31).decode(), "expected at least 32 bytes, got 31"),
        ("not base64, but a long sentence all the same!", "expected base64 of 32 bytes, got something else"),
        ("é" * 44, "expected base64 of 32 bytes, got something else"),
    ],
)
def test_without_a_good_secret_nothing_is_served(tmp_path: Path, name: str, value: str, message: str) -> None:
    """An app with a secret that can be guessed has none. The line says which, what is wrong with it (and not
    what it is), and the command that makes one."""
    database = tmp_path / "app.sqlite"
    line = refused("--port", "0", "--database", str(database), **{name: value})
    assert f"{name}: {message}" in line or f"{name} {message}" in line
    assert "-m authlab secret --env >> .env" in line
    assert not value.strip() or value not in line
    assert not database.exists()


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    """With the command for another port; and the other program goes on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = refused("--port", str(port), "--database", str(tmp_path / "app.sqlite"))
    assert f"port {port}: expected a free port from 1024 to 65535" in line
    assert f"-m authlab serve --port {port + 1}" in line


@pytest.mark.parametrize("port", ["70000", "65536", "-1", "99999999999999999999"])
def test_a_port_that_does_not_exist_is_one_line(tmp_path: Path, port: str) -> None:
    """70000 is no port. Some systems would count on from 0 and serve it at 4464."""
    line = refused(f"--port={port}", "--database", str(tmp_path / "app.sqlite"))
    assert f"port {port}: expected a free port from 1024 to 65535" in line
    assert "-m authlab serve" in line
    assert not (tmp_path / "app.sqlite").exists()


def test_a_port_that_is_no_number_is_one_line() -> None:
    """And says where to read on."""
    line = refused("--port", "http")
    assert "invalid int value: 'http'" in line
    assert "-m authlab serve --help" in line


@pytest.mark.parametrize(
    ("database", "message"),
    [
        ("a folder", "expected a file that can be written"),
        ("a file/app.sqlite", "expected a file in a folder that can be made"),
        ("a file/deeper/app.sqlite", "expected a file in a folder that can be made"),
        ("a file", "expected a file that can be written, got: file is not a database"),
    ],
)
def test_a_database_that_cannot_be_written_is_one_line(tmp_path: Path, database: str, message: str) -> None:
    """A folder, something below a file, another program's file: it says so, and leaves it as it was."""
    (tmp_path / "a folder").mkdir()
    (tmp_path / "a file").write_text(
        "Somebody's notes, long enough not to be taken for nothing at all.\n" * 9
    )
    before = (tmp_path / "a file").read_bytes()

    line = refused("--port", "0", "--database", str(tmp_path / database))
    assert message in line
    assert "--database" in line
    assert (tmp_path / "a file").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file", "a folder"]


def test_a_database_s_folder_is_made(serve: Serve, tmp_path: Path) -> None:
    """The last --database counts; nobody has to make folders first."""
    serve("--database", str(tmp_path / "new" / "folder" / "app.sqlite"))
    assert (tmp_path / "new" / "folder" / "app.sqlite").is_file()


# A .env file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_env_file_is_read_however_it_was_written(tmp_path: Path, encoding: str) -> None:
    """`>>` in PowerShell writes UTF-16, some editors begin with a mark: the secrets in it are the same."""
    from authlab.cli.serve import _environment

    (tmp_path / ".env").write_text("FIRST_OF_ALL=1\nSECOND=2\n", encoding=encoding)
    env = _environment(tmp_path / ".env")
    assert (env["FIRST_OF_ALL"], env["SECOND"]) == ("1", "2")


def test_a_env_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    """With the command that makes a new one."""
    from authlab.cli import UsageError
    from authlab.cli.serve import _environment

    (tmp_path / ".env").write_bytes(b"A=\xff\xfa\n")
    with pytest.raises(UsageError, match=r"\.env: expected a text file with lines NAME=value") as refusal:
        _environment(tmp_path / ".env")
    assert "\n" not in str(refusal.value)
    assert "-m authlab secret --env >> .env" in str(refusal.value)


# --mine


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of the kit in which nothing is answered: no test touches the learner's own."""
    unwanted = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "*.ipynb")
    copy = Path(shutil.copytree(ROOT, tmp_path / "a clone", ignore=unwanted))
    for path in (copy / "exercises").glob("*.py"):
        path.unlink()
    derive.write_stubs(copy / "exercises")
    return copy


def test_one_s_own_parts_are_named_and_run(serve: Serve, clone: Path) -> None:
    """All exercises are solved; one of them leaves a mark, so that it can be seen at work."""
    for path in SOLUTIONS.glob("lesson_*.py"):
        shutil.copy(path, clone / "exercises")
    answer = clone / "exercises" / "lesson_00_start_here.py"
    text = answer.read_text("utf-8")
    marked = text.replace(
        "    return response", '    response.headers["X-Mine"] = "yes"\n    return response'
    )
    assert marked != text
    answer.write_text(marked, "utf-8")

    app = serve("--mine", clone=clone)
    assert app.said[0] == "Your own parts: 0.1, 1.1, 1.2, 1.3, 1.5"
    signed_up = app.send("POST", "/signup", EVE)
    assert signed_up.status_code == 303
    assert signed_up.headers["X-Mine"] == "yes"
    cookie = signed_up.headers["Set-Cookie"].partition(";")[0]
    assert "eve@lab.test" in app.send("GET", "/profile", cookie=cookie).text
    out, err = app.end()
    assert out.splitlines() == ["POST /signup -> 303", "GET /profile -> 200"]
    assert err == ""


def test_what_is_wrong_or_not_written_is_left_to_the_package(serve: Serve, clone: Path) -> None:
    """One answer passes, one is wrong, the rest is not written: the app works, with the one."""
    shutil.copy(SOLUTIONS / "lesson_00_start_here.py", clone / "exercises")
    stub = clone / "exercises" / "lesson_01_forms.py"
    text = stub.read_text("utf-8")
    assert 'raise NotImplementedError("1.2 is not written yet")' in text
    stub.write_text(text.replace('raise NotImplementedError("1.2 is not written yet")', "return []"), "utf-8")

    app = serve("--mine", clone=clone)
    assert app.said[0] == "Your own parts: 0.1"
    assert app.send("POST", "/signup", {**EVE, "password": "x"}).status_code == 422
    assert app.send("POST", "/signup", EVE).status_code == 303


def test_in_a_fresh_clone_no_part_is_one_s_own(serve: Serve, clone: Path) -> None:
    """It says so, and serves the package's app."""
    app = serve("--mine", clone=clone)
    assert app.said[0] == "Your own parts: none passes yet"
    assert app.send("POST", "/signup", EVE).status_code == 303
