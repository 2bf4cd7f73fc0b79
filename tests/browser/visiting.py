"""A site on a port, and a visitor with a browser: the words in which tests say how a page is reached."""

import re
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import urlencode
from urllib.request import Request as Sent
from urllib.request import build_opener

from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from authlab.app import App
from authlab.db import insert_user, set_phone, transaction
from authlab.lab.clock import LabClock
from authlab.passwords import hash_password
from authlab.routes import url_map
from authlab.settings import Limit, Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

PASSWORD = "analytical-engine-1843"
PEPPER = b"a pepper for tests, known to all"
LONG_NAME = "W" * 100


class QuietHandler(WSGIRequestHandler):
    """Werkzeug's handler without its log."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


class Site:
    """A port with an app behind it, which `start` replaces. It lists the endpoints that were asked for."""

    def __init__(self) -> None:
        self.endpoints: list[str] = []
        self._urls = url_map()
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=QuietHandler)
        self.url = f"http://127.0.0.1:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def start(self, folder: Path, **settings: Any) -> None:
        """Put a fresh app on the port. In it are Ada, Grace (an admin), Alan, and a very long name."""
        self._folder = folder
        chosen = {
            "session_keys": {"test": b"a key for tests, known to all!!!"},
            "pepper": PEPPER,
            "database": folder / f"{len(list(folder.iterdir()))}.sqlite",
            "bcrypt_rounds": 4,
            "clock": LabClock(),
            "logins_per_account": Limit(2, 15 * 60),
            **settings,
        }
        self._app = App(Settings(**chosen), on_crash=lambda crash: None)
        self.endpoints.clear()
        _sign_up_the_cast(self._app)

    def restart(self, **settings: Any) -> None:
        """The same with other settings."""
        self.start(self._folder, **settings)

    def break_database(self, error: Exception) -> None:
        """From now on, whatever asks the database gets an error."""
        self._app.database = _Broken(error)  # type: ignore[assignment]

    def endpoint(self, path: str, method: str = "GET") -> str:
        """Return which endpoint answers at a path, or "" where none does."""
        try:
            return str(self._urls.bind("127.0.0.1").match(path, method)[0])
        except HTTPException:
            return ""

    def post(self, path: str, **fields: str) -> None:
        """Send a form as somebody else would: from this site, without the visitor's cookies."""
        data = urlencode(fields).encode()
        build_opener().open(Sent(self.url + path, data, {"Origin": self.url}), timeout=30).close()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self.endpoints.append(self.endpoint(environ["PATH_INFO"], environ["REQUEST_METHOD"]))
        return self._app(environ, start_response)


class Visitor:
    """Somebody at the site with a browser. Each word below waits for the page that it leads to."""

    def __init__(self, chromium: "Browser", site: Site, **options: Any) -> None:
        self.site = site
        self.status = 0  # of the page that is shown
        self.complaints: list[str] = []  # of pages and their scripts, on the console
        self._chromium = chromium
        self._options = options
        self._elsewhere: list[BrowserContext] = []
        self.page = self._page_of(chromium.new_context(**options))

    def start_over(self) -> None:
        """Be somebody new in the same browser, which is quicker than another browser."""
        self._close_elsewhere()
        self.page.context.clear_cookies()
        self.page.goto("about:blank")
        self.status = 0
        self.complaints.clear()

    def open(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def fill(self, **fields: str) -> None:
        """Fill in fields by their labels: `fill(new_password="...")`."""
        for name, text in fields.items():
            self.page.get_by_label(name.replace("_", " ").capitalize(), exact=True).fill(text)

    def press(self, button: str | re.Pattern[str]) -> None:
        """Press the button of this name, as a screen reader says it."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=button, exact=True).click()

    def log_in(self, name: str) -> None:
        """Log in as one of the cast: `ada`, `grace`, `alan`, `long`."""
        self.open("/login")
        self.fill(email=f"{name}@lab.test", password=PASSWORD)
        self.press("Log In")

    def log_in_elsewhere(self, name: str) -> None:
        """Log in with a second browser, and come back to this one."""
        self._elsewhere.append(self._chromium.new_context(**self._options))
        here, self.page = self.page, self._page_of(self._elsewhere[-1])
        self.log_in(name)
        self.page = here

    def close(self) -> None:
        self._close_elsewhere()
        self.page.context.close()

    def _close_elsewhere(self) -> None:
        while self._elsewhere:
            self._elsewhere.pop().close()

    def _page_of(self, context: "BrowserContext") -> "Page":
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("response", self._note_status)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._note_complaint)
        return page

    def _note_status(self, response: "Response") -> None:
        if response.request.is_navigation_request():
            self.status = response.status

    def _note_complaint(self, line: "ConsoleMessage") -> None:
        # That an answer was 401 or 422 is said on the console too; it is no fault of the page.
        if line.type == "error" and not line.text.startswith("Failed to load resource"):
            self.complaints.append(line.text)


State = Callable[[Visitor], None]


class _Broken:
    """Stands in for the database when it fails."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def connect(self, observer: object = None) -> NoReturn:
        raise self._error


def _sign_up_the_cast(app: App) -> None:
    hashed = hash_password(PASSWORD, rounds=4, pepper=PEPPER)
    cast = [
        ("Ada Lovelace", "ada@lab.test", "user"),
        ("Grace Hopper", "grace@lab.test", "admin"),
        ("Alan Turing", "alan@lab.test", "user"),
        (LONG_NAME, "long@lab.test", "user"),
    ]
    with closing(app.database.connect()) as db, transaction(db):
        for name, email, role in cast:
            insert_user(db, name=name, email=email, password_hash=hashed, now=1, role=role)
        db.execute("UPDATE users SET team = 'engines' WHERE id IN (1, 4)")
        set_phone(db, 1, "+44 20 7946 0000")
