"""Other right ways to tell our own pages from somebody else's, and to say where a visitor may be sent."""

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Collection
from urllib.parse import unquote, urlsplit

from pydantic import TypeAdapter, ValidationError
from werkzeug.exceptions import BadRequest, UnprocessableEntity, UnsupportedMediaType
from werkzeug.http import parse_options_header
from werkzeug.routing import EndpointPrefix, Map, Rule
from werkzeug.sansio.utils import get_host

from authlab.course.bank import alternative
from authlab.lab.browser import Browser
from authlab.origins import csrf_token
from authlab.request import Request
from authlab.routes import ROUTES

OWN_ORIGIN = "authlab.origins:own_origin"
ORIGIN = "authlab.origins:origin_allowed"
CSRF_TOKEN = "authlab.origins:csrf_token"
CSRF_OK = "authlab.origins:csrf_ok"
SAFE_NEXT = "authlab.origins:safe_next"
JSON_BODY = "authlab.api:json_body"
URL_MAP = "authlab.routes:url_map"
FORGERY = "authlab.course.kata.lesson_06_cross_site:forge_a_form"
PROOF = "authlab.course.kata.lesson_06_cross_site:prove_safe_next"


@alternative(OWN_ORIGIN)
def origin_by_werkzeug(scheme: str, host: str, hosts: Collection[str]) -> str:
    """Let Werkzeug look at the list: its refusal is a 400, too. An empty list is refused before."""
    if len(hosts) == 0:
        raise BadRequest
    return f"{scheme}://{get_host(scheme, host, trusted_hosts=hosts)}"


@alternative(OWN_ORIGIN)
def origin_by_pattern(scheme: str, host: str, hosts: Collection[str]) -> str:
    """One pattern out of all names; one that begins with a dot has any labels before it."""
    names = "|".join(re.escape(name) if name[0] != "." else f"[a-z0-9.-]+{re.escape(name)}" for name in hosts)
    if not names or not re.fullmatch(f"(?:{names})(?::[1-9][0-9]{{0,4}})?", host):
        raise BadRequest
    return "://".join((scheme, host))


@alternative(ORIGIN)
def from_an_allow_list(origin: str | None, own_origin: str) -> bool:
    """A set of one, ready for a second name."""
    return origin in {own_origin}


@alternative(ORIGIN)
def whatever_the_case(origin: str | None, own_origin: str) -> bool:
    """Schemes and hosts have no case (RFC 6454): browsers write small letters, a setting may have others."""
    return origin is not None and origin.lower() == own_origin.lower()


@alternative(ORIGIN)
def part_by_part(origin: str | None, own_origin: str) -> bool:
    """Scheme and what comes after it, each by itself, and nothing else in it."""
    if not origin or origin == "null":
        return False
    try:
        theirs, ours = urlsplit(origin), urlsplit(own_origin)
    except ValueError:  # a bracket without its other half
        return False
    same = theirs.scheme == ours.scheme and theirs.netloc == ours.netloc
    return same and not (theirs.path or theirs.query or theirs.fragment) and origin[-1] not in "?#"


@alternative(CSRF_TOKEN)
def token_by_digest(session_id: str, key: bytes) -> str:
    """HMAC in one call, with a label of its own before the id."""
    return hmac.digest(key, f"forms of session {session_id}".encode(), "sha256").hex()


@alternative(CSRF_TOKEN)
def token_by_sha3(session_id: str, key: bytes) -> str:
    """SHA-3 cannot be continued where its text ends: with the key in front it is a signature."""
    return hashlib.sha3_256(key + b"authlab csrf:" + session_id.encode()).hexdigest()


@alternative(CSRF_TOKEN)
def token_by_keyed_blake2(session_id: str, key: bytes) -> str:
    """BLAKE2 takes a key by itself, and a label for the purpose."""
    short = hashlib.sha256(key).digest()  # it takes 64 bytes of key at most
    return hashlib.blake2b(session_id.encode(), key=short, person=b"authlab csrf", digest_size=32).hexdigest()


@alternative(CSRF_OK)
def ascii_first(sent: str | None, session_id: str, key: bytes) -> bool:
    """Text may be compared once it is known to be plain."""
    return isinstance(sent, str) and sent.isascii() and hmac.compare_digest(sent, csrf_token(session_id, key))


@alternative(CSRF_OK)
def digests_of_both(sent: str | None, session_id: str, key: bytes) -> bool:
    """Digests of what was sent and of what should have been: equal in length whatever was sent."""
    if not sent:
        return False
    expected = csrf_token(session_id, key)
    theirs, ours = (
        hashlib.sha256(text.encode("utf-16", "surrogatepass")).digest() for text in (sent, expected)
    )
    return hmac.compare_digest(theirs, ours)


@alternative(CSRF_OK)
def errors_are_a_no(sent: str | None, session_id: str, key: bytes) -> bool:
    """What cannot be compared is not the token."""
    try:
        return hmac.compare_digest(sent, csrf_token(session_id, key))  # type: ignore[type-var]
    except TypeError:
        return False


