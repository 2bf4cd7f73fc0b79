"""Wrong ways to decide, before any page runs, who may go on: by the path, by a pattern, by a header.

Each is right but for what it looks at. That they open the handbook and nothing else is the data access layer's doing.
"""

import logging
import re
from urllib.parse import quote, unquote, urlsplit

from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from authlab.course.bank import flaw
from authlab.course.kata.lesson_07_middleware import Middleware, led_to
from authlab.course.mounting import original
from authlab.dal import verify_session
from authlab.db import UserRow, user_by_id
from authlab.errors import NotSignedIn
from authlab.lab.browser import Browser
from authlab.middleware import POLICIES, Policy, classify, login_page
from authlab.request import Request
from authlab.responses import see_other

CLASSIFY = "authlab.middleware:classify"
OPTIMISTIC = "authlab.middleware:optimistic"
VERIFY = "authlab.dal:verify_session"
READ = "authlab.course.kata.lesson_07_middleware:read_as_somebody"
PROOF = "authlab.course.kata.lesson_07_middleware:prove_middleware"

MEMBERS_PATHS = ("/handbook", "/dashboard", "/profile", "/devices", "/members", "/admin")
GUESTS_PATHS = ("/login", "/signup")


# The list of paths


@flaw(
    OPTIMISTIC,
    attack=55,
    caught_by="test_a_page_below_a_page_is_as_closed",
    misconception="Two lists of paths know the pages of the day they were written: what came later is open, and `/` is lost to who is signed in.",
)
def the_guides_two_lists(request: Request, endpoint: str) -> Response | None:
    """The guide's middleware: one list of protected routes, one of public ones."""
    protected_routes = ["/dashboard", "/profile", "/devices", "/members", "/admin", "/handbook"]
    public_routes = ["/login", "/signup", "/"]
    # The guide's matcher: what the middleware does not run on.
    if re.match(r"/(api|_next/static|_next/image|.*\.png$)", request.path):
        return None
    if request.path in protected_routes and request.session is None:
        return see_other(login_page(request))
    if request.path in public_routes and request.session is not None:
        return see_other("/dashboard")
    return None


@flaw(
    OPTIMISTIC,
    attack=55,
    caught_by="test_a_page_below_a_page_is_as_closed",
    misconception="A list of exact paths holds what there was when it was written: the page that came later is open. Close what is on no list.",
)
def pages_of_that_day(request: Request, endpoint: str) -> Response | None:
    """The guide's `protectedRoutes`: every protected page is on the list."""
    listed = (*MEMBERS_PATHS, "/dashboard/settings", "/handbook/floor-plan.html", "/handbook/floor-plan.png")
    return _decide(request, for_members=request.path in listed)


@flaw(
    CLASSIFY,
    attack=55,
    caught_by="test_a_page_on_no_list_is_for_members",
    misconception="What is on no list is for everybody here, so whoever forgets to add a page has opened it: the default must be closed.",
)
def open_unless_listed(endpoint: str) -> Policy:
    """Most of a site is public, so the few endpoints that are not are listed."""
    listed = {f"pages.{path.strip('/')}" for path in MEMBERS_PATHS}
    return "members" if endpoint in listed else POLICIES.get(endpoint, "everybody")


@flaw(
    CLASSIFY,
    attack=55,
    caught_by="test_a_page_on_no_list_is_for_members",
    misconception="That pages ask by themselves holds for those whose author thought of it, and for no static file: close what is on no list.",
)
def pages_say_it_themselves(endpoint: str) -> Policy:
    """The data access layer decides anyway, so a page on no list may go on and ask it."""
    return POLICIES.get(endpoint, "asks")


@flaw(
    CLASSIFY,
    attack=55,
    caught_by="test_a_page_on_no_list_is_for_members",
    misconception="`get` without a default answers None, which is none of the policies: whoever compares it with `members` lets everybody go on.",
)
def nothing_for_a_new_page(endpoint: str) -> Policy:
    """What the mapping does not have is nothing special."""
    return POLICIES.get(endpoint)  # type: ignore[return-value]


@flaw(
    CLASSIFY,
    caught_by="test_a_page_on_no_list_is_for_members",
    misconception="`POLICIES` lists the exceptions, and all pages for members are on no list: a KeyError turns each of them into a 500.",
)
def every_page_expected_on_the_list(endpoint: str) -> Policy:
    """Each endpoint has a policy, so it can be looked up."""
    return POLICIES[endpoint]


@flaw(
    CLASSIFY,
    caught_by="test_a_new_answer_to_scripts_is_for_members",
    misconception="What is named like the ones that ask by themselves need not ask: the name says who wrote it where, not what it does.",
)
def decided_by_the_module(endpoint: str) -> Policy:
    """APIs and fragments answer 401 by themselves, all of them."""
    if endpoint.startswith(("api.", "fragments.")):
        return POLICIES.get(endpoint, "asks")
    return POLICIES.get(endpoint, "members")


