"""`app.open_page()`: the notebook's app in one's own browser, under a name of its own, until it is closed."""

import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

import nbformat
import pytest
import requests

from authlab.course.curriculum import lessons
from authlab.course.notebooks import the_kits
from authlab.course.places import ROOT, SOLUTIONS
from authlab.lab import ADA, app_page, open_app
from authlab.lab.apps import LabApp
from authlab.lab.remote import RemoteApp
from tests.lab.sanitiser import violations

WAIT_SECONDS = 30
EVE = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4"}


@pytest.fixture
def app() -> Iterator[LabApp]:
    lab = LabApp()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def flawed() -> Iterator[RemoteApp]:
    lab = RemoteApp(flaw="bare_member_number")
    yield lab
    lab.close()


def address(app: LabApp | RemoteApp) -> str:
    """What the card says, in text and as the link."""
    card = app.open_page()
    found = re.findall(r"^http://app-[0-9a-f]{8}\.localhost:\d+/$", repr(card), re.MULTILINE)
    assert len(found) == 1, repr(card)
    assert f'<a href="{found[0]}" target="_blank" rel="noopener noreferrer">' in card.html
    return str(found[0])


def send(
    url: str, path: str = "", form: dict[str, str] | None = None, cookie: str = "", name: str = ""
) -> requests.Response:
    """One request as a browser on the page would send it; not every system knows `*.localhost`."""
    there = urlsplit(url)
    host = name or there.netloc
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            "GET" if form is None else "POST",
            f"http://127.0.0.1:{there.port}/{path}",
            data=form,
            headers={"Host": host, "Origin": f"http://{host}", "Cookie": cookie},
            allow_redirects=False,
            timeout=WAIT_SECONDS,
        )


def is_free(port: int | None) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port or 0)) != 0


def test_what_happens_on_the_page_happens_in_the_notebook_s_app(app: LabApp) -> None:
    """One database, one clock: whoever signs up there is a member here, and the X-ray shows how."""
    url = address(app)
    signed_up = send(url, "signup", EVE)
    assert signed_up.status_code == 303
    cookie = signed_up.headers["Set-Cookie"].partition(";")[0]
    profile = send(url, "profile", cookie=cookie)
    assert profile.status_code == 200
    assert "eve@lab.test" in profile.text
    assert "X-ray" in profile.text
    assert "wrong part" not in profile.text
    assert ("Eve", "eve@lab.test", "user") in app.members()
    assert app.browser().get("/profile").status_code == 303  # and the lesson's own address is as it was


def test_a_flaw_is_on_every_page_and_on_the_card(flawed: RemoteApp) -> None:
    """What is wrong on purpose must not look like what is not."""
    url = address(flawed)
    assert "a wrong part is mounted: bare_member_number" in repr(flawed.open_page())
    for path in ("", "login", "nowhere"):
        assert "A wrong part is mounted in this app." in send(url, path).text
    assert "Ada Lovelace" in send(url, "profile", cookie="__Host-session=1").text


def test_one_s_own_parts_run_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """The X-ray says how often."""
    monkeypatch.setenv("AUTHLAB_ANSWERS", str(SOLUTIONS))
    mine = open_app(trying=["0.1"])
    try:
        url = address(mine)
        cookie = send(url, "signup", EVE).headers["Set-Cookie"].partition(";")[0]
        assert "called: see_other (1 ×)" in unescape(send(url, "profile", cookie=cookie).text)
        assert mine.called
    finally:
        mine.close()


def test_each_page_has_a_name_that_nobody_can_guess(app: LabApp, flawed: RemoteApp) -> None:
    """Cookies know no ports: as `localhost` a flawed app would meet those of JupyterLab and the sound app."""
    names = {urlsplit(address(one)).hostname for one in (app, flawed)}
    assert len(names) == 2
    assert not names & {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "app-00000000.localhost", "evil.test"])
