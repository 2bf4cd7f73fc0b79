"""Checks of lesson 9."""

import copy
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.course.kata.lesson_09_data_transfer_objects import member
from authlab.db import UserRow
from authlab.dto import UserDTO, bootstrap, profile_dto
from authlab.lab.apps import ADA, LabApp
from authlab.lab.browser import Browser
from authlab.roles import can_see_phone, can_see_username
from authlab.server_only import ServerOnly


def ada_and_mallory(app: LabApp) -> tuple[Browser, Browser]:
    """Ada, signed in, and a browser that has never signed in."""
    ada = app.browser()
    ada.post("/login", {"email": ADA[1], "password": ADA[2]})
    return ada, app.browser()


@exercise("9.1")
class TestATeamOfPeopleWithoutOne:
    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """The app compares two teams, and asks nobody whether they have one."""
        judging.attack_wins("9.1", page="member-3", cast=ada_and_mallory)

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where a team in common needs a team first, a newcomer is a stranger to everybody."""
        judging.attack_loses("9.1", cast=ada_and_mallory)


@exercise("9.2")
class TestNobodysTeam:
    def test_members_of_one_team_see_each_other(self) -> None:
        """That is what the number is there for, and an admin in the team is one of them."""
        assert bool(can_see_phone(member(1, team="engines"), member(2, team="engines"))) is True
        admin = member(4, role="admin", team="engines")
        assert bool(can_see_phone(member(1, team="engines"), admin)) is True

    def test_who_gave_no_number_is_seen_all_the_same(self) -> None:
        """The rule is asked about the name as well; whether there is a number is another question."""
        assert bool(can_see_phone(member(1, team="engines"), member(2, team="engines", phone=None))) is True

    def test_another_team_does_not(self) -> None:
        """Two teams are two groups of people, in both directions."""
        assert bool(can_see_phone(member(1, team="engines"), member(2, team="compilers"))) is False
        assert bool(can_see_phone(member(2, team="compilers"), member(1, team="engines"))) is False

    @judging.request(
        'form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form)',
        '"Alan Turing" in browser.get("/members/member-3").text',
        closed=False,
    )
    def test_two_times_none_is_no_team(self) -> None:
        """None is not the name of a team: it says that there is none. Compared, two of them are equal, and
        whoever signed up a minute ago reads the numbers of all who are in no team."""
        assert bool(can_see_phone(member(5), member(3))) is False

    def test_no_word_means_no_team(self) -> None:
        """A word in the place of None is the name of a team one day, and those without one are in it."""
        assert bool(can_see_phone(member(5), member(3, team="none"))) is False
        assert bool(can_see_phone(member(1, team="none"), member(3))) is False
        assert bool(can_see_phone(member(5), member(3, team="None"))) is False

    def test_who_is_in_no_team_is_no_free_game(self) -> None:
        """What no rule allows is refused: an owner without a team is not one without a rule."""
        assert bool(can_see_phone(member(1, team="engines"), member(3))) is False
        assert bool(can_see_phone(member(5), member(1, team="engines"))) is False

    def test_members_see_their_own(self) -> None:
        """In a team or in none, and however old the row is that the session brought along."""
        assert bool(can_see_phone(member(3), member(3))) is True
        assert bool(can_see_phone(member(1, team="engines"), member(1, team="engines"))) is True
        assert bool(can_see_phone(member(3, phone=None), member(3))) is True

    def test_an_admin_of_no_team_sees_everybody(self) -> None:
        """Grace administers all accounts, other admins' too, and is in no team herself."""
        assert bool(can_see_phone(member(4, role="admin"), member(3))) is True
        assert bool(can_see_phone(member(4, role="admin"), member(1, team="engines"))) is True
        assert bool(can_see_phone(member(4, role="admin"), member(6, role="admin"))) is True

    def test_an_admin_of_another_team_does_too(self) -> None:
        """Being in a team takes nothing away from an admin."""
        grace = member(4, role="admin", team="compilers")
        assert bool(can_see_phone(grace, member(1, team="engines"))) is True

    def test_the_number_of_an_admin_is_not_for_everybody(self) -> None:
        """The right belongs to the role of the one who looks, not of the one who is looked at."""
        assert bool(can_see_phone(member(5), member(4, role="admin"))) is False
        assert bool(can_see_phone(member(1, team="engines"), member(4, role="admin"))) is False

    def test_a_role_that_nobody_knows_opens_nothing(self) -> None:
        """Tomorrow there is a third role. Until somebody decides what it may, it may nothing more."""
        assert bool(can_see_phone(member(5, role="guest"), member(3))) is False

    def test_a_role_is_a_whole_word(self) -> None:
        """`no-admin` has the word in it, and `Admin` is spelled otherwise. Neither is the role."""
        assert bool(can_see_phone(member(5, role="no-admin"), member(3))) is False
        assert bool(can_see_phone(member(5, role="administrator"), member(3))) is False
        assert bool(can_see_phone(member(5, role="Admin"), member(3))) is False
        assert bool(can_see_phone(member(5, role="admin "), member(3))) is False

    def test_a_piece_of_a_role_is_no_role(self) -> None:
        """`in` looks for one text inside another, and in `admin` there are many: `a`, `min`, even the empty
        one."""
        assert bool(can_see_phone(member(5, role="a"), member(3))) is False
        assert bool(can_see_phone(member(5, role=""), member(3))) is False

    def test_two_people_with_one_name_are_two(self) -> None:
        """Everybody chooses their own name at sign-up; the id is given, and given once."""
        assert bool(can_see_phone(member(5, name="Alan"), member(3, name="Alan"))) is False

    def test_members_are_known_by_their_id(self) -> None:
        """An address may change hands, and the row that a session brought along may have the old one."""
        assert bool(can_see_phone(replace(member(3), email="old@lab.test"), member(3))) is True
        assert bool(can_see_phone(replace(member(5), email="3@lab.test"), member(3))) is False

    def test_an_id_is_a_whole_number(self) -> None:
        """Member 1 is not member 121: written as texts, the one number is a piece of the other."""
        assert bool(can_see_phone(member(1), member(121))) is False
        assert bool(can_see_phone(member(121), member(1))) is False

    def test_equal_is_enough(self) -> None:
        """Every row is read anew: its number and its texts equal those of another row, and are other objects.
        `is` asks for one object."""
        assert bool(can_see_phone(member(int("1843")), member(int("1843")))) is True
        assert bool(can_see_phone(member(1, team="Engines".lower()), member(2, team="engines"))) is True
        assert bool(can_see_phone(member(4, role="ADMIN".lower()), member(3))) is True

    def test_a_team_is_spelled_in_one_way(self) -> None:
        """What is written otherwise is another team: nobody has decided that it is the same."""
        assert bool(can_see_phone(member(1, team="Engines"), member(2, team="engines"))) is False
        assert bool(can_see_phone(member(1, team="engines "), member(2, team="engines"))) is False

    def test_a_team_is_a_whole_word(self) -> None:
        """The team art is no part of the teams smart and artists."""
        assert bool(can_see_phone(member(1, team="art"), member(2, team="smart"))) is False
        assert bool(can_see_phone(member(2, team="smart"), member(1, team="art"))) is False
        assert bool(can_see_phone(member(1, team="art"), member(2, team="artists"))) is False
        assert bool(can_see_phone(member(2, team="artists"), member(1, team="art"))) is False