@flaw(
    CLASSIFY,
    caught_by="test_a_new_form_is_for_members",
    misconception="The check against other sites' forms says that one of our pages sent it, and not that its sender may.",
)
def forms_are_checked_already(endpoint: str) -> Policy:
    """Forms carry a token that only our pages have, so they need no second check."""
    return POLICIES.get(endpoint, "everybody" if endpoint.startswith("actions.") else "members")


@flaw(
    CLASSIFY,
    caught_by="test_a_name_that_begins_like_a_public_one_is_another",
    misconception="`pages.home_of_admins` begins with `pages.home`, and is another page: names are compared as a whole.",
)
def named_like_a_listed_one(endpoint: str) -> Policy:
    """What begins with a listed name belongs to it."""
    for listed, policy in POLICIES.items():
        if endpoint.startswith(listed):
            return policy
    return "members"


@flaw(
    CLASSIFY,
    caught_by="test_what_no_router_knows_is_for_members",
    misconception="A name that is written differently is another name to the router, and not on the list: it is closed like all the others.",
)
def spelling_does_not_matter(endpoint: str) -> Policy:
    """Capitals and spaces are slips of whoever has written the name."""
    return POLICIES.get(endpoint.strip().lower(), "members")


@flaw(
    CLASSIFY,
    caught_by="test_what_no_router_knows_is_for_members",
    misconception="An error page or a name with a slip is no reason to open: the one default is `members`, without exceptions.",
)
def no_endpoint_no_secret(endpoint: str) -> Policy:
    """What is no name of a page has nothing to protect."""
    known = endpoint.partition(".")[0] in ("pages", "actions", "api", "fragments")
    return POLICIES.get(endpoint, "members" if known else "everybody")


@flaw(
    CLASSIFY,
    caught_by="test_a_name_that_ends_like_a_public_one_is_another",
    misconception="`reports.static` ends like `pages.static`, and may hold reports: who it is for says its line in `POLICIES`, and it has none.",
)
def public_in_every_module(endpoint: str) -> Policy:
    """Stylesheets and health checks are public, whichever module they belong to."""
    if endpoint.endswith((".static", ".health")):
        return "everybody"
    return POLICIES.get(endpoint, "members")


@flaw(
    CLASSIFY,
    caught_by="test_a_name_that_ends_like_a_public_one_is_another",
    misconception="Only the handbook's preview is listed: a preview of the salaries shows salaries, and is for members like all that is not listed.",
)
def previews_show_nothing(endpoint: str) -> Policy:
    """A preview is made for those who are not in yet, so each of them is for everybody."""
    return "everybody" if endpoint.endswith("_preview") else POLICIES.get(endpoint, "members")


@flaw(
    CLASSIFY,
    caught_by="test_a_name_that_sounds_public_is_for_members",
    misconception="Such a page is for guests once somebody has listed it. A name that opens by itself opens whatever is called alike, seen by nobody.",
)
def who_forgot_is_a_guest(endpoint: str) -> Policy:
    """Who has forgotten a password cannot log in, so those pages have to be open, without a list."""
    if "forgot" in endpoint or "reset" in endpoint:
        return "guests"
    return POLICIES.get(endpoint, "members")


@flaw(
    CLASSIFY,
    caught_by="test_a_new_form_is_for_members",
    misconception="A page and a form of one name are two endpoints: that one is for everybody says nothing about the other.",
)
def a_form_is_for_whom_its_page_is(endpoint: str) -> Policy:
    """Whoever may see the page may send its form, so the name behind the dot is enough."""
    by_name = {listed.partition(".")[2]: policy for listed, policy in POLICIES.items()}
    return by_name.get(endpoint.partition(".")[2], "members")


@flaw(
    CLASSIFY,
    caught_by="test_each_exception_is_on_the_list",
    misconception="What is written twice differs sooner or later: here a script that asks who is signed in is led to a login page. `POLICIES` has it all.",
)
def listed_once_more(endpoint: str) -> Policy:
    """A set for each policy reads better than a mapping."""
    everybody = {
        "pages.home",
        "pages.static",
        "pages.handbook_preview",
        "actions.logout",
        "api.signup_available",
    }
    if endpoint in everybody:
        return "everybody"
    if endpoint in {"pages.login", "pages.signup", "actions.login", "actions.signup"}:
        return "guests"
    asks = {"api.me", "api.set_own_phone", "api.user", "api.users", "fragments.members", "fragments.devices"}
    return "asks" if endpoint in asks else "members"


@flaw(
    OPTIMISTIC,
    attack=56,
    caught_by="test_what_only_begins_alike_is_another_page",
    misconception="`/handbook-preview` begins with `/handbook` as well, and is another page: a prefix ends at a slash, or is no prefix of a path.",
)
def begins_like_a_closed_page(request: Request, endpoint: str) -> Response | None:
    """Everything below a protected page begins with its path."""
    return _decide(request, for_members=request.path.startswith(MEMBERS_PATHS))


@flaw(
    OPTIMISTIC,
    attack=56,
    caught_by="test_what_only_begins_alike_is_another_page",
    misconception="A pattern without its end matches whatever goes on from there: `/handbook-preview` is shut with `/handbook`.",
)
def pattern_without_an_end(request: Request, endpoint: str) -> Response | None:
    """One pattern for all protected pages, with whatever comes after them."""
    return _decide(request, for_members=re.match("|".join(MEMBERS_PATHS), request.path) is not None)


