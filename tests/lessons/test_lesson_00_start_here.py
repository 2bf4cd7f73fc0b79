"""Checks of lesson 0."""

from werkzeug.wrappers import Response

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.responses import see_other


@exercise("0.1")
class TestSeeThePageOverThere:
    def test_it_answers_with_a_response(self) -> None:
        """Whatever is in it: what goes back to the browser is a Response."""
        assert isinstance(see_other("/profile"), Response)

    def test_the_browser_is_told_where_to_go(self) -> None:
        """The visitor has signed up; the Location header is what takes them to their profile."""
        assert see_other("/profile").headers.get("Location") == "/profile"

    def test_another_form_leads_to_another_page(self) -> None:
        """After logging out it is the login page: the address is the one that was asked for."""
        assert see_other("/login").headers.get("Location") == "/login"

    def test_an_address_with_a_question_goes_out_as_it_is(self) -> None:
        """It says where to go after the login: quoted once more, or cut off, it leads elsewhere."""
        asked = "/login?next=%2Fprofile"
        assert see_other(asked).headers.get("Location") == asked

    def test_every_visitor_gets_an_answer_of_their_own(self) -> None:
        """The app adds the cookie of a login to it: in an answer that is kept, the next one finds it."""
        see_other("/profile").headers["Set-Cookie"] = "session=ada"
        assert see_other("/profile").headers.get("Set-Cookie") is None

    def test_the_browser_is_told_to_come_back_with_get(self) -> None:
        """303 says "fetch that page with GET". After 302 a browser may, after 307 it must send the form
        again, password included; 301 it remembers for ever; and after a 200 each reload sends it again."""
        assert see_other("/profile").status_code == 303


@exercise("0.2")
class TestBeSomebodyElse:
    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """Where a bare number passes for a session, whoever writes 3 into the cookie is member 3."""
        judging.attack_wins("0.2")

    def test_it_is_the_profile_page_that_was_asked_for(self) -> None:
        """Many pages may show a name; the one that says "Your profile" is shown to its owner alone."""
        judging.attack_wins("0.2", page="Your profile")

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """A signed session cannot be made up: the same requests end at the login page."""
        judging.attack_loses("0.2")
