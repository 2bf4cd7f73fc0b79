"""A real hub, as `start` starts it: ten learners do lesson 1 at once, each in a server of their own.

As root, as a class has it, learners are apart by the system's own rules. Without root it is the rehearsal,
and what only those rules give is not asserted.
"""

import csv
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from authlab.classroom import hub, seat_left
from authlab.classroom.roster import INSTRUCTOR
from authlab.course.places import ROOT, SOLUTIONS, folder_in_memory
from tests.classroom.handing_out import committed_kit
from tests.classroom.hub_learner import Learner

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform == "win32", reason="JupyterHub does not run on Windows"),
]

NAMES = [f"learner-{number:02}" for number in range(1, 11)]
NUMBERS_A_CLASS = len(NAMES) + 1
FIRST_NUMBER = 61_000 + os.getpid() % 16 * NUMBERS_A_CLASS  # whoever else of this machine tests the same
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
START_SECONDS = 300  # a first installation on a slow line
STOP_SECONDS = 120
LOG_LINES = 150
ROOM_BYTES = 2 * 1024**3
NOTEBOOK = "notebooks/lesson_01_forms.ipynb"
ANSWERS = "exercises/lesson_01_forms.py"
NO_RULES = "\n\ndef password_problems(password):\n    return []\n"

WHO_AM_I = """
import os
from pathlib import Path
print(os.getuid(), os.environ["AUTHLAB_PORT"], os.environ["JUPYTERHUB_SERVICE_URL"], os.environ["HOME"])
print(Path("../.env").read_text())
"""
SERVE = """
import os, requests, subprocess, sys
command = [sys.executable, "-m", "authlab", "serve"]
app = subprocess.Popen(command, cwd="..", stdout=subprocess.PIPE, text=True)
port = app.stdout.readline().split("localhost:")[1].split("/")[0]
"""
SIGN_UP = """
import re
visitor = requests.Session()
page = visitor.get(f"http://127.0.0.1:{port}/signup").text
form = {"name": "Ada", "email": "ada@lab.test", "password": "analytical-engine-1843"}
form |= dict(re.findall(r'type="hidden" name="(\\w+)" value="([^"]+)"', page))
origin = {"Origin": f"http://127.0.0.1:{port}"}
visitor.post(f"http://127.0.0.1:{port}/signup", data=form, headers=origin, allow_redirects=False)
jar = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)
home = lambda port: requests.get(
    f"http://127.0.0.1:{port}/dashboard", headers={"Cookie": jar}, allow_redirects=False).status_code
print(port, len(jar) > 50, home(port))
"""
MY_SOCKETS = """
import os
for number in os.listdir("/proc/self/fd"):
    if os.path.lexists(f"/proc/self/fd/{number}"):
        print(os.readlink(f"/proc/self/fd/{number}"))
"""
WHERE_I_AM = """
import os
print(os.getpid(), os.environ["JUPYTERHUB_SERVICE_URL"], os.environ["JUPYTER_RUNTIME_DIR"])
"""
ATTEMPTS = """
import os, requests
from pathlib import Path
def tried(what):
    try:
        return what()
    except Exception as error:
        return type(error).__name__
print(tried(lambda: sorted(os.listdir("{home}"))))
print(tried(lambda: Path("{folder}/class.json").read_text()))
print(tried(lambda: os.listdir("{folder}/state")))
print(tried(lambda: Path("/proc/{pid}/environ").read_bytes()))
print(tried(lambda: os.kill({pid}, 0)))
print(tried(lambda: os.listdir("{passing}")))
print(tried(lambda: requests.get("{server}api/contents", allow_redirects=False).status_code))
mine = {{"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}}
print(tried(lambda: requests.get("{server}api/contents", headers=mine).status_code))
"""
SAYS_IT_TO_NOBODY = """
import os, requests, time
from pathlib import Path
kernel = os.environ["JUPYTERHUB_SERVICE_URL"] + "api/kernels/{kernel}"
mine = {{"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]}}
Path("{place}/begun").touch()
while requests.get(kernel, headers=mine).json()["connections"]:
    time.sleep(0.05)
for second in range(4):
    print(second, flush=True)
Path("{place}/alone").touch()
print(kept)
"""

Answer = TypeVar("Answer")