# The matcher: what the middleware does not even look at


@flaw(
    OPTIMISTIC,
    attack=57,
    caught_by="test_a_picture_is_as_closed_as_its_page",
    misconception="A picture can be as confidential as a page: what a path ends with says nothing about who may see it.",
)
def pictures_need_no_check(request: Request, endpoint: str) -> Response | None:
    """The guide's matcher: pictures and styles are skipped, to save the work."""
    if request.path.endswith((".png", ".svg", ".css", ".js")):
        return None
    return _decide(request, for_members=_is_below(request.path))


@flaw(
    OPTIMISTIC,
    attack=57,
    caught_by="test_a_picture_is_as_closed_as_its_page",
    misconception="A dot in the last segment makes it a file and not a public one: the handbook's pages are files, too.",
)
def files_need_no_check(request: Request, endpoint: str) -> Response | None:
    """Pages have no dot in their path; what has one is a file that the web server could send as well."""
    if "." in request.path.rpartition("/")[2]:
        return None
    return _decide(request, for_members=_is_below(request.path))


@flaw(
    OPTIMISTIC,
    attack=57,
    caught_by="test_a_query_makes_no_page_a_picture",
    misconception="The end of the whole address is the query, and that is the visitor's to write: `/handbook?x=.png` is a page.",
)
def address_that_ends_like_a_picture(request: Request, endpoint: str) -> Response | None:
    """Pictures and styles are skipped, and an address that is one ends with its kind."""
    if re.search(r"\.(?:png|svg|css|js)$", request.url):
        return None
    return _decide(request, for_members=_is_below(request.path))


@flaw(
    OPTIMISTIC,
    caught_by="test_no_ending_opens_a_page",
    misconception="Where a page is decided by what answers it, nothing has to be skipped: `/handbook/robots.txt` is a file of the handbook.",
)
def files_that_browsers_ask_for(request: Request, endpoint: str) -> Response | None:
    """Browsers and robots ask for these by themselves, and there is nothing in them."""
    if request.path.endswith((".ico", ".svg", ".css", "robots.txt")):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_the_endpoint_decides_whatever_the_path",
    misconception="It decides by the address once more: the page that answers there tomorrow is open as well, whatever `classify` says.",
)
def open_addresses_first(request: Request, endpoint: str) -> Response | None:
    """The start page and the styles are asked for most, so they are let through before anything is looked up."""
    if request.path == "/" or request.path.startswith("/static/"):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_new_answer_to_scripts_is_closed_until_it_is_listed",
    misconception="Those that are listed ask by themselves; the next one may have forgotten it, and `classify` closes it: its answer is the one that counts.",
)
def apis_ask_by_themselves(request: Request, endpoint: str) -> Response | None:
    """Scripts are never led to a page: what their module answers is 401."""
    if endpoint.startswith(("api.", "fragments.")):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_query_opens_no_page",
    misconception="A query is a part of the address that anybody can add: what it opens is open to everybody.",
)
def previews_by_query(request: Request, endpoint: str) -> Response | None:
    """Editors send links with `?preview=1`, so that somebody without an account can have a look."""
    if "preview" in request.args or "token" in request.args:
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


# The path as it was sent


@flaw(
    OPTIMISTIC,
    attack=58,
    caught_by="test_another_spelling_is_the_same_page",
    misconception="The router decodes `%68` before it chooses the page: who compares the text as it was sent compares something else.",
)
def path_as_it_was_sent(request: Request, endpoint: str) -> Response | None:
    """The request line is what the browser asked for, before anybody has touched it."""
    return _decide(request, for_members=_is_below(_sent_path(request)))


@flaw(
    OPTIMISTIC,
    attack=58,
    caught_by="test_another_spelling_is_the_same_page",
    misconception="The server decodes `%2F` to a slash and then splits; who splits first sees one long segment that is on no list.",
)
def split_and_then_decoded(request: Request, endpoint: str) -> Response | None:
    """An encoded slash belongs to a name, so the path is split first and each segment decoded after that."""
    first = unquote(_sent_path(request).lstrip("/").split("/")[0])
    return _decide(request, for_members=f"/{first}" in MEMBERS_PATHS)


@flaw(
    OPTIMISTIC,
    attack=58,
    caught_by="test_another_spelling_is_the_same_page",
    misconception="The router does more than decode: for it `//handbook` is `/handbook`, and for this check a path on no list.",
)
def decoded_by_hand(request: Request, endpoint: str) -> Response | None:
    """The request line with its percent signs resolved is the path."""
    path = str(request.environ.get("REQUEST_URI", request.path)).partition("?")[0]
    return _decide(request, for_members=_is_below(unquote(path)))


# The method


@flaw(
    OPTIMISTIC,
    attack=60,
    caught_by="test_head_is_decided_as_get_is",
    misconception="HEAD answers with all headers of the page: that it is there, how large it is, what it is. It is GET without a body, and as closed.",
)
def pages_are_read_with_get(request: Request, endpoint: str) -> Response | None:
    """Pages are read with GET, and forms have a check of their own."""
    if request.method != "GET":
        return None
    answer: Response | None = original(OPTIMISTIC)(request, endpoint)
    return answer


