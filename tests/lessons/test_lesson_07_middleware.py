"""Checks of lesson 7."""

from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from werkzeug.wrappers import Response

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.course.kata.lesson_07_middleware import led_to
from authlab.db import Connection, Database
from authlab.lab.apps import ADA, LabApp
from authlab.middleware import classify, optimistic
from authlab.request import Request
from authlab.responses import see_other


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A list that says for each connection to a database that one was opened."""
    led_to(lambda request, endpoint: None, "/")  # `led_to` makes its own database at its first use
    opened: list[str] = []
    connect = Database.connect

    def note_and_connect(database: Database, *args: Any, **options: Any) -> Connection:
        opened.append("a connection")
        return connect(database, *args, **options)

    monkeypatch.setattr(Database, "connect", note_and_connect)
    return opened


@pytest.fixture
def logged(
    lab_app: LabApp, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> Callable[[], str]:
    """A function that returns all that was logged or printed, by the app and by what runs in it."""
    caplog.set_level("DEBUG")
    return lambda: "".join([caplog.text, *lab_app.log, *capsys.readouterr()])


def led_as(endpoint: str, target: str) -> str | None:
    """Return where a guest is led who asks for `target`, had the router chosen `endpoint` for it."""
    return led_to(lambda request, chosen: optimistic(request, endpoint), target)


def secret_in(token: str) -> str:
    """Return the secret that a session's token carries."""
    return str(jwt.decode(token, options={"verify_signature": False})["jti"])


def kind_of(answer: requests.Response) -> str:
    """Return whether an answer leads a browser elsewhere without being kept by it, or its status."""
    return "a redirect for this time" if answer.status_code in (302, 303, 307) else f"{answer.status_code}"


@exercise("7.1")
class TestClosedUntilSomebodyOpensIt:
    def test_a_listed_endpoint_is_for_whom_the_list_says(self) -> None:
        """Four policies, one of each."""
        assert classify("pages.home") == "everybody"
        assert classify("pages.login") == "guests"
        assert classify("actions.login") == "guests"
        assert classify("api.me") == "asks"
        assert classify("fragments.members") == "asks"

    def test_each_exception_is_on_the_list(self) -> None:
        """A list of one's own, beside `POLICIES`, lacks a line sooner or later."""
        assert classify("pages.static") == "everybody"
        assert classify("pages.handbook_preview") == "everybody"
        assert classify("actions.logout") == "everybody"
        assert classify("api.signup_available") == "everybody"
        assert classify("api.session") == "everybody"
        assert classify("pages.signup") == "guests"
        assert classify("actions.signup") == "guests"
        assert classify("api.set_own_phone") == "asks"
        assert classify("api.user") == "asks"
        assert classify("api.users") == "asks"
        assert classify("fragments.devices") == "asks"

    @judging.request('browser.get("/handbook/first-week.html").status_code', closed=303)
    def test_a_page_on_no_list_is_for_members(self) -> None:
        """The list holds the exceptions. Of all the others, and of the page that is written tomorrow, nobody
        has to think: they are closed."""
        assert classify("pages.handbook_file") == "members"
        assert classify("pages.handbook") == "members"
        assert classify("pages.profile") == "members"
        assert classify("pages.admin") == "members"
        assert classify("pages.salaries") == "members"

    def test_a_new_form_is_for_members(self) -> None:
        """What changes something is no more public than what shows something."""
        assert classify("actions.delete_user") == "members"
        assert classify("actions.pay_everybody") == "members"
        assert classify("actions.handbook_preview") == "members"

    def test_a_new_answer_to_scripts_is_for_members(self) -> None:
        """The ones that are listed ask by themselves, because somebody has seen to it. Nobody has seen to the
        next one."""
        assert classify("api.export") == "members"
        assert classify("fragments.salaries") == "members"
        assert classify("pages.members_json") == "members"

    def test_a_name_that_begins_like_a_public_one_is_another(self) -> None:
        """A new page is often called like an old one, and a bit."""
        assert classify("pages.home_of_admins") == "members"
        assert classify("pages.login_history") == "members"
        assert classify("pages.home.salaries") == "members"
        assert classify("pages.signups") == "members"
        assert classify("api.users_v2") == "members"

    def test_what_no_router_knows_is_for_members(self) -> None:
        """A slip in a name closes a page, and somebody notices. The other way round nobody would."""
        assert classify("") == "members"
        assert classify("page.home") == "members"
        assert classify("Pages.Home") == "members"
        assert classify(" pages.home") == "members"
        assert classify("admin.pages.home") == "members"
        assert classify("pages_home") == "members"
        assert classify("pages.handbook-preview") == "members"

    def test_a_name_that_ends_like_a_public_one_is_another(self) -> None:
        """Of two modules each may have a `static`. Who the other one's is for, nobody has said yet."""
        assert classify("reports.static") == "members"
        assert classify("admin.health") == "members"
        assert classify("admin.login") == "members"
        assert classify("pages.salaries_preview") == "members"
        assert classify("pages.handbook_file_preview") == "members"
        assert classify("pages.profile_preview") == "members"

    def test_a_name_that_sounds_public_is_for_members(self) -> None:
        """Such a page may well be for everybody. Whoever writes it says so in the list, and is seen to."""
        assert classify("static") == "members"
        assert classify("pages.health") == "members"
        assert classify("pages.public_salaries") == "members"
        assert classify("pages.forgot_password") == "members"
        assert classify("actions.reset_password") == "members"
        assert classify("webhooks.payroll") == "members"
        assert classify("internal.metrics") == "members"
        assert classify("_debug.routes") == "members"
        assert classify("oauth.callback") == "members"
        assert classify("pages.error_404") == "members"
        assert classify("pages.about") == "members"
        assert classify("api.docs") == "members"