@dataclass
class Hub:
    """A hub that runs, and its learners' browsers."""

    clone: Path  # the instructor's
    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"
    learners: dict[str, Learner]
    passwords: dict[str, str]

    def at_once(self, task: Callable[[Learner], Answer]) -> dict[str, Answer]:
        """Have all ten do something at the same time. What goes wrong comes with the learner's name and the
        end of the hub's log."""

        def named(name: str) -> Answer:
            try:
                return task(self.learners[name])
            except Exception as error:
                log = (self.folder / "hub.log").read_text("utf-8", "replace").splitlines()
                error.add_note(f"{name}. The hub's log ends:\n" + "\n".join(log[-LOG_LINES:]))
                raise

        with ThreadPoolExecutor(len(NAMES)) as pool:
            return dict(zip(NAMES, pool.map(named, NAMES), strict=True))


@pytest.fixture(scope="module")
def class_hub() -> Iterator[Hub]:
    """A hub with ten learners, logged in, lesson 1 open in each one's server."""
    if not (shutil.which("node") and shutil.which("npm")):
        reason = "JupyterHub's proxy needs Node.js with npm: apt install npm"
        if "AUTHLAB_SKIP_NOTHING" in os.environ:
            pytest.fail(reason)
        pytest.skip(reason)
    # Not below pytest's own folder: that is closed to other users, as learners are.
    place = Path(tempfile.mkdtemp(prefix="authlab-hub-", dir=_roomy()))
    place.chmod(0o755)
    folder = place / "class"
    try:
        clone, port = committed_kit(place / "clone"), _free_port()
        hub.write(folder, NAMES, port=port, first_number=FIRST_NUMBER, root=clone)
        with (folder / "passwords.csv").open(newline="") as lines:
            passwords = dict(list(csv.reader(lines))[1:])
        with (folder / "hub.log").open("wb") as log:
            process = subprocess.Popen(
                [folder / "start"], env=_environment(), stdout=log, stderr=log, start_new_session=True
            )
        try:
            _wait_until_it_runs(process, folder / "hub.log")
            learners = {name: Learner(f"http://127.0.0.1:{port}", name) for name in passwords}
            running = Hub(clone, folder, port, process, learners, passwords)
            running.at_once(lambda learner: learner.log_in(passwords[learner.name]))
            running.at_once(Learner.wait_for_the_server)
            running.at_once(lambda learner: learner.open_notebook(NOTEBOOK))
            yield running
        finally:
            _stop(process)
    finally:
        shutil.rmtree(place)


def test_ten_learners_do_lesson_1_at_once(class_hub: Hub) -> None:
    """The whole notebook, then an answer each: right for one, wrong for the neighbour."""

    def lesson(learner: Learner) -> list[str]:
        cells = learner.read(NOTEBOOK)["cells"]
        ran = learner.run(*(cell["source"] for cell in cells if cell["cell_type"] == "code"))
        assert [cell.errors for cell in ran if cell.errors] == []
        untouched = ["".join(cell.outputs) for cell in ran if cell.source == 'check("1.2")']
        answers = (SOLUTIONS / "lesson_01_forms.py").read_text("utf-8")
        learner.write(ANSWERS, answers if _is_right(learner) else answers + NO_RULES)
        (judged,) = learner.run('check("1.2")')
        return [*untouched, "".join(judged.outputs), *judged.errors]

    for name, (before, after) in class_hub.at_once(lesson).items():
        assert before.startswith("○ 1.2 "), name
        assert after.startswith("✓ 1.2 " if _is_right(class_hub.learners[name]) else "✗ 1.2 "), name


def test_the_instructor_collects_the_answers_as_the_page_says(class_hub: Hub, tmp_path: Path) -> None:
    """Learners may put links where they like: nothing is followed, and answers alone are taken."""
    class_hub.learners[NAMES[0]].run("import os; os.symlink('/etc', '../exercises/lesson_99.py')")
    page = (ROOT / "docs" / "hub.md").read_text("utf-8")
    lines = [
        line.strip() for line in page.partition("### Answers")[2].splitlines() if line.startswith("    ")
    ]
    for line in lines[:3]:
        command = line.removeprefix("sudo ").replace("/srv/authlab-class", str(class_hub.folder))
        subprocess.run(command, shell=True, check=True, cwd=tmp_path)

    taken = {path.relative_to(tmp_path / "answers") for path in tmp_path.rglob("answers/*/*/*/*")}
    assert {path.parts[0] for path in taken} == set(NAMES)
    assert all(path.match("*/authlab/exercises/*.py") for path in taken)
    assert not any(path.is_symlink() for path in tmp_path.rglob("*"))