@flaw(
    OPTIMISTIC,
    caught_by="test_a_guest_is_led_away_whatever_the_method",
    misconception="A list of methods has the hole that a list of paths has: what is not on it goes on. DELETE does more than GET, and is as closed.",
)
def methods_that_the_app_has(request: Request, endpoint: str) -> Response | None:
    """Pages are opened with GET and HEAD, forms are sent with POST: there is no other."""
    if request.method not in ("GET", "HEAD", "POST"):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


# Headers that anybody can write


@flaw(
    OPTIMISTIC,
    caught_by="test_no_header_says_what_is_wanted",
    misconception="`Accept` is the visitor's wish: whoever wishes for JSON at the handbook goes on, and gets the handbook. `classify` knows what asks by itself.",
)
def json_is_for_scripts(request: Request, endpoint: str) -> Response | None:
    """A script can do nothing with a login page, and a script asks for JSON."""
    if request.accept_mimetypes.best == "application/json" or request.is_json:
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_no_header_says_which_method_was_meant",
    misconception="The router has chosen by the method that was sent: a header that names another one makes this check decide about another request.",
)
def method_that_was_meant(request: Request, endpoint: str) -> Response | None:
    """HTML forms know GET and POST only; which method was meant says X-HTTP-Method-Override."""
    request.method = request.headers.get("X-HTTP-Method-Override", request.method).upper()
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_no_address_is_inside",
    misconception="Behind a proxy on the same machine everybody comes from 127.0.0.1: where a connection comes from proves nobody.",
)
def from_this_machine(request: Request, endpoint: str) -> Response | None:
    """X-Forwarded-For can be made up, the address of a connection cannot: from here come only our own."""
    if request.remote_addr in ("127.0.0.1", "::1"):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_switches_the_check_off",
    misconception="CVE-2025-29927: a header that switches the check off does so for whoever sends it.",
)
def asked_by_the_middleware_itself(request: Request, endpoint: str) -> Response | None:
    """A request that the middleware sends to itself must not be checked again, or it goes round for ever."""
    if "X-Middleware-Subrequest" in request.headers:
        return None
    answer: Response | None = original(OPTIMISTIC)(request, endpoint)
    return answer


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_says_who_somebody_is",
    misconception="X-User-Id is the visitor's word unless a gateway of ours removes theirs first, and then only behind that gateway.",
)
def known_to_the_gateway(request: Request, endpoint: str) -> Response | None:
    """The gateway has checked the session already and says who it is."""
    if request.headers.get("X-User-Id", "").isdecimal():
        return None
    answer: Response | None = original(OPTIMISTIC)(request, endpoint)
    return answer


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_names_another_page",
    misconception="The check looks at the path that a header names, and the router at the one that was asked for: two paths, one of them free.",
)
def path_before_it_was_rewritten(request: Request, endpoint: str) -> Response | None:
    """The proxy rewrites addresses, and X-Original-URL has the one that the visitor asked for."""
    return _decide(request, for_members=_is_below(request.headers.get("X-Original-URL", request.path)))


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_says_from_where_somebody_comes",
    misconception="The first entry of X-Forwarded-For is the visitor's word: anybody is from inside who says so.",
)
def from_inside(request: Request, endpoint: str) -> Response | None:
    """Our own machines read the handbook for the search, and come from inside."""
    if request.access_route and request.access_route[0] in ("127.0.0.1", "::1"):
        return None
    answer: Response | None = original(OPTIMISTIC)(request, endpoint)
    return answer


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_says_from_where_somebody_comes",
    misconception="The Referer is a header like any other: it tells which link was followed, if it tells anything, and never who follows it.",
)
def comes_from_a_page_of_ours(request: Request, endpoint: str) -> Response | None:
    """Who comes from a page of ours was let in there, and need not be asked again."""
    if request.headers.get("Referer", "").startswith(request.host_url):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_says_who_somebody_is",
    misconception="Everybody is a search engine who says so: what it may read, the world may.",
)
def search_engines_may_read(request: Request, endpoint: str) -> Response | None:
    """The handbook should be found, so the robots of search engines are let in."""
    if "bot" in request.headers.get("User-Agent", "").lower():
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_says_who_somebody_is",
    misconception="That there is an Authorization header says that somebody has written one: nobody has looked at what is in it.",
)
def bearers_are_checked_later(request: Request, endpoint: str) -> Response | None:
    """Who comes with a token of another kind is checked by whoever knows that kind."""
    if "Authorization" in request.headers:
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_switches_the_check_off",
    misconception="A script of ours writes that header, and so can whoever has no script: which endpoints answer by themselves says `classify`.",
)
def scripts_say_what_they_are(request: Request, endpoint: str) -> Response | None:
    """Scripts cannot follow a redirect to a page, and they say that they are scripts."""
    if request.headers.get("X-Requested-With") == "XMLHttpRequest":
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_a_prefetch_is_decided_as_a_visit",
    misconception="`Sec-Purpose: prefetch` is a header like any other: what is sent ahead of a click is the page, whoever asks for it.",
)
def prefetches_need_no_check(request: Request, endpoint: str) -> Response | None:
    """Pages that are fetched ahead are many, and most are never looked at: the visit itself is checked."""
    if "prefetch" in (request.headers.get("Sec-Purpose"), request.headers.get("Purpose")):
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


