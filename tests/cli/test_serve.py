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
from html import unescape
from pathlib import Path

import pytest
import requests

from authlab.cli import UsageError
from authlab.cli import serve as serve_command
from authlab.course.places import ROOT, SOLUTIONS
from authlab.lab import my_parts
from tests.copied_kit import write_stubs

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
            if "http://" in line:
                break
        else:
            raise AssertionError(process.communicate()[1])
        found = re.fullmatch(r"The app is at http://([a-z.]+):(\d+)/ \(Ctrl-C ends it\)", self.said[-1])
        assert found, self.said
        self.name, self.port = found[1], int(found[2])

    def send(
        self, method: str, path: str, form: dict[str, str] | None = None, cookie: str = "", name: str = ""
    ) -> requests.Response:
        """Send one request, as a page of the app would; `name` is what the app is called, if not as it says.

        `requests` keeps Secure cookies from http, and not every system knows `*.localhost`: both headers are
        sent by hand.
        """
        host = f"{name or self.name}:{self.port}"
        with requests.Session() as session:
            session.trust_env = False
            return session.request(
                method,
                f"http://127.0.0.1:{self.port}{path}",
                data=form,
                headers={"Host": host, "Origin": f"http://{host}", "Cookie": cookie},
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

    def serve_one(*arguments: str, clone: Path = ROOT, database: str = "app.sqlite") -> Served:
        # A shell starts background jobs with Ctrl-C ignored, and children inherit that.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            where = ["--database", str(tmp_path / database)] if database else []
            process = start("--port", "0", *where, *arguments, clone=clone)
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
    assert app.send("GET", "/profile").headers["Location"] == "/login?next=%2Fprofile"


def test_accounts_and_sessions_outlive_the_server(serve: Serve) -> None:
    """Accounts are in the file, the session is in the cookie and the secret: nothing is in the process."""
    first = serve()
    cookie = first.send("POST", "/signup", EVE).headers["Set-Cookie"].partition(";")[0]
    first.end()
    second = serve()
    assert "eve@lab.test" in second.send("GET", "/profile", cookie=cookie).text


@pytest.mark.parametrize("arguments", [[], ["--xray"], ["--flaw", "letters_forgotten"]], ids=" ".join)
def test_it_listens_on_this_machine_only(serve: Serve, arguments: list[str]) -> None:
    """Teaching code: 127.0.0.1 answers, and another address of the same machine does not."""
    app = serve(*arguments)
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
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_it_ends_when_asked_frees_the_port_and_leaves_one_file(
    serve: Serve, tmp_path: Path, how: signal.Signals
) -> None:
    """No traceback, the next one can have the port, and whoever copies the database has all of it."""
    folder = tmp_path / "kept"
    app = serve("--database", str(folder / "app.sqlite"))
    app.send("GET", "/signup")
    assert app.send("POST", "/signup", EVE).status_code == 303
    assert {path.name for path in folder.iterdir()} == {"app.sqlite", "app.sqlite-wal", "app.sqlite-shm"}
    out, err = app.end(how)
    assert out == "GET /signup -> 200\nPOST /signup -> 303\n"
    assert err == ""
    assert app.process.returncode == 0
    assert [path.name for path in folder.iterdir()] == ["app.sqlite"]
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
    write_stubs(copy / "exercises")
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
    assert app.said[0] == f"Your own parts: {', '.join(my_parts())}"
    assert app.name == "localhost"
    signed_up = app.send("POST", "/signup", EVE)
    assert signed_up.status_code == 303
    assert signed_up.headers["X-Mine"] == "yes"
    cookie = signed_up.headers["Set-Cookie"].partition(";")[0]
    profile = app.send("GET", "/profile", cookie=cookie).text
    assert "eve@lab.test" in profile
    # The panel is always there, and says that they ran: by the rules of lesson 1, on the way to this page.
    assert "called: see_other (1 ×), canonical_email (1 ×), password_problems (1 ×)" in unescape(profile)
    out, err = app.end()
    assert out.splitlines() == ["POST /signup -> 303", "GET /profile -> 200"]
    assert err == ""


@pytest.mark.full
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


@pytest.mark.full
def test_in_a_fresh_clone_no_part_is_one_s_own(serve: Serve, clone: Path) -> None:
    """It says so, and serves the package's app."""
    app = serve("--mine", clone=clone)
    assert app.said[0] == "Your own parts: none passes yet"
    assert app.send("POST", "/signup", EVE).status_code == 303
    page = app.send("GET", "/")
    assert "X-ray" in page.text
    assert "Mounted" not in page.text


# --xray


def test_the_panel_is_there_when_it_is_asked_for(serve: Serve) -> None:
    """After the form it shows what became of it: both answers, the SQL, the cookie without its signature."""
    app = serve("--xray")
    signed_up = app.send("POST", "/signup", EVE)
    cookie = signed_up.headers["Set-Cookie"].partition(";")[0]
    page = app.send("GET", "/profile", cookie=cookie).text
    assert "<code>POST /signup</code> &#8594; 303 See Other" in page
    assert "INSERT INTO users (name, email, password_hash, role, created_at) VALUES (?, ?, ?, ?, ?)" in page
    assert "&quot;sub&quot;: &quot;1&quot;" in page
    assert cookie.rpartition(".")[2] not in page
    assert app.send("GET", "/_xray/style.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert "wrong part" not in page


def test_the_panel_is_never_there_otherwise(serve: Serve) -> None:
    """The app looks as it does to its visitors."""
    app = serve()
    assert "xray" not in app.send("GET", "/").text.lower()
    assert app.send("GET", "/_xray/style.css").status_code == 404


# --flaw

BANNER = "<strong>A wrong part is mounted in this app.</strong> <code>letters_forgotten</code>"


def test_an_app_with_a_flaw_says_so_on_every_page_and_in_the_terminal(serve: Serve) -> None:
    """And the flaw is at work: by the guide's rules, a password needs a letter."""
    app = serve("--flaw", "letters_forgotten")
    assert app.said[0] == (
        "A wrong part is mounted: letters_forgotten, in place of authlab.forms:password_problems. "
        "Do not trust this app."
    )
    for path in ("/", "/signup", "/nowhere"):
        assert BANNER in app.send("GET", path).text
    refused = app.send("POST", "/signup", {**EVE, "password": "1234!"})
    assert refused.status_code == 422
    assert BANNER in refused.text
    assert "called: password_problems (1 ×)" in unescape(refused.text)
    assert app.send("POST", "/signup", {**EVE, "password": "12345678!"}).status_code == 303


def test_it_never_shares_a_name_with_anything_else(serve: Serve) -> None:
    """Cookies know no ports: as `localhost` it would meet those of JupyterLab. Who comes so is sent on."""
    app = serve("--flaw", "letters_forgotten")
    assert app.name == "flawed.localhost"
    for name in ("localhost", "127.0.0.1", "LOCALHOST"):
        for method in ("GET", "POST"):
            answer = app.send(method, "/signup", name=name)
            assert (answer.status_code, answer.text) == (303, "")
            assert answer.headers["Location"] == f"http://flawed.localhost:{app.port}/"
    for name in ("other.localhost", "evil.test"):
        assert app.send("GET", "/", name=name).status_code == 400


def test_a_flaw_of_the_look_at_the_name_shares_none_either(serve: Serve) -> None:
    """The app then answers to every name; to the one that JupyterLab has it is never asked."""
    app = serve("--flaw", "whichever_name_we_are_asked_by")
    assert app.send("GET", "/", name="evil.test").status_code == 200
    assert app.send("GET", "/", name="localhost").status_code == 303


def test_a_flaw_of_what_is_made_at_the_start_is_at_work(serve: Serve) -> None:
    """The app makes its way of keeping sessions once: the flaw must be there by then. Logged out, and still
    somebody with a copy of the cookie is in."""
    app = serve("--flaw", "RowKeptForTheRecord")
    cookie = app.send("POST", "/signup", EVE).headers["Set-Cookie"].partition(";")[0]
    page = app.send("GET", "/profile", cookie=cookie).text
    form = {"csrf": page.partition('name="csrf" value="')[2].partition('"')[0]}
    assert app.send("POST", "/logout", form, cookie=cookie).status_code == 303
    assert app.send("GET", "/profile", cookie=cookie).status_code == 200


def test_a_flaw_of_the_token_shows_where_the_token_alone_decides(serve: Serve) -> None:
    """A session without its signature, changed to be somebody else's: with a table of sessions there would be
    nothing to see."""
    app = serve("--flaw", "signature_off_to_read_sub")
    cookie = app.send("POST", "/signup", EVE).headers["Set-Cookie"].partition(";")[0]
    assert app.send("GET", "/profile", cookie=cookie[:-5] + "AAAAA").status_code == 200


def test_each_flaw_has_accounts_of_its_own(serve: Serve, clone: Path) -> None:
    """A flaw may write rows that no sound app would: they are in no other app's file."""
    app = serve("--flaw", "letters_forgotten", clone=clone, database="")
    assert app.send("POST", "/signup", EVE).status_code == 303
    assert [path.name for path in (clone / ".authlab").glob("*.sqlite")] == ["serve-letters_forgotten.sqlite"]


def test_a_database_that_is_named_is_used(serve: Serve, tmp_path: Path) -> None:
    """Whoever names a file has decided."""
    serve("--flaw", "letters_forgotten", database="mine.sqlite")
    assert (tmp_path / "mine.sqlite").is_file()


@pytest.mark.parametrize(
    ("name", "message", "next_command"),
    [
        ("letter_forgotten", "did you mean letters_forgotten", "serve --flaw letters_forgotten"),
        ("", "got ''", "audit --matrix"),
        ("no\nsuch", "got 'no\\nsuch'", "audit --matrix"),
        ("happy_path_only", "got 'happy_path_only', a wrong answer to", "audit --matrix"),
    ],
)
def test_a_flaw_that_is_not_there_is_one_line(
    tmp_path: Path, name: str, message: str, next_command: str
) -> None:
    """With the names that are near, and what to type next."""
    line = refused("--flaw", name, "--port", "70000", "--database", str(tmp_path / "app.sqlite"))
    assert re.match(r"authlab: --flaw: expected (one of \d+ flaws|a flaw) of the app, ", line)
    assert message in line
    assert line.rstrip().endswith(f"-m authlab {next_command}")
    assert not (tmp_path / "app.sqlite").exists()


def test_one_s_own_parts_and_a_flaw_do_not_go_together() -> None:
    """It would not be clear whose fault anything is."""
    line = refused("--mine", "--flaw", "letters_forgotten")
    assert "argument --flaw: not allowed with argument --mine" in line
    assert "-m authlab serve --help" in line


def test_the_next_command_serves_the_same_app(tmp_path: Path) -> None:
    """Where the port is taken: another port, and not another app."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        database = str(tmp_path / "app.sqlite")
        line = refused("--port", str(port), "--database", database, "--flaw", "letters_forgotten")
    assert f"-m authlab serve --flaw letters_forgotten --port {port + 1}" in line


@pytest.mark.parametrize(("said", "port"), [(None, 8000), ("10004", 10_004)])
def test_where_many_share_a_machine_each_has_a_default_port(
    monkeypatch: pytest.MonkeyPatch, said: str | None, port: int
) -> None:
    monkeypatch.delenv("AUTHLAB_PORT", raising=False)
    if said is not None:
        monkeypatch.setenv("AUTHLAB_PORT", said)
    assert serve_command._default_port() == port


@pytest.mark.parametrize("said", ["", "abc", "-1", "١٢٣"])
def test_a_default_that_is_no_port_is_told(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("AUTHLAB_PORT", said)
    with pytest.raises(
        UsageError, match=r"AUTHLAB_PORT: expected a port, got .*; try: python3 -m authlab serve"
    ):
        serve_command._default_port()