def only_admins(viewer: UserRow) -> bool:
    """A stricter `can_see_username`."""
    return viewer.role == "admin"


def only_admins_may_see_usernames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Change the rule itself, and so for everybody who has imported it."""
    monkeypatch.setattr(can_see_username, "__code__", only_admins.__code__)


@exercise("9.3")
class TestOneProfileManyViewers:
    def test_members_see_and_change_their_own(self) -> None:
        """Ada, on her own page, even if the row that her session brought along is an older one."""
        ada = member(1, name="Ada", team="engines")
        assert profile_dto(member(1, name="Ada Byron"), ada).name == "Ada"
        assert profile_dto(member(1, phone="0 555 99"), ada).phone == "0 555 01"
        assert bool(profile_dto(member(1, name="Ada Byron"), ada).editable) is True

    def test_the_username_is_the_slug(self) -> None:
        """Every member may see it, so it is the one that says nothing about a person."""
        assert profile_dto(member(5), member(3, name="Alan")).username == "member-3"

    def test_four_fields_leave_and_no_other(self) -> None:
        """The row has twelve columns, and tomorrow thirteen. A list of what leaves does not change with it;
        a list of what stays does."""
        assert sorted(profile_dto(member(1), member(1)).model_dump()) == [
            "editable",
            "name",
            "phone",
            "username",
        ]

    def test_every_profile_has_the_same_keys(self) -> None:
        """A hidden field is there, as None: a key that comes and goes is an answer of its own, and a page
        that asks for it crashes."""
        assert sorted(profile_dto(member(5), member(3)).model_dump()) == [
            "editable",
            "name",
            "phone",
            "username",
        ]

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        '"Alan Turing" in browser.get("/members/member-3").text',
        closed=False,
    )
    def test_the_viewer_is_not_the_owner(self) -> None:
        """The target comes from the address, and anyone may type one; the viewer comes from the session. With
        one in the other's place, everybody sees with the owner's eyes, and may change what they see."""
        assert bool(profile_dto(member(1, team="engines"), member(3)).editable) is False

    def test_a_team_mate_reads_what_the_owner_gave(self) -> None:
        """Whether something is shown depends on both; what is shown is the owner's."""
        eve = member(2, name="eve  d'Arc", team="engines", phone="0 555 02")
        assert profile_dto(member(1, team="engines"), eve).name == "eve  d'Arc"
        assert profile_dto(member(1, team="engines"), eve).phone == "0 555 02"

    def test_a_team_mate_reads_and_does_not_write(self) -> None:
        """To see and to change are two questions, so they are asked of two functions."""
        eve = member(2, name="Eve", team="engines")
        assert bool(profile_dto(member(1, team="engines"), eve).editable) is False

    def test_an_admin_sees_all_and_changes_all(self) -> None:
        """Whoever asks comes first: the other way round, the admin reads nobody's number, and changes
        nothing."""
        assert profile_dto(member(4, role="admin"), member(3, name="Alan")).name == "Alan"
        assert profile_dto(member(4, role="admin"), member(3, name="Alan")).phone == "0 555 01"
        assert bool(profile_dto(member(4, role="admin"), member(3)).editable) is True

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        '"+44 1908 640404" in browser.get("/members/member-3").text',
        closed=False,
    )
    def test_a_stranger_does_not_get_the_number(self) -> None:
        """What has left the server is read, whatever the page makes of it: what somebody may not see is not
        handed out."""
        shown = profile_dto(member(1, team="engines"), member(2, team="compilers")).phone
        assert shown != "0 555 01", (
            "profile_dto(member(1, team='engines'), member(2, team='compilers')).phone: "
            "expected None, got '0 555 01'"
        )

    def test_no_piece_of_a_number_leaves(self) -> None:
        """Four digits are enough to recognise a number that is known from elsewhere."""
        assert "5 01" not in str(profile_dto(member(1, team="engines"), member(2, team="compilers")).phone)

    def test_hidden_looks_like_never_given(self) -> None:
        """Whoever may not see the number does not learn whether there is one."""
        assert profile_dto(member(1, team="engines"), member(2, team="compilers")).phone is None
        assert profile_dto(member(1, team="engines"), member(2, team="compilers", phone=None)).phone is None

    @judging.request(
        'browser.post("/login", {"email": ADA[1], "password": ADA[2]})',
        '"Alan Turing" in browser.get("/members/member-3").text',
        closed=False,
    )
    def test_the_name_is_hidden_like_the_number(self) -> None:
        """A list of who is a member here is personal data, too."""
        assert profile_dto(member(1, team="engines"), member(2, team="compilers", name="Eve")).name is None

    @judging.request(
        'form = {"name": "Mallory", "email": "mallory@evil.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form)',
        '"Alan Turing" in browser.get("/members/member-3").text',
        closed=False,
    )
    def test_two_members_without_a_team_are_strangers(self) -> None:
        """The package has a function that knows who may see a number. A second copy of it knows less."""
        assert profile_dto(member(5), member(3, name="Alan")).name is None
        assert profile_dto(member(5), member(3, name="Alan")).phone is None

    def test_an_admin_is_not_seen_by_all(self) -> None:
        """The role of the one who looks opens, not the role of the one who is looked at."""
        assert profile_dto(member(5, name="Mallory"), member(4, name="Grace", role="admin")).name is None
        assert profile_dto(member(5), member(4, role="admin")).phone is None
        assert bool(profile_dto(member(5), member(4, role="admin")).editable) is False

    def test_no_number_is_no_number(self) -> None:
        """Also on one's own page: what was never given is None there, too, and the name is another field."""
        alan = member(3, name="Alan", phone=None)
        assert profile_dto(alan, alan).model_dump() == {
            "username": "member-3",
            "name": "Alan",
            "phone": None,
            "editable": True,
        }

    def test_it_is_no_matter_who_was_asked_about_before(self) -> None:
        """One server answers everybody: what one viewer was shown decides nothing for the next."""
        alan = member(3, name="Alan")
        profile_dto(member(4, role="admin"), alan)
        assert profile_dto(member(1, team="engines"), alan).name is None

    def test_the_username_has_a_rule_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Today it says yes to every member. On the day when it does not, a profile that never asked goes on
        telling, and one that asked about the owner tells the usernames of admins."""
        only_admins_may_see_usernames(monkeypatch)
        assert profile_dto(member(5), member(3)).username is None
        assert profile_dto(member(5), member(4, role="admin")).username is None
        assert profile_dto(member(4, role="admin"), member(3)).username == "member-3"


def called(name: str, role: str = "user") -> UserDTO:
    """A signed-in user with this name."""
    return UserDTO(
        id=7, name=name, email="7@lab.test", role=role, username="member-7", team="engines", phone="0 555 07"
    )


def in_a_page(told: str) -> list[str]:
    """The text of a script element, and the page behind it, as an HTML parser takes them apart.

    Inside a script there are no tags and no escapes. It ends at `</script`, in any case, followed by a space,
    a slash or `>`. `<!--` and then `<script` begin a part that has to be ended first. Source: the HTML
    standard, 13.2.5.4 to 13.2.5.32.
    """
    page, state = f"{told}</script><p>the page", "script"
    for found in re.finditer(r"<!(?=--)|-->|</?script(?=[\s/>])", page, re.IGNORECASE):
        match found[0].lower(), state:
            case "<!", "script":
                state = "comment"
            case "-->", _:
                state = "script"
            case "<script", "comment":
                state = "script in a comment"
            case "</script", "script in a comment":
                state = "comment"
            case "</script", _:
                return [page[: found.start()], page[page.index(">", found.end()) + 1 :]]
    return [page, ""]


def script_reads(told: str) -> Any:
    """What `JSON.parse` makes of it, or the error it ends with."""
    try:
        return json.loads(told)
    except ValueError as error:
        return f"an error: {error}"


def name_in(told: str) -> object:
    """The name that a script reads, or the error it ends with."""
    read = script_reads(told)
    return read["user"]["name"] if isinstance(read, dict) else read


def keys_in(told: str) -> list[str]:
    """What a script reads of a user, by name."""
    read = script_reads(told)
    return list(read["user"]) if isinstance(read, dict) else []


@exercise("9.4")
class TestANameInsideAScript:
    def test_scripts_are_told_who_is_signed_in(self) -> None:
        """A plain name, as most are."""
        assert script_reads(bootstrap(called("Ada"))) == {"user": {"id": 7, "name": "Ada", "role": "user"}}

    def test_scripts_are_told_three_things_of_a_user(self) -> None:
        """Every script of a page can read this, and send it anywhere: an e-mail address is not needed for
        greeting somebody."""
        assert sorted(keys_in(bootstrap(called("Grace")))) == ["id", "name", "role"]

    def test_the_role_comes_along(self) -> None:
        """A script shows an admin's menu by it, and protects nothing by it."""
        assert script_reads(bootstrap(called("Grace", role="admin"))) == {
            "user": {"id": 7, "name": "Grace", "role": "admin"}
        }

    def test_a_role_is_told_as_it_is(self) -> None:
        """Tomorrow there is a third role. Told as another one, it is a wrong menu that nobody can explain."""
        assert script_reads(bootstrap(called("Eve", role="guest"))) == {
            "user": {"id": 7, "name": "Eve", "role": "guest"}
        }
        assert script_reads(bootstrap(called("Eve", role=""))) == {
            "user": {"id": 7, "name": "Eve", "role": ""}
        }

    def test_nobody_is_null(self) -> None:
        """The script reads it before it knows whether anybody is signed in."""
        assert script_reads(bootstrap(None)) == {"user": None}

    @judging.request(
        'form = {"name": "</script><img>", "email": "mallory@evil.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form)',
        '"<img>" in browser.get("/profile").text',
        closed=False,
    )
    def test_a_name_that_ends_the_script_is_a_name(self) -> None:
        """The HTML parser comes before the JSON parser, and knows nothing of quotes: at `</script` the
        element ends, and the rest of the name is a piece of the page."""
        assert in_a_page(bootstrap(called("</script><img src=x>")))[1] == "<p>the page"

    @judging.request(
        'form = {"name": "</SCRIPT ><img>", "email": "mallory@evil.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form)',
        '"<img>" in browser.get("/profile").text',
        closed=False,
    )
    def test_tags_are_tags_in_any_spelling(self) -> None:
        """HTML reads capitals like small letters, and takes a space or a slash after the word."""
        assert in_a_page(bootstrap(called("</SCRIPT ><img src=x>")))[1] == "<p>the page"
        assert in_a_page(bootstrap(called("</script\n><img src=x>")))[1] == "<p>the page"
        assert in_a_page(bootstrap(called("</sCrIpT/x><img src=x>")))[1] == "<p>the page"

    def test_a_comment_in_a_name_swallows_no_page(self) -> None:
        """After `<!--` and `<script` the parser takes the next `</script>` for the end of something else: the
        page's own one no longer ends the element, and everything behind it disappears."""
        assert in_a_page(bootstrap(called("<!--<script>")))[1] == "<p>the page"
        assert in_a_page(bootstrap(called("<!-- <SCRIPT ")))[1] == "<p>the page"

    def test_a_name_arrives_as_it_is(self) -> None:
        """Nothing is taken out and nothing is added: escapes are JSON's, which the script reads as the same
        letters, and not HTML's, which it does not."""
        assert name_in(bootstrap(called("</script>"))) == "</script>"
        assert name_in(bootstrap(called("Tom & Jerry <3"))) == "Tom & Jerry <3"
        assert name_in(bootstrap(called("&lt;b>"))) == "&lt;b>"

    def test_quotes_and_backslashes_arrive_too(self) -> None:
        """A name that looks like an escape is a name that looks like an escape."""
        assert name_in(bootstrap(called('"Ada" \\ \\u003c'))) == '"Ada" \\ \\u003c'
        assert name_in(bootstrap(called("O'Neill\n"))) == "O'Neill\n"

    def test_control_characters_arrive_too(self) -> None:
        """JSON allows no tab as it is, nor any other of them: with one of them in it, a script reads nothing
        at all."""
        assert name_in(bootstrap(called("Ada\tL\x01"))) == "Ada\tL\x01"

    def test_no_name_is_tidied(self) -> None:
        """How somebody is spelled was decided at the sign-up. Whatever is shortened, filled in or written in
        other code points here is another name there."""
        assert name_in(bootstrap(called("Zoe\u0301 \ufb01"))) == "Zoe\u0301 \ufb01"
        assert name_in(bootstrap(called(" ada  \xa0L. "))) == " ada  \xa0L. "
        assert name_in(bootstrap(called("A" * 100))) == "A" * 100
        assert name_in(bootstrap(called(""))) == ""

    def test_a_line_separator_is_written_as_an_escape(self) -> None:
        """U+2028 and U+2029 are letters like others in JSON. In JavaScript before 2019 they end a line, in
        the middle of a string."""
        told = bootstrap(called("A\u2028B\u2029C"))
        assert ("\u2028" in told, "\u2029" in told) == (False, False)

    def test_a_line_separator_arrives(self) -> None:
        """Written as an escape, it is still in the name."""
        assert name_in(bootstrap(called("A\u2028B\u2029C"))) == "A\u2028B\u2029C"

    def test_every_script_of_the_world_arrives(self) -> None:
        """Letters, accents and faces, in whichever way they are written."""
        assert name_in(bootstrap(called("Zoé Жанна 😀"))) == "Zoé Жанна 😀"


