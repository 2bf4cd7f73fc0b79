"""Checks of lesson 1."""

from types import MappingProxyType

import pytest

from authlab.course import judging
from authlab.course.judging import exercise
from authlab.forms import (
    EMAIL_INVALID,
    NAME_TOO_SHORT,
    NO_LETTER,
    NO_NUMBER,
    NO_SPECIAL,
    TOO_SHORT,
    Debouncer,
    FormState,
    SignupForm,
    canonical_email,
    password_problems,
    validate_signup,
)


def canonical_length(raw: str) -> int | None:
    """Return how many characters the one spelling of an address has, or None if it is no address."""
    address = canonical_email(raw)
    return None if address is None else len(address)


@exercise("1.1")
class TestOneAddressOneSpelling:
    def test_a_plain_address_is_kept(self) -> None:
        """Most visitors type their address as it is; it comes back unchanged. Names have more in them than
        letters, and `EMAIL_SHAPE` knows it."""
        assert canonical_email("ada@lab.test") == "ada@lab.test"
        assert canonical_email("o'neil@lab.test") == "o'neil@lab.test"

    def test_spaces_around_it_are_not_part_of_it(self) -> None:
        """Phones add a space after a suggested word."""
        assert canonical_email("  ada@lab.test ") == "ada@lab.test"

    def test_case_makes_no_second_address(self) -> None:
        """Ada@Lab.Test and ada@lab.test reach one mailbox. Compared as typed they are two accounts, and
        whoever signed up on a phone that capitalises cannot log in on a laptop that does not."""
        assert canonical_email("Ada@Lab.Test") == "ada@lab.test"

    def test_case_makes_no_second_address_in_any_script(self) -> None:
        """É and é differ by case alone, and so do Ж and ж: case is not a matter of A to Z."""
        assert canonical_email("ZOÉ@lab.test") == "zo\u00e9@lab.test"
        assert canonical_email("ЖАННА@lab.test") == "жанна@lab.test"

    def test_two_encodings_of_one_letter_are_one_address(self) -> None:
        """é is one code point or two (e and an accent), K can be the Kelvin sign: on the screen they are
        the same, so a twin account would look like the victim's."""
        assert canonical_email("zoe\u0301@lab.test") == "zo\u00e9@lab.test"
        assert canonical_email("\u212aim@lab.test") == "kim@lab.test"

    def test_a_wide_letter_is_the_same_letter(self) -> None:
        """On a Japanese keyboard a is also the wide ａ. NFC leaves it as it is; NFKC makes it an a."""
        assert canonical_email("\uff41da@lab.test") == "ada@lab.test"

    def test_a_letter_that_becomes_a_capital_is_lowered_too(self) -> None:
        """The script ℋ has no lower case of its own, and NFKC makes it an H: lower case comes after."""
        assert canonical_email("\u210bal@lab.test") == "hal@lab.test"

    def test_the_domain_has_one_spelling_too(self) -> None:
        """A domain can be in any script. What is done to the name before the @ is done to it, and no more."""
        assert canonical_email("ada@BÜCHER.test") == "ada@bücher.test"
        assert canonical_email("ada@\uff4cab.test") == "ada@lab.test"

    def test_what_is_no_address_is_none(self) -> None:
        """None means: show the form again."""
        assert canonical_email("") is None
        assert canonical_email("ada") is None
        assert canonical_email("ada@lab") is None
        assert canonical_email("ada@@lab.test") is None
        assert canonical_email("@lab.test") is None

    def test_the_whole_text_is_the_address(self) -> None:
        """An address somewhere in a longer text brings the rest of the text along."""
        assert canonical_email("Ada <ada@lab.test>") is None
        assert canonical_email("ada@lab.test, eve@evil.test") is None

    def test_a_line_break_is_no_part_of_an_address(self) -> None:
        """In the header of a mail a line break ends the header. `$` matches before a last line break, and
        `strip()` takes it away unseen: hold the pattern against the whole text."""
        assert canonical_email("ada@lab.test\n") is None
        assert canonical_email("ada@lab.test\r") is None
        assert canonical_email("ada@lab.test\r\nBcc: all@lab.test") is None
        assert canonical_email("\nada@lab.test") is None

    def test_the_shape_is_asked_of_the_result(self) -> None:
        """A wide ＠ becomes a second @, and an accent that stands alone becomes a space with an accent. What
        was looked at before that is not what is stored."""
        assert canonical_email("ada\uff20evil@lab.test") is None
        assert canonical_email("ada\u00a8x@lab.test") is None
        assert canonical_email("ada\uff20lab.test") == "ada@lab.test"

    def test_a_control_character_is_no_part_of_an_address(self) -> None:
        """Some programs stop reading at a NUL, others do not: they would see two different addresses."""
        assert canonical_email("a\x00da@lab.test") is None
        assert canonical_email("ada@lab.test\x00") is None
        assert canonical_email("\x00ada@lab.test") is None

    def test_what_cannot_be_seen_is_refused_and_not_taken_out(self) -> None:
        """Nobody types a zero-width space or a soft hyphen. Whoever takes it out makes an address of a text
        that is none, and every other program sees another one."""
        assert canonical_email("a\u200bda@lab.test") is None
        assert canonical_email("a\u00adda@lab.test") is None

    def test_an_address_has_at_most_255_characters(self) -> None:
        """A limit for the visitor is a limit for the attacker too: 255 pass, 256 do not. An é is one
        character, and two bytes in UTF-8."""
        assert canonical_length("a" * 246 + "@lab.test") == 255
        assert canonical_length("a" * 247 + "@lab.test") is None
        assert canonical_length("é" * 246 + "@lab.test") == 255

    def test_the_limit_is_for_the_result(self) -> None:
        """255 characters with a space on each side are 255 characters: the spaces are no part of it."""
        assert canonical_length(" " + "a" * 246 + "@lab.test ") == 255

    def test_the_limit_is_for_the_normal_form(self) -> None:
        """Each é is typed as two characters here, e and an accent: NFKC makes one of them, and 255 of all. Of
        the one ﬃ it makes three. What is stored is measured, not what was typed."""
        assert canonical_length("e\u0301" * 246 + "@lab.test") == 255
        assert canonical_length("\ufb03" * 246 + "@lab.test") is None

    def test_different_addresses_stay_different(self) -> None:
        """Dots, tags and look-alikes of another alphabet are other people's addresses, whatever one
        provider does: the second а is Cyrillic."""
        assert canonical_email("a.da@lab.test") == "a.da@lab.test"
        assert canonical_email("a.da@gmail.com") == "a.da@gmail.com"
        assert canonical_email("ada+news@lab.test") == "ada+news@lab.test"
        assert canonical_email("ad\u0430@lab.test") == "ad\u0430@lab.test"