# What it reads of the session


@flaw(
    OPTIMISTIC,
    caught_by="test_a_cookie_that_nobody_signed_is_no_session",
    misconception="Anybody can write a cookie of that name: `request.session` is what is left of it once the signature and the time are checked.",
)
def a_cookie_is_there(request: Request, endpoint: str) -> Response | None:
    """The cookie is set at login, so whoever has one has logged in."""
    return _by_policy(request, endpoint, signed_in="__Host-session" in request.cookies)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_signature_is_checked_and_not_only_looked_at",
    misconception="What a token says can be read without a key, and so can it be written: only the signature, which `request.session` has checked, makes it ours.",
)
def reads_the_token_itself(request: Request, endpoint: str) -> Response | None:
    """An optimistic check needs no key: what the token says can be read without one."""
    claims = request.cookies.get("__Host-session", "").split(".")[1:2]
    return _by_policy(request, endpoint, signed_in=any(part.startswith("eyJ") for part in claims))


@flaw(
    OPTIMISTIC,
    caught_by="test_no_other_cookie_is_a_session",
    misconception="That cookie stays when its owner logs out, and is meant to: it says that a browser was here once, and not that somebody is signed in.",
)
def a_browser_that_is_known(request: Request, endpoint: str) -> Response | None:
    """Who has the cookie of a known browser has logged in before, and may read on."""
    known = request.session is not None or "__Host-device" in request.cookies
    if classify(endpoint) == "members" and known:
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_no_log_hears_the_cookie",
    misconception="The cookies of a request hold the session's token: whoever reads that line of the log is signed in as its owner.",
)
def each_request_is_logged(request: Request, endpoint: str) -> Response | None:
    """It runs before every request, so it is the place to write each of them down, for later."""
    print(request.method, request.path, dict(request.cookies))
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_no_log_hears_the_secret_in_it",
    misconception="Printed whole, a session tells its secret as well: a log needs the number of the user, and no more.",
)
def who_comes_is_logged(request: Request, endpoint: str) -> Response | None:
    """The log says who asked for what; the cookie itself stays out of it."""
    logging.getLogger("middleware").info("%s for %s", endpoint, request.session)
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_it_asks_the_database_nothing",
    misconception="It runs before every request, also before those that a browser makes ahead of a click: a query here is a query for each of them.",
)
def proven_before_each_page(request: Request, endpoint: str) -> Response | None:
    """Better safe than sorry: whoever comes is looked up first, for all pages at once."""
    try:
        verify_session(request)
    except NotSignedIn:
        return _by_policy(request, endpoint, signed_in=False)
    return _by_policy(request, endpoint, signed_in=True)


@flaw(
    OPTIMISTIC,
    caught_by="test_it_asks_the_database_nothing",
    misconception="Who is an admin is asked where the admins' data is: here it is asked twice, and before every click that somebody may make.",
)
def admins_are_looked_up(request: Request, endpoint: str) -> Response | None:
    """The page for admins is worth a question, and it is only the one."""
    if endpoint == "pages.admin" and request.session is not None:
        verify_session(request)
    return _by_policy(request, endpoint, signed_in=request.session is not None)


# Where it leads, and whom


@flaw(
    OPTIMISTIC,
    caught_by="test_a_member_is_led_away_from_pages_for_guests",
    misconception="Half of the convenience is missing: who is signed in is asked for a password once more, where they wanted their dashboard.",
)
def members_may_log_in_again(request: Request, endpoint: str) -> Response | None:
    """A middleware keeps guests out. A login form does no harm to a member."""
    return _by_policy(request, endpoint, signed_in=False) if request.session is None else None


@flaw(
    OPTIMISTIC,
    caught_by="test_a_member_goes_on",
    misconception="Only pages for guests lead a member away: here Ada is on her dashboard whichever of her pages she asks for.",
)
def members_belong_on_their_dashboard(request: Request, endpoint: str) -> Response | None:
    """Guests belong at the login, members on their dashboard: each is led to their place."""
    elsewhere = classify(endpoint) in ("guests", "members") and endpoint != "pages.dashboard"
    if request.session is not None and elsewhere and request.method in ("GET", "HEAD"):
        return see_other("/dashboard")
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_no_browser_keeps_a_redirect",
    misconception="301 is kept: once Ada has logged out, her browser leads her from /login to the dashboard by itself, and from there she is led to /login.",
)
def the_login_has_moved_for_good(request: Request, endpoint: str) -> Response | None:
    """For who is signed in the login has moved: 301."""
    answer = _by_policy(request, endpoint, signed_in=request.session is not None)
    return answer if answer is None or request.session is None else redirect("/dashboard", 301)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_query_leads_nobody_elsewhere",
    misconception="`next` is the visitor's text, or somebody else's: `/login?next=//evil.test` is a link to us that ends on another site.",
)
def goes_where_next_says(request: Request, endpoint: str) -> Response | None:
    """Who is signed in already is led where they wanted to go after the login."""
    answer = _by_policy(request, endpoint, signed_in=request.session is not None)
    return see_other(request.args.get("next", "/dashboard")) if answer and request.session else answer