def test_ports_cookies_and_seeds_of_neighbours_do_not_meet(class_hub: Hub) -> None:
    lines = class_hub.at_once(lambda learner: "".join(learner.run(WHO_AM_I)[0].outputs).splitlines())
    numbers, app_ports, servers, homes = zip(*(line[0].split() for line in lines.values()), strict=True)

    assert set(homes) == {str(class_hub.folder / "learners" / name) for name in NAMES}
    assert len(set(app_ports)) == len(set(servers)) == len(NAMES)
    keys = [key for line in lines.values() for key in line[1:3]]
    assert len(set(keys)) == 2 * len(NAMES), "two learners' apps sign with the same key"
    if IS_ROOT:
        assert [int(number) for number in numbers] == list(range(FIRST_NUMBER + 1, FIRST_NUMBER + 11))
    for name in NAMES:
        paths = {cookie.path for cookie in class_hub.learners[name].session.cookies}
        assert paths == {"/", "/hub/", f"/user/{name}/"}
        at_root = [c.name for c in class_hub.learners[name].session.cookies if c.path == "/"]
        assert at_root == ["jupyterhub-session-id"], "only the hub's own goes to every path"


def test_a_neighbours_session_is_worth_nothing_in_the_app_that_one_serves(class_hub: Hub) -> None:
    """`serve` in two seats: each gets a port of its own, and neither takes the other's cookie."""
    ada, mallory = class_hub.learners[NAMES[0]], class_hub.learners[NAMES[1]]
    ada.run(SERVE)
    mallory.run(SERVE)
    own = "".join(ada.run(SIGN_UP)[0].outputs).split()
    others = "".join(mallory.run(SIGN_UP)[0].outputs).split()

    assert own[1:] == others[1:] == ["True", "200"]
    assert own[0] != others[0]
    assert "".join(mallory.run(f"print(home({own[0]}))")[0].outputs) == "303\n"


def test_nobody_reaches_a_neighbours_server(class_hub: Hub) -> None:
    ada, mallory = class_hub.learners[NAMES[0]], class_hub.learners[NAMES[1]]
    assert mallory.get(f"/user/{ada.name}/lab").status_code in (403, 404)
    assert mallory.api("GET", f"contents/{ANSWERS}", of=ada.name).status_code == 403
    assert mallory.api("POST", "kernels", {"name": "python3"}, of=ada.name).status_code == 403
    assert mallory.api("GET", f"contents/{ANSWERS}").status_code == 200
    assert Learner(mallory.address, ada.name).log_in("wrong").status_code == 403

    pid, server, passing = "".join(ada.run(WHERE_I_AM)[0].outputs).split()
    home = class_hub.folder / "learners" / ada.name
    attempts = ATTEMPTS.format(home=home, folder=class_hub.folder, pid=pid, server=server, passing=passing)
    met = "".join(mallory.run(attempts)[0].outputs).splitlines()
    assert met[-2:] == ["403", "403"]
    if IS_ROOT:
        assert met[:-2] == ["PermissionError"] * 6


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a port is")
def test_kernels_are_not_reached_by_ports(class_hub: Hub) -> None:
    """Two servers would draw the same one now and then; and what a kernel says on a port, anybody hears."""
    said = "".join(class_hub.learners[NAMES[0]].run(MY_SOCKETS)[0].outputs)
    sockets = set(re.findall(r"socket:\[(\d+)\]", said))
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {words[9] for words in lines if words[3] == "0A"}
    assert sockets, said
    assert listening, "this look finds no port at all"
    # The one is where a kernel hears its own children print; it draws again when its port is taken.
    assert len(sockets & listening) <= 1


def test_work_goes_on_when_the_proxy_was_killed(class_hub: Hub) -> None:
    """The hub starts another one. Kernels run on meanwhile, and what they then say is kept; a line that was
    on its way may be lost. So the cell says nothing until its server knows that nobody hears it, and nobody
    comes back before it has."""
    ada = class_hub.learners[NAMES[0]]
    place = class_hub.folder / "learners" / ada.name
    proxy = int((class_hub.folder / "state/proxy.pid").read_text())
    before = ada.reconnected
    ada.run("kept = 'what Ada had done'")
    ada.before_reconnecting = lambda: _wait_for(place / "alone")
    killing = threading.Thread(
        target=lambda: (_wait_for(place / "begun"), os.kill(proxy, signal.SIGKILL)), daemon=True
    )
    killing.start()
    try:
        said = ada.run(SAYS_IT_TO_NOBODY.format(place=place, kernel=ada.kernel))
    finally:
        ada.before_reconnecting = lambda: None
    killing.join()
    assert said[0].errors == []
    assert "".join(said[0].outputs) == "0\n1\n2\n3\nwhat Ada had done\n"
    assert ada.reconnected > before, "the proxy was not killed in the middle of the cell"


