"""An app with other parts mounted: a flaw, or the learner's own answers.

Parts are mounted while their modules load, so such an app lives in a process of its own. It is spoken to
through pipes: no port is opened, and it ends with the notebook. From the outside it is used like any
`LabApp`.
"""

import base64
import json
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from werkzeug.wsgi import get_input_stream

from authlab.course.places import EXERCISES, ROOT, with_temporary_files_in
from authlab.course.temporary import temporary_folder
from authlab.lab.browser import Browser
from authlab.lab.clock import LabClock
from authlab.request import TRACE_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from authlab.lab.show.display import Display


class RemoteApp:
    """A lab's app in a process of its own, with `flaw` mounted, or the answers to `mine` from `folder`.

    `alone` leaves out the companions of a flaw: then it is as if a learner had written it.
    """

    def __init__(
        self,
        *,
        flaw: str | None = None,
        alone: bool = False,
        mine: Sequence[str] = (),
        folder: Path = EXERCISES,
        sessions: Literal["stateless", "database"] = "stateless",
    ) -> None:
        self.clock = LabClock()
        self.flaw = flaw
        self._asking = threading.Lock()  # a page that is open asks from threads of its own
        self.mounted: tuple[str, ...] = ()
        self._end_page: Callable[[Any], None] | None = None
        temporary = tempfile.mkdtemp(prefix="authlab-host-", dir=temporary_folder())
        self._errors = Path(temporary, "errors.txt")
        with self._errors.open("wb") as errors:
            self._host = subprocess.Popen(
                [sys.executable, "-m", "authlab.course.host"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                stderr=errors,  # a kernel would show it under whichever cell runs
                cwd=ROOT,
                env=with_temporary_files_in(temporary),
                start_new_session=True,  # Ctrl-C is for the owner; this ends with its pipe
            )
        self._close = weakref.finalize(self, _end, self._host, temporary)
        said = self._ask(
            {
                "flaw": flaw,
                "alone": alone,
                "mine": list(mine),
                "folder": str(folder.resolve()),
                "sessions": sessions,
            }
        )
        if "error" in said:
            self.close()
            from authlab.course.mounts import MountsError  # not at the top: it loads the whole bank

            raise MountsError(said["error"])
        self.mounted = tuple(said["mounted"])

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(environ, start_response)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse", *, page: bool = False
    ) -> Iterable[bytes]:
        said = self._ask(
            {
                "now": self.clock.now,
                "page": page,
                "body": base64.b64encode(get_input_stream(environ).read()).decode(),
                "environ": {key: value for key, value in environ.items() if isinstance(value, str)},
            }
        )
        trace = environ.get(TRACE_KEY)
        if trace is not None:
            trace.extend((layer, what) for layer, what in said["trace"])
        start_response(said["status"], [(name, value) for name, value in said["headers"]])
        return [base64.b64decode(said["body"])]

    def browser(self, **options: Any) -> Browser:
        """Return a new visitor's browser, with no cookie."""
        return Browser(self, self.clock, **options)

    def open_page(self) -> "Display":
        """Return a card with a link, at which the app is in your own browser, until it is closed."""
        from authlab.lab import app_page  # not at the top: few apps have a page

        self._end_page = app_page.close_page
        return app_page.open_page(self)

    def as_page(self, name: str) -> "WSGIApplication":
        """Return the app for people to look at: see `LabApp.as_page`."""
        self._ask({"name": name})
        return partial(self._answer, page=True)

    def members(self) -> list[tuple[str, str, str]]:
        """Return (name, e-mail, role) of all members, from the table itself: the operator's view."""
        return [tuple(row) for row in self._view("members")]

    def stolen_users(self) -> list[dict[str, Any]]:
        """Return the rows of the table of users, hashes of passwords included: what a stolen backup tells."""
        return list(self._view("stolen_users"))

    def stolen_sessions(self) -> list[dict[str, Any]]:
        """Return the rows of the table of sessions as they are on disk."""
        return list(self._view("stolen_sessions"))

    @property
    def called(self) -> tuple[str, ...]:
        """Return those of the `mounted` parts that the app has called so far: what it really runs on."""
        return tuple(self._view("called"))

    @property
    def statements(self) -> list[str]:
        """Return every statement that the app's requests have sent to the database."""
        return list(self._view("statements"))

    @property
    def crashes(self) -> list[str]:
        """Return the errors that nobody caught: each was a 500."""
        return list(self._view("crashes"))

    @property
    def log(self) -> list[str]:
        """Return the log of security events, a line each."""
        return list(self._view("log"))

    @property
    def hashes(self) -> int:
        """Return how many passwords were hashed: work is what a stopwatch sees."""
        return int(self._view("hashes"))

    @property
    def hash_costs(self) -> list[int]:
        """Return the bcrypt cost of each of those."""
        return list(self._view("hash_costs"))

    def close(self) -> None:
        """End the process, and the page if one is open."""
        if self._end_page is not None:
            self._end_page(self)
        self._close()

    def _view(self, name: str) -> Any:
        return self._ask({"view": name})["seen"]

    def _ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        assert self._host.stdin is not None and self._host.stdout is not None
        line = ""
        with self._asking, suppress(OSError, ValueError):  # its end of a pipe is gone, or ours is closed
            self._host.stdin.write(json.dumps(question) + "\n")
            self._host.stdin.flush()
            line = self._host.stdout.readline()
        if not line:
            raise RuntimeError(f"the app's process ended{self._last_words()}; open the app again")
        return dict(json.loads(line))

    def _last_words(self) -> str:
        """Return the last line that the process wrote to its standard error, or nothing."""
        with suppress(OSError):  # closed, and its files are gone
            lines = self._errors.read_text(encoding="utf-8", errors="replace").split("\n")
            return next((f" ({line.strip()})" for line in reversed(lines) if line.strip()), "")
        return ""


def _end(host: "subprocess.Popen[str]", temporary: str) -> None:
    assert host.stdin is not None and host.stdout is not None
    with suppress(BrokenPipeError):  # it died before it read all
        host.stdin.close()
    try:
        host.wait(timeout=5)
    except subprocess.TimeoutExpired:
        host.kill()
        host.wait()
    host.stdout.close()
    shutil.rmtree(temporary, ignore_errors=True)