@flaw(
    OPTIMISTIC,
    caught_by="test_pages_for_everybody_are_open_to_members_too",
    misconception="A page for everybody is for members as well: the guide's `/` cannot be seen any more by who is signed in.",
)
def the_start_page_is_for_guests(request: Request, endpoint: str) -> Response | None:
    """Who is signed in has a dashboard, and is led there from the start page, too."""
    if endpoint == "pages.home" and request.session is not None:
        return see_other("/dashboard")
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_form_that_was_sent_goes_on",
    misconception="A redirect loses the form: Grace types her password at Ada's computer and lands on Ada's dashboard.",
)
def guests_forms_are_led_away(request: Request, endpoint: str) -> Response | None:
    """Who is signed in has no business at the login, whatever they send there."""
    if classify(endpoint) == "guests" and request.session is not None:
        return see_other("/dashboard")
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_head_is_decided_as_get_is",
    misconception="HEAD asks for the headers that GET would bring: the two must be led the same way, on guests' pages too.",
)
def only_get_is_led_away(request: Request, endpoint: str) -> Response | None:
    """Pages are opened with GET, so only GET is led from the login to the dashboard."""
    if request.method == "HEAD" and classify(endpoint) == "guests":
        return None
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_only_get_and_head_open_a_page",
    misconception="There are more methods than two: PUT and DELETE bring something as a form does, and a redirect would lose it.",
)
def what_is_no_post_opens(request: Request, endpoint: str) -> Response | None:
    """Forms are sent with POST, so whatever is not POST opens a page."""
    if request.session is not None:
        opens = classify(endpoint) == "guests" and request.method != "POST"
        return see_other("/dashboard") if opens else None
    return _by_policy(request, endpoint, signed_in=False)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_guest_opens_what_is_for_guests",
    misconception="A guest is led to the login, from the login too, and so round in a circle: the page that you lead to must be open.",
)
def guests_are_led_in_a_circle(request: Request, endpoint: str) -> Response | None:
    """Everything that is not for everybody needs a session."""
    if request.session is None and classify(endpoint) in ("guests", "members"):
        return see_other(login_page(request))
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_scripts_get_an_answer_and_no_page",
    misconception="A script that asks for JSON follows the redirect and gets a login page with status 200: let those endpoints answer 401.",
)
def scripts_are_led_away(request: Request, endpoint: str) -> Response | None:
    """Nobody is signed in, so nobody is answered: to the login with them all."""
    if request.session is None and classify(endpoint) == "asks":
        return see_other(login_page(request))
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_the_login_knows_the_way_back",
    misconception="The visitor wanted a page and finds themselves on another one after the login: `login_page` keeps the way back.",
)
def the_way_back_is_forgotten(request: Request, endpoint: str) -> Response | None:
    """Who is not signed in goes to /login."""
    answer = _by_policy(request, endpoint, signed_in=request.session is not None)
    return answer if answer is None or request.session is not None else see_other("/login")


@flaw(
    OPTIMISTIC,
    caught_by="test_a_form_of_a_guest_leads_to_the_login_and_not_back",
    misconception="After the login the browser would GET the address of a form, and get 405: there is nothing to go back to.",
)
def the_way_back_to_a_form(request: Request, endpoint: str) -> Response | None:
    """The login takes the visitor back to where they were."""
    if classify(endpoint) == "members" and request.session is None and request.method == "POST":
        return see_other(f"/login?next={quote(request.path, safe='')}")
    return _by_policy(request, endpoint, signed_in=request.session is not None)


@flaw(
    OPTIMISTIC,
    caught_by="test_a_form_is_not_sent_on_to_the_login",
    misconception="307 has the browser send the form once more, to the page it is led to: a new password arrives at the login. 303 does not.",
)
def the_form_is_sent_on(request: Request, endpoint: str) -> Response | None:
    """A redirect for the time being is a temporary redirect: 307."""
    answer = _by_policy(request, endpoint, signed_in=request.session is not None)
    return (
        answer if answer is None else Response(status=307, headers={"Location": answer.headers["Location"]})
    )


@flaw(
    OPTIMISTIC,
    caught_by="test_a_guest_is_led_to_the_login",
    misconception="401 leaves a visitor with an error page and no form: a middleware saves them the detour, the lock is elsewhere.",
)
def guests_are_refused(request: Request, endpoint: str) -> Response | None:
    """Who is not signed in is told so: 401."""
    answer = _by_policy(request, endpoint, signed_in=request.session is not None)
    return answer if answer is None or request.session is not None else Response(status=401)


# The lock believes the door: what the middleware lets through is taken for proven by the data access layer