@alternative(SAFE_NEXT)
def letters_that_a_path_has(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """An allow list of letters, none of which a browser changes, and one slash at a time."""
    if not wanted:
        return default
    path, question, query = wanted.partition("?")
    plain = "abcdefghijklmnopqrstuvwxyz0123456789-._~%&=+"
    if not path.startswith("/") or "//" in path or set(path.lower()) - set(plain + "/") or "%" in path:
        return default
    return default if set(query.lower()) - set(plain + "/:") else path + question + query


@alternative(SAFE_NEXT)
def next_by_pattern(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """What addresses of ours look like, in one pattern: segments that are not empty, and a query."""
    character = r"(?:[\w.~!$&'()*+,;=:@-]|%(?:2[1-9a-e]|[3-46-7][0-9a-f]|5[0-9abd-f]|[89a-f][0-9a-f]))"
    path = rf"/|(?:/{character}+)+/?"
    address = rf"(?:{path})(?:\?(?:[\w.~!$&'()*+,;=:@/?-]|%[0-9a-f]{{2}})*)?(?:#[\w-]*)?"
    fits = re.fullmatch(address, wanted or "", re.ASCII | re.IGNORECASE)
    return wanted if wanted is not None and fits and "%7f" not in wanted.lower() else default


@alternative(SAFE_NEXT)
def next_taken_apart(wanted: str | None, own_origin: str, default: str = "/") -> str:
    """One question after the other, and the segments of the path looked at as they will be read."""
    if not wanted or wanted[0] != "/":
        return default
    if any(not 0x20 < ord(character) < 0x7F or character == "\\" for character in wanted):
        return default
    path = re.split("[?#]", wanted, maxsplit=1)[0]
    first, *segments = path.split("/")
    for number, segment in enumerate(segments):
        read = unquote(segment, "latin-1")
        if (not segment and number < len(segments) - 1) or re.search(r"[\x00-\x20\x7f/\\]", read):
            return default
    return wanted if first == "" else default


@alternative(JSON_BODY)
def body_by_hand(request: Request) -> dict[str, str]:
    """The header taken apart, and then whatever `json` makes of the bytes, field by field."""
    kind, _ = parse_options_header(request.headers.get("Content-Type"))
    if kind.lower() != "application/json":
        raise UnsupportedMediaType
    fields: dict[str, str] = {}
    try:
        for name, value in json.loads(request.get_data()).items():
            fields[name] = "" + value
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise UnprocessableEntity from error
    return fields


@alternative(JSON_BODY)
def body_by_pydantic(request: Request) -> dict[str, str]:
    """A model of what is wanted: a mapping from text to text, and nothing turned into it."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        return TypeAdapter(dict[str, str]).validate_json(request.get_data(), strict=True)
    except ValidationError:
        raise UnprocessableEntity from None


@alternative(URL_MAP)
def map_in_a_loop() -> Map:
    """An empty map, and one rule after the other."""
    urls = Map()
    for endpoint, (method, path, _) in ROUTES.items():
        urls.add(Rule(path, endpoint=endpoint, methods={method}))
    return urls


@alternative(URL_MAP)
def map_by_kind() -> Map:
    """A group for each kind of endpoint; Werkzeug puts its name before those of its members."""
    kinds: dict[str, list[Rule]] = {}
    for endpoint, (method, path, _) in ROUTES.items():
        kind, name = endpoint.split(".")
        kinds.setdefault(kind, []).append(Rule(path, endpoint=name, methods=[method]))
    return Map([EndpointPrefix(f"{kind}.", rules) for kind, rules in kinds.items()])


@alternative(FORGERY)
def forged_step_by_step(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """First the token, out of a page of one's own; then the form; then the page."""
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', mallory.get("/profile").text)
    form = {"role": "admin"}
    if found is not None:
        form["csrf"] = found.group(1)
    lure("https://evil.lab.test", "/admin/users/4/role", form)
    answer = mallory.get("/admin")
    return answer.text if answer.ok else ""


@alternative(FORGERY)
def forged_for_everybody(lure: Callable[[str, str, dict[str, str]], None], mallory: Browser) -> str:
    """Whoever does not know the own number tries them all, from both pages."""
    token = mallory.form_token()
    for page in ("https://evil.test", "https://evil.lab.test"):
        for number in range(1, 6):
            lure(page, f"/admin/users/{number}/role", {"role": "admin", "csrf": token})
    return mallory.get("/admin").text


@alternative(PROOF)
def proof_in_two_lists(safe_next: Callable[..., str]) -> None:
    """What must be kept, and what must not."""
    kept = ["/", "/devices", "/dashboard/settings", "/members?q=ada"]
    refused = [
        "//evil.test",
        "///evil.test",
        "////evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/\n/evil.test",
    ]
    refused += ["/\t/evil.test", "http:evil.test", "https://lab.test@evil.test", "https://evil.test/"]
    refused += ["javascript:alert(1)", ""]
    assert [safe_next(wanted, "https://lab.test", "/profile") for wanted in kept] == kept
    assert {safe_next(wanted, "https://lab.test", "/profile") for wanted in refused} == {"/profile"}


@alternative(PROOF)
def proof_with_a_helper(safe_next: Callable[..., str]) -> None:
    """A helper that says what is wanted, and a line for each trick."""

    def refuses(wanted: str) -> bool:
        return safe_next(wanted, own_origin="http://localhost:8000", default="/no") == "/no"

    assert safe_next("/profile", own_origin="http://localhost:8000") == "/profile"
    assert refuses("//evil.test")
    assert refuses("/////evil.test")
    assert refuses("/\\evil.test")
    assert refuses("/\t/evil.test")
    assert refuses("javascript:alert(1)")
    assert refuses("")
    assert refuses("http://localhost:8000.evil.test/")