def test_the_instructor_sees_who_is_there(class_hub: Hub) -> None:
    instructor = class_hub.learners[INSTRUCTOR]
    instructor.log_in(class_hub.passwords[INSTRUCTOR], then="/hub/admin")
    users = instructor.get("/hub/api/users").json()

    assert {user["name"] for user in users if user["server"]} == set(NAMES)
    assert class_hub.learners[NAMES[0]].get("/hub/api/users").status_code == 403


def test_a_newcomer_and_a_new_password_need_no_restart(class_hub: Hub) -> None:
    written = hub.write(
        class_hub.folder, ["late"], renew=[NAMES[2]], port=class_hub.port, root=class_hub.clone
    )
    late = Learner(f"http://127.0.0.1:{class_hub.port}", "late")
    again = Learner(late.address, NAMES[2])

    assert late.log_in(written.passwords["late"], then="/hub/home").status_code == 200
    assert again.log_in(class_hub.passwords[NAMES[2]], then="/hub/home").status_code == 403
    assert again.log_in(written.passwords[NAMES[2]], then="/hub/home").status_code == 200


def test_when_the_hub_ends_nothing_is_left_running(class_hub: Hub) -> None:
    assert _running(class_hub.folder), "the look for processes finds none where there are some"
    class_hub.learners[NAMES[0]].run("import tempfile; tempfile.mkdtemp(dir='/tmp')")
    if IS_ROOT:
        assert _lying_about(), "nor files"
    _stop(class_hub.process)

    assert _running(class_hub.folder) == []
    if IS_ROOT:
        assert _lying_about() == []
    for port in (class_hub.port, class_hub.port + 1, class_hub.port + 81):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def _is_right(learner: Learner) -> bool:
    return int(learner.name[-2:]) % 2 == 1


def _wait_for(file: Path) -> None:
    """Return as soon as a file is there."""
    end = time.monotonic() + START_SECONDS
    while not file.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"{file} did not come in {START_SECONDS} seconds")
        time.sleep(0.05)


def _roomy() -> str:
    """Return a place for an environment and ten homes; in memory, unless nothing can be executed there."""
    memory = folder_in_memory(ROOM_BYTES)
    return "/var/tmp" if memory is None or os.statvfs(memory).f_flag & os.ST_NOEXEC else str(memory)


def _environment() -> dict[str, str]:
    """Return the environment of a shell, in which nobody tests anything."""
    return {
        name: value
        for name, value in os.environ.items()
        if not re.match("AUTHLAB|PYTHON|PYTEST|JUPYTER", name)
    }


def _free_port() -> int:
    """Return a port that is free, as are the two that go with it."""
    for port in range(20_000 + os.getpid() % 100 * 100, 32_000, 7):
        with socket.socket() as a, socket.socket() as b, socket.socket() as c:
            try:
                for probe, number in ((a, port), (b, port + 1), (c, port + 81)):
                    probe.bind(("127.0.0.1", number))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def _wait_until_it_runs(process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while b"JupyterHub is now running" not in log.read_bytes():
        if process.poll() is not None or time.monotonic() > end:
            pytest.fail(f"the hub did not start: {log.read_text()[-2000:]}")
        time.sleep(0.2)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _numbers() -> range:
    return range(FIRST_NUMBER, FIRST_NUMBER + NUMBERS_A_CLASS)


def _lying_about() -> list[Path]:
    """Return what learners of this class have in everybody's folders for temporary files."""
    found = []
    for path in (path for folder in seat_left.SHARED for path in folder.iterdir()):
        with suppress(FileNotFoundError):  # others come and go there
            if path.lstat().st_uid in _numbers()[1:]:  # the first is the instructor's, who has no server here
                found.append(path)
    return found


def _running(folder: Path) -> list[str]:
    """Return the programs that run as a learner of this class, or out of its folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            is_learners = process.stat().st_uid in _numbers()
        except OSError:
            continue
        if words and (is_learners or str(folder) in words):
            found.append(words)
    return found