def whom_the_middleware_names(request: Request) -> UserRow:
    """The middleware has checked the cookie and named its owner; to check it here would be to do it twice."""
    number = request.headers.get("X-User-Id", "")
    user = user_by_id(request.db, int(number)) if number.isdecimal() else None
    if user is None:
        raise NotSignedIn(stale=request.session is not None)
    return user


@flaw(
    OPTIMISTIC,
    attack=61,
    caught_by="test_no_header_switches_the_check_off",
    misconception="A value that only our own code knows is no secret once the code is open source: it switches the check off for whoever sends it.",
    companions={VERIFY: whom_the_middleware_names},
)
def hands_the_number_on(request: Request, endpoint: str) -> Response | None:
    """Checked once, at the door: who has passed is named in a header, which a visitor cannot write."""
    if request.headers.get("X-Middleware-Subrequest") == "middleware":
        return None  # one of our own, which was checked before
    request.environ.pop("HTTP_X_USER_ID", None)
    if request.session is not None:
        request.environ["HTTP_X_USER_ID"] = str(request.session.user_id)
    return _by_policy(request, endpoint, signed_in=request.session is not None)


# The loop: the middleware believes the token, the data access layer does not, and nobody takes it back


@flaw(
    VERIFY,
    attack=62,
    caught_by="test_a_cookie_that_we_never_signed_is_taken_back",
    misconception="The login page sends away whoever holds a token that looks good: unless the refused one is taken back, the visitor goes round in a circle.",
)
def the_login_page_will_do(request: Request) -> UserRow:
    """Who is not signed in goes to /login; a new login replaces the cookie anyway."""
    try:
        user: UserRow = original(VERIFY)(request)
    except NotSignedIn:
        raise NotSignedIn(stale=False) from None
    return user


@flaw(
    VERIFY,
    attack=62,
    caught_by="test_a_cookie_of_a_session_that_ended_is_taken_back",
    misconception="A token can be signed by us, not run out, and still prove nobody: the account is gone. That one has to be taken back as well.",
)
def only_forgeries_are_taken_back(request: Request) -> UserRow:
    """A cookie that we signed is good until it runs out; only another one has to be taken back."""
    try:
        user: UserRow = original(VERIFY)(request)
    except NotSignedIn:
        raise NotSignedIn(stale=request.has_refused_cookie) from None
    return user


# 7.3: attacks that miss


@flaw(
    READ,
    caught_by="test_it_reads_the_name_where_the_hole_is",
    misconception="The middleware takes the header out and writes its own: as long as it runs, nothing that you write there arrives.",
)
def writes_the_number(browser: Browser) -> str:
    """Whoever sends a number is that member."""
    return browser.get("/admin", headers={"X-User-Id": "2"}).text


@flaw(
    READ,
    caught_by="test_it_reads_the_name_where_the_hole_is",
    misconception="The door is open, and nobody is named behind it: what is asked there is who you are.",
)
def walks_past_the_middleware(browser: Browser) -> str:
    """Without the check the page is open."""
    return browser.get("/admin", headers={"X-Middleware-Subrequest": "middleware"}).text


@flaw(
    READ,
    caught_by="test_it_reads_the_name_where_the_hole_is",
    misconception="Past the middleware you are whom you say you are, and member 1 is no admin.",
)
def is_the_first_member(browser: Browser) -> str:
    """The first account is the administrator's."""
    headers = {"X-Middleware-Subrequest": "middleware", "X-User-Id": "1"}
    return browser.get("/admin", headers=headers).text


@flaw(
    READ,
    caught_by="test_it_reads_the_name_where_the_hole_is",
    misconception="The handbook is open to whoever gets past the middleware, and holds nobody's data: the name is elsewhere.",
)
def reads_the_handbook(browser: Browser) -> str:
    """Behind the middleware there is the handbook."""
    headers = {"X-Middleware-Subrequest": "middleware", "X-User-Id": "2"}
    return browser.get("/handbook", headers=headers).text


@flaw(
    READ,
    caught_by="test_it_reads_the_name_where_the_hole_is",
    misconception="The middleware compares the header's value as well: it knows its own requests by `middleware`.",
)
def any_value_will_do(browser: Browser) -> str:
    """The header only has to be there."""
    headers = {"X-Middleware-Subrequest": "1", "X-User-Id": "2"}
    return browser.get("/admin", headers=headers).text


@flaw(
    READ,
    caught_by="test_it_reads_the_name_where_the_hole_is",
    misconception="A header and a cookie are two things: what is in the `Cookie` header is not read as others are.",
)
def numbers_in_cookies(browser: Browser) -> str:
    """What a request says of its sender is in cookies."""
    browser.set_cookie("X-Middleware-Subrequest", "middleware")
    browser.set_cookie("X-User-Id", "2")
    return browser.get("/admin").text


# 7.4: proofs that prove too little, or too much


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_middleware_of_this_lesson",
    misconception="Most wrong versions stop a guest on a page that was there from the beginning: ask for the others.",
)
def the_pages_of_the_lists(optimistic: Middleware) -> None:
    """The pages that everybody knows are closed, so all are."""
    assert led_to(optimistic, "/dashboard") == "/login?next=%2Fdashboard"
    assert led_to(optimistic, "/profile") == "/login?next=%2Fprofile"
    assert led_to(optimistic, "/profile", visitor="Ada") is None
    assert led_to(optimistic, "/login") is None
    assert led_to(optimistic, "/login", visitor="Ada") == "/dashboard"