def test_it_answers_to_its_own_name_only(app: LabApp, flawed: RemoteApp, name: str) -> None:
    """A page of another site that finds the port does not find the name."""
    for one in (app, flawed):
        port = urlsplit(address(one)).port
        for form in (None, EVE):
            answer = send(address(one), "signup", form, name=f"{name}:{port}")
            assert (answer.status_code, answer.text) == (400, "Open the app by the link in its notebook.\n")


def test_it_answers_on_this_machine_only(app: LabApp) -> None:
    port = urlsplit(address(app)).port
    with pytest.raises(OSError, match=r"refused|timed out|unreachable|assign"):
        socket.create_connection(("127.0.0.2", port), timeout=5)


def test_once_more_is_the_same_page(app: LabApp) -> None:
    assert address(app) == address(app)


def test_closing_the_app_ends_its_page(app: LabApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The port is free and no thread is left, although a browser holds a connection open."""
    monkeypatch.setattr(app_page._Handler, "timeout", 10 * WAIT_SECONDS)  # it would have ended by itself
    before = set(threading.enumerate())
    port = urlsplit(address(app)).port
    with socket.create_connection(("127.0.0.1", port or 0), timeout=WAIT_SECONDS) as held:
        assert send(address(app)).status_code == 200
        app.close()
        assert held.recv(1) == b""
    for thread in set(threading.enumerate()) - before:
        thread.join(WAIT_SECONDS)
    assert set(threading.enumerate()) <= before
    assert is_free(port)


def test_a_process_that_died_is_said_on_the_page() -> None:
    """In words, and nothing is written under the cell that happens to run."""
    dying = RemoteApp(flaw="bare_member_number")
    try:
        url = address(dying)
        dying._host.kill()
        answer = send(url)
        assert answer.status_code == 503
        assert "the app's process ended" in answer.text
        assert "open the app again" in answer.text
    finally:
        dying.close()


def test_whoever_runs_the_cell_again_and_again_has_four_pages() -> None:
    """Each new app has a page of its own, and the oldest makes room."""
    apps = [LabApp() for _ in range(app_page.MOST_PAGES + 1)]
    try:
        urls = [address(one) for one in apps]
        assert len(app_page._pages) == app_page.MOST_PAGES
        assert is_free(urlsplit(urls[0]).port)
        assert send(urls[-1]).status_code == 200
    finally:
        for one in apps:
            one.close()
    assert not set(apps) & set(app_page._pages)


def test_the_end_of_the_kernel_is_the_end_of_its_pages() -> None:
    """The process is not kept alive by it, not even for an app that nobody has closed."""
    code = (
        "from authlab.lab import open_app\n"
        "for app in (open_app(), open_app(flaw='bare_member_number')): print(app.open_page().text)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    ports = re.findall(r"localhost:(\d+)/", done.stdout)
    assert len(ports) == 2
    assert all(is_free(int(port)) for port in ports)
    assert done.stderr == ""


def test_on_a_hub_it_says_that_it_cannot(app: LabApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address would be that of the hub's machine. No port is opened there."""
    monkeypatch.setenv("JUPYTERHUB_API_URL", "http://127.0.0.1:8081/hub/api")
    card = app.open_page()
    assert "This kernel runs on a hub" in repr(card)
    assert "python3 -m authlab serve" in repr(card)
    assert "href" not in card.html
    assert app not in app_page._pages


def test_the_card_survives_the_sanitiser(app: LabApp) -> None:
    assert ADA[1] in repr(app.open_page())
    assert violations(app.open_page().html) == []


def test_no_lesson_stores_a_page() -> None:
    """Its port is another in every run."""
    for lesson in lessons():
        stored = the_kits(lesson.notebook) or ""
        for cell in nbformat.reads(stored, as_version=4).cells if stored else ():  # type: ignore[no-untyped-call]
            assert cell.cell_type != "code" or "open_page" not in cell.source, cell.id