@exercise("1.2")
class TestEverythingThatIsWrongWithAPassword:
    def test_a_good_password_has_no_problem(self) -> None:
        """Letters, numbers and something else, eight or more. A 0 is a number."""
        assert password_problems("analytical-engine-1843") == []
        assert password_problems("channel-0") == []

    def test_every_problem_is_named_at_once(self) -> None:
        """Four problems told one by one are four tries; told together they are one. The order is the
        question's, the texts are its constants."""
        assert password_problems("") == [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]
        assert password_problems("abc") == [TOO_SHORT, NO_NUMBER, NO_SPECIAL]

    def test_seven_characters_are_too_few(self) -> None:
        """At a limit, try the number itself and the one before."""
        assert password_problems("abc-567") == [TOO_SHORT]
        assert password_problems("abc-5678") == []

    def test_each_rule_is_kept_alone(self) -> None:
        """Each of these breaks exactly one rule."""
        assert password_problems("11111111!") == [NO_LETTER]
        assert password_problems("password!") == [NO_NUMBER]
        assert password_problems("password1") == [NO_SPECIAL]

    def test_a_letter_is_a_letter_in_every_script(self) -> None:
        """[a-zA-Z] tells a visitor from Sofia that "пароль" has no letter, and one more alphabet in the
        pattern tells it to everybody else."""
        assert password_problems("пароль-12") == []
        assert password_problems("密码密码-123") == []
        assert password_problems("סיסמה-123") == []

    def test_a_letter_of_another_script_is_not_special(self) -> None:
        """The guide's [^a-zA-Z0-9] counts п as a special character. It is a letter."""
        assert password_problems("пароль12") == [NO_SPECIAL]

    def test_letters_are_counted_not_bytes(self) -> None:
        """In UTF-8 these seven characters are ten bytes."""
        assert password_problems("пар-567") == [TOO_SHORT]

    def test_whatever_is_neither_letter_nor_number_is_special(self) -> None:
        """A list of special characters always forgets some: an underscore, a €, a §, a space inside."""
        assert password_problems("under_score1") == []
        assert password_problems("100€pounds") == []
        assert password_problems("paragraph§7") == []
        assert password_problems("two words 2") == []

    def test_a_space_inside_is_a_character(self) -> None:
        """Taken out, or two of them made one, spaces no longer count: here four of the eight are spaces."""
        assert password_problems("a  b  c2") == []

    def test_a_long_password_is_judged_to_its_end(self) -> None:
        """Whoever types a sentence may end it with the number. bcrypt reads 72 bytes: see lesson 2."""
        assert password_problems("a" * 100 + "-1") == []

    def test_each_call_returns_a_list_of_its_own(self) -> None:
        """A caller adds "Not be your name." to what it got. Kept in a cache or in the module, that list is
        the next visitor's, too."""
        password_problems("channel-0").append("Not be your name.")
        assert password_problems("channel-0") == []
        first = password_problems("abc")
        password_problems("analytical-engine-1843")
        assert first == [TOO_SHORT, NO_NUMBER, NO_SPECIAL]

    def test_spaces_at_the_ends_are_no_characters(self) -> None:
        """Three characters and five spaces are three characters: an attacker tries padding first."""
        assert password_problems("a1!     ") == [TOO_SHORT]
        assert password_problems("     a1!") == [TOO_SHORT]

    def test_spaces_at_the_ends_are_not_special(self) -> None:
        """A space that a phone added is no special character, and eight spaces are none at all."""
        assert password_problems("abcd1234 ") == [NO_SPECIAL]
        assert password_problems(" abcd1234") == [NO_SPECIAL]
        assert password_problems("        ") == [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL]


