"""Right answers to lesson 7 in other styles than the package's: decided by what answers, not by a path."""

import logging
from collections import defaultdict
from urllib.parse import quote, urlunsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from authlab.course.bank import alternative
from authlab.course.kata.lesson_07_middleware import Middleware, led_to
from authlab.lab.browser import Browser
from authlab.middleware import POLICIES, Policy, classify, login_page
from authlab.request import Request
from authlab.responses import see_other
from authlab.routes import ROUTES

CLASSIFY = "authlab.middleware:classify"
OPTIMISTIC = "authlab.middleware:optimistic"
LOGIN_PAGE = "authlab.middleware:login_page"
READ = "authlab.course.kata.lesson_07_middleware:read_as_somebody"
PROVE = "authlab.course.kata.lesson_07_middleware:prove_middleware"


@alternative(CLASSIFY)
def classified_by_match(endpoint: str) -> Policy:
    """Each policy is a case, and what no case has thought of is closed."""
    match endpoint.split("."):
        case ["pages", "home" | "static" | "handbook_preview"] | ["actions", "logout"]:
            return "everybody"
        case ["api", "signup_available" | "session"]:
            return "everybody"
        case ["pages" | "actions", "signup" | "login"]:
            return "guests"
        case ["api", "me" | "set_own_phone" | "user" | "users"] | ["fragments", "members" | "devices"]:
            return "asks"
        case _:
            return "members"


@alternative(CLASSIFY)
def closed_until_it_is_known(endpoint: str) -> Policy:
    """Begin with the strictest, and let go of it only for an endpoint that is routed and listed."""
    policy: Policy = "members"
    if endpoint in ROUTES and endpoint in POLICIES:
        policy = POLICIES[endpoint]
    return policy


@alternative(CLASSIFY)
def classified_by_a_search(endpoint: str) -> Policy:
    """Go through the exceptions; whoever comes to the end is no exception."""
    for name, policy in POLICIES.items():
        if name == endpoint:
            return policy
    return "members"


@alternative(CLASSIFY)
def classified_or_refused(endpoint: str) -> Policy:
    """Ask, and take the error for an answer."""
    try:
        return POLICIES[endpoint]
    except KeyError:
        return "members"


@alternative(CLASSIFY)
def classified_by_a_default(endpoint: str) -> Policy:
    """A dictionary that knows its default."""
    policies: defaultdict[str, Policy] = defaultdict(lambda: "members", POLICIES)
    return policies[endpoint]


@alternative(OPTIMISTIC)
def decided_by_match(request: Request, endpoint: str) -> Response | None:
    """One pattern for each pair that leads away, and a last one for all others."""
    match classify(endpoint), request.session, request.method:
        case "members", None, _:
            return see_other(login_page(request))
        case "guests", session, "GET" | "HEAD" if session is not None:
            return see_other("/dashboard")
        case _:
            return None


@alternative(OPTIMISTIC)
def decided_by_one_address(request: Request, endpoint: str) -> Response | None:
    """First where to, then whether: the redirect is made by hand, and nothing is noted."""
    for_whom, signed_in = classify(endpoint), request.session is not None
    opens = request.method in {"GET", "HEAD"}
    where = "/dashboard" if signed_in and opens else None if signed_in else login_page(request)
    if where is None or for_whom != ("guests" if signed_in else "members"):
        return None
    return Response(status=303, headers={"Location": where})


@alternative(OPTIMISTIC)
def decided_by_a_table(request: Request, endpoint: str) -> Response | None:
    """Who comes, and what for: of the eight pairs, two lead elsewhere."""
    visitor = "guest" if request.session is None else "member"
    reads = request.method in ("GET", "HEAD")
    ways_round = {("guest", "members"): login_page(request)}
    if reads:
        ways_round["member", "guests"] = "/dashboard"
    way_round = ways_round.get((visitor, classify(endpoint)))
    request.note("middleware", f"a {visitor}: {way_round or 'go on'}")
    return None if way_round is None else see_other(way_round)


@alternative(OPTIMISTIC)
def decided_by_early_returns(request: Request, endpoint: str) -> Response | None:
    """One question after the other; the answer is a redirect or nothing."""
    policy = classify(endpoint)
    request.note("middleware", f"for {policy}")
    if policy in ("everybody", "asks"):
        return None
    if policy == "members":
        return see_other(login_page(request)) if request.session is None else None
    if request.session is None or request.method not in ("GET", "HEAD"):
        return None
    return see_other("/dashboard")


@alternative(OPTIMISTIC)
def decided_with_the_librarys_redirect(request: Request, endpoint: str) -> Response | None:
    """A form may not be sent on, hence 303; who opened a page is led on with 302, as most libraries do it."""
    policy = POLICIES.get(endpoint, "members")
    if not request.session and policy == "members":
        return redirect(login_page(request), 303)
    if request.session and policy == "guests" and request.method in ("GET", "HEAD"):
        return redirect("/dashboard")
    return None


@alternative(OPTIMISTIC)
def decided_for_each_visitor(request: Request, endpoint: str) -> Response | None:
    """First the visitor, then the page; the log hears of both, and of nothing that is secret."""
    logging.getLogger("middleware").info("%s %s", request.method, endpoint)
    if request.session is None:
        return see_other(login_page(request)) if classify(endpoint) == "members" else None
    changes = request.method not in {"GET", "HEAD"}
    return None if changes or classify(endpoint) != "guests" else see_other("/dashboard")


@alternative(LOGIN_PAGE)
def login_page_in_pieces(request: Request) -> str:
    """Path and query are put together by the library: no scheme, no host."""
    if request.method == "POST":
        return "/login"
    wanted = urlunsplit(("", "", request.path, request.text_of_query, ""))
    return urlunsplit(("", "", "/login", f"next={quote(wanted, safe='')}", ""))


