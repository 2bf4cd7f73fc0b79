"""A learner at a hub, as their browser: logs in, gets a server, runs a notebook's cells in its kernel."""

import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from websocket import (
    WebSocket,
    WebSocketConnectionClosedException,
    WebSocketException,
    WebSocketTimeoutException,
    create_connection,
)

SERVER_SECONDS = 400  # ten servers start at once, on two cores that others use too
CELL_SECONDS = 600  # a bound for a hang
RECONNECT_SECONDS = 60


@dataclass
class Cell:
    """What one cell came to."""

    source: str
    outputs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    number: str = field(default_factory=lambda: uuid.uuid4().hex)

    def heard(self, said: dict[str, Any]) -> bool:
        """Take in what the kernel said, and return whether the cell is done."""
        if said["parent_header"].get("msg_id") != self.number:
            return False
        kind, content = said["msg_type"], said["content"]
        if kind in ("display_data", "execute_result"):
            self.outputs.append(content["data"].get("text/plain", ""))
        elif kind == "stream":
            self.outputs.append(content["text"])
        elif kind == "error":
            self.errors.append(f"{content['ename']}: {content['evalue']}")
        return bool(kind == "status" and content["execution_state"] == "idle")


class Learner:
    """One browser with its own cookies, at the hub's public address."""

    def __init__(self, address: str, name: str) -> None:
        self.address = address
        self.name = name
        self.base = f"/user/{name}/"
        self.session = requests.Session()
        self.session.trust_env = False
        self.kernel = ""
        self.reconnected = 0  # how often the way to the kernel was lost
        self.before_reconnecting: Callable[[], object] = lambda: None

    def log_in(self, password: str, then: str = "") -> requests.Response:
        """Send the login form; a right password leads on, by itself to the learner's server, which starts."""
        self.get("/hub/login")
        form = {"username": self.name, "password": password, "_xsrf": self._xsrf("/hub/")}
        return self.session.post(f"{self.address}/hub/login?next={then}", data=form, timeout=60)

    def wait_for_the_server(self) -> None:
        """Return once JupyterLab's page comes from the learner's own server."""
        end = time.monotonic() + SERVER_SECONDS
        while time.monotonic() < end:
            page = self.get(f"{self.base}lab")
            if page.status_code == 200 and "jupyter-config-data" in page.text:
                return
            time.sleep(0.5)
        raise TimeoutError(f"{self.name} got no server: {page.status_code} {page.url}")

    def get(self, path: str) -> requests.Response:
        """Open a page, as a browser would follow its redirections."""
        return self.session.get(self.address + path, timeout=60)

    def api(self, method: str, path: str, body: Any = None, *, of: str = "") -> requests.Response:
        """Ask a server's API with the token against forged requests; `of` is another learner's server."""
        base = f"/user/{of}/" if of else self.base
        return self.session.request(
            method,
            f"{self.address}{base}api/{path}",
            headers={"X-XSRFToken": self._xsrf(self.base)},
            json=body,
            timeout=60,
        )

    def read(self, path: str) -> Any:
        """Return what is in a file of the learner's, below the server's root."""
        answer = self.api("GET", f"contents/{path}")
        answer.raise_for_status()
        return answer.json()["content"]

    def write(self, path: str, text: str) -> None:
        """Save a text file."""
        body = {"type": "file", "format": "text", "content": text}
        self.api("PUT", f"contents/{path}", body).raise_for_status()

    def open_notebook(self, path: str) -> None:
        """Start a kernel for a notebook, as opening it in JupyterLab does."""
        wanted = {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}}
        answer = self.api("POST", "sessions", wanted)
        answer.raise_for_status()
        self.kernel = answer.json()["kernel"]["id"]

    def run(self, *sources: str) -> list[Cell]:
        """Run cells in the open notebook's kernel, one after the other, and return what each came to."""
        return [self._run(source) for source in sources]

    def _run(self, source: str) -> Cell:
        """Run one cell. A connection that is lost is opened anew, as JupyterLab does; what the kernel said
        meanwhile, the server kept for this session."""
        cell = Cell(source)
        asked = json.dumps(_request(cell))
        while True:
            socket = self._connected()
            try:
                if asked:
                    socket.send(asked)
                    asked = ""
                while not cell.heard(json.loads(socket.recv())):
                    pass
                return cell
            except WebSocketTimeoutException:
                kernel = self.api("GET", f"kernels/{self.kernel}").json()
                raise TimeoutError(
                    f"{self.name}: not a word for {CELL_SECONDS} seconds from the cell {source!r}; "
                    f"the server says {kernel}"
                ) from None
            except (WebSocketConnectionClosedException, ConnectionError):
                self.reconnected += 1
                self.before_reconnecting()
            finally:
                socket.close()

    def _connected(self) -> WebSocket:
        """Return a connection to the kernel, as soon as there is a way to it."""
        address = self.address.replace("http", "ws", 1) + f"{self.base}api/kernels/{self.kernel}/channels"
        cookies = "; ".join(
            f"{cookie.name}={cookie.value}"
            for cookie in self.session.cookies
            if self.base.startswith(cookie.path)
        )
        end = time.monotonic() + RECONNECT_SECONDS
        while True:
            try:
                return create_connection(
                    f"{address}?session_id={self.name}",
                    cookie=cookies,
                    origin=self.address,
                    timeout=CELL_SECONDS,
                    http_no_proxy=["127.0.0.1"],
                )
            except (WebSocketException, ConnectionError):
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)

    def _xsrf(self, path: str) -> str:
        """Return the newest of the tokens that count for a path."""
        found = {c.path: c.value for c in self.session.cookies if c.name == "_xsrf"}
        return found.get(path) or found.get("/") or ""


def _request(cell: Cell) -> dict[str, Any]:
    """Return the message that has a kernel run a cell."""
    header = {
        "msg_id": cell.number,
        "msg_type": "execute_request",
        "session": "s",
        "username": "",
        "version": "5.3",
    }
    content = {
        "code": cell.source,
        "silent": False,
        "store_history": True,
        "allow_stdin": False,
        "stop_on_error": True,
    }
    return {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
