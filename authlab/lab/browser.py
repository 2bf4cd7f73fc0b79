"""A browser for lessons and attacks: `requests`, with the rules that real browsers keep for cookies and
origins.

`requests` on its own keeps some of them wrong for us: it never sends a Secure cookie to a local server,
knows no SameSite, and reads the wall clock. This one talks to the app in the same process, at an https
address of its own, so no port is opened and nothing depends on the machine. It models: Secure, HttpOnly,
SameSite, Path, Max-Age (on the lab's clock), the `__Host-` prefix, and the Origin and Sec-Fetch-Site
headers of a page's requests. It runs no script and follows no redirect: a followed redirect to /login would
look like a 200.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPHeaderDict, HTTPResponse
from werkzeug.test import create_environ, run_wsgi_app

from authlab.forms import Debouncer
from authlab.request import TRACE_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LAB_ORIGIN = "https://lab.test"
_GUESTS_FORMS = ("/signup", "/login")  # their pages are for visitors without a session, so without a token
_MOST_REDIRECTS = 10
_RAW_TARGET = "X-Lab-Raw-Target"  # from `raw` to the adapter; the app never sees it


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie as a browser keeps it. `expires_at` is None for a cookie that ends with the browser."""

    name: str
    value: str
    path: str
    http_only: bool
    same_site: str
    expires_at: int | None


