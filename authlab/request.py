"""One request, with what its way through the layers needs: settings, a lazy database, a trace."""

from functools import cached_property
from typing import Any

from werkzeug.wrappers import Request as WerkzeugRequest

from authlab.db import Connection, Database, UserRow
from authlab.settings import Settings

# A lab puts a list here to see which layer did what; without one, nothing is noted.
TRACE_KEY = "authlab.trace"


class Request(WerkzeugRequest):
    """Werkzeug's request with limits on its size and the app's own context."""

    # Refused with 413 before anything is parsed or hashed. The form limit alone covers multipart only.
    max_content_length = 64 * 1024
    max_form_memory_size = 64 * 1024
    max_form_parts = 50

    user_row: UserRow | None = None  # the DAL's memo: who this request is from, once it is proven

    def __init__(self, environ: dict[str, Any], settings: Settings, database: Database) -> None:
        super().__init__(environ)
        self.settings = settings
        # A Host header of the visitor's choice would make the origin check compare with itself, and links
        # lead elsewhere. Werkzeug looks at this list when `.host` is read: see `app`.
        self.trusted_hosts = list(settings.hosts)
        self._database = database

    @cached_property
    def db(self) -> Connection:
        """The request's connection, opened at its first use: a page that asks nothing opens none."""
        return self._database.connect(observer=lambda sql: self.note("db", sql))

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

    def close(self) -> None:
        """Close the connection, if one was opened, and what Werkzeug holds."""
        if "db" in self.__dict__:
            self.db.close()
        super().close()