@exercise("1.3")
class TestTheGuidesOwnMistake:
    def test_a_good_form_becomes_a_signup(self) -> None:
        """The name trimmed, the e-mail in its one spelling."""
        form = validate_signup(
            {"name": " Ada ", "email": "Ada@Lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(form, SignupForm)
        assert form.name == "Ada"
        assert form.email == "ada@lab.test"

    def test_the_email_is_in_its_one_spelling(self) -> None:
        """`canonical_email` knows more than lower case: this a is a wide one."""
        form = validate_signup(
            {"name": "Ada", "email": "\uff41da@lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(form, SignupForm)
        assert form.email == "ada@lab.test"

    @judging.request(
        'form = {"name": "  ", "email": "eve@lab.test", "password": "let-me-in-4"}',
        'browser.post("/signup", form).status_code',
        closed=422,
    )
    def test_two_spaces_are_no_name(self) -> None:
        """Judged first and trimmed later, "  " has two characters, and a member without a name is stored."""
        state = validate_signup({"name": "  ", "email": "ada@lab.test", "password": "analytical-engine-1843"})
        assert isinstance(state, FormState)
        assert state.errors == {"name": [NAME_TOO_SHORT]}

    def test_a_name_has_two_characters_without_its_spaces(self) -> None:
        """A higher limit does not help: whatever the number, somebody types one more space."""
        state = validate_signup(
            {"name": " A  ", "email": "ada@lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(state, FormState)
        assert state.errors == {"name": [NAME_TOO_SHORT]}

    def test_tabs_are_no_name_either(self) -> None:
        """A page's field has no tab in it, a request can: `strip(" ")` leaves it where it is."""
        state = validate_signup(
            {"name": "\tA\n", "email": "ada@lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(state, FormState)
        assert state.errors == {"name": [NAME_TOO_SHORT]}

    def test_a_name_of_two_characters_is_a_name(self) -> None:
        """Al and 李明 are people."""
        form = validate_signup({"name": "Al", "email": "al@lab.test", "password": "analytical-engine-1843"})
        assert isinstance(form, SignupForm)
        form = validate_signup({"name": "李明", "email": "al@lab.test", "password": "analytical-engine-1843"})
        assert isinstance(form, SignupForm)

    def test_a_name_is_kept_as_its_owner_writes_it(self) -> None:
        """Small letters, apostrophes and hyphens can be meant; to write &#x27; for one is the page's work."""
        form = validate_signup(
            {"name": "bell O'Neil", "email": "ada@lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(form, SignupForm)
        assert form.name == "bell O'Neil"

    def test_a_name_has_at_most_a_hundred_characters(self) -> None:
        """A limit for the visitor is a limit for the attacker. Spaces around do not count, é counts once."""
        form = validate_signup(
            {"name": f" {'é' * 100} ", "email": "ada@lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(form, SignupForm)
        state = validate_signup(
            {"name": "a" * 101, "email": "ada@lab.test", "password": "analytical-engine-1843"}
        )
        assert isinstance(state, FormState)
        assert list(state.errors) == ["name"]

    def test_every_field_is_judged_and_every_message_kept(self) -> None:
        """The visitor sees everything that is wrong at once: errors are data, not an early return."""
        state = validate_signup({"name": "A", "email": "nowhere", "password": "abc"})
        assert isinstance(state, FormState)
        assert state.errors == {
            "name": [NAME_TOO_SHORT],
            "email": [EMAIL_INVALID],
            "password": [TOO_SHORT, NO_NUMBER, NO_SPECIAL],
        }

    def test_the_password_is_held_against_every_rule(self) -> None:
        """Of two patterns on one pydantic field the last one wins, and the first is never asked."""
        state = validate_signup({"name": "Ada", "email": "ada@lab.test", "password": "11111111!"})
        assert isinstance(state, FormState)
        assert state.errors == {"password": [NO_LETTER]}

    def test_a_missing_field_counts_as_empty(self) -> None:
        """Nobody promised that the page's fields arrive: a form without any is refused, it does not crash."""
        state = validate_signup({})
        assert isinstance(state, FormState)
        assert state.errors == {
            "name": [NAME_TOO_SHORT],
            "email": [EMAIL_INVALID],
            "password": [TOO_SHORT, NO_LETTER, NO_NUMBER, NO_SPECIAL],
        }

    @judging.request(
        'form = {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4", "role": "admin"}',
        'browser.post("/signup", form).status_code',
        closed=422,
    )
    def test_a_field_that_nobody_asked_for_is_refused(self) -> None:
        """`role=admin` is one field more, in a request that anyone can write. It is an error, not a gift."""
        state = validate_signup(
            {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4", "role": "admin"}
        )
        assert isinstance(state, FormState)
        assert list(state.errors) == ["role"]
        assert state.errors["role"] != []

    def test_another_spelling_of_that_field_is_refused_too(self) -> None:
        """`Role` is the same column to the database. A list of bad names misses it; the list of the three
        good names does not."""
        state = validate_signup(
            {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4", "Role": "admin"}
        )
        assert isinstance(state, FormState)
        assert list(state.errors) == ["Role"]

    def test_any_field_that_nobody_asked_for_is_refused(self) -> None:
        """Tomorrow's dangerous field has another name: three names are allowed, whatever the others are."""
        state = validate_signup(
            {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4", "is_staff": "1"}
        )
        assert isinstance(state, FormState)
        assert list(state.errors) == ["is_staff"]

    def test_a_field_that_is_empty_or_common_is_refused_too(self) -> None:
        """Whoever reads `active=` next takes it for a no. And `nonce` is none of the form's three: the app
        takes it out before it asks."""
        state = validate_signup(
            {"name": "Eve", "email": "eve@lab.test", "password": "let-me-in-4", "active": "", "nonce": "9f"}
        )
        assert isinstance(state, FormState)
        assert sorted(state.errors) == ["active", "nonce"]

    def test_a_field_too_many_hides_no_other_message(self) -> None:
        """Whatever else is wrong is told at the same time, each field under its own name."""
        state = validate_signup(
            {"name": "E", "email": "eve@lab.test", "password": "let-me-in-4", "role": "admin", "team": "x"}
        )
        assert isinstance(state, FormState)
        assert sorted(state.errors) == ["name", "role", "team"]

    def test_the_form_itself_is_left_alone(self) -> None:
        """The app reads the form again to show it; a form can also be one that nobody may write to."""
        state = validate_signup(MappingProxyType({"name": "Ada"}))
        assert isinstance(state, FormState)
        assert sorted(state.errors) == ["email", "password"]

    def test_the_password_is_kept_as_it_was_typed(self) -> None:
        """Trimmed, escaped or put into a normal form here and not at login, it locks its owner out."""
        form = validate_signup(
            {"name": "Ada", "email": "ada@lab.test", "password": " \ufb01sh & <chips> 1843 "}
        )
        assert isinstance(form, SignupForm)
        assert form.password == " \ufb01sh & <chips> 1843 "

    def test_the_password_is_kept_to_its_end(self) -> None:
        """Cut off, it is not the password that its owner chose, and nobody has told them."""
        form = validate_signup({"name": "Ada", "email": "ada@lab.test", "password": "1-" + "a" * 100})
        assert isinstance(form, SignupForm)
        assert form.password == "1-" + "a" * 100

    def test_no_log_hears_the_password(self, caplog: pytest.LogCaptureFixture) -> None:
        """A log is read by more people than any page; pydantic's own error texts quote what was typed."""
        caplog.set_level("DEBUG")
        validate_signup({"name": "A", "email": "nowhere", "password": "hunter2"})
        validate_signup({"name": "Ada", "email": "ada@lab.test", "password": "hunter2-is-mine"})
        assert "hunter2" not in caplog.text

    def test_what_is_shown_again_holds_no_password(self) -> None:
        """A refused form goes back into a page, and from there into caches and screenshots."""
        state = validate_signup({"name": "Ada", "email": "ada@lab.test", "password": "ÿÿÿ"})
        assert "ÿ" not in repr(state)

    def test_no_other_field_shows_it_either(self) -> None:
        """Many forms ask for the password twice. Whoever quotes what stood in the unknown field shows it."""
        typed = "ÿ-analytical-1843"
        state = validate_signup(
            {"name": "Ada", "email": "ada@lab.test", "password": typed, "password_again": typed}
        )
        assert isinstance(state, FormState)
        assert "ÿ" not in repr(state)


@exercise("1.4")
class TestAFieldThatNobodyAskedFor:
    def test_it_reads_the_page_where_the_hole_is(self) -> None:
        """The app keeps every field that a form sends. One of them decides what its sender may see."""
        judging.attack_wins("1.4")

    def test_it_brings_nothing_from_the_app_without_the_hole(self) -> None:
        """Where only three fields are allowed, a fourth is refused with the whole form."""
        judging.attack_loses("1.4")


@exercise("1.5")
class TestAskWhenTheTypingStops:
    def test_nothing_is_due_before_anything_was_typed(self) -> None:
        """An empty form asks nothing."""
        assert Debouncer(400).due(1000) is None

    def test_a_value_is_due_when_the_wait_is_over(self) -> None:
        """Not a millisecond earlier, and not one later."""
        debouncer = Debouncer(400)
        debouncer.push("ada@lab.test", 1000)
        assert debouncer.due(1399) is None
        assert debouncer.due(1400) == "ada@lab.test"

    def test_a_value_waits_until_it_is_asked_for(self) -> None:
        """Nobody looks exactly in time. And the time is `now`, whatever the machine's clock says."""
        debouncer = Debouncer(400)
        debouncer.push("Ada@lab.test ", 0)
        assert debouncer.due(5000) == "Ada@lab.test "

    def test_another_wait_is_another_wait(self) -> None:
        """How long to wait is the page's to say."""
        debouncer = Debouncer(250)
        debouncer.push("ada@lab.test", 0)
        assert debouncer.due(249) is None
        assert debouncer.due(250) == "ada@lab.test"

    def test_the_same_text_again_is_a_new_push(self) -> None:
        """Whoever deletes a letter and types it again is still typing."""
        debouncer = Debouncer(400)
        debouncer.push("ada", 0)
        debouncer.push("ada", 300)
        assert debouncer.due(450) is None
        assert debouncer.due(700) == "ada"
        debouncer.push("ada", 1000)
        assert debouncer.due(1400) == "ada"

    def test_a_value_is_due_once(self) -> None:
        """One pause in the typing is one question to the server."""
        debouncer = Debouncer(400)
        debouncer.push("ada@lab.test", 0)
        assert debouncer.due(400) == "ada@lab.test"
        assert debouncer.due(500) is None

    def test_the_newest_value_is_asked_for(self) -> None:
        """Who types "a", "ad", "ada" wants to know about "ada", and not about "ad" a moment later."""
        debouncer = Debouncer(400)
        debouncer.push("a", 0)
        debouncer.push("ad", 100)
        debouncer.push("ada", 200)
        assert debouncer.due(600) == "ada"
        assert debouncer.due(1200) is None

    def test_the_wait_begins_anew_with_each_key(self) -> None:
        """Whoever types slowly but steadily is asked about once, at the end."""
        debouncer = Debouncer(400)
        debouncer.push("a", 0)
        debouncer.push("ad", 300)
        assert debouncer.due(450) is None
        assert debouncer.due(700) == "ad"

    def test_after_a_pause_it_starts_over(self) -> None:
        """A second thought is a second question."""
        debouncer = Debouncer(400)
        debouncer.push("ada", 0)
        assert debouncer.due(400) == "ada"
        debouncer.push("eve", 1000)
        assert debouncer.due(1400) == "eve"

    def test_an_emptied_field_is_a_value_too(self) -> None:
        """Whoever clears the field wants the old complaint gone; an empty text is a value, None is not."""
        debouncer = Debouncer(400)
        debouncer.push("", 0)
        assert debouncer.due(400) == ""

    def test_two_fields_do_not_share_a_wait(self) -> None:
        """What belongs to one object is kept on it, not on its class."""
        first, second = Debouncer(400), Debouncer(250)
        first.push("ada", 0)
        assert second.due(400) is None
        assert first.due(399) is None
        assert first.due(400) == "ada"


@exercise("1.6")
class TestATestThatWrongRulesDoNotSurvive:
    def test_it_spares_right_rules(self) -> None:
        """A test that refuses a right answer is worse than none: people learn to ignore it."""
        judging.proof_spares_the_right("1.6")

    def test_it_catches_the_wrong_rules_of_this_lesson(self) -> None:
        """A test that cannot fail proves nothing."""
        judging.proof_catches_the_taught("1.6")