@exercise("7.2")
class TestTheGuidesTwoLists:
    def test_a_member_goes_on(self) -> None:
        """Most requests are Ada's, who is signed in and wants one of her pages."""
        assert led_to(optimistic, "/profile", visitor="Ada") is None
        assert led_to(optimistic, "/handbook", visitor="Ada") is None
        assert led_to(optimistic, "/devices/end", visitor="Ada", method="POST") is None

    def test_no_role_is_decided_here(self) -> None:
        """Ada is no admin, and a cookie does not say so: the page itself asks (lesson 10)."""
        assert led_to(optimistic, "/admin", visitor="Ada") is None

    def test_a_guest_opens_what_is_for_guests(self) -> None:
        """The login must be open to those who are led to it, or they go round in a circle."""
        assert led_to(optimistic, "/login") is None
        assert led_to(optimistic, "/signup") is None
        assert led_to(optimistic, "/login", method="POST") is None

    def test_a_guest_is_led_to_the_login(self) -> None:
        """Before any page runs: the visitor is spared the detour, and the database the question."""
        assert led_to(optimistic, "/dashboard") == "/login?next=%2Fdashboard"
        assert led_to(optimistic, "/handbook") == "/login?next=%2Fhandbook"

    def test_the_login_knows_the_way_back(self) -> None:
        """Who wanted a page, query and all, gets it after the login."""
        assert led_to(optimistic, "/members?q=grace") == "/login?next=%2Fmembers%3Fq%3Dgrace"

    def test_a_member_is_led_away_from_pages_for_guests(self) -> None:
        """Who is signed in already has no use for a login form."""
        assert led_to(optimistic, "/login", visitor="Ada") == "/dashboard"
        assert led_to(optimistic, "/signup", visitor="Ada") == "/dashboard"

    @judging.request('browser.get("/handbook/first-week.html").status_code', closed=303)
    def test_a_page_below_a_page_is_as_closed(self) -> None:
        """The list was right on the day it was written. These pages came later."""
        assert led_to(optimistic, "/handbook/first-week.html") == "/login?next=%2Fhandbook%2Ffirst-week.html"
        assert led_to(optimistic, "/dashboard/settings") == "/login?next=%2Fdashboard%2Fsettings"
        assert led_to(optimistic, "/members/member-1") == "/login?next=%2Fmembers%2Fmember-1"

    @judging.request('browser.get("/handbook-preview").status_code', closed=200)
    def test_what_only_begins_alike_is_another_page(self) -> None:
        """`/handbook-preview` begins like `/handbook`, and is for everybody."""
        assert led_to(optimistic, "/handbook-preview") is None

    @judging.request('browser.get("/handbook/floor-plan.png").status_code', closed=303)
    def test_a_picture_is_as_closed_as_its_page(self) -> None:
        """The guide's matcher skips what ends with .png. The floor plan of the house ends with .png."""
        assert led_to(optimistic, "/handbook/floor-plan.png") == "/login?next=%2Fhandbook%2Ffloor-plan.png"

    def test_no_ending_opens_a_page(self) -> None:
        """Whatever a file of the handbook is called, it is the handbook's."""
        assert led_to(optimistic, "/handbook/floor-plan.svg") == "/login?next=%2Fhandbook%2Ffloor-plan.svg"
        assert led_to(optimistic, "/handbook/floor-plan.PNG") == "/login?next=%2Fhandbook%2Ffloor-plan.PNG"
        assert led_to(optimistic, "/handbook/doors.css") == "/login?next=%2Fhandbook%2Fdoors.css"
        assert led_to(optimistic, "/handbook/doors.json") == "/login?next=%2Fhandbook%2Fdoors.json"
        assert led_to(optimistic, "/handbook/doors.pdf") == "/login?next=%2Fhandbook%2Fdoors.pdf"
        assert led_to(optimistic, "/handbook/robots.txt") == "/login?next=%2Fhandbook%2Frobots.txt"
        assert led_to(optimistic, "/handbook/favicon.ico") == "/login?next=%2Fhandbook%2Ffavicon.ico"
        assert led_to(optimistic, "/handbook/static") == "/login?next=%2Fhandbook%2Fstatic"

    @judging.request('browser.get("/handbook?x=.png").status_code', closed=303)
    def test_a_query_makes_no_page_a_picture(self) -> None:
        """What stands behind the ? is the visitor's to write."""
        assert led_to(optimistic, "/handbook?x=.png") == "/login?next=%2Fhandbook%3Fx%3D.png"

    @judging.request('browser.get("/handbook?preview=1").status_code', closed=303)
    def test_a_query_opens_no_page(self) -> None:
        """It is not secret, it is not checked, and anybody can add it."""
        assert led_to(optimistic, "/handbook?preview=1") == "/login?next=%2Fhandbook%3Fpreview%3D1"
        assert led_to(optimistic, "/handbook?token=x") == "/login?next=%2Fhandbook%3Ftoken%3Dx"
        assert led_to(optimistic, "/handbook?format=json") == "/login?next=%2Fhandbook%3Fformat%3Djson"

    @judging.request(
        'spellings = ["/%68andbook", "/handbook%2Ffloor-plan.html", "//handbook"]',
        "[browser.raw(spelling).status_code for spelling in spellings]",
        closed=[303, 303, 303],
    )
    def test_another_spelling_is_the_same_page(self) -> None:
        """The router takes each of these for a page of the handbook. Who compares the text that came in
        compares something that the router has long left behind."""
        assert led_to(optimistic, "/%68andbook") == "/login?next=%2Fhandbook"
        floor_plan = led_to(optimistic, "/handbook%2Ffloor-plan.html")
        assert floor_plan == "/login?next=%2Fhandbook%2Ffloor-plan.html"
        assert led_to(optimistic, "//handbook") == "/login?next=%2Fhandbook"

    @judging.request(
        'signed_in = app.browser(); signed_in.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'leads = [signed_in.request("HEAD", "/login"), browser.request("HEAD", "/handbook")]',
        "[answer.status_code for answer in leads]",
        closed=[303, 303],
    )
    def test_head_is_decided_as_get_is(self) -> None:
        """HEAD brings all that GET would, but for the text: that the page is there, and how large it is."""
        assert led_to(optimistic, "/handbook", method="HEAD") == "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/login", visitor="Ada", method="HEAD") == "/dashboard"

    def test_a_form_of_a_guest_leads_to_the_login_and_not_back(self) -> None:
        """A redirect cannot send a form again, so there is nowhere to go back to."""
        assert led_to(optimistic, "/devices/end", method="POST") == "/login"

    def test_a_guest_is_led_away_whatever_the_method(self) -> None:
        """Which methods an address takes says the router. Whoever lists some here lets the others go on."""
        assert led_to(optimistic, "/handbook", method="PUT") == "/login"
        assert led_to(optimistic, "/handbook", method="PATCH") == "/login"
        assert led_to(optimistic, "/devices/end", method="DELETE") == "/login"
        assert led_to(optimistic, "/devices/end", method="OPTIONS") == "/login"

    @judging.request('browser.post("/devices/end", {"device": "1"}).status_code', closed=303)
    def test_a_form_is_not_sent_on_to_the_login(self, lab_app: LabApp) -> None:
        """303 says: fetch that page with GET. 307 would have the browser send the form to it, and 302 leaves
        that to the browser."""
        assert lab_app.browser().post("/devices/end", {"device": "1"}).status_code == 303

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.get("/login").status_code',
        closed=303,
    )
    def test_no_browser_keeps_a_redirect(self, lab_app: LabApp) -> None:
        """301 and 308 are for good: after logging out, the browser goes on from /login to the dashboard, and
        the app is not asked any more."""
        assert kind_of(lab_app.browser().get("/handbook")) == "a redirect for this time"
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        assert kind_of(ada.get("/login")) == "a redirect for this time"

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.get("/login?next=//evil.test").headers["Location"]',
        closed="/dashboard",
    )
    def test_a_query_leads_nobody_elsewhere(self) -> None:
        """Mallory sends Ada a link to this site. It must not end on hers (lesson 6)."""
        assert led_to(optimistic, "/login?next=//evil.test", visitor="Ada") == "/dashboard"
        assert led_to(optimistic, "/login?next=/profile", visitor="Ada") == "/dashboard"

    def test_a_form_that_was_sent_goes_on(self) -> None:
        """Grace logs in at Ada's computer. A redirect would throw away what she typed, and show her Ada's
        dashboard."""
        assert led_to(optimistic, "/login", visitor="Ada", method="POST") is None

    def test_only_get_and_head_open_a_page(self) -> None:
        """PUT and DELETE bring something, as a form does. That no address takes them today is for the router
        to say."""
        assert led_to(optimistic, "/login", visitor="Ada", method="PUT") is None
        assert led_to(optimistic, "/login", visitor="Ada", method="DELETE") is None
        assert led_to(optimistic, "/signup", visitor="Ada", method="OPTIONS") is None

    def test_pages_for_everybody_are_open_to_guests(self) -> None:
        """A login page without its stylesheet, and a start page that nobody can see: a wall that stops all
        visitors is no wall, it is an outage."""
        assert led_to(optimistic, "/") is None
        assert led_to(optimistic, "/static/style.css") is None
        assert led_to(optimistic, "/signup/available?email=eve@lab.test") is None
        assert led_to(optimistic, "/logout", method="POST") is None

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.get("/").status_code',
        closed=200,
    )
    def test_pages_for_everybody_are_open_to_members_too(self) -> None:
        """In the guide, `/` is a public route, and who is signed in never sees it again."""
        assert led_to(optimistic, "/", visitor="Ada") is None
        assert led_to(optimistic, "/static/style.css", visitor="Ada") is None
        assert led_to(optimistic, "/handbook-preview", visitor="Ada") is None
        assert led_to(optimistic, "/signup/available?email=eve@lab.test", visitor="Ada") is None
        assert led_to(optimistic, "/logout", visitor="Ada", method="POST") is None

    @judging.request('browser.get("/api/me").status_code', closed=401)
    def test_scripts_get_an_answer_and_no_page(self) -> None:
        """A script that is led to the login gets a page with status 200, and takes it for data."""
        assert led_to(optimistic, "/api/me") is None
        assert led_to(optimistic, "/fragments/devices") is None
        assert led_to(optimistic, "/fragments/members") is None
        assert led_to(optimistic, "/api/users") is None
        assert led_to(optimistic, "/api/session") is None
        assert led_to(optimistic, "/api/me/phone", method="POST") is None

    def test_who_may_read_whose_data_is_asked_elsewhere(self) -> None:
        """An API of one's own data answers by itself, where the data is (lesson 8). A list of paths up here
        has one spelling of each."""
        assert led_to(optimistic, "/api/users/3") is None
        assert led_to(optimistic, "/api/users/3", visitor="Ada") is None

    def test_a_cookie_that_nobody_signed_is_no_session(self) -> None:
        """Anybody can write a cookie of that name. What counts is what the server can read in it."""
        assert led_to(optimistic, "/handbook", visitor="forger") == "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/login", visitor="forger") is None
        assert led_to(optimistic, "/", visitor="forger") is None
        assert led_to(optimistic, "/api/me", visitor="forger") is None

    def test_a_signature_is_checked_and_not_only_looked_at(self, lab_app: LabApp) -> None:
        """Anybody can write the first two parts of a token. What is in them is nobody's word until the third
        one is checked, which `request.session` has done."""
        ada, mallory = lab_app.browser(), lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        head, claims, _ = ada.cookies["__Host-session"].value.split(".")
        mallory.set_cookie("__Host-session", f"{head}.{claims}.made-up")
        assert mallory.get("/handbook").headers.get("Location") == "/login?next=%2Fhandbook"

    def test_a_session_that_has_run_out_is_none(self, lab_app: LabApp) -> None:
        """Ada has not been here for eight days. Her browser has kept the cookie, and we signed it."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        token = ada.cookies["__Host-session"].value
        lab_app.clock.advance(days=8)
        later = lab_app.browser()
        later.set_cookie("__Host-session", token)
        assert later.get("/handbook").headers.get("Location") == "/login?next=%2Fhandbook"

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]}); browser.post("/logout")',
        'browser.get("/handbook").status_code',
        closed=303,
    )
    def test_no_other_cookie_is_a_session(self, lab_app: LabApp) -> None:
        """Ada has logged out. Her browser is known by another cookie, which says that she was here once."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        ada.post("/logout")
        assert ada.get("/handbook").headers.get("Location") == "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"Cookie": "logged_in=1"}) == "/login?next=%2Fhandbook"

    @judging.request(
        'names = {"X-Middleware-Subrequest": "middleware", "X-Requested-With": "XMLHttpRequest"}',
        '[browser.get("/handbook", headers={name: names[name]}).status_code for name in names]',
        closed=[303, 303],
    )
    def test_no_header_switches_the_check_off(self) -> None:
        """CVE-2025-29927: the framework knew its own requests by a header, and so did everybody else."""
        login = "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"X-Middleware-Subrequest": "1"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Middleware-Subrequest": "middleware"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Requested-With": "XMLHttpRequest"}) == login

    @judging.request(
        'names = {"X-User-Id": "1", "Authorization": "Bearer x", "User-Agent": "Googlebot"}',
        '[browser.get("/handbook", headers={name: names[name]}).status_code for name in names]',
        closed=[303, 303, 303],
    )
    def test_no_header_says_who_somebody_is(self) -> None:
        """A gateway writes such a header, once it has taken out the visitor's own. In front of this app there
        is none: the visitor wrote it."""
        login = "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"X-User-Id": "1"}) == login
        assert led_to(optimistic, "/handbook", headers={"Authorization": "Bearer x"}) == login
        assert led_to(optimistic, "/handbook", headers={"User-Agent": "Googlebot"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Forwarded-User": "ada"}) == login
        assert led_to(optimistic, "/handbook", headers={"Remote-User": "ada"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-API-Key": "x"}) == login

    @judging.request('browser.get("/handbook", headers={"X-Original-URL": "/"}).status_code', closed=303)
    def test_no_header_names_another_page(self) -> None:
        """The router opens the page that was asked for, whatever a header says was meant."""
        login = "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"X-Original-URL": "/"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Rewrite-URL": "/"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Forwarded-Uri": "/"}) == login

    @judging.request(
        'names = {"X-Forwarded-For": "127.0.0.1", "Referer": "https://lab.test/handbook"}',
        '[browser.get("/handbook", headers={name: names[name]}).status_code for name in names]',
        closed=[303, 303],
    )
    def test_no_header_says_from_where_somebody_comes(self) -> None:
        """Neither the address nor the page before: the visitor has written both."""
        login = "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"X-Forwarded-For": "127.0.0.1"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Real-IP": "127.0.0.1"}) == login
        assert led_to(optimistic, "/handbook", headers={"Referer": "https://lab.test/handbook"}) == login
        assert led_to(optimistic, "/handbook", headers={"Origin": "https://lab.test"}) == login
        assert led_to(optimistic, "/handbook", headers={"Sec-Fetch-Site": "same-origin"}) == login
        assert led_to(optimistic, "/handbook", headers={"CF-Connecting-IP": "127.0.0.1"}) == login
        assert led_to(optimistic, "/handbook", headers={"Forwarded": "for=127.0.0.1"}) == login
        assert led_to(optimistic, "/handbook", headers={"X-Forwarded-Proto": "http"}) == login
        assert led_to(optimistic, "/handbook", headers={"Host": "localhost"}) == login

    def test_nor_does_one_say_from_where_a_form_comes(self) -> None:
        """Whoever writes a form by hand writes this line as well."""
        sent = {"Referer": "https://lab.test/devices"}
        assert led_to(optimistic, "/devices/end", method="POST", headers=sent) == "/login"

    @judging.request(
        'here = app.browser(address="127.0.0.1")',
        'here.get("/handbook").status_code',
        closed=303,
    )
    def test_no_address_is_inside(self, lab_app: LabApp) -> None:
        """Behind a proxy on the same machine, every visitor comes from 127.0.0.1."""
        here = lab_app.browser(address="127.0.0.1")
        assert here.get("/handbook").headers.get("Location") == "/login?next=%2Fhandbook"

    @judging.request(
        'names = {"Accept": "application/json", "Sec-Fetch-Dest": "image", "HX-Request": "true"}',
        '[browser.get("/handbook", headers={name: names[name]}).status_code for name in names]',
        closed=[303, 303, 303],
    )
    def test_no_header_says_what_is_wanted(self) -> None:
        """Whatever a guest says they want, the handbook answers with the handbook. Which endpoints answer
        scripts, `classify` knows."""
        login = "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"Accept": "application/json"}) == login
        assert led_to(optimistic, "/handbook", headers={"Content-Type": "application/json"}) == login
        assert led_to(optimistic, "/handbook", headers={"Sec-Fetch-Dest": "image"}) == login
        assert led_to(optimistic, "/handbook", headers={"HX-Request": "true"}) == login
        assert led_to(optimistic, "/handbook", headers={"RSC": "1"}) == login
        assert led_to(optimistic, "/handbook", headers={"Upgrade": "websocket"}) == login
        assert led_to(optimistic, "/handbook", headers={"Range": "bytes=0-99"}) == login
        assert led_to(optimistic, "/handbook", headers={"If-None-Match": "x"}) == login

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        'browser.get("/login", headers={"X-HTTP-Method-Override": "POST"}).status_code',
        closed=303,
    )
    def test_no_header_says_which_method_was_meant(self) -> None:
        """The router chooses by the method that was sent. Whoever looks at another one decides about another
        request."""
        to_get, to_post = {"X-HTTP-Method-Override": "GET"}, {"X-HTTP-Method-Override": "POST"}
        assert led_to(optimistic, "/login", visitor="Ada", headers=to_post) == "/dashboard"
        assert led_to(optimistic, "/login?_method=POST", visitor="Ada") == "/dashboard"
        assert led_to(optimistic, "/login", visitor="Ada", method="POST", headers=to_get) is None

    @judging.request('browser.get("/handbook", headers={"Sec-Purpose": "prefetch"}).status_code', closed=303)
    def test_a_prefetch_is_decided_as_a_visit(self) -> None:
        """What a browser fetches ahead of a click is the page itself, text and all."""
        login = "/login?next=%2Fhandbook"
        assert led_to(optimistic, "/handbook", headers={"Sec-Purpose": "prefetch"}) == login
        assert led_to(optimistic, "/handbook", headers={"Purpose": "prefetch"}) == login

    def test_the_endpoint_decides_whatever_the_path(self) -> None:
        """`led_as(endpoint, address)`: a guest's request for which the router has chosen this endpoint. An
        address may get another page tomorrow, which is on no list yet."""
        assert led_as("pages.salaries", "/") == "/login?next=%2F"
        assert led_as("admin.login", "/login") == "/login?next=%2Flogin"
        assert led_as("pages.salaries", "/handbook-preview") == "/login?next=%2Fhandbook-preview"
        assert led_as("pages.salaries", "/static/style.css") == "/login?next=%2Fstatic%2Fstyle.css"
        assert led_as("pages.home", "/handbook") is None

    def test_a_new_answer_to_scripts_is_closed_until_it_is_listed(self) -> None:
        """Which endpoints ask by themselves says `classify`, and not the name of their module."""
        assert led_as("api.export", "/api/me") == "/login?next=%2Fapi%2Fme"
        assert led_as("fragments.salaries", "/fragments/devices") == "/login?next=%2Ffragments%2Fdevices"

    def test_it_asks_the_database_nothing(self, connections: list[str]) -> None:
        """It runs before every request, those that a browser makes ahead of a click included. A query here
        is a query for each of them, for pages that nobody will look at."""
        led_to(optimistic, "/handbook")
        led_to(optimistic, "/handbook", visitor="Ada")
        led_to(optimistic, "/login", visitor="Ada")
        led_to(optimistic, "/admin", visitor="Ada")
        led_to(optimistic, "/api/me", visitor="Ada")
        assert connections == []

    def test_no_log_hears_the_cookie(self, logged: Callable[[], str]) -> None:
        """A session's token is as good as its password, and a log is read by more people than any page."""
        led_to(optimistic, "/handbook", visitor="forger")
        assert "made.up.token" not in logged()

    def test_no_log_hears_a_members_cookie(self, lab_app: LabApp, logged: Callable[[], str]) -> None:
        """Hers is good: whoever reads it in a log, or in what a server prints, is Ada."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        ada.get("/profile")
        token = ada.cookies["__Host-session"].value
        assert token not in logged()

    def test_no_log_hears_the_secret_in_it(self, lab_app: LabApp, logged: Callable[[], str]) -> None:
        """`request.session` is what the cookie says, its secret (`token_id`) included: whoever writes it down
        writes that down. A line that names the user tells nothing secret."""
        ada = lab_app.browser()
        ada.post("/login", {"email": ADA[1], "password": ADA[2]})
        ada.get("/profile")
        secret = secret_in(ada.cookies["__Host-session"].value)
        assert secret not in logged()


@exercise("7.3")
class TestPastTheDoorUnderANameOfYourChoice:
    def test_it_reads_the_name_where_the_hole_is(self) -> None:
        """The middleware does not run for requests of its own, and what is behind it asks nobody else."""
        judging.attack_wins("7.3")

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where the data access layer asks by itself, no header makes you somebody."""
        judging.attack_loses("7.3")


def nobody_is_led(request: Request, endpoint: str) -> None:
    """Let everybody go on."""


def everybody_is_led(request: Request, endpoint: str) -> Response:
    """Lead everybody to a page that there is not."""
    return see_other("/nowhere")


@exercise("7.4")
class TestATestThatWrongMiddlewareDoesNotSurvive:
    def test_it_spares_right_middleware(self) -> None:
        """A test that fails or crashes on a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("7.4")

    def test_it_fails_where_nobody_is_led_as_they_should_be(self) -> None:
        """Whoever sees that nothing is right must say so with an `assert` that fails. A comparison that is
        returned or printed says nothing."""
        judging.proof_can_fail("7.4", nobody_is_led, everybody_is_led)

    def test_it_catches_the_wrong_middleware_of_this_lesson(self) -> None:
        """Each of them works, but for one thing. What a test does not ask for, it lets pass."""
        judging.proof_catches_the_taught("7.4")