@alternative(LOGIN_PAGE)
def login_page_by_quoting(request: Request) -> str:
    """What a form wanted cannot be done again, so only the address of a page is kept, query and all."""
    kept = {"GET", "HEAD"}
    query = f"?{request.text_of_query}" if request.text_of_query else ""
    return f"/login?next={quote(request.path + query, safe='')}" if request.method in kept else "/login"


@alternative(READ)
def reads_their_own_profile(browser: Browser) -> str:
    """Is member 3, and looks at the profile."""
    return browser.get("/profile", headers={"X-User-Id": "3", "X-Middleware-Subrequest": "middleware"}).text


@alternative(READ)
def tries_every_number(browser: Browser) -> str:
    """Does not know who is an admin, and asks as one member after the other."""
    pages = []
    for number in range(1, 6):
        headers = {"x-middleware-subrequest": "middleware", "x-user-id": str(number)}
        for path in ("/profile", "/admin", "/members"):
            pages.append(browser.get(path, headers=headers).text)
    return "\n".join(pages)


@alternative(READ)
def signs_up_before(browser: Browser) -> str:
    """Has an account of her own, and is somebody else for one request."""
    form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}
    browser.post("/signup", form)
    headers = {"X-Middleware-Subrequest": "middleware", "X-User-Id": "2"}
    return browser.request("GET", "/members/member-3", headers=headers).text


@alternative(PROVE)
def proven_by_a_table(optimistic: Middleware) -> None:
    """Requests and where they lead, row by row."""
    login = "/login?next=%2Fhandbook"
    guests = {
        "/": None,
        "/login": None,
        "/signup": None,
        "/static/style.css": None,
        "/handbook-preview": None,
        "/api/me": None,
        "/handbook": login,
        "/handbook/first-week.html": f"{login}%2Ffirst-week.html",
        "/handbook/floor-plan.png": f"{login}%2Ffloor-plan.png",
        "/dashboard": "/login?next=%2Fdashboard",
        "/dashboard/settings": "/login?next=%2Fdashboard%2Fsettings",
        "/profile": "/login?next=%2Fprofile",
        "/%68andbook": login,
    }
    members = dict.fromkeys(guests) | {"/login": "/dashboard", "/signup": "/dashboard"}
    for method in ("GET", "HEAD"):
        for target, where in guests.items():
            assert led_to(optimistic, target, method=method) == where, target
            assert led_to(optimistic, target, method=method, visitor="forger") == where, target
        for target, where in members.items():
            assert led_to(optimistic, target, method=method, visitor="Ada") == where, target
    for form in ("/login", "/devices/end"):
        assert led_to(optimistic, form, method="POST", visitor="Ada") is None, form
    for name in ("X-Middleware-Subrequest", "X-User-Id", "X-Original-URL", "X-Forwarded-For"):
        for value in ("1", "middleware", "/", "127.0.0.1"):
            assert led_to(optimistic, "/handbook", headers={name: value}) == login, name


@alternative(PROVE)
def proven_by_collecting(optimistic: Middleware) -> None:
    """Whatever differs is written down; one `assert` at the end shows all of it."""
    differs = []

    def expect(where: str | None, target: str, **how: object) -> None:
        if led_to(optimistic, target, **how) != where:  # type: ignore[arg-type]
            differs.append((target, how))

    for page in ("/handbook", "/handbook/first-week.html", "/handbook/floor-plan.png", "/profile"):
        login = f"/login?next={quote(page, safe='')}"
        expect(login, page)
        expect(login, page, method="HEAD")
        expect(login, page, visitor="forger")
        expect("/login", page, method="DELETE")
        expect(None, page, visitor="Ada")
        for name in ("X-User-Id", "X-Middleware-Subrequest", "Accept"):
            expect(login, page, headers={name: "1"})
    for page in ("/", "/handbook-preview", "/static/style.css", "/api/me"):
        expect(None, page)
        expect(None, page, visitor="Ada")
    for page in ("/login", "/signup"):
        expect(None, page)
        expect(None, page, visitor="Ada", method="POST")
        expect("/dashboard", page, visitor="Ada")
    expect("/login?next=%2Fhandbook", "/%68andbook")
    assert not differs, differs


@alternative(PROVE)
def proven_by_what_may_not_differ(optimistic: Middleware) -> None:
    """Two requests that mean the same are led the same way; who is stopped, and who is not, is said once."""

    def asked(target: str, **how: object) -> tuple[str | None, bool]:
        where = led_to(optimistic, target, **how)  # type: ignore[arg-type]
        return where, where is not None

    closed = ["/handbook", "/handbook/first-week.html", "/handbook/floor-plan.png", "/dashboard/settings"]
    for page in closed:
        where, led_away = asked(page)
        assert led_away
        assert where != "/dashboard"
        assert asked(page, method="HEAD") == asked(page) == asked(page, visitor="forger")
        assert not asked(page, visitor="Ada")[1]
        for header in ("X-User-Id", "X-Middleware-Subrequest"):
            assert asked(page, headers={header: "2"}) == asked(page)
    assert asked("/%68andbook") == asked("/handbook")
    for open_page in ("/", "/handbook-preview", "/static/style.css"):
        assert asked(open_page) == asked(open_page, visitor="Ada") == (None, False)
    assert not asked("/login")[1]
    assert not asked("/api/me")[1]
    assert not asked("/login", method="POST", visitor="Ada")[1]
    assert not asked("/login", method="POST")[1]
    assert asked("/signup", visitor="Ada") == asked("/login", visitor="Ada") == ("/dashboard", True)
