"""One request, with what its way through the layers needs: settings, a lazy database, a trace."""

from functools import cached_property
from typing import Any, NamedTuple

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request as WerkzeugRequest

from authlab.cookies import session_token
from authlab.db import Connection, Database
from authlab.events import Event, event_line
from authlab.limits import client_ip
from authlab.origins import own_origin
from authlab.sessions.reading import read
from authlab.sessions.strategy import Strategy
from authlab.settings import Settings
from authlab.tokens import Session

# A lab puts a list here to see which layer did what; without one, nothing is noted.
TRACE_KEY = "authlab.trace"

MAX_BODY_BYTES = 64 * 1024
MAX_FORM_PARTS = 50


class BodyLimits(NamedTuple):
    """How large the body of a request may be; None is no limit."""

    body_bytes: int | None  # of any body: refused by its length, before anything is parsed or hashed
    multipart_bytes: int | None  # of the fields of a form that comes as multipart/form-data, ...
    multipart_parts: int  # ... and how many it may have


def body_limits() -> BodyLimits:
    """Return how large a body may be; above any of the limits the answer is 413.

    The first one has to be there: the other two look at multipart forms only, and a browser sends a login as
    urlencoded. Without it a password of 20 MB is read, parsed and hashed for whoever sends it.

    Source: Werkzeug, "Dealing with Request Data"; OWASP, Denial of Service.
    """
    return BodyLimits(MAX_BODY_BYTES, MAX_BODY_BYTES, MAX_FORM_PARTS)


class Request(WerkzeugRequest):
    """Werkzeug's request with limits on its size and the app's own context."""

    new_token: str | None = None  # a session token that the answer hands to the browser
    new_device: str | None = None  # the same of a device token: see `devices`
    has_stale_cookie = False  # whether the session cookie was good once, and proves nobody any more

    def __init__(
        self, environ: dict[str, Any], settings: Settings, database: Database, sessions: Strategy
    ) -> None:
        super().__init__(environ)
        self.max_content_length, self.max_form_memory_size, self.max_form_parts = body_limits()
        self.settings = settings
        self.sessions = sessions
        self.memo: dict[object, Any] = {}  # what the data access layer has asked in this request: see `dal`
        self._database = database

    @cached_property
    def db(self) -> Connection:
        """The request's connection, opened at its first use: a page that asks nothing opens none."""
        watched = TRACE_KEY in self.environ
        return self._database.connect(observer=(lambda sql: self.note("db", sql)) if watched else None)

    @cached_property
    def session(self) -> Session | None:
        """What the cookie claims: signed by us, and not run out. Whether it still holds, `dal` asks."""
        token = session_token(self.cookies)
        return None if token is None else read(token, self.settings)

    @property
    def has_refused_cookie(self) -> bool:
        """Whether a session cookie came that we never signed, or that has run out: it is taken back."""
        return self.session is None and session_token(self.cookies) is not None

    @cached_property
    def own_origin(self) -> str:
        """Where our own pages are; raises `BadRequest` for a request to a name that is not ours."""
        return own_origin(self.scheme, self.host, self.settings.hosts)

    @cached_property
    def text_of_query(self) -> str:
        """The query as sent; raises `BadRequest` for bytes that are no text: Werkzeug trips over them."""
        try:
            return self.query_string.decode()
        except UnicodeDecodeError:
            raise BadRequest from None

    @cached_property
    def client_ip(self) -> str:
        """The address that the limits count by."""
        return client_ip(self.environ, self.settings.trusted_proxies)

    def _load_form_data(self) -> None:
        """Parse the form, as Werkzeug does, and refuse a body in chunks that goes on after the limit."""
        super()._load_form_data()
        # Chunks have no length to refuse them by, and Werkzeug cuts a urlencoded form at the limit without
        # a word: half a password would be stored. Reading on raises the 413.
        if self.content_length is None:
            self.stream.read(1)

    def note(self, layer: str, what: str) -> None:
        """Leave a line in the lab's trace of this request."""
        trace = self.environ.get(TRACE_KEY)
        if trace is not None:
            trace.append((layer, what))

    def log(self, event: Event, **facts: int | str | None) -> None:
        """Write a line to the log of security events; where it came from is added."""
        self.settings.log(event_line(event, **facts, address=self.client_ip))

    def close(self) -> None:
        """Close the connection, if one was opened, and what Werkzeug holds."""
        if "db" in self.__dict__:
            self.db.close()
        super().close()