@flaw(
    PROOF,
    caught_by="test_it_fails_where_nobody_is_led_as_they_should_be",
    misconception="A comparison that is returned or printed makes no proof: only `assert` fails.",
)
def says_whether_it_is_closed(optimistic: Middleware) -> bool:
    """True means that it works."""
    return led_to(optimistic, "/handbook/floor-plan.png") is not None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_middleware_of_this_lesson",
    misconception="None has no `startswith`: on the very versions that let the guest go on, this crashes, and a crash proves nothing.",
)
def trips_over_none(optimistic: Middleware) -> None:
    """Wherever a guest wants to go, the address begins with /login."""

    def closed(target: str, method: str = "GET", **headers: str) -> bool:
        way = led_to(optimistic, target, method=method, headers=headers)
        return way.startswith("/login")  # type: ignore[union-attr]

    assert led_to(optimistic, "/", visitor="Ada") is None
    assert closed("/handbook/first-week.html")
    assert closed("/handbook/floor-plan.png")
    assert closed("/%68andbook")
    assert closed("/handbook", method="HEAD")


@flaw(
    PROOF,
    caught_by="test_it_spares_right_middleware",
    misconception="The address says where to go after the login: the whole of it is what a right version returns.",
)
def wants_the_bare_login(optimistic: Middleware) -> None:
    """Guests go to /login."""
    assert led_to(optimistic, "/handbook/first-week.html") == "/login"
    assert led_to(optimistic, "/handbook", method="HEAD") == "/login"


@flaw(
    PROOF,
    caught_by="test_it_spares_right_middleware",
    misconception="It asks for something that is not asked: the preview is for everybody, although its address begins like the handbook's.",
)
def closes_the_preview(optimistic: Middleware) -> None:
    """All of the handbook is closed."""
    for page in ("/handbook", "/handbook-preview", "/handbook/floor-plan.png"):
        assert led_to(optimistic, page) is not None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_middleware_of_this_lesson",
    misconception="A middleware that leads everybody to the login passes this as well: ask for those who must go on, too.",
)
def only_closed_pages(optimistic: Middleware) -> None:
    """What matters is that guests are stopped."""
    for page in ("/handbook", "/handbook/first-week.html", "/handbook/floor-plan.png", "/dashboard/settings"):
        assert led_to(optimistic, page) is not None
    for spelling in ("/%68andbook", "/handbook%2Ffloor-plan.html", "//handbook"):
        assert led_to(optimistic, spelling) is not None
    for header in ("X-Middleware-Subrequest", "X-User-Id"):
        assert led_to(optimistic, "/handbook", headers={header: "1"}) is not None
    assert led_to(optimistic, "/handbook", method="HEAD") is not None
    assert led_to(optimistic, "/handbook", visitor="forger") is not None


@flaw(
    PROOF,
    caught_by="test_it_catches_the_wrong_middleware_of_this_lesson",
    misconception="Where a member is led is half of the question: ask for Ada at `/login`, and on her own pages.",
)
def asks_as_a_guest(optimistic: Middleware) -> None:
    """A member may go everywhere, so there is little to ask about one."""
    for page in ("/handbook/first-week.html", "/handbook/floor-plan.png", "/%68andbook"):
        assert led_to(optimistic, page) is not None
        assert led_to(optimistic, page, method="HEAD") is not None
        assert led_to(optimistic, page, visitor="forger") is not None
        for header in ("X-Middleware-Subrequest", "X-User-Id"):
            assert led_to(optimistic, page, headers={header: "1"}) is not None
    for page in ("/", "/login", "/handbook-preview", "/api/me", "/static/style.css"):
        assert led_to(optimistic, page) is None
    assert led_to(optimistic, "/", visitor="Ada") is None
    assert led_to(optimistic, "/login", method="POST", visitor="Ada") is None


# What the flaws share with the package: all but what they look at


def _decide(request: Request, *, for_members: bool) -> Response | None:
    request.note("middleware", f"{request.path} is {'' if for_members else 'not '}for members only")
    if for_members and request.session is None:
        return see_other(login_page(request))
    for_guests = request.path in GUESTS_PATHS and request.method in ("GET", "HEAD")
    return see_other("/dashboard") if for_guests and request.session is not None else None


def _by_policy(request: Request, endpoint: str, *, signed_in: bool) -> Response | None:
    policy = classify(endpoint)
    if policy == "members" and not signed_in:
        return see_other(login_page(request))
    if policy == "guests" and signed_in and request.method in ("GET", "HEAD"):
        return see_other("/dashboard")
    return None


def _is_below(path: str) -> bool:
    return any(path == closed or path.startswith(f"{closed}/") for closed in MEMBERS_PATHS)


def _sent_path(request: Request) -> str:
    return urlsplit(str(request.environ.get("REQUEST_URI", request.path))).path