def as_json(thing: object, default: Callable[[Any], Any] | None = None) -> str:
    """What `json.dumps` writes, or nothing where it is refused."""
    try:
        return json.dumps(thing, default=default)
    except Exception:
        return ""


def json_of_value(value: str) -> str:
    """What `vars` finds in every box with this value; nothing, where each box says something else."""
    first, second = (as_json(ServerOnly(value), default=vars) for _ in range(2))
    return first if first == second else ""


def pickled(thing: object) -> str:
    """Whether `pickle` writes it, or is refused."""
    return "written" if error_of_pickle(thing) is None else "refused"


def error_of_pickle(thing: object) -> Exception | None:
    """The error with which `pickle` is refused, if it is."""
    try:
        pickle.dumps(thing)
    except Exception as error:
        return error
    return None


def text_after(change: Callable[[Any], Any], thing: object) -> str:
    """What is printed of the result, or of the error."""
    try:
        return str(change(thing))
    except Exception as error:
        return str(error)


def revealed_after(change: Callable[[Any], Any], thing: object) -> object:
    """What `reveal` gives of the result, or the error."""
    try:
        return change(thing).reveal()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@exercise("9.5")
class TestItPrintsNothingAndIsSentAllTheSame:
    def test_reveal_gives_the_value(self) -> None:
        """The one door, and whoever reads the code finds everybody who uses it."""
        assert ServerOnly("a hash").reveal() == "a hash"
        assert ServerOnly(None).reveal() is None

    def test_it_is_revealed_as_it_was(self) -> None:
        """An empty text is a value, and no None; and a value that was asked for once is still there."""
        assert ServerOnly("").reveal() == ""
        assert ServerOnly(0).reveal() == 0
        assert ServerOnly(" a hash ").reveal() == " a hash "
        closed = ServerOnly("a hash")
        assert [closed.reveal(), closed.reveal()] == ["a hash", "a hash"]

    def test_printing_does_not_tell_it(self) -> None:
        """Logs and tracebacks print whole rows, and are read by more people than the table."""
        assert "a hash" not in str(ServerOnly("a hash"))
        assert "a hash" not in repr(ServerOnly("a hash"))
        assert "a hash" not in str([ServerOnly("a hash")])

    def test_an_fstring_does_not_tell_it(self) -> None:
        """With a width or without."""
        assert "a hash" not in f"{ServerOnly('a hash')}"
        assert "a hash" not in f"{ServerOnly('a hash'):>20}"

    def test_what_is_printed_is_the_same_for_all(self) -> None:
        """As many dots as the value has letters tell how long it is: of a password, that is the first thing
        to know."""
        assert str(ServerOnly("short")) == str(ServerOnly("a much longer one"))
        assert f"{ServerOnly('short')}" == f"{ServerOnly('a much longer one')}"

    def test_its_text_says_what_it_is(self) -> None:
        """Whoever finds it in a log knows what is missing there; its type would be too much already."""
        assert str(ServerOnly("a hash")) == "<server only>"
        assert repr(ServerOnly("a hash")) == "<server only>"
        assert f"{ServerOnly('a hash')}" == "<server only>"
        assert f"{ServerOnly('a hash'):>20}".strip() == "<server only>"

    def test_json_does_not_tell_it(self) -> None:
        """JSON is how a row leaves by mistake: an API answers with the whole of it."""
        assert "a hash" not in as_json(ServerOnly("a hash"))
        assert "a hash" not in as_json({"password_hash": ServerOnly("a hash")}, default=str)

    def test_json_does_not_find_it_either(self) -> None:
        """`default=vars` is a well-known line: take the attributes of whatever JSON does not know. What lies
        in an attribute is found."""
        assert "a hash" not in as_json(ServerOnly("a hash"), default=vars)
        assert "a hash" not in as_json([ServerOnly("a hash")], default=lambda thing: thing.__dict__)

    def test_json_finds_nothing_of_it(self) -> None:
        """A value that is written in other letters is still the value: whoever has the text has it. (A ticket
        that is new for each box tells nothing, not even of two boxes with one value.)"""
        assert json_of_value("one") == json_of_value("two")

    def test_json_does_not_take_it_apart(self) -> None:
        """`default=list` is there for sets, `float` and `int` for numbers of other libraries: what answers to
        such a call gives JSON its value, at once or letter by letter."""
        assert "a hash" not in as_json(ServerOnly("a hash"), default=list)
        assert '"h", "a", "s", "h"' not in as_json(ServerOnly("a hash"), default=list)
        assert "a hash" not in as_json(ServerOnly("a hash"), default=dict)
        assert "1843" not in as_json(ServerOnly(1843), default=float)
        assert "1843" not in as_json(ServerOnly(1843), default=int)

    def test_it_does_not_stand_in_for_its_value(self) -> None:
        """A box that answers as the value would is a second door, and the code does not say who uses it."""
        assert "A HASH" not in text_after(lambda closed: closed.upper(), ServerOnly("a hash"))
        assert "a hash" not in text_after(bytes, ServerOnly("a hash"))
        assert text_after(lambda closed: "hash" in closed, ServerOnly("a hash")) != "True"
        assert text_after(len, ServerOnly("short")) == text_after(len, ServerOnly("a much longer one"))

    def test_a_row_turned_into_a_dict_keeps_it_closed(self) -> None:
        """`asdict` copies every field deeply. The guard has to come along: one that a copy loses guards the
        one object that nobody sends."""
        assert ("a hash" in text_after(asdict, member(1))) is False
        assert ("a hash" in text_after(lambda row: as_json(asdict(row), default=vars), member(1))) is False

    def test_a_copy_is_as_closed(self) -> None:
        """Caches and libraries copy whatever they keep."""
        assert "a hash" not in text_after(copy.copy, ServerOnly("a hash"))
        assert "a hash" not in text_after(copy.deepcopy, [ServerOnly("a hash")])
        assert "a hash" not in text_after(
            lambda closed: as_json(copy.copy(closed), default=vars), ServerOnly("a hash")
        )

    def test_a_copy_can_be_revealed(self) -> None:
        """A guard that nothing can be done with is soon taken off: a row that was copied still logs its owner
        in."""
        assert revealed_after(copy.copy, ServerOnly("a hash")) == "a hash"
        assert revealed_after(copy.deepcopy, ServerOnly("a hash")) == "a hash"
        assert revealed_after(copy.deepcopy, ServerOnly(None)) is None
        assert revealed_after(lambda row: asdict(row)["password_hash"], member(1)) == "a hash"

    def test_pickle_is_refused(self) -> None:
        """pickle is how Python keeps objects in files, caches and queues, where others read it."""
        assert pickled(ServerOnly("a hash")) == "refused"
        assert pickled({"user": [ServerOnly("a hash")]}) == "refused"

    def test_pickle_is_refused_with_a_type_error(self) -> None:
        """That is the error for whatever has no pickle, a lock or an open file: callers who look for it find
        this one, too."""
        assert isinstance(error_of_pickle(ServerOnly("a hash")), TypeError)

    def test_two_are_equal_when_their_values_are(self) -> None:
        """So that two rows can be compared."""
        assert bool(ServerOnly("a hash") == ServerOnly("a hash")) is True
        assert bool(ServerOnly("a hash") == ServerOnly("another")) is False
        assert bool(member(1) == member(1)) is True

    def test_every_value_equals_itself(self) -> None:
        """None and the empty text, too, and a value that was read a second time, and is another object."""
        assert bool(ServerOnly(None) == ServerOnly(None)) is True
        assert bool(ServerOnly("") == ServerOnly("")) is True
        assert bool(ServerOnly("a hash") == ServerOnly("A HASH".lower())) is True
        assert bool(ServerOnly("é") == ServerOnly("é")) is True

    def test_what_is_made_of_a_value_is_not_the_value(self) -> None:
        """Two values may have one hash (in Python -1 and -2 have), or one text (None and "None")."""
        assert bool(ServerOnly(-1) == ServerOnly(-2)) is False
        assert bool(ServerOnly(None) == ServerOnly("None")) is False

    def test_it_equals_no_bare_value(self) -> None:
        """A value that compares like the secret can be found by trying."""
        assert bool(ServerOnly("a hash") == "a hash") is False
        assert bool("a hash" == ServerOnly("a hash")) is False  # noqa: SIM300 - the other operand is asked first

    def test_two_values_are_kept_apart(self) -> None:
        """What belongs to one object is kept on it, not on its class."""
        first, second = ServerOnly("first"), ServerOnly("second")
        assert (first.reveal(), second.reveal()) == ("first", "second")


@exercise("9.6")
class TestATestForEachPair:
    def test_it_spares_right_profiles(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("9.6")

    def test_it_catches_the_wrong_profiles_of_this_lesson(self) -> None:
        """A test that cannot fail proves nothing."""
        judging.proof_catches_the_taught("9.6")