class Browser:
    """One visitor's browser, with its own cookies.

    `page` is the origin of the page the visitor is on: a form on `https://evil.test` that posts to the
    lab sends that origin, and carries only the cookies that SameSite lets through. `https://evil.lab.test` is
    another origin of the same site: SameSite lets everything through from there. `address` is where the
    visitor's connection comes from.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        clock: Callable[[], int],
        *,
        page: str = LAB_ORIGIN,
        address: str = "192.0.2.1",
    ) -> None:
        self.page = page
        self.address = address
        self.cookies: dict[str, Cookie] = {}
        self._tossed: list[Cookie] = []
        self._form_token: str | None = None
        self.trace: list[tuple[str, str]] = []
        self.history: list[str] = []  # each request with what came back: "GET /profile -> 303 /login"
        self._clock = clock
        self._session = requests.Session()
        self._session.trust_env = False  # proxies and certificates of the machine have no say here
        self._session.headers.clear()
        self._session.headers["User-Agent"] = "authlab"
        # The lab is the only place it can go: for any other address there is no way out, and no socket.
        self._session.adapters.clear()
        self._session.mount(f"{LAB_ORIGIN}/", _InProcess(app, self))

    def get(self, path: str, **options: Any) -> requests.Response:
        """Send a GET, as if the visitor had followed a link. Options are those of `requests`."""
        return self.request("GET", path, **options)

    def post(self, path: str, data: Any = None, **options: Any) -> requests.Response:
        """Send a form, as if a page had posted it: one of ours carries the token (see `form_token`).

        Options are those of `requests`.
        """
        from_our_page = self.page == LAB_ORIGIN and "json" not in options and path not in _GUESTS_FORMS
        if from_our_page and (data is None or isinstance(data, Mapping)):
            token = self.form_token()
            data = {**({"csrf": token} if token else {}), **(data or {})} or None
        return self.request("POST", path, data=data, **options)

    def form_token(self) -> str:
        """Return the hidden token that the forms of our pages carry for this visitor; "" for a guest.

        It is the one of the page that was seen last. Where none was seen since the login, the start page is
        opened first, as a person would have: that request is in no history.
        """
        if self._form_token is None and self.page == LAB_ORIGIN and self.cookies:
            seen, self.trace = self.trace, []
            self._exchange("GET", "/", {})
            self.trace = seen
        return self._form_token or ""

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """Send one request to the lab and return its one answer.

        That is the first one: a redirect is followed where `allow_redirects=True` asks for it, with GET and
        within the lab, ten times at most.
        """
        follow = options.pop("allow_redirects", False)
        response = self._one_answer(method, path, headers or {}, **options)
        for _ in range(_MOST_REDIRECTS if follow else 0):
            there = response.headers.get("Location", "")
            if response.status_code not in (301, 302, 303) or not there.startswith("/") or there[1:2] == "/":
                break
            response = self._one_answer("GET", there, headers or {})
        return response

    def _one_answer(
        self, method: str, path: str, headers: Mapping[str, str], **options: Any
    ) -> requests.Response:
        self.trace = []
        response = self._exchange(method, path, headers, **options)
        went = f" {response.headers['Location']}" if "Location" in response.headers else ""
        self.history.append(f"{method} {response.request.path_url} -> {response.status_code}{went}")
        return response

    def raw(
        self, target: str, method: str = "GET", headers: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Send a request whose target goes over the wire as it is written, as from a raw socket.

        `requests`, like every browser, tidies `/x/../y` and `%64` before it sends them.
        """
        marked = {**(headers or {}), _RAW_TARGET: target}
        return self.request(method, "/", headers=marked)

    def _exchange(
        self, method: str, path: str, headers: Mapping[str, str], **options: Any
    ) -> requests.Response:
        same_site = _site(self.page) == _site(LAB_ORIGIN)
        # An address typed into a fresh window comes from no page; later ones from the page before.
        typed = not self.history and method == "GET"
        from_here = "none" if typed else "same-origin" if self.page == LAB_ORIGIN else "same-site"
        sent = {"Sec-Fetch-Site": from_here if same_site else "cross-site"}
        if method not in ("GET", "HEAD"):
            sent["Origin"] = self.page
        cookie_header = self._cookie_header(method, headers.get(_RAW_TARGET, path), same_site)
        if cookie_header:
            sent["Cookie"] = cookie_header
        url = urljoin(LAB_ORIGIN, path)
        response = self._session.request(
            method, url, headers={**sent, **headers}, allow_redirects=False, **options
        )
        self._session.cookies.clear()  # ours are kept below, by a browser's rules
        before = {name: cookie.value for name, cookie in self.cookies.items()}
        for text in response.raw.headers.getlist("Set-Cookie"):
            self._keep(text, urlsplit(url).path)
        if before != {name: cookie.value for name, cookie in self.cookies.items()}:
            self._form_token = None  # another session, perhaps: its forms carry another token
        form = re.search(r'name="csrf" value="([^"]*)"', response.text)
        if self.page == LAB_ORIGIN and form:
            self._form_token = form[1]
        return response

    def follow(self, response: requests.Response) -> requests.Response:
        """Go where a redirect points, as a browser does: 303 with GET, 307 and 308 with the form once
        more."""
        location = urljoin(str(response.url), response.headers["Location"])
        if response.status_code in (307, 308):
            sent = response.request
            body_type = {"Content-Type": str(sent.headers.get("Content-Type", ""))}
            return self.request(str(sent.method), location, data=sent.body, headers=body_type)
        return self.get(location)

    def set_cookie(self, name: str, value: str) -> None:
        """Write a cookie, as anyone can in a browser's developer tools."""
        self.cookies[name] = Cookie(name, value, "/", True, "Lax", None)

    def toss_cookie(self, name: str, value: str, path: str = "/") -> None:
        """Have a sibling host (`https://evil.lab.test`) set a cookie for the whole domain.

        A browser then sends it to the lab too, beside the lab's own of that name, and the one with the longer
        path first. The prefix `__Host-` is refused with a Domain: that is what it is for. Source: RFC 6265,
        section 5.4; RFC 6265bis, section 4.1.3.2.
        """
        if not name.lower().startswith("__host-"):
            self._tossed.append(Cookie(name, value, path, True, "Lax", None))

    def script_reads(self) -> str:
        """Return what a script on the page would read in `document.cookie`."""
        return "; ".join(f"{c.name}={c.value}" for c in self.cookies.values() if not c.http_only)

    def type_email(self, text: str, *, milliseconds_a_key: int) -> list[str]:
        """Type an address into the sign-up form; return what the page asked the server meanwhile.

        The page's script (`static/signup.js`) follows the rule of `forms.Debouncer`: it waits for a pause of
        400 milliseconds before it asks `/signup/available`.
        """
        debouncer, asked = Debouncer(400), []
        for pressed in range(1, len(text) + 1):
            asked.append(debouncer.due(pressed * milliseconds_a_key))
            debouncer.push(text[:pressed], pressed * milliseconds_a_key)
        asked.append(debouncer.due(len(text) * milliseconds_a_key + 400))
        questions = [email for email in asked if email is not None]
        for email in questions:
            self.get("/signup/available", params={"email": email})
        return questions

    def _cookie_header(self, method: str, path: str, same_site: bool) -> str:
        now, wanted = self._clock(), urlsplit(path).path or "/"
        self.cookies = {
            name: cookie
            for name, cookie in self.cookies.items()
            if cookie.expires_at is None or now < cookie.expires_at
        }
        return "; ".join(
            f"{cookie.name}={cookie.value}"
            for cookie in sorted([*self.cookies.values(), *self._tossed], key=lambda one: -len(one.path))
            # /pro is not above /profile
            if (wanted + "/").startswith(cookie.path.rstrip("/") + "/")
            # From another site: None always, Lax with a followed link only, Strict never.
            and (same_site or cookie.same_site == "None" or (cookie.same_site == "Lax" and method == "GET"))
        )

    def _keep(self, text: str, asked: str) -> None:
        """Keep, replace or drop a cookie as a `Set-Cookie` line says; `asked` is the path that answered.

        By hand: `http.cookies` drops a line with an attribute that it does not know, and decodes the value,
        which a browser sends back as it came. Source: RFC 6265, section 5.
        """
        pair, *parts = text.split(";")
        name, _, value = (side.strip() for side in pair.partition("="))
        said = {key.strip().lower(): word.strip() for key, _, word in (part.partition("=") for part in parts)}
        secure, same_site = "secure" in said, said.get("samesite", "").capitalize() or "Lax"
        # A prefix is a promise: a browser refuses a cookie that breaks it.
        as_host = secure and said.get("path") == "/" and not said.get("domain")
        if name.lower().startswith("__host-") and not as_host:
            return
        if not secure and (name.lower().startswith("__secure-") or same_site == "None"):
            return
        path = said.get("path", "")
        if not path.startswith("/"):
            path = asked.rpartition("/")[0] or "/"
        age = said.get("max-age", "")
        expires_at = self._clock() + int(age) if re.fullmatch(r"-?[0-9]+", age) else None
        if expires_at is None or expires_at > self._clock():
            self.cookies[name] = Cookie(name, value, path, "httponly" in said, same_site, expires_at)
        elif name in self.cookies and self.cookies[name].path == path:
            del self.cookies[name]  # with another Path it would be another cookie, and this one would stay


