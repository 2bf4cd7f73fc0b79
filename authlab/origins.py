"""Across sites (lesson 6): who sent this form, and where may we send the visitor.

A cookie proves who is there, not that they meant it: browsers attach it to whatever another page makes them
send. So a request that changes something must come from a page of ours, and carry a token that only our
pages know.
"""

import hashlib
import hmac
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from werkzeug.exceptions import BadRequest
from werkzeug.sansio.utils import host_is_trusted


def own_origin(scheme: str, host: str, hosts: Collection[str]) -> str:
    """Return where our own pages are, as a browser writes it: `https://lab.test`.

    `host` is the request's Host header without the scheme's own port: the sender's word. Raises `BadRequest`
    (400) for a name that is not in `hosts`; `.localhost` there stands for every name that ends so. A name of
    the sender's choice would agree with an Origin of the sender's choice, as it does for a page whose name
    resolves to this machine today (DNS rebinding), and links that are made of it would lead elsewhere.

    Source: OWASP WSTG-INPV-17, Host Header Injection.
    """
    if not hosts or not host_is_trusted(host, hosts):  # Werkzeug trusts every name when there is no list
        raise BadRequest
    return f"{scheme}://{host}"


def origin_allowed(origin: str | None, own_origin: str) -> bool:
    """Return whether a request that changes something was sent by one of our
    own pages.

    `origin` is the request's `Origin` header. Browsers write it themselves,
    with every POST, and no page can choose what it says. `own_origin` is where
    our pages are. Both look like `"https://lab.test"`: scheme, name, and a
    port where it is not the scheme's usual one.

    - Another scheme, another name or another port is another origin. A host
      under our name is none of ours, and neither is a name that looks like
      ours.
    - None stands for a header that is missing, `"null"` for a sender that the
      browser hides. Both are refused.
    - Who is no browser may send any text: the answer is True or False, and
      never an error. What is more than one origin, such as
      `https://lab.test/devices`, is refused.

    Source: OWASP, Cross-Site Request Forgery Prevention; ASVS 3.5.1.
    """
    return origin == own_origin


def csrf_token(session_id: str, key: bytes) -> str:
    """Return the token that the forms of one session carry.

    - It is 64 hexadecimal digits in lower case, as `hexdigest` writes a digest
      of 32 bytes.
    - One session has one token, so nothing has to be stored. Another
      `session_id` or another `key` gives another token. `key` is random bytes.
    - Without `key` (32 bytes or more) nobody can compute it, from whatever
      they know. HMAC is made for this.
    - `key` signs other things too. What was signed for another purpose is no
      token: say in what you sign what it is for.

    Another site can make a browser send its cookies. It cannot read our pages,
    so it does not know this.

    Source: OWASP, Cross-Site Request Forgery Prevention, "HMAC based token".
    """
    return hmac.new(key, b"csrf " + session_id.encode(), hashlib.sha256).hexdigest()


def csrf_ok(sent: str | None, session_id: str, key: bytes) -> bool:
    """Return whether `sent` is the token of this very session:
    `csrf_token(session_id, key)`.

    - None stands for a form without the field. It is refused like a wrong
      token.
    - `sent` is the visitor's to choose. Whatever text it is, also one with
      half a letter in it such as `"\\ud800"`, the answer is True or False, and
      never an error.
    - The two are compared in constant time, so that nobody guesses the token a
      digit at a time. (No check can see that. Whoever reads your code can.)

    Source: OWASP, Cross-Site Request Forgery Prevention.
    """
    if sent is None:
        return False
    return hmac.compare_digest(sent.encode("utf-8", "surrogatepass"), csrf_token(session_id, key).encode())


def safe_next(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """Return `wanted` as it was written if it is a page of this site, else
    `default`: where to go after logging in.

    - A page of ours is a path: it begins with one slash, and may end with a
      query. `/members?q=ada&page=2` is one; `devices` and
      `https://lab.test/devices` are none.
    - What a browser would take to another site is none, and neither is what
      opens no page (`javascript:alert(1)`) or is missing (None, or empty).
    - Browsers read generously. They drop tabs and line breaks, wherever they
      are. They take `\\` for `/`. More than two slashes are as good as two.
      `http:evil.test` needs no slash at all.
    - Nothing is mended: what would have to be is answered with `default`.

    `own_origin` is where our pages are, such as `"https://lab.test"`. You may
    use it or not.

    Source: OWASP, Unvalidated Redirects and Forwards; ASVS 3.7.2; the WHATWG
    URL Standard.
    """
    if wanted is None or not wanted.startswith("/") or wanted.startswith("//"):
        return default
    if "\\" in wanted or not wanted.isascii() or not wanted.isprintable() or " " in wanted:
        return default
    # Werkzeug drops a tab between two slashes in a Location, so it is refused above. An encoded one
    # it leaves, to whoever decodes it on the way: refused as well.
    path = urlsplit(wanted).path.lower()
    if any(f"%{code:02x}" in path for code in (*range(0x21), 0x2F, 0x5C, 0x7F)) or "//" in path:
        return default
    there = urlsplit(urljoin(own_origin, wanted))
    return wanted if f"{there.scheme}://{there.netloc}" == own_origin else default
