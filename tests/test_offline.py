"""Once it is set up, the kit reaches nothing beyond this machine: app, checks, attacks, notebooks, servers.

Two fences, each tried itself: a hook in every Python, on every system, and on Linux (where the user may have
one) a network namespace with nothing in it but a loopback interface.
"""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from authlab.course.places import ROOT
from tests.cli.typed import environment

HERE = Path(__file__).parent / "offline"
VISITS = str(HERE / "visits.py")
OUTSIDE = "192.0.2.1"  # an address that is reserved for documents: nobody is there
WAIT_SECONDS = 300  # a bound for a hang


@cache
def has_namespaces() -> bool:
    """Return whether this user may leave the network behind."""
    command = [sys.executable, str(HERE / "alone.py"), "--possible"]
    return (
        sys.platform == "linux" and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def run_offline(
    folder: Path, notes: Path, *arguments: str, guard: bool = True
) -> "subprocess.CompletedProcess[str]":
    """Run Python with arguments behind both fences, or only behind the namespace."""
    alone = [sys.executable, str(HERE / "alone.py")] if has_namespaces() else []
    guarding = {"PYTHONPATH": str(HERE / "guard"), "AUTHLAB_REACHED": str(notes)} if guard else {}
    return subprocess.run(
        [*alone, sys.executable, *arguments],
        cwd=folder,
        env=environment(**guarding),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=WAIT_SECONDS,
        check=False,
    )


def stayed_here(folder: Path, notes: Path, *arguments: str) -> str:
    """Run Python behind the fences; it must end well and reach for nothing outside. Return its output."""
    done = run_offline(folder, notes, *arguments)
    assert not notes.exists(), notes.read_text(encoding="utf-8")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Where the guard writes what was reached for; no file as long as that is nothing."""
    return tmp_path / "reached.txt"


# The fences


@pytest.mark.parametrize(
    "reach",
    [
        f"socket.create_connection(('{OUTSIDE}', 80))",
        f"socket.socket().connect_ex(('{OUTSIDE}', 80))",
        f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('{OUTSIDE}', 53))",
        f"socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('{OUTSIDE}', 53))",
        "socket.getaddrinfo('name.invalid', 80)",
        "socket.gethostbyname('name.invalid')",
        f"socket.gethostbyaddr('{OUTSIDE}')",
        f"socket.getnameinfo(('{OUTSIDE}', 80), 0)",
        "socket.socket().bind(('0.0.0.0', 0))",
        "urllib.request.urlopen('http://name.invalid/')",
        f"requests.get('http://{OUTSIDE}/', timeout=5)",
    ],
)
def test_what_reaches_outside_is_refused_and_noted_also_if_it_is_hidden(
    reach: str, notes: Path, tmp_path: Path
) -> None:
    code = f"import socket, urllib.request, requests\ntry: {reach}\nexcept OSError: print('refused')"
    assert run_offline(tmp_path, notes, "-c", code).stdout == "refused\n"
    assert notes.read_text(encoding="utf-8").startswith("socket.")


def test_a_child_process_is_fenced_in_as_well(notes: Path, tmp_path: Path) -> None:
    inner = f"import socket; socket.socket().connect(('{OUTSIDE}', 80))"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}])"
    run_offline(tmp_path, notes, "-c", code)
    assert notes.read_text(encoding="utf-8").startswith(f"socket.connect ('{OUTSIDE}', 80)")


def test_the_loopback_is_open(notes: Path, tmp_path: Path) -> None:
    code = (
        "import socket; server = socket.create_server(('127.0.0.1', 0)); "
        "socket.create_connection(('localhost', server.getsockname()[1])); print('connected')"
    )
    assert stayed_here(tmp_path, notes, "-c", code) == "connected\n"


def test_where_there_is_a_namespace_the_system_has_no_way_out(notes: Path, tmp_path: Path) -> None:
    """Without the hook: what C code does is fenced in by the system."""
    if not has_namespaces():
        pytest.skip("this system gives this user no network namespace")
    code = (
        "import errno, socket\n"
        f"print(socket.socket().connect_ex(('{OUTSIDE}', 80)) == errno.ENETUNREACH, socket.if_nameindex())"
    )
    said = run_offline(tmp_path, notes, "-c", code, guard=False).stdout
    assert said == "True [(1, 'lo')]\n"


# The kit behind them


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("check 0.1 --answers solutions", "passed"),
        ("progress", "next:"),
        ("doctor", ""),
        ("hint 1.2", "Hint"),
    ],
)
def test_a_command_stays_here(line: str, words: str, kit: Path, notes: Path) -> None:
    assert words.lower() in stayed_here(kit, notes, "-m", "authlab", *line.split()).lower()


def test_attacks_stay_here(kit: Path, notes: Path) -> None:
    """On the app they are resisted, and one wins on a wrong part; each is tried in a judge's child."""
    app, wrong = stayed_here(kit, notes, VISITS, "attacks", "bare_member_number", "101", "20").splitlines()
    assert (app, wrong) == ("20: resisted, 101: resisted", "20: resisted, 101: won")


@pytest.mark.parametrize(
    "lesson", ["lesson_00_start_here", pytest.param("lesson_06_cross_site", marks=pytest.mark.full)]
)
def test_a_notebook_and_its_kernel_stay_here(lesson: str, kit: Path, notes: Path) -> None:
    said = stayed_here(kit, notes, VISITS, "notebook", f"notebooks/{lesson}.ipynb")
    assert said == "True []\n"


def test_serve_and_a_visitor_stay_here(kit: Path, notes: Path) -> None:
    assert stayed_here(kit, notes, VISITS, "serve") == "200\n"


def test_watch_stays_here(kit: Path, notes: Path) -> None:
    assert "0.1 " in stayed_here(kit, notes, VISITS, "watch")


def test_jupyterlab_stays_here(kit: Path, notes: Path) -> None:
    """It opens no page of news and asks for no newer version, not even when its own page would."""
    assert stayed_here(kit, notes, VISITS, "lab") == "200 200 200\n"


# Read from the imports: who could reach outside at all

MAY_CONNECT = {
    "doctor.py": "reads the settings of a proxy, and asks nobody",
    "classroom/hub_server.py": "waits for a child process in a thread",
    "cli/lab.py": "asks whether a port is free, and listens on 127.0.0.1",
    "lab/app_page.py": "a page of a notebook's app, on 127.0.0.1",
    "lab/browser.py": "a visitor whose requests go to an app in this process",
    "course/warm.py": "a socket in the clone's own folder",
    "classroom/board/server.py": "listens where the instructor says",
    "classroom/board/connection.py": "to the class board that a learner joined, and nowhere else",
}
CONNECTS = {
    "socket",
    "http.client",
    "urllib.request",
    "urllib3",
    "ftplib",
    "smtplib",
    "socketserver",
    "asyncio",
}


def test_only_these_modules_have_what_it_takes_to_connect() -> None:
    """A new one says here where it connects to; no lesson's answer, flaw or attack is among them."""
    found = {
        path.relative_to(ROOT / "authlab").as_posix()
        for path in (ROOT / "authlab").rglob("*.py")
        if "hub_folder" not in path.parts and connecting_imports(path)
    }
    assert found == set(MAY_CONNECT)


def connecting_imports(path: Path) -> set[str]:
    """Return the modules a file imports that can connect."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found & CONNECTS