class _InProcess(BaseAdapter):
    """Hands a prepared request to the WSGI app, and its answer back, without a socket."""

    def __init__(self, app: "WSGIApplication", browser: Browser) -> None:
        super().__init__()
        self._app = app
        self._browser = browser

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """Answer one request."""
        url = urlsplit(str(request.url))
        body = request.body or b""
        sent = body.encode() if isinstance(body, str) else body
        assert isinstance(sent, bytes)  # lessons send forms and JSON, never streams
        environ = create_environ(
            path=url.path,
            query_string=url.query,
            base_url=f"{url.scheme}://{url.netloc}",
            method=str(request.method),
            headers=list(request.headers.items()),
            input_stream=BytesIO(sent),
            content_length=len(sent),
        )
        environ["REMOTE_ADDR"] = self._browser.address
        target = environ.pop(f"HTTP_{_RAW_TARGET.upper().replace('-', '_')}", None)
        if target is not None:
            path, _, query = target.partition("?")
            environ["PATH_INFO"] = unquote_to_bytes(path).decode("latin-1")
            environ["QUERY_STRING"] = query
            environ["REQUEST_URI"] = environ["RAW_URI"] = target
        environ[TRACE_KEY] = self._browser.trace
        content, status, headers = run_wsgi_app(self._app, environ, buffered=True)
        return _response(request, b"".join(content), status, headers)

    def close(self) -> None:
        """Nothing is open."""


def _site(origin: str) -> str:
    """Return what SameSite compares: the scheme and the last two labels of the host."""
    scheme, _, host = origin.partition("://")
    return f"{scheme}://{'.'.join(host.split('.')[-2:])}"


def _response(
    request: requests.PreparedRequest,
    body: bytes,
    status: str,
    headers: Iterable[tuple[str, str]],
) -> requests.Response:
    code, _, reason = status.partition(" ")
    raw = HTTPResponse(
        body=BytesIO(body), headers=HTTPHeaderDict(headers), status=int(code), preload_content=False
    )
    response = requests.Response()
    response.status_code = int(code)
    response.reason = reason.title()
    response.headers.update(dict(raw.headers.items()))
    response.raw = raw
    response._content = body
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.url = str(request.url)
    response.request = request
    return response
